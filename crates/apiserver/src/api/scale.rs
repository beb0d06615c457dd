//! The scale of a stateful set.

use std::sync::Arc;

use serde_json::{Value, json};

use super::Api;
use super::create::named;
use super::dispatch::Target;
use super::finish::Finish;
use super::negotiate::{Asked, Form};
use super::options::{Write, write_options};
use super::request::{Answer, Method, Request};
use super::update::check_preconditions;
use crate::access::{int, text};
use crate::kinds::Sub;
use crate::rules::selectors;
use crate::schema::{Words, decode, normalize};
use crate::status::Status;
use crate::store::Object;

const DEFINITION: &str = "io.k8s.api.autoscaling.v1.Scale";

fn scale_of(set: &Value) -> Value {
    let meta = &set["metadata"];
    let mut metadata = json!({});
    for key in [
        "name",
        "namespace",
        "uid",
        "resourceVersion",
        "creationTimestamp",
    ] {
        if let Some(value) = meta.get(key) {
            metadata[key] = value.clone();
        }
    }
    json!({
        "kind": "Scale", "apiVersion": "autoscaling/v1", "metadata": metadata,
        "spec": {"replicas": int(set, "/spec/replicas").unwrap_or_default()},
        "status": {
            "replicas": int(set, "/status/replicas").unwrap_or_default(),
            "selector": selectors::print(&set["spec"]["selector"]),
        },
    })
}

impl Api {
    pub(super) fn scale(
        &mut self,
        request: &Request,
        target: Target<'_>,
    ) -> Result<Answer, Status> {
        let view = self.view(request, Asked::Objects)?;
        let old = self.existing(target.served, &target.key())?;
        let object = match request.method {
            Method::Get => old,
            Method::Put => {
                let tree = self.plain(request, "Scale")?;
                let scale = tree.into_value();
                self.rescale(request, target, &old, &scale, Write::Update)?
            }
            Method::Patch => {
                let options = write_options(request, Write::Patch)?;
                let scale = self.patch_plain(
                    request,
                    DEFINITION,
                    scale_of(&old.value()),
                    options.validation,
                )?;
                self.rescale(request, target, &old, &scale, Write::Patch)?
            }
            Method::Head | Method::Post | Method::Delete | Method::Other => {
                return Err(Status::method_not_allowed());
            }
        };
        let mut scale = scale_of(&object.value());
        if let Some(id) = self.schema.find(DEFINITION) {
            normalize(&self.schema, id, &mut scale);
        }
        if let Form::Table(version) = view.media.form {
            let table = view.table_of(
                crate::table::SCALE,
                target.served.kind,
                version,
                scale,
                self.now,
            );
            return Ok(Answer::value(200, table, view.media.encoding));
        }
        Ok(Answer::value(200, scale, view.media.encoding))
    }

    fn rescale(
        &mut self,
        request: &Request,
        target: Target<'_>,
        old: &Arc<Object>,
        scale: &Value,
        write: Write,
    ) -> Result<Arc<Object>, Status> {
        let options = write_options(request, write)?;
        if let Some(id) = self.schema.find(DEFINITION) {
            let refuse = |error: crate::schema::TypeError| {
                Status::bad_request(format!(
                    "Scale in version \"v1\" cannot be handled as a Scale: {error}"
                ))
            };
            decode(&self.schema, id, &scale.into(), Words::Decoder).map_err(refuse)?;
        }
        named(target, scale)?;
        check_preconditions(target.served.kind, target, old, scale)?;
        let replicas = int(scale, "/spec/replicas").unwrap_or_default();
        if replicas < 0 {
            let mut issues = crate::issues::Issues::default();
            issues.invalid(
                "spec.replicas",
                &json!(replicas),
                "must be greater than or equal to 0",
            );
            return Err(Status::invalid_scale(
                text(scale, "/metadata/name"),
                &issues,
            ));
        }
        let mut new = old.value().into_owned();
        new["spec"]["replicas"] = json!(replicas);
        let finish = Finish {
            sub: Some(Sub::Scale),
            manager: options.manager,
            persist: options.persist,
            applied: false,
        };
        Ok(self.finish(target, old, new, &finish)?.0)
    }
}
