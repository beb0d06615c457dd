//! YAML request bodies, read as kubectl and the API server read them.
//!
//! Invariant: repeated keys survive into the tree, so that the schema can report them.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Number;

use super::Tree;
use super::parse::Syntax;

/// Parses the first YAML document; what comes after it is not looked at, as in Kubernetes.
pub(crate) fn parse(input: &[u8]) -> Result<Tree, Syntax> {
    let text = std::str::from_utf8(input)
        .map_err(|_| Syntax("yaml: invalid leading UTF-8 octet".to_owned()))?;
    let text = first(text);
    let options = serde_saphyr::options! {
        duplicate_keys: serde_saphyr::DuplicateKeyPolicy::PassThrough,
        legacy_octal_numbers: true
    };
    serde_saphyr::from_str_with_options(text, options).map_err(|error| Syntax(in_go_words(&error)))
}

/// The text up to the mark that ends its first document.
fn first(text: &str) -> &str {
    let mut said = false;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let mark = line.trim_end();
        if mark == "..." || mark == "---" || mark.starts_with("--- ") {
            if said {
                return &text[..at];
            }
            said = mark.len() > 3;
        } else {
            said |= !mark.is_empty() && !mark.starts_with(['#', '%']);
        }
        at += line.len();
    }
    text
}

/// Go's parser says the line first; of ours only the first line of the text is kept.
fn in_go_words(error: &serde_saphyr::Error) -> String {
    let text = error.to_string();
    let first = text.lines().next().unwrap_or_default();
    let bare = first
        .split_once("column ")
        .and_then(|(_, rest)| rest.split_once(": "))
        .map_or(first, |(_, bare)| bare);
    let words = match bare {
        "unclosed bracket '{'" => "did not find expected ',' or '}'",
        "unclosed bracket '['" => "did not find expected ',' or ']'",
        other => other,
    };
    match error.location() {
        Some(place) => format!("yaml: line {}: {words}", place.line()),
        None => format!("yaml: {words}"),
    }
}

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Tree, D::Error> {
        deserializer.deserialize_any(TreeVisitor)
    }
}

struct TreeVisitor;

impl<'de> Visitor<'de> for TreeVisitor {
    type Value = Tree;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a YAML value")
    }

    fn visit_unit<E>(self) -> Result<Tree, E> {
        Ok(Tree::Null)
    }

    fn visit_none<E>(self) -> Result<Tree, E> {
        Ok(Tree::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Tree, D::Error> {
        Tree::deserialize(deserializer)
    }

    fn visit_bool<E>(self, yes: bool) -> Result<Tree, E> {
        Ok(Tree::Bool(yes))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Tree, E> {
        Ok(Tree::Number(number.into()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Tree, E> {
        Ok(Tree::Number(number.into()))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Tree, E> {
        Ok(whole(number)
            .or_else(|| Number::from_f64(number))
            .map_or(Tree::Null, Tree::Number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Tree, E> {
        Ok(Tree::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Tree, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = access.next_element()? {
            items.push(item);
        }
        Ok(Tree::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Tree, A::Error> {
        let mut entries = Vec::new();
        while let Some((key, value)) = access.next_entry::<Tree, Tree>()? {
            entries.push((key_text(key), value));
        }
        Ok(Tree::Map(entries))
    }
}

/// `1e3` is a number without a fraction, which JSON writes as 1000.
#[expect(
    clippy::cast_possible_truncation,
    reason = "checked to be whole and in range"
)]
fn whole(number: f64) -> Option<Number> {
    (number.fract() == 0.0 && number.abs() < 9e15).then(|| Number::from(number as i64))
}

fn key_text(key: Tree) -> String {
    match key {
        Tree::Text(text) => text,
        other => other.into_value().to_string(),
    }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;

    fn check(input: &str) -> String {
        match parse(input.as_bytes()) {
            Ok(tree) => format!("{}", tree.into_value()),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn scalars_are_those_of_kubectl() {
        assert_snapshot!(check("{a: yes, b: 0755, c: 'yes', d: 1e3, e: null, f: ~}"), @r#"{"a":true,"b":493,"c":"yes","d":1000,"e":null,"f":null}"#);
    }

    #[test]
    fn the_first_document_counts() {
        assert_eq!(check("a: 1\n---\nb: ["), r#"{"a":1}"#);
        assert_eq!(check("# x\n---\na: 1\n...\nb: ["), r#"{"a":1}"#);
        assert_eq!(check("--- {a: 1}\n---\nb: ["), r#"{"a":1}"#);
        assert_eq!(check("a: |\n  ---\nb: 2"), r#"{"a":"---\n","b":2}"#);
    }

    #[test]
    fn repeated_keys_survive() {
        let tree = parse(b"a: 1\na: 2\n").expect("it is YAML");
        assert_eq!(
            tree,
            Tree::Map(vec![
                ("a".into(), Tree::Number(1.into())),
                ("a".into(), Tree::Number(2.into()))
            ])
        );
    }
}
