//! What every cluster has from its start.

use serde_json::{Value, json};

use super::Api;
use crate::kinds::Served;
use crate::schema::normalize;
use crate::store::Key;
use crate::time;

const NAMESPACES: [&str; 4] = ["default", "kube-node-lease", "kube-public", "kube-system"];

impl Api {
    /// Namespaces and the API's own service.
    pub(super) fn bootstrap(&mut self) {
        if let Some(namespaces) = self.catalogue.core("namespaces") {
            for name in NAMESPACES {
                self.plant(namespaces, "", name, json!({}));
            }
        }
        if let Some(services) = self.catalogue.core("services") {
            let port = json!({"name": "https", "port": 443, "protocol": "TCP", "targetPort": 6443});
            let labels = json!({"component": "apiserver", "provider": "kubernetes"});
            let spec = json!({"clusterIP": "10.96.0.1", "ports": [port]});
            self.plant(
                services,
                "default",
                "kubernetes",
                json!({"metadata": {"labels": labels}, "spec": spec}),
            );
        }
    }

    fn plant(&mut self, served: Served, namespace: &str, name: &str, mut value: Value) {
        let metadata = crate::access::object(&mut value, "metadata");
        metadata["name"] = json!(name);
        if !namespace.is_empty() {
            metadata["namespace"] = json!(namespace);
        }
        metadata["uid"] = json!(self.random.uid());
        metadata["creationTimestamp"] = json!(time::seconds(self.now));
        (served.kind.rules.defaults)(&mut value);
        (served.kind.rules.create)(&mut value);
        normalize(&self.schema, served.schema, &mut value);
        self.commit(served, Key::new(namespace, name), value);
    }
}
