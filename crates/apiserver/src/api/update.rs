//! Replacing objects.

use serde_json::Value;

use super::Api;
use super::create::{named, place};
use super::dispatch::Target;
use super::finish::Finish;
use super::negotiate::Asked;
use super::options::{Write, write_options};
use super::request::{Answer, Request};
use crate::access::text;
use crate::kinds::{Kind, Sub};
use crate::status::Status;
use crate::store::Object;

impl Api {
    pub(super) fn put(
        &mut self,
        request: &Request,
        target: Target<'_>,
        sub: Option<Sub>,
    ) -> Result<Answer, Status> {
        let options = write_options(request, Write::Update)?;
        let view = self.view(request, Asked::Objects)?;
        let sent = self.read_body(request, target.served, options.validation)?;
        let mut new = sent.value;
        place(target, &mut new)?;
        named(target, &new)?;
        let old = self.existing(target.served, &target.key())?;
        check_preconditions(target.served.kind, target, &old, &new)?;
        (target.served.kind.rules.defaults)(&mut new);
        let finish = Finish {
            sub,
            manager: options.manager,
            persist: options.persist,
            applied: false,
        };
        let (object, mut warnings) = self.finish(target, &old, new, &finish)?;
        let mut document = view.one(target.served.kind, 200, object, self.now);
        document.warnings = sent.warnings;
        document.warnings.append(&mut warnings);
        Ok(Answer::Document(document))
    }
}

/// The revision that a writer knows must be the newest.
pub(super) fn check_revision(
    kind: &Kind,
    name: &str,
    old: &Object,
    new: &Value,
) -> Result<(), Status> {
    let revision = text(new, "/metadata/resourceVersion");
    if revision.is_empty() || revision == "0" {
        return Ok(());
    }
    let invalid = |_| {
        Status::internal(format!(
            "strconv.ParseUint: parsing \"{revision}\": invalid syntax"
        ))
    };
    let known: u64 = revision.parse().map_err(invalid)?;
    if known == old.revision() {
        Ok(())
    } else {
        Err(Status::modified(kind, name))
    }
}

/// The uid and the revision that a writer knows must be those there are.
pub(super) fn check_preconditions(
    kind: &Kind,
    target: Target<'_>,
    old: &Object,
    new: &Value,
) -> Result<(), Status> {
    check_revision(kind, target.name, old, new)?;
    let old = old.value();
    let (asked, real) = (text(new, "/metadata/uid"), text(&old, "/metadata/uid"));
    if asked.is_empty() || asked == real {
        return Ok(());
    }
    let key = kind.registry_key(target.namespace, target.name);
    let why = format!(
        "StorageError: invalid object, Code: 4, Key: {key}, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in \
         precondition: {asked}, UID in object meta: {real}"
    );
    Err(Status::conflict(kind, target.name, &why))
}
