//! Builds the [`Schema`] from k8s-openapi's run-time schemas.

use std::collections::BTreeMap;

use k8s_openapi::api::{
    apps, authentication, authorization, autoscaling, coordination, core, discovery, events,
    policy, storage,
};
use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value};

use super::notes::{self, Notes};
use super::types::{Def, DefId, Field, ListKind, Schema, Type, Width};

const REF: &str = "#/components/schemas/";

/// The schemas of every served kind and of all they use, as `OpenAPI` v3 writes them.
pub(crate) fn definitions() -> Map<String, Value> {
    let mut generator = SchemaSettings::openapi3().into_generator();
    roots(&mut generator);
    generator.take_definitions(true)
}

fn roots(generator: &mut SchemaGenerator) {
    generator.subschema_for::<core::v1::Namespace>();
    generator.subschema_for::<core::v1::Node>();
    generator.subschema_for::<core::v1::Pod>();
    generator.subschema_for::<core::v1::PersistentVolume>();
    generator.subschema_for::<core::v1::PersistentVolumeClaim>();
    generator.subschema_for::<core::v1::ConfigMap>();
    generator.subschema_for::<core::v1::Secret>();
    generator.subschema_for::<core::v1::Service>();
    generator.subschema_for::<core::v1::Endpoints>();
    generator.subschema_for::<core::v1::Event>();
    generator.subschema_for::<core::v1::ServiceAccount>();
    generator.subschema_for::<core::v1::Binding>();
    generator.subschema_for::<discovery::v1::EndpointSlice>();
    generator.subschema_for::<events::v1::Event>();
    generator.subschema_for::<apps::v1::StatefulSet>();
    generator.subschema_for::<apps::v1::ControllerRevision>();
    generator.subschema_for::<storage::v1::StorageClass>();
    generator.subschema_for::<policy::v1::PodDisruptionBudget>();
    generator.subschema_for::<policy::v1::Eviction>();
    generator.subschema_for::<authentication::v1::TokenRequest>();
    generator.subschema_for::<authentication::v1::SelfSubjectReview>();
    generator.subschema_for::<authentication::v1::TokenReview>();
    generator.subschema_for::<authorization::v1::SelfSubjectAccessReview>();
    generator.subschema_for::<authorization::v1::SelfSubjectRulesReview>();
    generator.subschema_for::<authorization::v1::SubjectAccessReview>();
    generator.subschema_for::<authorization::v1::LocalSubjectAccessReview>();
    generator.subschema_for::<coordination::v1::Lease>();
    generator.subschema_for::<autoscaling::v1::Scale>();
}

impl Schema {
    /// Reads the definitions and the table.
    pub(crate) fn load() -> Schema {
        let definitions = definitions();
        let table = notes::table();
        let mut schema = Schema::default();
        for name in definitions.keys() {
            schema
                .by_name
                .insert(name.clone(), DefId(schema.by_name.len()));
        }
        for (name, definition) in &definitions {
            let own = table.get(&(name.as_str(), "-"));
            let mut def = Def {
                name: name.clone(),
                fields: BTreeMap::default(),
                atomic: own.is_some_and(|notes| notes.atomic),
            };
            let properties = definition.get("properties").and_then(Value::as_object);
            for (field, property) in properties.into_iter().flatten() {
                let notes = table
                    .get(&(name.as_str(), field.as_str()))
                    .cloned()
                    .unwrap_or_default();
                def.fields
                    .insert(field.clone(), schema.read_field(property, notes));
            }
            schema.defs.push(def);
        }
        schema
    }

    fn read_field(&self, property: &Value, notes: Notes) -> Field {
        Field {
            ty: self.read_type(property),
            pointer: notes.pointer,
            omit: notes.omit,
            go: notes.go,
            merge: notes.merge,
            number: notes.number,
            list: notes.list.unwrap_or(ListKind::Atomic),
            atomic: notes.atomic,
            default: notes.default,
        }
    }

    fn read_type(&self, schema: &Value) -> Type {
        let reference = schema
            .get("$ref")
            .or_else(|| schema.pointer("/allOf/0/$ref"))
            .and_then(Value::as_str);
        if let Some(name) = reference.and_then(|reference| reference.strip_prefix(REF)) {
            return self.named(name);
        }
        let format = schema
            .get("format")
            .and_then(Value::as_str)
            .unwrap_or_default();
        match schema
            .get("type")
            .and_then(Value::as_str)
            .unwrap_or_default()
        {
            "string" if format == "byte" => Type::Bytes,
            "string" => Type::Text,
            "boolean" => Type::Bool,
            "number" => Type::Float,
            "integer" if format == "int64" => Type::Integer(Width::W64),
            "integer" => Type::Integer(Width::W32),
            "array" => Type::List(Box::new(
                schema
                    .get("items")
                    .map_or(Type::Any, |items| self.read_type(items)),
            )),
            "object" => match schema.get("additionalProperties") {
                Some(values) => Type::Map(Box::new(self.read_type(values))),
                None => Type::Any,
            },
            _ => Type::Any,
        }
    }

    fn named(&self, name: &str) -> Type {
        match name.rsplit('.').next().unwrap_or_default() {
            "Time" => Type::Time,
            "MicroTime" => Type::MicroTime,
            "Quantity" => Type::Quantity,
            "IntOrString" => Type::IntOrString,
            "RawExtension" | "FieldsV1" | "JSON" => Type::Any,
            _ => self.find(name).map_or(Type::Any, Type::Struct),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_and_the_schema_speak_of_the_same_fields() {
        let schema = Schema::load();
        for (def, field) in notes::table().keys() {
            let Some(id) = schema.find(def) else { continue };
            assert!(
                *field == "-" || schema.field(id, field).is_some(),
                "{def}.{field} is in the table only"
            );
        }
        let pod = schema
            .find("io.k8s.api.core.v1.PodSpec")
            .expect("pods are served");
        let containers = schema
            .field(pod, "containers")
            .expect("pods have containers");
        assert_eq!(containers.merge.as_deref(), Some("name"));
        assert_eq!(containers.list, ListKind::Map(vec!["name".to_owned()]));
    }
}
