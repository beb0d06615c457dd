//! Manifest files to objects.

use super::{Around, Resolver, relative_to};
use crate::{
    plan::Manifest,
    scalar::Dialect,
    source::{Kind, NodeId},
    spanned::Text,
};

/// How many objects one file may have.
const MAX_OBJECTS: usize = 500;

impl Resolver<'_> {
    /// The objects of manifest files, in the order of the files.
    pub(super) fn manifests(&mut self, files: &[Text], around: Around) -> Vec<Manifest> {
        files
            .iter()
            .flat_map(|file| self.manifest_file(file, around))
            .collect()
    }

    fn manifest_file(&mut self, file: &Text, around: Around) -> Vec<Manifest> {
        if file.contains("${{") {
            let hint = "which files there are has to be known before the run";
            self.problem_with_hint(file.node, "the name of a file holds no expression", hint);
            return Vec::new();
        }
        let known = (relative_to(self.path, file), around.each);
        if let Some(manifests) = self.manifests.get(&known) {
            return manifests.clone();
        }
        let before = self.problems.len();
        let Some(documents) = self.documents(file, Dialect::Manifest) else {
            return Vec::new();
        };
        if let Some(excess) = documents.get(MAX_OBJECTS) {
            self.problem(
                *excess,
                format!("more than {MAX_OBJECTS} objects in one file"),
            );
        }
        let mut manifests = Vec::new();
        for document in documents.into_iter().take(MAX_OBJECTS) {
            if *self.sources.kind(document) != Kind::Null {
                manifests.extend(self.manifest(document, around));
            }
        }
        if manifests.is_empty() && self.problems.len() == before {
            self.problem(file.node, "there is no object in this file");
        }
        self.manifests.insert(known, manifests.clone());
        manifests
    }

    fn manifest(&mut self, document: NodeId, around: Around) -> Option<Manifest> {
        if !matches!(self.sources.kind(document), Kind::Map(_)) {
            self.problem(document, "an object has to be a map");
            return None;
        }
        self.required(document, "apiVersion");
        self.required(document, "kind");
        match self.sources.get(document, "metadata") {
            Some(metadata) if matches!(self.sources.kind(metadata), Kind::Map(_)) => {
                self.required(metadata, "name");
            }
            Some(metadata) => self.problem(metadata, "`metadata` has to be a map"),
            None => self.required(document, "metadata"),
        }
        let object = self.json(document, around);
        Some(Manifest {
            object,
            place: self.sources.place_of(document),
        })
    }

    /// A field that an object cannot be without.
    fn required(&mut self, map: NodeId, name: &str) {
        if let Some(value) = self.sources.get(map, name) {
            if self.sources.text(value).is_none_or(str::is_empty) {
                self.problem(value, format!("`{name}` has to be text"));
            }
        } else {
            let first = self
                .sources
                .entries(map)
                .first()
                .map_or(map, |(key, _)| *key);
            self.problem(first, format!("the object has no `{name}`"));
        }
    }
}
