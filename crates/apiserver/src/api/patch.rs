//! Patching objects.

use std::collections::HashSet;
use std::sync::Arc;

use serde_json::Value;

use super::Api;
use super::create::{named, place};
use super::dispatch::Target;
use super::finish::Finish;
use super::negotiate::Asked;
use super::options::{Validation, Write, WriteOptions, write_options};
use super::render::whole;
use super::request::{Answer, Request};
use super::update::check_revision;
use crate::issues::Issues;
use crate::json::{Tree, parse};
use crate::kinds::{Served, Sub};
use crate::patch::show::{self, Touched};
use crate::patch::{json, merge, strategic};
use crate::schema::{Type, Words, decode};
use crate::status::Status;
use crate::store::Object;

/// The kinds of patches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Patch {
    Json,
    Merge,
    Strategic,
    Apply,
}

/// Which patch a request carries.
pub(super) fn patch_kind(request: &Request) -> Result<Patch, Status> {
    match request
        .content_type
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
    {
        "application/json-patch+json" => Ok(Patch::Json),
        "application/merge-patch+json" => Ok(Patch::Merge),
        "application/strategic-merge-patch+json" => Ok(Patch::Strategic),
        "application/apply-patch+yaml" => Ok(Patch::Apply),
        _ => Err(Status::unsupported_patch()),
    }
}

/// What a patch made of a document, and what to warn of.
struct Patched {
    document: Value,
    warnings: Vec<String>,
}

impl Api {
    pub(super) fn patch(
        &mut self,
        request: &Request,
        target: Target<'_>,
        sub: Option<Sub>,
    ) -> Result<Answer, Status> {
        let kind = patch_kind(request)?;
        if kind == Patch::Apply {
            return self.apply(request, target, sub);
        }
        let options = write_options(request, Write::Patch)?;
        let view = self.view(request, Asked::Objects)?;
        let old = self.existing(target.served, &target.key())?;
        let before = whole(target.served.kind, &old);
        let patched = self.patched(
            request,
            kind,
            &Type::Struct(target.served.schema),
            before,
            options.validation,
        )?;
        let (object, warnings) = self.write_patched(target, sub, &old, patched, &options)?;
        let mut document = view.one(target.served.kind, 200, object, self.now);
        document.warnings = warnings;
        Ok(Answer::Document(document))
    }

    fn write_patched(
        &mut self,
        target: Target<'_>,
        sub: Option<Sub>,
        old: &Arc<Object>,
        patched: Patched,
        options: &WriteOptions,
    ) -> Result<(Arc<Object>, Vec<String>), Status> {
        let mut new = self.to_stored(target.served, patched.document);
        place(target, &mut new)?;
        named(target, &new)?;
        check_revision(target.served.kind, target.name, old, &new)?;
        let uid = &new["metadata"]["uid"];
        if uid.is_string() && *uid != old.value()["metadata"]["uid"] {
            let mut issues = Issues::default();
            issues.invalid("metadata.uid", uid, "field is immutable");
            // Core kinds ask once more what was asked of every kind before.
            let kind = target.served.kind;
            if kind.group.is_empty() && kind.plural != "persistentvolumes" {
                issues.invalid("metadata.uid", uid, "field is immutable");
            }
            return Err(Status::invalid(target.served.kind, target.name, &issues));
        }
        (target.served.kind.rules.defaults)(&mut new);
        let finish = Finish {
            sub,
            manager: options.manager.clone(),
            persist: options.persist,
            applied: false,
        };
        let (object, mut more) = self.finish(target, old, new, &finish)?;
        let mut warnings = patched.warnings;
        warnings.append(&mut more);
        Ok((object, warnings))
    }

    /// Applies a patch to a document of a type and reads the result.
    fn patched(
        &self,
        request: &Request,
        kind: Patch,
        ty: &Type,
        before: Value,
        validation: Validation,
    ) -> Result<Patched, Status> {
        let mut document = before;
        let undecodable =
            |error: &str| Status::bad_request(format!("error decoding patch: {error}"));
        let parsed = parse::parse(&request.body);
        let (tree, shown, repeated) = match kind {
            Patch::Json => {
                let tree = parsed.map_err(|error| undecodable(&error.0))?;
                json::apply(&mut document, &tree).map_err(|refused| match refused {
                    json::Refused::Undecodable(error) => undecodable(&error),
                    json::Refused::TooMany(error) => Status::too_large_for(&error),
                    json::Refused::Impossible => Status::patch_rejected(),
                })?;
                let touched = touched(
                    paths(&tree)
                        .any(|path| path.starts_with("/metadata"))
                        .then_some(()),
                );
                (
                    Tree::from(&document),
                    show::object(&document, touched),
                    Vec::new(),
                )
            }
            Patch::Merge => {
                let tree = parsed.map_err(|error| undecodable(&error.0))?;
                if matches!(tree, Tree::Null) {
                    return Err(Status::bad_request("Invalid JSON Patch"));
                }
                object_only(&tree).map_err(|error| undecodable(&error))?;
                let touched = touched(tree.get("metadata").map(|_| ()));
                let repeated = repeated(&tree, "");
                merge::apply(&mut document, &tree.into_value());
                (
                    Tree::from(&document),
                    show::object(&document, touched),
                    repeated,
                )
            }
            Patch::Strategic | Patch::Apply => {
                let tree = parsed.map_err(|error| Status::bad_request(error.0))?;
                object_only(&tree).map_err(Status::bad_request)?;
                let repeated = repeated(&tree, "");
                let patch = tree.into_value();
                if let Some(error) = shape_error(&document, &patch) {
                    return Err(Status::invalid_patch(&show::go_map(&patch), error));
                }
                strategic::apply(&self.schema, ty, &mut document, &patch)
                    .map_err(|refused| Status::internal(refused.to_string()))?;
                (Tree::from(&document), show::go_map(&patch), repeated)
            }
        };
        let read = Read {
            tree: &tree,
            words: words(kind),
            shown: &shown,
        };
        self.read_patched(ty, document, &read, repeated, validation)
    }

