//! What unquoted words mean, in our files and in manifests.

use std::io;

use camino::Utf8Path;
use insta::assert_snapshot;
use proptest::prelude::*;
use serde_json::Value;

use crate::{scalar::Dialect, source::Sources, yaml};

/// The JSON of a text's one document.
fn read(text: &str, dialect: Dialect) -> Result<Value, String> {
    let mut sources = Sources::default();
    let file = sources.add(Utf8Path::new("a.yaml"), text.to_owned());
    let problems = yaml::read(&mut sources, file, dialect);
    match (problems.first(), sources.file(file).documents.first()) {
        (Some(problem), _) => Err(problem.message.clone()),
        (None, Some(root)) => Ok(sources.json(*root)),
        (None, None) => Ok(Value::Null),
    }
}

fn check(words: &str, dialect: Dialect) -> String {
    read(&format!("[{words}]"), dialect).map_or_else(|error| error, |value| value.to_string())
}

#[test]
fn a_scenario_is_read_strictly() {
    let words = "true, false, True, yes, no, on, off, y, n, ~, null, 'true', \"1\"";
    assert_snapshot!(check(words, Dialect::Scenario), @r#"[true,false,"True","yes","no","on","off","y","n",null,null,"true","1"]"#);
    let words =
        "0, 1, -1, 0755, 1_000, 0x1f, 0o17, 1.5, 1e3, .5, 1., .inf, .nan, +1, 1:30, 2s, 7.order";
    assert_snapshot!(check(words, Dialect::Scenario), @r#"[0,1,-1,"0755","1_000","0x1f","0o17",1.5,1000.0,0.5,1.0,".inf",".nan",1,"1:30","2s","7.order"]"#);
    assert_snapshot!(check("9223372036854775807, 18446744073709551615, 18446744073709551616", Dialect::Scenario), @"[9223372036854775807,18446744073709551615,1.8446744073709552e+19]");
}

#[test]
fn a_manifest_is_read_as_kubectl_reads_it() {
    let words = "true, True, yes, No, ON, off, y, N, ~, 'yes', \"0755\"";
    assert_snapshot!(check(words, Dialect::Manifest), @r#"[true,true,true,false,true,false,true,false,null,"yes","0755"]"#);
    let words =
        "0, -1, +1, 0755, 0o17, 1_000, 0x1F, 0b11, 1.5, 1e3, 08, 2Gi, 1.2.3, 2024-01-01, 1:30";
    assert_snapshot!(check(words, Dialect::Manifest), @r#"[0,-1,1,493,15,1000,31,3,1.5,1000.0,8.0,"2Gi","1.2.3","2024-01-01","1:30"]"#);
}

#[test]
fn keys_tags_and_merges() {
    let both = |text: &str| {
        let shown =
            |dialect| read(text, dialect).map_or_else(|error| error, |value| value.to_string());
        format!(
            "{} | {}",
            shown(Dialect::Scenario),
            shown(Dialect::Manifest)
        )
    };
    assert_snapshot!(both("{yes: 1, 0x10: 2, 1_0: 3}"), @r#"{"0x10":2,"1_0":3,"yes":1} | {"10":3,"16":2,"true":1}"#);
    assert_snapshot!(both("{!!str a: !!str 5, b: !!int \"5\", c: !mine 5}"), @"tags of one's own are not part of the language | tags of one's own are not part of the language");
    assert_snapshot!(both("a: &a {x: 1, y: 2}\nb: {<<: *a, x: 3}\nc: {<<: [*a, {z: 4}]}\nd: {\"<<\": 5}"), @r#"{"a":{"x":1,"y":2},"b":{"x":3,"y":2},"c":{"x":1,"y":2,"z":4},"d":{"<<":5}} | {"a":{"true":2,"x":1},"b":{"true":2,"x":3},"c":{"true":2,"x":1,"z":4},"d":{"<<":5}}"#);
    assert_snapshot!(both("a: 1\na: 2"), @"the key `a` is there twice | the key `a` is there twice");
    assert_snapshot!(both("? [a]\n: b"), @"a key has to be text | a key has to be text");
    assert_snapshot!(both(": b"), @"a key has to be text | a key has to be text");
    assert_snapshot!(both("a: {<<: 5}"), @"`<<` takes a map, or a list of maps | `<<` takes a map, or a list of maps");
}

/// What the reference reads in the dialect of kubectl.
fn reference(text: &str) -> Result<Value, io::Error> {
    let options = serde_saphyr::options! { legacy_octal_numbers: true };
    serde_saphyr::from_str_with_options(text, options).map_err(io::Error::other)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn words_in_manifests_are_read_as_the_reference_reads_them(word in "[-+]?[0-9a-fxobyYnNtTrRuUeEsS_.:]{1,8}") {
        // The reference keeps text where an underscore does not stand between two digits;
        // kubectl leaves out every one.
        prop_assume!(!word.contains('_'));
        let Ok(expected) = reference(&format!("a: {word}")) else { return Ok(()) };
        prop_assert_eq!(read(&format!("a: {word}"), Dialect::Manifest).unwrap(), expected);
    }
}
