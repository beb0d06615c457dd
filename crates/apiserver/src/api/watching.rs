//! Opening watches.

use std::sync::Arc;

use tokio::sync::mpsc;

use super::Api;
use super::list::revision;
use super::options::ListOptions;
use super::render::View;
use super::request::{Answer, Request};
use super::selector::Selector;
use crate::kinds::Served;
use crate::status::Status;
use crate::store::{Change, Expired};
use crate::watch::{Scope, Seen, Watch};

/// What a watch that comes back is given.
#[derive(Debug)]
pub(crate) struct Resumed {
    /// What it missed.
    pub(crate) missed: Vec<Seen>,
    /// What comes from now on.
    pub(crate) events: mpsc::Receiver<Seen>,
    /// The revision up to which it has missed nothing then.
    pub(crate) revision: u64,
}

impl Api {
    pub(super) fn watch(
        &mut self,
        request: &Request,
        served: Served,
        namespace: Option<&str>,
        options: &ListOptions,
        view: View,
    ) -> Result<Answer, Status> {
        let selector = Selector::parse(
            served.kind,
            request.param("labelSelector"),
            request.param("fieldSelector"),
        )?;
        let asked = revision(&options.revision).map_err(Status::internal)?;
        let asked = asked.filter(|asked| *asked > 0);
        let scope = Scope {
            served,
            namespace: namespace.map(str::to_owned),
            selector,
        };
        let from_start = options.initial_events == Some(true)
            || (asked.is_none() && options.initial_events.is_none());
        let after = asked.filter(|_| !from_start);
        let (first, expired) = match (from_start, asked) {
            (false, Some(asked)) => match self.missed(&scope, asked) {
                Ok(missed) => (missed, None),
                Err(expired) => (Vec::new(), Some(expired)),
            },
            (false, None) => (Vec::new(), None),
            (true, _) => {
                let mut first = self.all_seen(&scope);
                if options.initial_events == Some(true) && options.bookmarks {
                    first.push(Seen::InitialEnd(self.store.revision()));
                }
                (first, None)
            }
        };
        let events = self.watchers.subscribe(scope.clone());
        Ok(Answer::Watch(Box::new(Watch {
            scope,
            first,
            after,
            events,
            revision: self.store.revision().max(asked.unwrap_or_default()),
            bookmarks: options.bookmarks,
            timeout: options.timeout,
            view,
            clock: Arc::clone(&self.options.clock),
            expired,
        })))
    }

    /// All that is there now, as if it were new.
    fn all_seen(&self, scope: &Scope) -> Vec<Seen> {
        self.store
            .range(scope.served.table, scope.namespace.as_deref(), None)
            .filter(|(_, object)| scope.selector.sees(object))
            .map(|(_, object)| Seen::Changed {
                change: Change::Added,
                object: Arc::downgrade(object),
                revision: object.revision(),
            })
            .collect()
    }

    /// What happened after a revision.
    fn missed(&self, scope: &Scope, after: u64) -> Result<Vec<Seen>, Expired> {
        Ok(self
            .store
            .history()
            .after(after)?
            .filter_map(|event| scope.see(event))
            .collect())
    }

    /// Takes a watch back that was let go.
    pub(crate) fn resume(&mut self, scope: &Scope, after: u64) -> Result<Resumed, Expired> {
        let missed = self.missed(scope, after)?;
        let events = self.watchers.subscribe(scope.clone());
        Ok(Resumed {
            missed,
            events,
            revision: self.store.revision(),
        })
    }

    /// The newest revision: all up to it has been told to every watcher.
    pub(crate) fn revision(&self) -> u64 {
        self.store.revision()
    }

    /// Forgets the history, as a compaction does: whoever comes back has to list again.
    pub(crate) fn compact(&mut self) {
        self.store.compact();
    }
}
