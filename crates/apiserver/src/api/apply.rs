//! Server-side apply, as a request.

use serde_json::{Value, json};

use super::Api;
use super::create::{named, place};
use super::dispatch::Target;
use super::finish::Finish;
use super::negotiate::Asked;
use super::options::{Validation, Write, WriteOptions, write_options};
use super::patch::type_of;
use super::request::{Answer, Request};
use super::update::check_preconditions;
use crate::access::{has, remove, text};
use crate::json::{Tree, yaml};
use crate::kinds::{Kind, Sub};
use crate::managed::{self, Applied, Force};
use crate::status::Status;

impl Api {
    pub(super) fn apply(
        &mut self,
        request: &Request,
        target: Target<'_>,
        sub: Option<Sub>,
    ) -> Result<Answer, Status> {
        let options = write_options(request, Write::Apply)?;
        let view = self.view(request, Asked::Objects)?;
        let mut config = read(request)?;
        let kind = target.served.kind;
        let old = self.store.get(target.served.table, &target.key()).cloned();
        check_config(kind, target, &mut config)?;
        if let Some(error) = managed::check_typed(&self.schema, &type_of(target.served), &config) {
            let (namespace, name) = (
                text(&config, "/metadata/namespace"),
                text(&config, "/metadata/name"),
            );
            let kind = kind_name(kind);
            return Err(Status::internal(format!(
                "failed to create typed patch object ({namespace}/{name}; {kind}): {error}"
            )));
        }
        if let Some(old) = &old {
            check_preconditions(kind, target, old, &config)?;
        } else if sub.is_some() {
            return Err(Status::not_found(kind, target.name));
        } else if has(&config, "/metadata/uid") {
            let uid = text(&config, "/metadata/uid");
            let why = format!(
                "uid mismatch: the provided object specified uid {uid}, and no existing object was found"
            );
            return Err(Status::conflict(kind, target.name, &why));
        }
        let before = old.as_ref().map(|old| old.value());
        let merged = self.merge_config(target, before.as_deref(), config, sub, &options)?;
        let (code, object, warnings) = if let Some(old) = old {
            named(target, &merged)?;
            let finish = Finish {
                sub,
                manager: options.manager.clone(),
                persist: options.persist,
                applied: true,
            };
            let (object, warnings) = self.finish(target, &old, merged, &finish)?;
            (200, object, warnings)
        } else {
            let mut merged = merged;
            place(target, &mut merged)?;
            named(target, &merged)?;
            let (object, warnings) = self.create_value(target, merged, &options)?;
            (201, object, warnings)
        };
        let mut document = view.one(kind, code, object, self.now);
        document.warnings = warnings;
        Ok(Answer::Document(document))
    }

    /// The object with the configuration in it, with its entries, with defaults.
    fn merge_config(
        &self,
        target: Target<'_>,
        live: Option<&Value>,
        config: Value,
        sub: Option<Sub>,
        options: &WriteOptions,
    ) -> Result<Value, Status> {
        let manager = self.manager(&options.manager, sub.map_or("", Sub::name), target.served);
        let force = if options.force == Some(true) {
            Force::Overrule
        } else {
            Force::Refuse
        };
        let config = match target.served.kind.view {
            Some(view) => (view.store)(config),
            None => config,
        };
        let Applied(mut merged) = managed::apply(
            &self.schema,
            &type_of(target.served),
            live,
            &config,
            &manager,
            force,
        )
        .map_err(|conflicts| Status::apply_conflict(conflicts.message(), &conflicts.causes()))?;
        managed::follow(&mut merged, &config, target.served.kind.kind, &manager);
        let mut value = self
            .read_tree(&Tree::from(&merged), target.served, Validation::Ignore)?
            .value;
        (target.served.kind.rules.defaults)(&mut value);
        Ok(value)
    }
}

fn read(request: &Request) -> Result<Value, Status> {
    let tree = yaml::parse(&request.body).map_err(|error| {
        Status::bad_request(format!(
            "error decoding YAML: error converting YAML to JSON: {}",
            error.0
        ))
    })?;
    match tree {
        Tree::Map(_) => Ok(tree.into_value()),
        Tree::Null => Ok(json!({})),
        other => {
            let error = other.unlike("map[string]interface {}");
            Err(Status::bad_request(format!(
                "error decoding YAML: error unmarshaling JSON: while decoding JSON: {error}"
            )))
        }
    }
}

/// `/v1, Kind=ConfigMap`, as Go prints it.
fn kind_name(kind: &Kind) -> String {
    format!("{}/{}, Kind={}", kind.group, kind.version, kind.kind)
}

fn check_config(kind: &Kind, target: Target<'_>, config: &mut Value) -> Result<(), Status> {
    let (api_version, name) = (
        text(config, "/apiVersion").to_owned(),
        text(config, "/kind").to_owned(),
    );
    if api_version != kind.api_version() || name != kind.kind {
        let (group, version) = api_version.split_once('/').unwrap_or(("", &api_version));
        return Err(Status::bad_request(format!(
            "invalid object type: {group}/{version}, Kind={name}"
        )));
    }
    if has(config, "/metadata/managedFields") {
        return Err(Status::bad_request("metadata.managedFields must be nil"));
    }
    let own = text(config, "/metadata/name");
    if !own.is_empty() && own != target.name {
        let name = target.name;
        return Err(Status::bad_request(format!(
            "the name of the object ({own}) does not match the name on the URL ({name})"
        )));
    }
    remove(config, "apiVersion");
    remove(config, "kind");
    Ok(())
}
