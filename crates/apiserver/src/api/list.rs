//! Listing objects, whole or in pages, now or as they were.

use std::sync::Arc;

use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use base64::{DecodeError, Engine as _};
use serde_json::json;

use super::Api;
use super::options::{ListOptions, unparsed};
use super::render::View;
use super::request::{Answer, Request};
use super::selector::Selector;
use crate::access::{int, text};
use crate::json::parse;
use crate::kinds::Served;
use crate::status::Status;
use crate::store::{Key, Object};

/// The form of a token.
const VERSION: &str = "meta.k8s.io/v1";
const STALE: &str = "The provided continue parameter is too old to display a consistent list result. You can start a new list without the \
    continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided \
    token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and \
    now may show up in the list.";

/// Where a page begins.
#[derive(Debug, Default)]
struct Start {
    /// The revision that is listed; none for the newest.
    revision: Option<u64>,
    after: Option<Key>,
}

/// One page.
#[derive(Debug, Default)]
struct Page {
    objects: Vec<Arc<Object>>,
    /// The last key, when there is more.
    more: Option<Key>,
    remaining: usize,
}

/// Reads a revision of a query, or says why it is none.
pub(super) fn revision(text: &str) -> Result<Option<u64>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|error| {
        let why = unparsed("ParseUint", text, &error);
        format!("resourceVersion: Invalid value: \"{text}\": {why}")
    })
}

impl Api {
    pub(super) fn list(
        &mut self,
        request: &Request,
        served: Served,
        namespace: Option<&str>,
        options: &ListOptions,
        view: &View,
    ) -> Result<Answer, Status> {
        let selector = Selector::parse(
            served.kind,
            request.param("labelSelector"),
            request.param("fieldSelector"),
        )?;
        let start = self.start(options)?;
        let page = self.page(served, namespace, &selector, &start, options.limit)?;
        let shown = start.revision.unwrap_or_else(|| self.store.revision());
        let mut metadata = json!({"resourceVersion": shown.to_string()});
        if let Some(last) = &page.more {
            metadata["continue"] = json!(token(shown, last));
            if selector.is_empty() {
                metadata["remainingItemCount"] = json!(page.remaining);
            }
        }
        Ok(Answer::Document(view.many(
            served.kind,
            metadata,
            page.objects,
            self.now,
        )))
    }

    fn start(&self, options: &ListOptions) -> Result<Start, Status> {
        let newest = self.store.revision();
        if !options.continuation.is_empty() {
            if !options.revision.is_empty() && options.revision != "0" {
                return Err(Status::bad_request(
                    "specifying resource version is not allowed when using continue",
                ));
            }
            let start = read_token(&options.continuation).map_err(|why| {
                let key = "invalid continue token: continue key is not valid";
                Status::bad_request(format!("{key}: {why}"))
            })?;
            return match start.revision.filter(|asked| *asked > newest) {
                Some(asked) => Err(Status::too_large_revision(asked, newest)),
                None => Ok(start),
            };
        }
        let asked = revision(&options.revision)
            .map_err(|why| Status::bad_request(format!("invalid resource version: {why}")))?;
        let asked = asked.filter(|asked| *asked > 0);
        if let Some(asked) = asked.filter(|asked| *asked > newest) {
            return Err(Status::too_large_revision(asked, newest));
        }
        let exact = options.revision_match == "Exact";
        Ok(Start {
            revision: asked.filter(|_| exact),
            after: None,
        })
    }

    fn page(
        &self,
        served: Served,
        namespace: Option<&str>,
        selector: &Selector,
        start: &Start,
        limit: usize,
    ) -> Result<Page, Status> {
        let Some(revision) = start
            .revision
            .filter(|revision| *revision != self.store.revision())
        else {
            if let (Some(namespace), Some(name), None) = (namespace, selector.name(), &start.after)
            {
                // The commonest selector of all needs no search.
                let found = self.store.get(served.table, &Key::new(namespace, name));
                let objects = found
                    .filter(|object| selector.sees(object))
                    .cloned()
                    .into_iter()
                    .collect();
                return Ok(Page {
                    objects,
                    ..Page::default()
                });
            }
            return Ok(cut(
                self.store
                    .range(served.table, namespace, start.after.as_ref()),
                selector,
                limit,
            ));
        };
        let past = self
            .store
            .at(served.table, revision)
            .map_err(|_| Status::expired(STALE))?;
        let wanted = past.iter().filter(|(key, _)| {
            namespace.is_none_or(|namespace| key.namespace == namespace)
                && start.after.as_ref().is_none_or(|after| *key > after)
        });
        Ok(cut(wanted, selector, limit))
    }
}

fn cut<'a>(
    objects: impl Iterator<Item = (&'a Key, &'a Arc<Object>)>,
    selector: &Selector,
    limit: usize,
) -> Page {
    let mut page = Page::default();
    let mut last = None;
    for (key, object) in objects.filter(|(_, object)| selector.sees(object)) {
        if limit > 0 && page.objects.len() == limit {
            page.remaining += 1;
            continue;
        }
        last = Some(key);
        page.objects.push(Arc::clone(object));
    }
    page.more = last.filter(|_| page.remaining > 0).cloned();
    page
}

fn token(revision: u64, last: &Key) -> String {
    let start = if last.namespace.is_empty() {
        last.name.clone()
    } else {
        format!("{}/{}", last.namespace, last.name)
    };
    URL_SAFE_NO_PAD.encode(json!({"v": VERSION, "rv": revision, "start": start}).to_string())
}

/// Where a token says that the next page begins, or what is wrong with it.
fn read_token(token: &str) -> Result<Start, String> {
    let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|error| {
        let at = match error {
            DecodeError::InvalidByte(at, _) | DecodeError::InvalidLastSymbol(at, _) => at,
            DecodeError::InvalidLength(_) | DecodeError::InvalidPadding => token.len() / 4 * 4,
        };
        format!("illegal base64 data at input byte {at}")
    })?;
    let value = parse::parse(&bytes).map_err(|error| error.0)?.into_value();
    match text(&value, "/v") {
        VERSION => {}
        other => {
            return Err(format!(
                "server does not recognize this encoded version {other}"
            ));
        }
    }
    let revision = int(&value, "/rv").unwrap_or_default();
    if revision == 0 {
        return Err(format!(
            "incorrect encoded start resourceVersion (version {VERSION})"
        ));
    }
    let start = text(&value, "/start");
    if start.is_empty() {
        return Err(format!("encoded start key empty (version {VERSION})"));
    }
    if start.split('/').any(|part| matches!(part, "" | "." | "..")) {
        return Err(start.to_owned());
    }
    let after = match start.split_once('/') {
        Some((namespace, name)) => Key::new(namespace, name),
        None => Key::new("", start),
    };
    Ok(Start {
        // What is negative asks for the newest.
        revision: u64::try_from(revision).ok(),
        after: Some(after),
    })
}
