//! The kinds that are served: a kind is one descriptor and a few functions.
//!
//! Invariants:
//! - What is not described here is absent from discovery and is 404.
//! - Generic code asks the descriptor, never for a kind's name.

mod catalogue;
mod core;
mod groups;

use serde_json::{Value, json};

use crate::issues::Issues;
use crate::store::TableId;
use crate::table::Columns;

pub(crate) use catalogue::Catalogue;

/// Everything generic code needs to know of a kind.
#[derive(Debug)]
pub(crate) struct Kind {
    /// "" for the core group.
    pub(crate) group: &'static str,
    /// `v1`
    pub(crate) version: &'static str,
    /// `Pod`
    #[expect(clippy::struct_field_names, reason = "the API's own name for it")]
    pub(crate) kind: &'static str,
    /// `pods`
    pub(crate) plural: &'static str,
    /// `pod`
    pub(crate) singular: &'static str,
    /// `po`
    pub(crate) short_names: &'static [&'static str],
    /// `all`
    pub(crate) categories: &'static [&'static str],
    /// Whether its objects live in namespaces.
    pub(crate) scope: Scope,
    /// The definition of its schema.
    pub(crate) schema: &'static str,
    /// Whether many can be deleted at once.
    pub(crate) collection: Collection,
    /// Discovery's hash of the stored version.
    pub(crate) hash: &'static str,
    /// What else can be asked of an object.
    pub(crate) subresources: &'static [Sub],
    /// What its names look like.
    pub(crate) names: Names,
    /// When its generation grows.
    pub(crate) generation: Generation,
    /// What deleting one answers.
    pub(crate) deleted: Deleted,
    /// What field selectors may ask.
    pub(crate) fields: Fields,
    /// How it is printed.
    pub(crate) columns: Columns,
    /// The functions of the kind.
    pub(crate) rules: Rules,
    /// Another view of the objects of this kind.
    pub(crate) view: Option<View>,
    /// A warning with each request.
    pub(crate) deprecated: Option<&'static str>,
    /// What admission does with it.
    pub(crate) admission: Admission,
    /// Seconds after which an object is forgotten.
    pub(crate) lifetime: Option<i64>,
    /// The question that it is, if it is one: answered, and never stored.
    pub(crate) review: Option<Review>,
}

/// A question about users, tokens and rights.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Review {
    /// Who am I?
    Myself,
    /// Whose is this token?
    Token,
    /// May I?
    MyAccess,
    /// What may I?
    MyRules,
    /// May somebody?
    Access,
    /// May somebody, in this namespace?
    LocalAccess,
}

/// What admission does with objects of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Admission {
    /// Nothing.
    Nothing,
    /// Account, token, priority, tolerations.
    Pod,
    /// The default class, protection.
    Claim,
    /// Protection, the time of its phase.
    Volume,
    /// Addresses and ports.
    Service,
    /// It ends with its content.
    Namespace,
}

/// Where objects of a kind live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    /// In a namespace.
    Namespaced,
    /// In the cluster.
    Cluster,
}

/// Whether a collection can be deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Collection {
    /// It can.
    Deletable,
    /// Only one by one.
    OneByOne,
}

/// What else can be asked of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sub {
    /// `status`
    Status,
    /// `scale`
    Scale,
    /// `finalize` of a namespace
    Finalize,
    /// `binding` of a pod
    Binding,
    /// `eviction` of a pod
    Eviction,
    /// `token` of a service account
    Token,
    /// `log` of a pod
    Log,
    /// `exec` in a pod
    Exec,
    /// `attach` to a pod
    Attach,
    /// `portforward` to a pod
    PortForward,
}

/// What names look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Names {
    /// Labels joined by dots.
    Subdomain,
    /// One label.
    Label,
    /// One label that begins with a letter.
    ServiceLabel,
}

/// When the generation grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Generation {
    /// There is none.
    Absent,
    /// With each change of what is asked for.
    Spec,
}

/// What deleting one answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Deleted {
    /// A Status.
    Status,
    /// The object.
    Object,
}

/// What field selectors may ask.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fields {
    /// Label and where it is found: pointers, the first that is not empty.
    pub(crate) known: &'static [(&'static str, &'static [&'static str])],
    /// How an unknown one is refused.
    pub(crate) refusal: Refusal,
}

/// How an unknown field is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// Naming the two that every kind has.
    OnlyMetadata,
    /// Just not supported.
    NotSupported,
}

