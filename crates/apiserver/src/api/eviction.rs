//! Evicting pods, as far as their disruption budgets allow.

use std::sync::Arc;

use serde_json::{Value, json};

use super::Api;
use super::delete::read_options;
use super::dispatch::Target;
use super::finish::Finish;
use super::options::Persist;
use super::request::{Answer, Encoding, Request};
use crate::access::{has, int, list, object, text};
use crate::kinds::{Served, Sub};
use crate::rules::selectors;
use crate::status::Status;
use crate::store::{Key, Object};
use crate::time;

/// The budgets over a pod.
struct Budgets {
    served: Served,
    found: Vec<(Key, Arc<Object>)>,
}

impl Api {
    pub(super) fn evict(
        &mut self,
        request: &Request,
        target: Target<'_>,
    ) -> Result<Answer, Status> {
        let eviction = self.plain(request, "Eviction")?.into_value();
        let named = text(&eviction, "/metadata/name");
        if named != target.name {
            return Err(Status::bad_request(
                "name in URL does not match name in Eviction object",
            ));
        }
        let options = read_options(request, &eviction["deleteOptions"])?;
        let pod = self.existing(target.served, &target.key())?;
        let ends_anyway = matches!(
            text(&pod.value(), "/status/phase"),
            "Succeeded" | "Failed" | "Pending"
        );
        if !ends_anyway && !has(&pod.value(), "/metadata/deletionTimestamp") {
            self.ask_budgets(target, &pod.value())?;
        }
        let pod = self.mark_disrupted(target, &pod)?;
        self.delete_object(target, &pod, &options)?;
        Ok(Answer::value(
            201,
            json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}),
            Encoding::Json,
        ))
    }

    fn budgets(&self, namespace: &str, pod: &Value) -> Option<Budgets> {
        let served = self
            .catalogue
            .find("policy", "v1", "poddisruptionbudgets")
            .map(|id| self.catalogue.get(id))?;
        let labels = &pod["metadata"]["labels"];
        let covers = |budget: &Value| {
            budget["spec"]
                .get("selector")
                .is_some_and(|selector| selectors::matches(selector, labels))
        };
        let found = self
            .store
            .range(served.table, Some(namespace), None)
            .filter(|(_, budget)| covers(&budget.value()));
        Some(Budgets {
            served,
            found: found
                .map(|(key, budget)| (key.clone(), Arc::clone(budget)))
                .collect(),
        })
    }

    /// The one budget over a pod must allow a disruption, and has one less then.
    fn ask_budgets(&mut self, target: Target<'_>, pod: &Value) -> Result<(), Status> {
        let Some(Budgets { served, found }) = self.budgets(target.namespace, pod) else {
            return Ok(());
        };
        let (key, budget) = match found.as_slice() {
            [] => return Ok(()),
            [one] => one,
            _ => {
                return Err(Status::unreachable(
                    "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.",
                ));
            }
        };
        let value: &Value = &budget.value();
        let ready = list(pod, "/status/conditions")
            .iter()
            .any(|one| text(one, "/type") == "Ready" && text(one, "/status") == "True");
        let healthy = int(value, "/status/currentHealthy").unwrap_or_default();
        let wanted = int(value, "/status/desiredHealthy").unwrap_or_default();
        let always = text(value, "/spec/unhealthyPodEvictionPolicy") == "AlwaysAllow";
        if !ready && (always || (healthy >= wanted && wanted > 0)) {
            return Ok(());
        }
        let stale = int(value, "/status/observedGeneration").unwrap_or_default()
            < int(value, "/metadata/generation").unwrap_or_default();
        let allowed = int(value, "/status/disruptionsAllowed").unwrap_or_default();
        let message = "Cannot evict pod as it would violate the pod's disruption budget.";
        let name = &key.name;
        if stale {
            let cause = json!({"reason": "DisruptionBudget", "message": format!("The disruption budget {name} is still being processed by the server.")});
            return Err(Status::too_many_requests(message, &cause));
        }
        if allowed <= 0 {
            let text = format!(
                "The disruption budget {name} needs {wanted} healthy pods and has {healthy} currently"
            );
            return Err(Status::too_many_requests(
                message,
                &json!({"reason": "DisruptionBudget", "message": text}),
            ));
        }
        let mut new = value.clone();
        let status = object(&mut new, "status");
        status["disruptionsAllowed"] = json!(allowed - 1);
        object(status, "disruptedPods")[target.name] = json!(time::seconds(self.now));
        self.commit(served, key.clone(), new);
        Ok(())
    }

    /// The pod says why it goes.
    fn mark_disrupted(
        &mut self,
        target: Target<'_>,
        pod: &Arc<Object>,
    ) -> Result<Arc<Object>, Status> {
        let mut new = pod.value().into_owned();
        let mut conditions = list(&new, "/status/conditions").to_vec();
        conditions.retain(|condition| text(condition, "/type") != "DisruptionTarget");
        conditions.push(json!({
            "type": "DisruptionTarget", "status": "True", "reason": "EvictionByEvictionAPI", "message": "Eviction API: evicting",
            "lastProbeTime": null, "lastTransitionTime": time::seconds(self.now),
        }));
        object(&mut new, "status")["conditions"] = Value::Array(conditions);
        let finish = Finish {
            sub: Some(Sub::Status),
            manager: "kube-apiserver".to_owned(),
            persist: Persist::Kept,
            applied: false,
        };
        Ok(self.finish(target, pod, new, &finish)?.0)
    }
}
