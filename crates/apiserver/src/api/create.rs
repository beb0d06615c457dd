//! Creating objects.

use std::io;
use std::sync::Arc;

use jiff::ToSpan as _;
use serde_json::{Value, json};

use super::Api;
use super::dispatch::Target;
use super::negotiate::Asked;
use super::options::{Persist, Write, WriteOptions, write_options};
use super::request::{Answer, Request};
use crate::access::{object, remove, text};
use crate::issues::Issues;
use crate::kinds::{Admission, Generation, Served};
use crate::managed;
use crate::rules::metadata;
use crate::schema::{Type, normalize};
use crate::status::Status;
use crate::store::{Key, Object};
use crate::time;

impl Api {
    pub(super) fn create(
        &mut self,
        request: &Request,
        target: Target<'_>,
    ) -> Result<Answer, Status> {
        let options = write_options(request, Write::Create)?;
        let view = self.view(request, Asked::Objects)?;
        let sent = self.read_body(request, target.served, options.validation)?;
        let mut value = sent.value;
        place(target, &mut value)?;
        let (object, mut warnings) = self.create_value(target, value, &options)?;
        let mut document = view.one(target.served.kind, 201, object, self.now);
        document.warnings = sent.warnings;
        document.warnings.append(&mut warnings);
        Ok(Answer::Document(document))
    }

    /// Everything after reading: defaults, admission, checks, storing.
    pub(super) fn create_value(
        &mut self,
        target: Target<'_>,
        mut value: Value,
        options: &WriteOptions,
    ) -> Result<(Arc<Object>, Vec<String>), Status> {
        let kind = target.served.kind;
        (kind.rules.defaults)(&mut value);
        self.admit_into_namespace(target, &value)?;
        if value["metadata"].get("managedFields").is_none() {
            // What admission adds is nobody's.
            self.record_creation(target, &mut value, &options.manager);
        }
        self.admit_new(target, &mut value)?;
        if !text(&value, "/metadata/resourceVersion").is_empty() {
            return Err(Status::internal(
                "resourceVersion should not be set on objects to be created",
            ));
        }
        self.born(target, &mut value);
        (kind.rules.create)(&mut value);
        self.stamp(kind, &mut value, None);
        // Some defaults come from what the server itself set: a namespace's label, say.
        (kind.rules.defaults)(&mut value);
        let name = text(&value, "/metadata/name").to_owned();
        let mut issues = Issues::default();
        metadata::validate(kind, &value, &mut issues);
        (kind.rules.validate)(&value, &mut issues);
        if issues.is_empty() && kind.admission == Admission::Service {
            let random = &mut self.random;
            self.addresses.give(&mut value, random, &mut issues);
        }
        if !issues.is_empty() {
            return Err(Status::invalid(kind, &name, &issues));
        }
        normalize(&self.schema, target.served.schema, &mut value);
        let mut warnings = Vec::new();
        (kind.rules.warn)(&value, &mut warnings);
        warnings.extend((self.options.unhonoured)(kind.kind, &value));
        self.forget_old(target.served);
        let key = Key::new(target.namespace, &name);
        if self.store.get(target.served.table, &key).is_some() {
            return Err(Status::already_exists(kind, &name));
        }
        check_size(&value)?;
        let object = match options.persist {
            Persist::Kept => self.commit(target.served, key, value),
            Persist::DryRun => {
                if kind.admission == Admission::Service {
                    self.addresses.take_back(&value);
                }
                Arc::new(Object::unstored(value))
            }
        };
        Ok((object, warnings))
    }

    /// What the server gives a new object: uid, birthday, name, generation.
    fn born(&mut self, target: Target<'_>, value: &mut Value) {
        let metadata = object(value, "metadata");
        for key in [
            "deletionTimestamp",
            "deletionGracePeriodSeconds",
            "selfLink",
        ] {
            remove(metadata, key);
        }
        metadata["uid"] = json!(self.random.uid());
        metadata["creationTimestamp"] = json!(time::seconds(self.now));
        if target.served.kind.generation == Generation::Spec {
            metadata["generation"] = json!(1);
        }
        let prefix = text(metadata, "/generateName");
        if text(metadata, "/name").is_empty() && !prefix.is_empty() {
            let base: String = prefix.chars().take(58).collect();
            metadata["name"] = json!(format!("{base}{}", self.random.suffix()));
        }
    }

    /// Now and then, objects that have outlived their time go, as leases do it in etcd.
    fn forget_old(&mut self, served: Served) {
        const EVERY: u64 = 4096;
        let Some(lifetime) = served.kind.lifetime else {
            return;
        };
        if !self.store.revision().is_multiple_of(EVERY) {
            return;
        }
        let limit = time::seconds(self.now.checked_sub(lifetime.seconds()).unwrap_or(self.now));
        let is_old =
            |object: &Object| text(&object.value(), "/metadata/creationTimestamp") < limit.as_str();
        let old: Vec<Key> = self
            .store
            .range(served.table, None, None)
            .filter(|(_, object)| is_old(object))
            .map(|(key, _)| key.clone())
            .collect();
        for key in old {
            self.discard(served, &key);
        }
    }

    pub(super) fn record_creation(&self, target: Target<'_>, value: &mut Value, manager: &str) {
        normalize(&self.schema, target.served.schema, value);
        let manager = self.manager(manager, "", target.served);
        let ty = Type::Struct(target.served.schema);
        let mut nothing = json!({});
        normalize(&self.schema, target.served.schema, &mut nothing);
        managed::update(&self.schema, &ty, &nothing, value, &manager);
    }
}

/// Most bytes of an object: about what those 1.5 MiB are as JSON that etcd takes.
const MOST: usize = 2 * 1024 * 1024;

/// Refuses an object that etcd would not take.
pub(super) fn check_size(value: &Value) -> Result<(), Status> {
    let mut count = Count(0);
    // It writes nowhere, so nothing can go wrong.
    let _ = serde_json::to_writer(&mut count, value);
    if count.0 > MOST {
        return Err(Status::internal("etcdserver: request is too large"));
    }
    Ok(())
}

/// Counts what is written.
struct Count(usize);

impl io::Write for Count {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The object's namespace is that of the request.
pub(super) fn place(target: Target<'_>, value: &mut Value) -> Result<(), Status> {
    let metadata = object(value, "metadata");
    if !target.served.kind.namespaced() {
        remove(metadata, "namespace");
        return Ok(());
    }
    match text(metadata, "/namespace") {
        "" => metadata["namespace"] = json!(target.namespace),
        own if own == target.namespace => {}
        _ => {
            let why = "the namespace of the provided object does not match the namespace sent on the request";
            return Err(Status::bad_request(why));
        }
    }
    Ok(())
}

/// The object's name is that of the path.
pub(super) fn named(target: Target<'_>, value: &Value) -> Result<(), Status> {
    match text(value, "/metadata/name") {
        "" => {
            let name = target.name;
            let text = format!(
                "the name of the object ({name} based on URL) was undeterminable: name must be provided"
            );
            Err(Status::bad_request(text))
        }
        own if own == target.name => Ok(()),
        own => {
            let name = target.name;
            Err(Status::bad_request(format!(
                "the name of the object ({own}) does not match the name on the URL ({name})"
            )))
        }
    }
}
