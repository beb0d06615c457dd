//! What a client accepts.

use super::request::Encoding;
use crate::status::{NotAcceptable, Status};

const MEDIA: &str = "application/json, application/yaml, application/vnd.kubernetes.protobuf";
const STREAMS: &str = "application/json, application/yaml, application/vnd.kubernetes.protobuf, application/json;stream=watch, \
    application/vnd.kubernetes.protobuf;stream=watch";

/// In which form objects are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// As they are.
    Whole,
    /// As rows of a table, in that version of the table's kind.
    Table(&'static str),
    /// Their metadata only, in that version.
    Partial(&'static str),
    /// Discovery with everything in one document, in that version.
    Aggregated(&'static str),
}

/// What was agreed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Media {
    /// How it is written.
    pub(crate) encoding: Encoding,
    /// In which form.
    pub(crate) form: Form,
}

/// What is asked for, which decides what forms there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asked {
    /// Objects.
    Objects,
    /// Events.
    Events,
    /// The list of groups.
    Discovery,
    /// Anything that has one form only.
    Plain,
}

struct Clause<'a> {
    media: &'a str,
    params: Vec<(&'a str, &'a str)>,
    weight: f32,
}

impl<'a> Clause<'a> {
    fn read(text: &'a str) -> Clause<'a> {
        let mut parts = text.split(';').map(str::trim);
        let media = parts.next().unwrap_or_default();
        let params: Vec<(&str, &str)> = parts.filter_map(|part| part.split_once('=')).collect();
        let weight = params
            .iter()
            .find(|(key, _)| *key == "q")
            .and_then(|(_, value)| value.parse().ok())
            .unwrap_or(1.0);
        Clause {
            media,
            params,
            weight,
        }
    }

    fn param(&self, name: &str) -> &'a str {
        self.params
            .iter()
            .find(|(key, _)| *key == name)
            .map_or("", |(_, value)| value)
    }
}

/// Finds the first clause that can be served.
pub(crate) fn negotiate(accept: &str, asked: Asked) -> Result<Media, Status> {
    let mut clauses: Vec<Clause<'_>> = accept
        .split(',')
        .map(Clause::read)
        .filter(|clause| !clause.media.is_empty())
        .collect();
    clauses.sort_by(|left, right| right.weight.total_cmp(&left.weight));
    if clauses.is_empty() {
        return Ok(Media {
            encoding: Encoding::Json,
            form: Form::Whole,
        });
    }
    let mut how = NotAcceptable::Negotiation;
    for clause in &clauses {
        let encoding = match clause.media {
            "application/json" | "*/*" => Encoding::Json,
            "application/yaml" => Encoding::Yaml,
            _ => continue,
        };
        match form(clause, asked) {
            Some(form) => return Ok(Media { encoding, form }),
            None => how = NotAcceptable::Transform,
        }
    }
    Err(Status::not_acceptable(
        if asked == Asked::Events {
            STREAMS
        } else {
            MEDIA
        },
        how,
    ))
}

fn form(clause: &Clause<'_>, asked: Asked) -> Option<Form> {
    let version = match clause.param("v") {
        "v1" => "v1",
        "v1beta1" => "v1beta1",
        "v2" => "v2",
        _ => "",
    };
    match (asked, clause.param("as"), clause.param("g"), version) {
        (_, "", _, _) | (Asked::Plain, ..) => Some(Form::Whole),
        (Asked::Objects | Asked::Events, "Table", "meta.k8s.io", "v1" | "v1beta1") => {
            Some(Form::Table(version))
        }
        (
            Asked::Objects | Asked::Events,
            "PartialObjectMetadata" | "PartialObjectMetadataList",
            "meta.k8s.io",
            "v1" | "v1beta1",
        ) => Some(Form::Partial(version)),
        (Asked::Discovery, "APIGroupDiscoveryList", "apidiscovery.k8s.io", "v2") => {
            Some(Form::Aggregated("v2"))
        }
        _ => None,
    }
}

/// The encoding of a refusal: YAML only for those who ask for nothing else.
pub(crate) fn refusal_encoding(accept: &str) -> Encoding {
    if accept.trim_start().starts_with("application/yaml") {
        Encoding::Yaml
    } else {
        Encoding::Json
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(accept: &str, asked: Asked) -> String {
        match negotiate(accept, asked) {
            Ok(media) => format!("{:?} {:?}", media.encoding, media.form),
            Err(status) => status
                .message()
                .lines()
                .next()
                .unwrap_or_default()
                .to_owned(),
        }
    }

    #[test]
    fn the_first_servable_clause_wins() {
        assert_eq!(check("", Asked::Objects), "Json Whole");
        assert_eq!(
            check("text/html, application/json;q=0.5", Asked::Objects),
            "Json Whole"
        );
        assert_eq!(
            check(
                "application/vnd.kubernetes.protobuf,application/json",
                Asked::Objects
            ),
            "Json Whole"
        );
        assert_eq!(
            check(
                "application/json;as=Table;v=v1;g=meta.k8s.io,application/json",
                Asked::Objects
            ),
            "Json Table(\"v1\")"
        );
        assert_eq!(
            check(
                "application/json;as=Table;v=v9;g=meta.k8s.io,application/json",
                Asked::Objects
            ),
            "Json Whole"
        );
        let aggregated =
            "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json";
        assert_eq!(
            check(aggregated, Asked::Discovery),
            "Json Aggregated(\"v2\")"
        );
        assert_eq!(check(aggregated, Asked::Plain), "Json Whole");
    }

    #[test]
    fn nothing_servable_is_refused_in_one_of_two_ways() {
        assert_eq!(check("text/plain", Asked::Objects), "406: Not Acceptable");
        assert!(
            check(
                "application/json;as=Nope;v=v1;g=meta.k8s.io",
                Asked::Objects
            )
            .starts_with("only the following media types")
        );
    }
}
