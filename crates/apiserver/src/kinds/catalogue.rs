//! All served kinds, found by group, version and plural.

use super::{Kind, Served, core, groups};
use crate::schema::Schema;
use crate::store::TableId;

/// Index of a kind in the [`Catalogue`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct KindId(usize);

/// All served kinds, in the order of discovery.
#[derive(Debug)]
pub(crate) struct Catalogue {
    kinds: Vec<Served>,
    tables: usize,
}

fn descriptors() -> impl Iterator<Item = &'static Kind> {
    core::KINDS.iter().chain(groups::KINDS)
}

impl Catalogue {
    /// Gives each kind its table and its definition.
    pub(crate) fn new(schema: &Schema) -> Catalogue {
        let mut kinds: Vec<Served> = Vec::new();
        let mut tables = 0;
        for kind in descriptors() {
            let Some(schema) = schema.find(kind.schema) else {
                continue;
            };
            let shared = kind.view.and_then(|view| {
                kinds
                    .iter()
                    .find(|served| served.kind.group.is_empty() && served.kind.plural == view.of)
            });
            let table = if let Some(served) = shared {
                served.table
            } else {
                tables += 1;
                TableId(tables - 1)
            };
            kinds.push(Served {
                kind,
                table,
                schema,
            });
        }
        Catalogue { kinds, tables }
    }

    /// How many tables the kinds need.
    pub(crate) fn tables(&self) -> usize {
        self.tables
    }

    /// The kind of that plural.
    pub(crate) fn find(&self, group: &str, version: &str, plural: &str) -> Option<KindId> {
        let found = |served: &Served| {
            served.kind.group == group
                && served.kind.version == version
                && served.kind.plural == plural
        };
        self.kinds.iter().position(found).map(KindId)
    }

    /// The kind itself.
    pub(crate) fn get(&self, id: KindId) -> Served {
        self.kinds[id.0]
    }

    /// A core kind that is known to be there.
    pub(crate) fn core(&self, plural: &str) -> Option<Served> {
        self.find("", "v1", plural).map(|id| self.get(id))
    }

    /// Every kind, in the order of discovery.
    pub(crate) fn all(&self) -> impl Iterator<Item = Served> + '_ {
        self.kinds.iter().copied()
    }

    /// The groups and their versions, in the order of discovery.
    pub(crate) fn groups(&self) -> Vec<(&'static str, &'static str)> {
        let mut groups = Vec::new();
        for served in &self.kinds {
            let group = (served.kind.group, served.kind.version);
            if !groups.contains(&group) {
                groups.push(group);
            }
        }
        groups
    }

    /// Whether any kind, served or not, is called so in that version.
    pub(crate) fn knows(&self, api_version: &str, kind: &str) -> bool {
        self.kinds
            .iter()
            .any(|served| served.kind.kind == kind && served.kind.api_version() == api_version)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_descriptor_has_a_schema_and_views_share_their_table() {
        let catalogue = Catalogue::new(&Schema::load());
        assert_eq!(catalogue.all().count(), descriptors().count());
        let events = catalogue.core("events").expect("events are served");
        let view = catalogue
            .find("events.k8s.io", "v1", "events")
            .expect("and their view");
        assert_eq!(events.table, catalogue.get(view).table);
    }
}
