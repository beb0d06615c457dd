//! Manifest files to objects.

use std::collections::HashSet;

use camino::Utf8Path;

use super::{Around, Resolver, reason};
use crate::{
    decode::decode,
    files::Rendering,
    plan::Manifest,
    raw,
    scalar::Dialect,
    source::{Kind, NodeId},
    spanned::Text,
    yaml,
};

/// How many objects one file may have.
const MAX_OBJECTS: usize = 500;

impl Resolver<'_> {
    /// The objects of all sources, in their order.
    pub(super) fn manifests(&mut self, sources: &[raw::Source], around: Around) -> Vec<Manifest> {
        sources
            .iter()
            .flat_map(|source| self.objects_of(*source, around))
            .collect()
    }

    /// What a source is called: its path.
    pub(super) fn source_name(&self, source: raw::Source) -> String {
        let node = source.0.0;
        let path = match self.sources.entries(node) {
            [(_, content)] => self.sources.get(*content, "chart").unwrap_or(*content),
            _ => node,
        };
        self.sources.text(path).unwrap_or_default().to_owned()
    }

    fn objects_of(&mut self, source: raw::Source, around: Around) -> Vec<Manifest> {
        let node = source.0.0;
        if let Some(path) = self.sources.text(node).map(str::to_owned) {
            let path = Text { node, value: path };
            return if path.ends_with('/') {
                self.manifest_folder(&path, around)
            } else {
                self.manifest_file(&path, around)
            };
        }
        match decode::<raw::Rendered>(&self.sources, &HashSet::new(), node) {
            Ok(rendered) => self.rendered(node, &rendered, around),
            // The schema has said what is wrong with it.
            Err(_) => Vec::new(),
        }
    }

    /// All manifests of a folder, by name.
    fn manifest_folder(&mut self, folder: &Text, around: Around) -> Vec<Manifest> {
        if self.holds_expression(folder) {
            return Vec::new();
        }
        let path = self.meant(folder);
        let names = match self.files.list(&path) {
            Ok(names) => names,
            Err(error) => {
                let message = format!("cannot read the folder `{path}`: {}", reason(&error));
                self.problem(folder.node, message);
                return Vec::new();
            }
        };
        let is_manifest = |name: &&String| {
            [".yaml", ".yml", ".json"]
                .iter()
                .any(|end| name.ends_with(end))
        };
        let files: Vec<Text> = names
            .iter()
            .filter(is_manifest)
            .map(|name| Text {
                node: folder.node,
                value: format!("{}{name}", folder.value),
            })
            .collect();
        if files.is_empty() {
            self.problem(folder.node, "there is no manifest in this folder");
        }
        files
            .iter()
            .flat_map(|file| self.manifest_file(file, around))
            .collect()
    }

    fn manifest_file(&mut self, file: &Text, around: Around) -> Vec<Manifest> {
        if self.holds_expression(file) {
            return Vec::new();
        }
        let known = self.meant(file).into_string();
        self.known_objects(known, file.node, around, |resolver| {
            resolver.documents(file, Dialect::Manifest)
        })
    }

    /// What kustomize or helm makes of a folder or a chart.
    fn rendered(
        &mut self,
        node: NodeId,
        rendered: &raw::Rendered,
        around: Around,
    ) -> Vec<Manifest> {
        let Some(rendering) = self.rendering(rendered) else {
            return Vec::new();
        };
        let name = rendering.to_string();
        let mut manifests = self.known_objects(name.clone(), node, around, |resolver| {
            let text = match resolver.files.render(&rendering) {
                Ok(text) => text,
                Err(error) => {
                    resolver.problem(node, error.to_string());
                    return None;
                }
            };
            let file = resolver.sources.add(Utf8Path::new(&name), text);
            resolver
                .problems
                .extend(yaml::read(&mut resolver.sources, file, Dialect::Manifest));
            Some(resolver.sources.file(file).documents.clone())
        });
        if let Rendering::Helm { namespace, .. } = rendering {
            for manifest in &mut manifests {
                manifest.namespace.clone_from(&namespace);
            }
        }
        manifests
    }

    fn rendering(&mut self, rendered: &raw::Rendered) -> Option<Rendering> {
        match rendered {
            raw::Rendered::Kustomize(folder) => {
                if self.holds_expression(folder) {
                    return None;
                }
                let folder = self.meant(folder);
                Some(Rendering::Kustomize { folder })
            }
            raw::Rendered::Helm(helm) => self.helm(helm),
        }
    }

    fn helm(&mut self, helm: &raw::Helm) -> Option<Rendering> {
        let texts = [&helm.chart, &helm.release];
        let files = helm.values.iter().flatten();
        let all = texts.into_iter().chain(&helm.namespace).chain(files);
        let wrong = all.filter(|text| self.holds_expression(text)).count();
        if wrong > 0 {
            return None;
        }
        let set = helm
            .set
            .map_or_else(Vec::new, |set| self.single_values(set.0));
        Some(Rendering::Helm {
            chart: self.meant(&helm.chart),
            release: helm.release.value.clone(),
            namespace: helm.namespace.as_ref().map(|text| text.value.clone()),
            values: helm
                .values
                .iter()
                .flatten()
                .map(|file| self.meant(file))
                .collect(),
            set,
        })
    }

    fn single_values(&mut self, set: NodeId) -> Vec<(String, String)> {
        let mut values = Vec::new();
        for (key, value) in self.sources.entries(set).to_vec() {
            let text = match self.sources.kind(value) {
                Kind::Text(text) if text.contains("${{") => {
                    self.problem(value, "what is rendered has to be known before the run");
                    continue;
                }
                Kind::Text(text) => text.clone(),
                Kind::Number(number) => number.to_string(),
                Kind::Bool(truth) => truth.to_string(),
                Kind::Unreadable => continue,
                Kind::Null | Kind::List(_) | Kind::Map(_) => {
                    let hint = "as `image.tag: 7.2`; what is longer stands in a file of `values`";
                    self.problem_with_hint(value, "a single value is text or a number", hint);
                    continue;
                }
            };
            let key = self.sources.text(key).unwrap_or_default().to_owned();
            values.push((key, text));
        }
        values
    }

    pub(super) fn holds_expression(&mut self, text: &Text) -> bool {
        let holds = text.contains("${{");
        if holds {
            let hint = "which files there are has to be known before the run";
            self.problem_with_hint(text.node, "the name of a file holds no expression", hint);
        }
        holds
    }

    /// The objects of one text, read once.
    fn known_objects(
        &mut self,
        name: String,
        node: NodeId,
        around: Around,
        documents: impl FnOnce(&mut Self) -> Option<Vec<NodeId>>,
    ) -> Vec<Manifest> {
        let known = (name, around.each);
        if let Some(manifests) = self.manifests.get(&known) {
            return manifests.clone();
        }
        let before = self.problems.len();
        let Some(documents) = documents(self) else {
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
            self.problem(node, "there is no object in this file");
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
            namespace: None,
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