    fn read_patched(
        &self,
        ty: &Type,
        document: Value,
        read: &Read<'_>,
        repeated: Vec<String>,
        validation: Validation,
    ) -> Result<Patched, Status> {
        let Read { tree, words, shown } = *read;
        let Type::Struct(id) = ty else {
            return Ok(Patched {
                document,
                warnings: repeated,
            });
        };
        if let Some(served) = self.catalogue.all().find(|served| served.schema == *id) {
            self.check_patched_kind(served.kind, &document)
                .map_err(|error| Status::invalid_patch(shown, &error))?;
        }
        let decoded = decode(&self.schema, *id, tree, words)
            .map_err(|error| Status::invalid_patch(shown, &error.0))?;
        let strict: Vec<String> = repeated.into_iter().chain(decoded.strict).collect();
        match validation {
            Validation::Strict if !strict.is_empty() => Err(Status::invalid_patch(
                shown,
                &format!("strict decoding error: {}", strict.join(", ")),
            )),
            Validation::Warn => Ok(Patched {
                document: decoded.value,
                warnings: strict,
            }),
            Validation::Strict | Validation::Ignore => Ok(Patched {
                document: decoded.value,
                warnings: Vec::new(),
            }),
        }
    }

    /// Patches a document that is no object of a served kind: a scale.
    pub(super) fn patch_plain(
        &self,
        request: &Request,
        def: &str,
        before: Value,
        validation: Validation,
    ) -> Result<Value, Status> {
        let kind = patch_kind(request)?;
        let ty = self.schema.find(def).map_or(Type::Any, Type::Struct);
        Ok(self
            .patched(request, kind, &ty, before, validation)?
            .document)
    }
}

/// A patched document that is to be read.
struct Read<'a> {
    tree: &'a Tree,
    words: Words,
    /// How refusals show it.
    shown: &'a str,
}

/// Whose words refuse a value that does not fit.
fn words(kind: Patch) -> Words {
    match kind {
        Patch::Strategic => Words::Converter,
        Patch::Json | Patch::Merge | Patch::Apply => Words::Decoder,
    }
}

/// Whether the metadata was touched, from the trace of it.
fn touched(metadata: Option<()>) -> Touched {
    metadata.map_or(Touched::Others, |()| Touched::Metadata)
}

fn paths(tree: &Tree) -> impl Iterator<Item = &str> {
    let operations = match tree {
        Tree::List(operations) => operations.as_slice(),
        _ => &[],
    };
    operations
        .iter()
        .filter_map(|operation| operation.get("path").and_then(Tree::text))
}

fn object_only(tree: &Tree) -> Result<(), String> {
    match tree {
        Tree::Map(_) => Ok(()),
        other => Err(other.unlike("map[string]interface {}")),
    }
}

/// Keys that a patch says twice.
fn repeated(tree: &Tree, prefix: &str) -> Vec<String> {
    let mut found = Vec::new();
    match tree {
        Tree::Map(entries) => {
            let mut seen = HashSet::new();
            for (key, value) in entries {
                let path = if prefix.is_empty() {
                    key.clone()
                } else {
                    format!("{prefix}.{key}")
                };
                found.extend(repeated(value, &path));
                if !seen.insert(key) {
                    found.push(format!("duplicate field \"{path}\""));
                }
            }
        }
        Tree::List(items) => {
            for (index, item) in items.iter().enumerate() {
                found.extend(repeated(item, &format!("{prefix}[{index}]")));
            }
        }
        Tree::Null | Tree::Bool(_) | Tree::Number(_) | Tree::Text(_) => {}
    }
    found
}

/// A list where a map is, or a map where a list is.
fn shape_error(document: &Value, patch: &Value) -> Option<&'static str> {
    let Value::Object(changes) = patch else {
        return None;
    };
    changes
        .iter()
        .find_map(|(key, change)| match (document.get(key), change) {
            (Some(Value::Array(_)), Value::Object(_)) => Some("cannot restore slice from map"),
            (Some(Value::Object(_)), Value::Array(_)) => Some("cannot restore map from slice"),
            (Some(inner), _) => shape_error(inner, change),
            (None, _) => None,
        })
}

/// The type of a served kind.
pub(super) fn type_of(served: Served) -> Type {
    Type::Struct(served.schema)
}
