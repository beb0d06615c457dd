//! The kinds of the core group.

use super::{
    Admission, Collection, Deleted, Fields, Generation, KIND, Kind, Names, RULES, Refusal, Rules,
    Scope, Sub,
};
use crate::rules::{cluster, config, events, network, pods, storage};
use crate::table::columns;

const OBJECT_EVENT_FIELDS: Fields = Fields {
    known: &[
        ("involvedObject.kind", &["/involvedObject/kind"]),
        ("involvedObject.namespace", &["/involvedObject/namespace"]),
        ("involvedObject.name", &["/involvedObject/name"]),
        ("involvedObject.uid", &["/involvedObject/uid"]),
        ("involvedObject.apiVersion", &["/involvedObject/apiVersion"]),
        (
            "involvedObject.resourceVersion",
            &["/involvedObject/resourceVersion"],
        ),
        ("involvedObject.fieldPath", &["/involvedObject/fieldPath"]),
        ("reason", &["/reason"]),
        ("reportingComponent", &["/reportingComponent"]),
        ("source", &["/source/component", "/reportingComponent"]),
        ("type", &["/type"]),
    ],
    refusal: Refusal::NotSupported,
};

const POD_FIELDS: Fields = Fields {
    known: &[
        ("spec.nodeName", &["/spec/nodeName"]),
        ("spec.restartPolicy", &["/spec/restartPolicy"]),
        ("spec.schedulerName", &["/spec/schedulerName"]),
        ("spec.serviceAccountName", &["/spec/serviceAccountName"]),
        ("spec.hostNetwork", &["/spec/hostNetwork", "=false"]),
        ("status.phase", &["/status/phase"]),
        ("status.podIP", &["/status/podIP"]),
        ("status.podIPs", &["/status/podIP"]),
        ("status.nominatedNodeName", &["/status/nominatedNodeName"]),
    ],
    refusal: Refusal::NotSupported,
};

const fn fields(known: &'static [(&'static str, &'static [&'static str])]) -> Fields {
    Fields {
        known,
        refusal: Refusal::NotSupported,
    }
}

