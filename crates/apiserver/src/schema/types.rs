//! The types of the API, compact.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;

/// Index of a definition in a [`Schema`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct DefId(pub(crate) usize);

/// All definitions.
#[derive(Debug, Default)]
pub(crate) struct Schema {
    pub(super) defs: Vec<Def>,
    pub(super) by_name: HashMap<String, DefId>,
}

/// One struct of the API.
#[derive(Debug)]
pub(crate) struct Def {
    /// The full name, `io.k8s.api.core.v1.Pod`.
    pub(crate) name: String,
    /// Its fields by JSON name.
    pub(crate) fields: BTreeMap<String, Field>,
    /// One owner for the whole of it.
    pub(crate) atomic: bool,
}

/// One field of a struct.
#[derive(Debug)]
pub(crate) struct Field {
    /// What it holds.
    pub(crate) ty: Type,
    /// A pointer in Go: an explicit zero is kept.
    pub(crate) pointer: bool,
    /// When it is not written.
    pub(crate) omit: Omit,
    /// The Go type as errors name it.
    pub(crate) go: String,
    /// Strategic merge by this key; empty for scalars.
    pub(crate) merge: Option<String>,
    /// Who owns the items, for server-side apply.
    pub(crate) list: ListKind,
    /// One owner for the whole map or struct.
    pub(crate) atomic: bool,
    /// Its number in protobuf, after those of the structs it is embedded in.
    pub(crate) number: String,
    /// A default that apply's keys need.
    pub(crate) default: Option<Value>,
}

/// When a field is not written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Omit {
    /// When it is empty, unless it is a struct.
    #[default]
    Empty,
    /// When it is zero, though it is a struct.
    Zero,
    /// Never.
    Never,
}

/// How a list is merged by server-side apply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ListKind {
    /// One owner for the whole list.
    Atomic,
    /// Each value has owners.
    Set,
    /// Items are known by these keys.
    Map(Vec<String>),
}

/// What a field holds.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Type {
    /// Anything at all.
    Any,
    /// A definition.
    Struct(DefId),
    /// String keys to values.
    Map(Box<Type>),
    /// A list.
    List(Box<Type>),
    /// int32, or int64 when wide.
    Integer(Width),
    /// A floating point number.
    Float,
    /// true or false
    Bool,
    /// A string.
    Text,
    /// Base64.
    Bytes,
    /// A time of whole seconds.
    Time,
    /// A time with microseconds.
    MicroTime,
    /// A resource quantity.
    Quantity,
    /// A number or a name.
    IntOrString,
}

/// Width of an integer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Width {
    /// int32
    W32,
    /// int64
    W64,
}

impl Schema {
    /// The definition of that full name.
    pub(crate) fn find(&self, name: &str) -> Option<DefId> {
        self.by_name.get(name).copied()
    }

    /// The definition itself.
    pub(crate) fn def(&self, id: DefId) -> &Def {
        &self.defs[id.0]
    }

    /// The field's description of a struct's field.
    pub(crate) fn field(&self, id: DefId, name: &str) -> Option<&Field> {
        self.def(id).fields.get(name)
    }
}

impl Def {
    /// The Go struct's name.
    pub(crate) fn short(&self) -> &str {
        self.name.rsplit('.').next().unwrap_or(&self.name)
    }
}
