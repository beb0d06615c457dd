//! The values that expressions speak of, by name.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, OnceLock},
};

use cel::{
    common::value::{CowVal, Val},
    context::VariableResolver,
};
use serde_json::Value;

use crate::convert::to_cel;

/// Values by name. A clone is cheap, and extending it leaves the original as it was.
#[derive(Clone, Default)]
pub struct Scope {
    values: BTreeMap<Arc<str>, Arc<Named>>,
}

/// A value, and its form in CEL once an expression has asked for it.
struct Named {
    json: Value,
    cel: OnceLock<Box<dyn Val>>,
}

impl Scope {
    /// A scope in which there is nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// This scope and one more value; it hides one of the same name.
    #[must_use]
    pub fn with(mut self, name: impl Into<Arc<str>>, value: impl Into<Value>) -> Self {
        let named = Named {
            json: value.into(),
            cel: OnceLock::new(),
        };
        self.values.insert(name.into(), Arc::new(named));
        self
    }

    /// A value by its name.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.values.get(name).map(|named| &named.json)
    }

    /// The names, in alphabetical order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.values.keys().map(AsRef::as_ref)
    }
}

impl fmt::Debug for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map()
            .entries(self.values.iter().map(|(name, named)| (name, &named.json)))
            .finish()
    }
}

impl VariableResolver for Scope {
    fn resolve<'b>(&'b self, variable: &str) -> Option<CowVal<'b, 'b>> {
        let named = self.values.get(variable)?;
        Some(CowVal::Borrowed(
            named.cel.get_or_init(|| to_cel(&named.json)).as_ref(),
        ))
    }
}