pub(super) const KINDS: &[Kind] = &[
    Kind {
        kind: "ConfigMap",
        plural: "configmaps",
        singular: "configmap",
        short_names: &["cm"],
        schema: "io.k8s.api.core.v1.ConfigMap",
        hash: "qFsyl6wFWjQ=",
        columns: columns::CONFIG_MAP,
        rules: Rules {
            validate: config::validate_config_map,
            change: config::change_config_map,
            ..RULES
        },
        ..KIND
    },
    Kind {
        kind: "Endpoints",
        plural: "endpoints",
        singular: "endpoints",
        short_names: &["ep"],
        schema: "io.k8s.api.core.v1.Endpoints",
        hash: "fWeeMqaN/OA=",
        columns: columns::ENDPOINTS,
        deprecated: Some(
            "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice",
        ),
        rules: Rules {
            defaults: network::default_endpoints,
            validate: network::validate_endpoints,
            ..RULES
        },
        ..KIND
    },
    Kind {
        kind: "Event",
        plural: "events",
        lifetime: Some(3600),
        singular: "event",
        short_names: &["ev"],
        schema: "io.k8s.api.core.v1.Event",
        hash: "r2yiGXH7wu8=",
        fields: OBJECT_EVENT_FIELDS,
        columns: columns::EVENT,
        rules: Rules {
            validate: events::validate,
            ..RULES
        },
        ..KIND
    },
    Kind {
        kind: "Namespace",
        plural: "namespaces",
        admission: Admission::Namespace,
        singular: "namespace",
        short_names: &["ns"],
        scope: Scope::Cluster,
        schema: "io.k8s.api.core.v1.Namespace",
        collection: Collection::OneByOne,
        hash: "Q3oi5N2YM8M=",
        subresources: &[Sub::Finalize, Sub::Status],
        names: Names::Label,
        deleted: Deleted::Object,
        fields: fields(&[
            ("status.phase", &["/status/phase"]),
            ("name", &["/metadata/name"]),
        ]),
        columns: columns::NAMESPACE,
        rules: Rules {
            defaults: cluster::default_namespace,
            create: cluster::create_namespace,
            update: cluster::update_namespace,
            ..RULES
        },
        ..KIND
    },
    Kind {
        kind: "Node",
        plural: "nodes",
        singular: "node",
        short_names: &["no"],
        scope: Scope::Cluster,
        schema: "io.k8s.api.core.v1.Node",
        hash: "XwShjMxG9Fs=",
        subresources: &[Sub::Status],
        fields: fields(&[("spec.unschedulable", &["/spec/unschedulable", "=false"])]),
        columns: columns::NODE,
        rules: Rules {
            defaults: cluster::default_node,
            create: cluster::create_node,
            update: cluster::keep_status,
            validate: cluster::validate_node,
            change: cluster::change_node,
            ..RULES
        },
        ..KIND
    },
    Kind {
        kind: "PersistentVolumeClaim",
        plural: "persistentvolumeclaims",
        admission: Admission::Claim,
        singular: "persistentvolumeclaim",
        short_names: &["pvc"],
        schema: "io.k8s.api.core.v1.PersistentVolumeClaim",
        hash: "QWTyNDq0dC4=",
        subresources: &[Sub::Status],
        deleted: Deleted::Object,
        columns: columns::CLAIM,
        rules: Rules {
            defaults: storage::default_claim,
            create: storage::create_claim,
            update: cluster::keep_status,
            validate: storage::validate_claim,
            change: storage::change_claim,
            warn: storage::warn_claim,
            ..RULES
        },
        ..KIND
    },
    Kind {
        kind: "PersistentVolume",
        plural: "persistentvolumes",
        admission: Admission::Volume,
        singular: "persistentvolume",
        short_names: &["pv"],
        scope: Scope::Cluster,
        schema: "io.k8s.api.core.v1.PersistentVolume",
        hash: "HN/zwEC+JgM=",
        subresources: &[Sub::Status],
        deleted: Deleted::Object,
        columns: columns::VOLUME,
        rules: Rules {
            defaults: storage::default_volume,
            create: storage::create_volume,
            update: cluster::keep_status,
            validate: storage::validate_volume,
            change: storage::change_volume,
            warn: storage::warn_volume,
            ..RULES
        },
        ..KIND
    },
    Kind {
        kind: "Pod",
        plural: "pods",
        admission: Admission::Pod,
        singular: "pod",
        short_names: &["po"],
        categories: &["all"],
        schema: "io.k8s.api.core.v1.Pod",
        hash: "xPOwRZ+Yhw8=",
        subresources: &[
            Sub::Attach,
            Sub::Binding,
            Sub::Eviction,
            Sub::Exec,
            Sub::Log,
            Sub::PortForward,
            Sub::Status,
        ],
        generation: Generation::Spec,
        deleted: Deleted::Object,
        fields: POD_FIELDS,
        columns: columns::POD,
        rules: Rules {
            defaults: pods::default_pod,
            create: pods::create_pod,
            update: cluster::keep_status,
            status: pods::update_status,
            validate: pods::validate_pod,
            change: pods::change_pod,
            warn: pods::warn_pod,
        },
        ..KIND
    },
    Kind {
        kind: "Secret",
        plural: "secrets",
        singular: "secret",
        schema: "io.k8s.api.core.v1.Secret",
        hash: "S6u1pOWzb84=",
        fields: fields(&[("type", &["/type"])]),
        columns: columns::SECRET,
        rules: Rules {
            defaults: config::default_secret,
            validate: config::validate_secret,
            change: config::change_secret,
            ..RULES
        },
        ..KIND
    },
    Kind {
        kind: "ServiceAccount",
        plural: "serviceaccounts",
        singular: "serviceaccount",
        short_names: &["sa"],
        schema: "io.k8s.api.core.v1.ServiceAccount",
        hash: "pbx9ZvyFpBE=",
        subresources: &[Sub::Token],
        deleted: Deleted::Object,
        columns: columns::SERVICE_ACCOUNT,
        ..KIND
    },
    Kind {
        kind: "Service",
        plural: "services",
        admission: Admission::Service,
        singular: "service",
        short_names: &["svc"],
        categories: &["all"],
        schema: "io.k8s.api.core.v1.Service",
        hash: "0/CO1lhkEBI=",
        subresources: &[Sub::Status],
        names: Names::ServiceLabel,
        deleted: Deleted::Object,
        fields: fields(&[
            ("spec.clusterIP", &["/spec/clusterIP"]),
            ("spec.type", &["/spec/type"]),
        ]),
        columns: columns::SERVICE,
        rules: Rules {
            defaults: network::default_service,
            create: network::create_service,
            update: network::update_service,
            validate: network::validate_service,
            change: network::change_service,
            ..RULES
        },
        ..KIND
    },
];
