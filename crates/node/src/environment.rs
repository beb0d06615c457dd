//! A container's environment and command line.
//!
//! Invariant: pure; what it refers to was fetched before ([`Sources`]).

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{ConfigMap, Container, EnvVar, EnvVarSource, Pod, Secret};

use crate::downward::{self, Place};

/// Config maps and secrets of the pod's namespace; `None` for one that is not there.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sources {
    pub(crate) config_maps: BTreeMap<String, Option<ConfigMap>>,
    pub(crate) secrets: BTreeMap<String, Option<Secret>>,
}

/// The names of config maps and secrets that a container's environment needs.
pub(crate) fn needs(container: &Container) -> (Vec<String>, Vec<String>) {
    let mut maps = Vec::new();
    let mut secrets = Vec::new();
    for source in container.env_from.iter().flatten() {
        maps.extend(source.config_map_ref.iter().map(|found| found.name.clone()));
        secrets.extend(source.secret_ref.iter().map(|found| found.name.clone()));
    }
    for source in container
        .env
        .iter()
        .flatten()
        .filter_map(|variable| variable.value_from.as_ref())
    {
        maps.extend(
            source
                .config_map_key_ref
                .iter()
                .map(|found| found.name.clone()),
        );
        secrets.extend(source.secret_key_ref.iter().map(|found| found.name.clone()));
    }
    (maps, secrets)
}

impl Sources {
    fn config_map(&self, name: &str) -> Result<&ConfigMap, String> {
        let found = self.config_maps.get(name).and_then(Option::as_ref);
        found.ok_or_else(|| format!("configmap \"{name}\" not found"))
    }

    fn secret(&self, name: &str) -> Result<&Secret, String> {
        let found = self.secrets.get(name).and_then(Option::as_ref);
        found.ok_or_else(|| format!("secret \"{name}\" not found"))
    }
}

/// The whole environment: the image's, then the Services', then the pod's own.
pub(crate) fn build(
    pod: &Pod,
    container: &Container,
    place: &Place,
    sources: &Sources,
    services: Vec<(String, String)>,
) -> Result<Vec<(String, String)>, String> {
    let mut all = Variables(services);
    for source in container.env_from.iter().flatten() {
        let prefix = source.prefix.as_deref().unwrap_or_default();
        if let Some(wanted) = &source.config_map_ref {
            let found = optional(sources.config_map(&wanted.name), wanted.optional)?;
            for (key, value) in found
                .and_then(|map| map.data.as_ref())
                .into_iter()
                .flatten()
            {
                all.set(format!("{prefix}{key}"), value.clone());
            }
        }
        if let Some(wanted) = &source.secret_ref {
            let found = optional(sources.secret(&wanted.name), wanted.optional)?;
            for (key, value) in found
                .and_then(|secret| secret.data.as_ref())
                .into_iter()
                .flatten()
            {
                all.set(
                    format!("{prefix}{key}"),
                    String::from_utf8_lossy(&value.0).into_owned(),
                );
            }
        }
    }
    for variable in container.env.iter().flatten() {
        if let Some(value) = value_of(pod, container, place, sources, variable, &all)? {
            all.set(variable.name.clone(), value);
        }
    }
    Ok(all.0)
}

fn optional<T>(found: Result<T, String>, optional: Option<bool>) -> Result<Option<T>, String> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(_) if optional == Some(true) => Ok(None),
        Err(why) => Err(why),
    }
}

fn value_of(
    pod: &Pod,
    container: &Container,
    place: &Place,
    sources: &Sources,
    variable: &EnvVar,
    so_far: &Variables,
) -> Result<Option<String>, String> {
    let Some(from) = &variable.value_from else {
        return Ok(Some(expand(
            variable.value.as_deref().unwrap_or_default(),
            &so_far.0,
        )));
    };
    from_source(pod, container, place, sources, from)
}

