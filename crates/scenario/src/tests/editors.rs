//! The schema as an editor's validator reads it, held against our own reading of it.
//!
//! A validator of somebody else's has to take every scenario that can be played, and to refuse
//! whatever ours refuses: else an editor would say one thing and `lint` another.

use std::{collections::BTreeMap, fs, path::Path};

use boon::{Compiler, SchemaIndex, Schemas};
use camino::{Utf8Path, Utf8PathBuf};
use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::{
    scalar::Dialect,
    schema,
    schema::{SCENARIO, SUITE},
    source::Sources,
    suite_schema,
    validate::validate,
    yaml,
};

/// So many bytes has a scenario at most of which everything is changed.
const SMALL: usize = 1500;

/// Both schemas, as somebody else understands them.
struct Editor {
    schemas: Schemas,
    scenario: SchemaIndex,
    suite: SchemaIndex,
}

impl Editor {
    fn new(change: impl Fn(Value) -> Value) -> Self {
        let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
        let mut add = |name: &str, schema| {
            compiler.add_resource(name, change(schema)).unwrap();
            compiler.compile(name, &mut schemas).unwrap()
        };
        let (scenario, suite) = (add("a.json", schema()), add("b.json", suite_schema()));
        Self {
            schemas,
            scenario,
            suite,
        }
    }

    fn takes(&self, value: &Value) -> bool {
        let schema = match value["kind"].as_str() {
            Some("Suite") => self.suite,
            _ => self.scenario,
        };
        self.schemas.validate(value, schema).is_ok()
    }
}

/// What a text says, and whether our own validator takes it; none where it is not YAML.
fn read(text: &str) -> Option<(Value, bool)> {
    let mut sources = Sources::default();
    let file = sources.add(Utf8Path::new("a.yaml"), text.to_owned());
    let wrong = !yaml::read(&mut sources, file, Dialect::Scenario).is_empty();
    let [root] = sources.file(file).documents[..] else {
        return None;
    };
    let value = sources.json(root);
    let schema = match value["kind"].as_str() {
        Some("Suite") => &SUITE,
        _ => &SCENARIO,
    };
    let takes = validate(&sources, root, schema).problems.is_empty();
    (!wrong).then_some((value, takes))
}

fn workspace() -> Utf8PathBuf {
    Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The scenarios and suites of the workspace that can be played.
fn right() -> BTreeMap<String, String> {
    let folders = ["fixtures", "tests/causes", "tests/failures"];
    let folders = folders.map(|folder| workspace().join(folder));
    let inside = folders
        .iter()
        .flat_map(|folder| fs::read_dir(folder).unwrap());
    let files = inside.map(|entry| entry.unwrap().path().join("scenario.yaml"));
    let suites = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/wrong/suites/shop.yaml");
    let files = files.chain([suites]).filter(|file| file.is_file());
    files
        .map(|file| {
            (
                file.display().to_string(),
                fs::read_to_string(file).unwrap(),
            )
        })
        .collect()
}

#[test]
fn an_editor_takes_what_can_be_played() {
    let editor = Editor::new(|schema| schema);
    let right = right();
    assert!(right.len() > 30, "only {}", right.len());
    for (file, text) in right {
        let (value, ours) = read(&text).unwrap();
        assert!(ours, "{file}");
        if let Err(error) = editor.schemas.validate(&value, editor.scenario)
            && value["kind"] == "Scenario"
        {
            panic!("{file}: {error}");
        }
        assert!(editor.takes(&value), "{file}");
    }
}

#[test]
fn an_editor_refuses_what_structure_alone_can() {
    let editor = Editor::new(|schema| schema);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/wrong");
    let (mut refused, mut taken) = (Vec::new(), Vec::new());
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let text = path.is_file().then(|| fs::read_to_string(&path).unwrap());
        let Some((value, ours)) = text.and_then(|text| read(&text)) else {
            continue;
        };
        let theirs = editor.takes(&value);
        assert!(ours || !theirs, "only ours refuses {name}");
        if theirs { &mut taken } else { &mut refused }.push(name);
    }
    taken.sort();
    assert!(refused.len() > 30, "only {refused:?}");
    // What is left needs more than structure: names, other files, and expressions.
    assert_snapshot!(taken.join("\n"));
}

#[test]
fn both_validators_agree_on_whatever_is_changed() {
    // What a text looks like inside is read later, with better words.
    let editor = Editor::new(without_patterns);
    let (mut refused, mut taken) = (0, 0);
    // Small ones have the same parts, in a hundredth of the time.
    let small = right().into_iter().filter(|(_, text)| text.len() < SMALL);
    for (file, text) in small {
        let (value, _) = read(&text).unwrap();
        for pointer in pointers(&value, "") {
            for changed in changes(&value, &pointer) {
                let (again, ours) = read(&changed.to_string()).unwrap();
                assert_eq!(again, changed);
                let theirs = editor.takes(&changed);
                assert_eq!(
                    ours,
                    theirs,
                    "{file} at {pointer}: {:?}",
                    changed.pointer(&pointer)
                );
                if ours { taken += 1 } else { refused += 1 }
            }
        }
    }
    assert!(refused > 1000 && taken > 1000, "{refused} {taken}");
}

fn without_patterns(mut schema: Value) -> Value {
    match &mut schema {
        Value::Object(map) => {
            map.retain(|key, value| key != "pattern" || value.is_object());
            map.values_mut()
                .for_each(|it| *it = without_patterns(it.take()));
        }
        Value::Array(items) => items
            .iter_mut()
            .for_each(|it| *it = without_patterns(it.take())),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
    schema
}

/// The places of all values, but of what is nobody's business: constants.
fn pointers(value: &Value, here: &str) -> Vec<String> {
    let inner: Vec<(String, &Value)> = match value {
        Value::Object(map) => map
            .iter()
            .map(|(key, value)| (key.replace('~', "~0").replace('/', "~1"), value))
            .collect(),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .map(|(at, item)| (at.to_string(), item))
            .collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
    };
    let inner = inner.into_iter();
    let deeper = inner.flat_map(|(key, value)| pointers(value, &format!("{here}/{key}")));
    [here.to_owned()].into_iter().chain(deeper).collect()
}

/// The same with another value, one field less or one more at a place.
fn changes(whole: &Value, pointer: &str) -> Vec<Value> {
    let with = |change: &dyn Fn(&mut Value)| {
        let mut changed = whole.clone();
        change(changed.pointer_mut(pointer).unwrap());
        changed
    };
    let others = [
        json!(7),
        json!("zzz"),
        json!(true),
        json!([]),
        json!({}),
        json!(-1),
    ];
    let mut all: Vec<Value> = others
        .iter()
        .map(|other| with(&|it| *it = other.clone()))
        .collect();
    if let Some(Value::Object(map)) = whole.pointer(pointer) {
        all.push(with(&|it| it["zzz"] = json!(1)));
        for key in map.keys() {
            all.push(with(&|it| {
                it.as_object_mut().unwrap().remove(key);
            }));
        }
    }
    all
}
