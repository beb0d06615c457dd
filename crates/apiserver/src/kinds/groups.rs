//! The kinds of the named groups, in the order in which discovery lists the groups.

use super::{
    Deleted, Fields, Generation, KIND, Kind, Names, RULES, Refusal, Review, Rules, Scope, Sub, View,
};
use crate::rules::{cluster, events, network, storage, workloads};
use crate::table::columns;

const REGARDING_EVENT_FIELDS: Fields = Fields {
    known: &[
        ("regarding.kind", &["/involvedObject/kind"]),
        ("regarding.namespace", &["/involvedObject/namespace"]),
        ("regarding.name", &["/involvedObject/name"]),
        ("regarding.uid", &["/involvedObject/uid"]),
        ("regarding.apiVersion", &["/involvedObject/apiVersion"]),
        (
            "regarding.resourceVersion",
            &["/involvedObject/resourceVersion"],
        ),
        ("regarding.fieldPath", &["/involvedObject/fieldPath"]),
        ("reason", &["/reason"]),
        ("reportingController", &["/reportingComponent"]),
        ("type", &["/type"]),
    ],
    refusal: Refusal::NotSupported,
};

pub(super) const KINDS: &[Kind] = &[
    Kind {
        group: "apps",
        kind: "ControllerRevision",
        plural: "controllerrevisions",
        singular: "controllerrevision",
        schema: "io.k8s.api.apps.v1.ControllerRevision",
        hash: "85nkx63pcBU=",
        columns: columns::CONTROLLER_REVISION,
        rules: Rules {
            validate: workloads::validate_controller_revision,
            change: workloads::change_controller_revision,
            ..RULES
        },
        ..KIND
    },
    Kind {
        group: "apps",
        kind: "StatefulSet",
        plural: "statefulsets",
        singular: "statefulset",
        short_names: &["sts"],
        categories: &["all"],
        schema: "io.k8s.api.apps.v1.StatefulSet",
        hash: "H+vl74LkKdo=",
        subresources: &[Sub::Scale, Sub::Status],
        names: Names::Label,
        generation: Generation::Spec,
        columns: columns::STATEFUL_SET,
        rules: Rules {
            defaults: workloads::default_stateful_set,
            create: cluster::drop_status,
            update: cluster::keep_status,
            validate: workloads::validate_stateful_set,
            change: workloads::change_stateful_set,
            ..RULES
        },
        ..KIND
    },
    Kind {
        group: "events.k8s.io",
        kind: "Event",
        plural: "events",
        lifetime: Some(3600),
        singular: "event",
        short_names: &["ev"],
        schema: "io.k8s.api.events.v1.Event",
        hash: "r2yiGXH7wu8=",
        fields: REGARDING_EVENT_FIELDS,
        columns: columns::EVENT,
        view: Some(View {
            of: "events",
            show: events::show,
            store: events::store,
        }),
        ..KIND
    },
    Kind {
        group: "authentication.k8s.io",
        kind: "SelfSubjectReview",
        plural: "selfsubjectreviews",
        singular: "selfsubjectreview",
        scope: Scope::Cluster,
        schema: "io.k8s.api.authentication.v1.SelfSubjectReview",
        review: Some(Review::Myself),
        ..KIND
    },
    Kind {
        group: "authentication.k8s.io",
        kind: "TokenReview",
        plural: "tokenreviews",
        singular: "tokenreview",
        scope: Scope::Cluster,
        schema: "io.k8s.api.authentication.v1.TokenReview",
        review: Some(Review::Token),
        ..KIND
    },
    Kind {
        group: "authorization.k8s.io",
        kind: "LocalSubjectAccessReview",
        plural: "localsubjectaccessreviews",
        singular: "localsubjectaccessreview",
        schema: "io.k8s.api.authorization.v1.LocalSubjectAccessReview",
        review: Some(Review::LocalAccess),
        ..KIND
    },
    Kind {
        group: "authorization.k8s.io",
        kind: "SelfSubjectAccessReview",
        plural: "selfsubjectaccessreviews",
        singular: "selfsubjectaccessreview",
        scope: Scope::Cluster,
        schema: "io.k8s.api.authorization.v1.SelfSubjectAccessReview",
        review: Some(Review::MyAccess),
        ..KIND
    },
    Kind {
        group: "authorization.k8s.io",
        kind: "SelfSubjectRulesReview",
        plural: "selfsubjectrulesreviews",
        singular: "selfsubjectrulesreview",
        scope: Scope::Cluster,
        schema: "io.k8s.api.authorization.v1.SelfSubjectRulesReview",
        review: Some(Review::MyRules),
        ..KIND
    },
    Kind {
        group: "authorization.k8s.io",
        kind: "SubjectAccessReview",
        plural: "subjectaccessreviews",
        singular: "subjectaccessreview",
        scope: Scope::Cluster,
        schema: "io.k8s.api.authorization.v1.SubjectAccessReview",
        review: Some(Review::Access),
        ..KIND
    },
    Kind {
        group: "policy",
        kind: "PodDisruptionBudget",
        plural: "poddisruptionbudgets",
        singular: "poddisruptionbudget",
        short_names: &["pdb"],
        schema: "io.k8s.api.policy.v1.PodDisruptionBudget",
        hash: "EVWiDmWqyJw=",
        subresources: &[Sub::Status],
        generation: Generation::Spec,
        columns: columns::BUDGET,
        rules: Rules {
            create: cluster::drop_status,
            update: cluster::keep_status,
            validate: workloads::validate_budget,
            ..RULES
        },
        ..KIND
    },
    Kind {
        group: "storage.k8s.io",
        kind: "StorageClass",
        plural: "storageclasses",
        singular: "storageclass",
        short_names: &["sc"],
        scope: Scope::Cluster,
        schema: "io.k8s.api.storage.v1.StorageClass",
        hash: "K+m6uJwbjGY=",
        deleted: Deleted::Object,
        columns: columns::STORAGE_CLASS,
        rules: Rules {
            defaults: storage::default_class,
            validate: storage::validate_class,
            change: storage::change_class,
            ..RULES
        },
        ..KIND
    },
    Kind {
        group: "coordination.k8s.io",
        kind: "Lease",
        plural: "leases",
        singular: "lease",
        schema: "io.k8s.api.coordination.v1.Lease",
        hash: "gqkMMb/YqFM=",
        columns: columns::LEASE,
        rules: Rules {
            validate: cluster::validate_lease,
            ..RULES
        },
        ..KIND
    },
    Kind {
        group: "discovery.k8s.io",
        kind: "EndpointSlice",
        plural: "endpointslices",
        singular: "endpointslice",
        schema: "io.k8s.api.discovery.v1.EndpointSlice",
        hash: "qgS0xkrxYAI=",
        generation: Generation::Spec,
        columns: columns::ENDPOINT_SLICE,
        rules: Rules {
            defaults: network::default_slice,
            validate: network::validate_slice,
            change: network::change_slice,
            ..RULES
        },
        ..KIND
    },
];