/// Converts between what is stored and what this view shows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct View {
    /// The plural of the kind whose objects these are, in the core group.
    pub(crate) of: &'static str,
    /// From what is stored.
    pub(crate) show: fn(&Value) -> Value,
    /// To what is stored.
    pub(crate) store: fn(Value) -> Value,
}

/// The functions of a kind; each does nothing unless it says otherwise.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules {
    /// Fills in what was left out.
    pub(crate) defaults: fn(&mut Value),
    /// Takes away what a client may not set, on creation.
    pub(crate) create: fn(&mut Value),
    /// Carries over what a client may not change; new, then old.
    pub(crate) update: fn(&mut Value, &Value),
    /// The same for the status; new, then old.
    pub(crate) status: fn(&mut Value, &Value),
    /// What is wrong with it.
    pub(crate) validate: fn(&Value, &mut Issues),
    /// What is wrong with a change; new, then old.
    pub(crate) change: fn(&Value, &Value, &mut Issues),
    /// What to warn of.
    pub(crate) warn: fn(&Value, &mut Vec<String>),
}

pub(super) const RULES: Rules = Rules {
    defaults: |_| {},
    create: |_| {},
    update: |_, _| {},
    status: keep_spec,
    validate: |_, _| {},
    change: |_, _, _| {},
    warn: |_, _| {},
};

/// A status update changes nothing that is asked for.
fn keep_spec(new: &mut Value, old: &Value) {
    crate::access::copy(new, old, "spec");
}

pub(super) const METADATA_ONLY: Fields = Fields {
    known: &[],
    refusal: Refusal::OnlyMetadata,
};

pub(super) const KIND: Kind = Kind {
    group: "",
    version: "v1",
    kind: "",
    plural: "",
    singular: "",
    short_names: &[],
    categories: &[],
    scope: Scope::Namespaced,
    schema: "",
    collection: Collection::Deletable,
    hash: "",
    subresources: &[],
    names: Names::Subdomain,
    generation: Generation::Absent,
    deleted: Deleted::Status,
    fields: METADATA_ONLY,
    columns: crate::table::NAME_AND_AGE,
    rules: RULES,
    view: None,
    deprecated: None,
    admission: Admission::Nothing,
    lifetime: None,
    review: None,
};

impl Kind {
    /// `apps/v1`, or `v1`.
    pub(crate) fn api_version(&self) -> String {
        if self.group.is_empty() {
            self.version.to_owned()
        } else {
            format!("{}/{}", self.group, self.version)
        }
    }

    /// `statefulsets.apps`, or `pods`.
    pub(crate) fn resource(&self) -> String {
        if self.group.is_empty() {
            self.plural.to_owned()
        } else {
            format!("{}.{}", self.plural, self.group)
        }
    }

    /// `StatefulSet.apps`, or `Pod`.
    pub(crate) fn qualified(&self) -> String {
        if self.group.is_empty() {
            self.kind.to_owned()
        } else {
            format!("{}.{}", self.kind, self.group)
        }
    }

    /// Whether its objects live in namespaces.
    pub(crate) fn namespaced(&self) -> bool {
        self.scope == Scope::Namespaced
    }

    /// The `details` of a Status about one object.
    pub(crate) fn details(&self, name: &str) -> Value {
        let mut details = json!({"kind": self.plural});
        for (key, value) in [("group", self.group), ("name", name)] {
            if !value.is_empty() {
                details[key] = json!(value);
            }
        }
        details
    }

    /// Where etcd would keep it.
    pub(crate) fn registry_key(&self, namespace: &str, name: &str) -> String {
        let prefix = match self.plural {
            "nodes" => "minions",
            "services" => "services/specs",
            "endpoints" => "services/endpoints",
            plural => plural,
        };
        if namespace.is_empty() {
            format!("/registry/{prefix}/{name}")
        } else {
            format!("/registry/{prefix}/{namespace}/{name}")
        }
    }
}

impl Sub {
    /// As it stands in a path.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Sub::Status => "status",
            Sub::Scale => "scale",
            Sub::Finalize => "finalize",
            Sub::Binding => "binding",
            Sub::Eviction => "eviction",
            Sub::Token => "token",
            Sub::Log => "log",
            Sub::Exec => "exec",
            Sub::Attach => "attach",
            Sub::PortForward => "portforward",
        }
    }
}

/// A served kind: its descriptor and where its objects are.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Served {
    /// The descriptor.
    pub(crate) kind: &'static Kind,
    /// Its objects' table.
    pub(crate) table: TableId,
    /// Its definition in the schema.
    pub(crate) schema: crate::schema::DefId,
}