fn from_source(
    pod: &Pod,
    container: &Container,
    place: &Place,
    sources: &Sources,
    from: &EnvVarSource,
) -> Result<Option<String>, String> {
    let namespace = pod.metadata.namespace.as_deref().unwrap_or_default();
    if let Some(reference) = &from.field_ref {
        return downward::field(pod, place, &reference.field_path).map(Some);
    }
    if let Some(selector) = &from.resource_field_ref {
        return downward::resource(container, place, selector).map(Some);
    }
    if let Some(key) = &from.config_map_key_ref {
        let value = sources.config_map(&key.name).and_then(|map| {
            let value = map
                .data
                .as_ref()
                .and_then(|data| data.get(&key.key))
                .cloned();
            value.ok_or_else(|| {
                format!(
                    "couldn't find key {} in ConfigMap {namespace}/{}",
                    key.key, key.name
                )
            })
        });
        return optional(value, key.optional);
    }
    if let Some(key) = &from.secret_key_ref {
        let value = sources.secret(&key.name).and_then(|secret| {
            let value = secret.data.as_ref().and_then(|data| data.get(&key.key));
            let value = value.map(|value| String::from_utf8_lossy(&value.0).into_owned());
            value.ok_or_else(|| {
                format!(
                    "couldn't find key {} in Secret {namespace}/{}",
                    key.key, key.name
                )
            })
        });
        return optional(value, key.optional);
    }
    Ok(None)
}

struct Variables(Vec<(String, String)>);

impl Variables {
    fn set(&mut self, name: String, value: String) {
        match self.0.iter_mut().find(|(known, _)| *known == name) {
            Some(known) => known.1 = value,
            None => self.0.push((name, value)),
        }
    }
}

/// Replaces `$(NAME)`; one that is not known stays, and `$$` is a dollar.
pub(crate) fn expand(text: &str, variables: &[(String, String)]) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('$') {
            out.push('$');
            rest = after;
        } else if let Some((name, after)) = rest
            .strip_prefix('(')
            .and_then(|inner| inner.split_once(')'))
        {
            match variables.iter().rev().find(|(known, _)| known == name) {
                Some((_, value)) => out.push_str(value),
                None => out.extend(["$(", name, ")"]),
            }
            rest = after;
        } else {
            out.push('$');
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str) -> String {
        let variables = [("GREETING", "hello"), ("A", "1")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()));
        expand(text, &variables)
    }

    #[test]
    fn known_names_are_expanded_and_others_stay() {
        assert_eq!(
            check("$(GREETING) $(NOPE) $$(GREETING) $(A"),
            "hello $(NOPE) $(GREETING) $(A"
        );
        assert_eq!(check("a$b $"), "a$b $");
    }

    fn build_yaml(container: &str, sources: &Sources) -> Result<Vec<(String, String)>, String> {
        let container = serde_saphyr::from_str::<Container>(container).unwrap();
        let pod = serde_saphyr::from_str::<Pod>(
            "{metadata: {name: p, namespace: n, labels: {role: demo}}}",
        )
        .unwrap();
        build(&pod, &container, &Place::default(), sources, Vec::new())
    }

    #[test]
    fn every_kind_of_variable_has_its_value() {
        let map = serde_saphyr::from_str("{data: {GREETING: hello}}").unwrap();
        let sources = Sources {
            config_maps: [("conf".to_owned(), Some(map))].into(),
            ..Sources::default()
        };
        let env = "{name: c, envFrom: [{prefix: P_, configMapRef: {name: conf}}], env: [\
            {name: NAME, valueFrom: {fieldRef: {fieldPath: metadata.name}}}, \
            {name: ROLE, valueFrom: {fieldRef: {fieldPath: \"metadata.labels['role']\"}}}, \
            {name: MEMORY, valueFrom: {resourceFieldRef: {resource: limits.memory}}}, \
            {name: ABSENT, valueFrom: {configMapKeyRef: {name: conf, key: nope, optional: true}}}, \
            {name: BOTH, value: '$(NAME)/$(P_GREETING)'}], resources: {limits: {memory: 64Mi}}}";
        let said = build_yaml(env, &sources).unwrap();
        let said = said
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect::<Vec<_>>()
            .join(" ");
        assert_eq!(
            said,
            "P_GREETING=hello NAME=p ROLE=demo MEMORY=67108864 BOTH=p/hello"
        );
    }

    #[test]
    fn what_is_missing_is_named_as_a_kubelet_does() {
        let error = build_yaml(
            "{name: c, envFrom: [{configMapRef: {name: later}}]}",
            &Sources::default(),
        );
        assert_eq!(error.unwrap_err(), "configmap \"later\" not found");
        let map = Some(ConfigMap::default());
        let sources = Sources {
            config_maps: [("conf".to_owned(), map)].into(),
            ..Sources::default()
        };
        let key = "{name: c, env: [{name: X, valueFrom: {configMapKeyRef: {name: conf, key: k}}}]}";
        assert_eq!(
            build_yaml(key, &sources).unwrap_err(),
            "couldn't find key k in ConfigMap n/conf"
        );
    }
}
