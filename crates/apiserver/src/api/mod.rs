//! The API without any transport: a request in, an answer out.
//!
//! Invariants:
//! - `&mut self`, no I/O, no await: one task owns it, and each request is carried out whole.
//! - The time is read once for each request.
//! - Only the store holds objects; only [`Api::commit`] and [`Api::discard`] change it.

mod addresses;
mod admission;
mod apply;
mod body;
mod bootstrap;
mod create;
mod delete;
mod discovery;
mod dispatch;
pub(crate) mod encode;
mod eviction;
mod finish;
mod list;
pub(crate) mod negotiate;
pub(crate) mod options;
mod patch;
mod pods;
pub(crate) mod render;
pub(crate) mod request;
mod reviews;
mod rights;
mod route;
mod scale;
pub(crate) mod selector;
mod update;
pub(crate) mod watching;

use std::sync::{Arc, OnceLock};

use jiff::Timestamp;
use serde_json::Value;

use crate::kinds::{Catalogue, Served, Sub};
use crate::managed::{Manager, StatusDoor};
use crate::options::Options;
use crate::random::Random;
use crate::schema::Schema;
use crate::status::Status;
use crate::store::{Event, Key, Object, Store};
use crate::table::Docs;
use crate::time;
use crate::watch::Watchers;

use addresses::Addresses;

/// The API server's whole state.
pub(crate) struct Api {
    schema: Schema,
    catalogue: Catalogue,
    store: Store,
    watchers: Watchers,
    random: Random,
    addresses: Addresses,
    docs: OnceLock<Arc<Docs>>,
    options: Options,
    now: Timestamp,
}

impl Api {
    /// A server with nothing but what every cluster has from its start.
    pub(crate) fn new(options: Options) -> Api {
        let schema = Schema::load();
        let catalogue = Catalogue::new(&schema);
        let store = Store::new(catalogue.tables(), options.history);
        let now = (options.clock)();
        let mut api = Api {
            schema,
            catalogue,
            store,
            watchers: Watchers::default(),
            random: Random::new(options.seed),
            addresses: Addresses::default(),
            docs: OnceLock::new(),
            options,
            now,
        };
        api.bootstrap();
        api
    }

    /// The object of that kind and name, or why not.
    fn existing(&self, served: Served, key: &Key) -> Result<Arc<Object>, Status> {
        self.store
            .get(served.table, key)
            .cloned()
            .ok_or_else(|| Status::not_found(served.kind, &key.name))
    }

    /// Writes an object and tells all watchers.
    fn commit(&mut self, served: Served, key: Key, value: Value) -> Arc<Object> {
        let event = self.store.put(served.table, key, value);
        self.tell(&event)
    }

    /// Removes an object and tells all watchers; gives its last state.
    fn discard(&mut self, served: Served, key: &Key) -> Option<Arc<Object>> {
        let event = self.store.remove(served.table, key)?;
        Some(self.tell(&event))
    }

    fn tell(&mut self, event: &Arc<Event>) -> Arc<Object> {
        self.watchers.tell(event);
        Arc::clone(&event.object)
    }

    /// Who writes, for `managedFields`.
    fn manager(&self, name: &str, subresource: &'static str, served: Served) -> Manager {
        Manager {
            name: name.to_owned(),
            subresource,
            api_version: served.kind.api_version(),
            time: time::seconds(self.now),
            status: if served.kind.subresources.contains(&Sub::Status) {
                StatusDoor::Own
            } else {
                StatusDoor::None
            },
        }
    }

    /// The descriptions of columns, read when the first table is asked for.
    fn docs(&self) -> Arc<Docs> {
        let columns = || {
            self.catalogue
                .all()
                .map(|served| served.kind.columns)
                .chain([crate::table::SCALE])
        };
        let docs = || Arc::new(Docs::new(&crate::schema::definitions(), columns()));
        Arc::clone(self.docs.get_or_init(docs))
    }
}
