//! Listing objects, whole or in pages, now or as they were.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::Api;
use super::options::ListOptions;
use super::render::View;
use super::request::{Answer, Request};
use super::selector::Selector;
use crate::access::{int, text};
use crate::kinds::Served;
use crate::status::Status;
use crate::store::{Key, Object};

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

/// Reads a revision of a query.
pub(super) fn revision(text: &str) -> Result<Option<u64>, Status> {
    let invalid = |_| {
        Status::internal(format!(
            "resourceVersion: Invalid value: \"{text}\": strconv.ParseUint: parsing \"{text}\": invalid syntax"
        ))
    };
    if text.is_empty() {
        Ok(None)
    } else {
        text.parse().map(Some).map_err(invalid)
    }
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
            return read_token(&options.continuation);
        }
        let asked = revision(&options.revision)?.filter(|asked| *asked > 0);
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
    URL_SAFE_NO_PAD
        .encode(json!({"v": "meta.k8s.io/v1", "rv": revision, "start": start}).to_string())
}

fn read_token(token: &str) -> Result<Start, Status> {
    let invalid =
        || Status::bad_request("continue key is not valid: encoded continue token is not valid");
    let bytes = URL_SAFE_NO_PAD
        .decode(token.trim_end_matches('='))
        .map_err(|_| invalid())?;
    let value: Value = serde_json::from_slice(&bytes).map_err(|_| invalid())?;
    let revision = int(&value, "/rv")
        .and_then(|revision| u64::try_from(revision).ok())
        .ok_or_else(invalid)?;
    let start = text(&value, "/start");
    let after = match start.split_once('/') {
        Some((namespace, name)) => Key::new(namespace, name),
        None => Key::new("", start),
    };
    Ok(Start {
        revision: Some(revision).filter(|revision| *revision > 0),
        after: Some(after),
    })
}
