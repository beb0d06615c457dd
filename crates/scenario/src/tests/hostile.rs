//! Text that nobody means well: no panic, no hang, bounded memory.

use std::{collections::HashMap, fs, path::Path, sync::LazyLock};

use camino::Utf8Path;
use proptest::{prelude::*, sample::select};

use crate::{Colour, load};

/// The flagship and the wrong files: something to mutate.
static SEEDS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut seeds: Vec<String> = [
        "testdata/wrong",
        "testdata/wrong/manifests",
        "testdata/wrong/suites",
        "../../fixtures/local-pv-redis",
    ]
    .iter()
    .flat_map(|folder| fs::read_dir(here.join(folder)).unwrap())
    .map(|entry| entry.unwrap().path())
    .filter(|path| {
        path.extension()
            .is_some_and(|extension| extension == "yaml")
    })
    .map(|path| fs::read_to_string(path).unwrap())
    .collect();
    seeds.sort();
    seeds
});

/// Loads a text as a scenario whose every manifest is that text, too.
fn survive(text: &str) {
    let read = |_: &Utf8Path| Ok(text.to_owned());
    if let Err(problems) = load(&read, Utf8Path::new("a.yaml")) {
        assert!(problems.len() > 0);
        let plain = problems.render(Colour::Never);
        assert!(plain.contains("mistake"));
        assert_eq!(
            problems.lines().count().min(problems.len()),
            problems.lines().count()
        );
    }
}

/// A change to a text: cut, doubled, or with something put in.
fn mutate(text: &str, at: usize, length: usize, how: usize, insert: &str) -> String {
    let start = text.floor_char_boundary(at % (text.len() + 1));
    let end = text
        .floor_char_boundary((start + length).min(text.len()))
        .max(start);
    let (before, middle, after) = (&text[..start], &text[start..end], &text[end..]);
    match how {
        0 => format!("{before}{after}"),
        1 => format!("{before}{middle}{middle}{after}"),
        2 => format!("{before}{insert}{after}"),
        _ => format!("{before}{insert}{middle}{after}"),
    }
}

const PIECES: &[&str] = &[
    "\n",
    "\t",
    " ",
    "- ",
    ": ",
    "{",
    "}",
    "[",
    "]",
    "\"",
    "'",
    "&a ",
    "*a",
    "<<: *a",
    "!x ",
    "!!str ",
    "|\n",
    ">-\n",
    "${{ ",
    " }}",
    "é",
    "---\n",
    "...\n",
    "# ",
    "null",
    "true",
    "0",
    "-1",
    "1e9",
    "steps:",
    "forEach:",
    "%YAML 1.1\n",
    "\u{0}",
    "\u{feff}",
    "\r\n",
    "? ",
    ",",
    "name: a\n",
    "@",
    "`",
    "saved.x",
    "values.a",
    "all",
    "leak check",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_text(text in "(?s).{0,80}") {
        survive(&text);
    }

    #[test]
    fn any_pieces(pieces in prop::collection::vec(select(PIECES), 0..40)) {
        survive(&pieces.concat());
    }

    #[test]
    fn mutated_files(
        seed in select(SEEDS.as_slice()),
        changes in prop::collection::vec((0_usize..20_000, 0_usize..60, 0_usize..4, select(PIECES)), 1..4),
    ) {
        let text = changes.iter().fold(seed.clone(), |text, (at, length, how, insert)| {
            mutate(&text, *at, *length, *how, insert)
        });
        survive(&text);
    }
}

#[test]
fn large_files_end_soon() {
    let head = "apiVersion: stayput.dev/v1alpha1\nkind: Scenario\nmetadata: {name: a}\nspec:\n  about: a\n  cluster: {nodes: [a]}\n";
    for text in [
        "[".repeat(100_000),
        "a:\n ".repeat(20_000),
        "- ".repeat(20_000),
        "{a: ".repeat(20_000),
        "x".repeat(2_000_000),
        format!("a: &a [{}]\nb: [{}]", "x,".repeat(2000), "*a,".repeat(2000)),
        format!("{head}  steps:\n{}", "    - redis: check\n".repeat(5_000)),
        format!("{head}  steps:\n{}", "    - apply: a.yaml\n".repeat(3_000)),
        format!("{head}  steps:\n{}", "    - exepct: a\n".repeat(5_000)),
        format!(
            "{head}  steps: [snapshot: a]\n  controls:\n{}",
            "    - {name: a, before: b, do: [], failsAt: c}\n".repeat(4_000)
        ),
        "---\na: b\n".repeat(20_000),
    ] {
        survive(&text);
    }
}

#[test]
fn an_alias_of_itself() {
    survive("a: &a [*a]");
    survive("&a {*a : *a}");
}

#[test]
fn paths_stay_what_they_are() {
    let cases = HashMap::from([
        ("b.yaml", "dir/b.yaml"),
        ("./m/../b.yaml", "dir/b.yaml"),
        ("../b.yaml", "b.yaml"),
        ("../../b.yaml", "../b.yaml"),
        ("/b.yaml", "/b.yaml"),
    ]);
    for (path, expected) in cases {
        assert_eq!(
            crate::files::relative_to(Utf8Path::new("dir/a.yaml"), path),
            expected
        );
    }
}
