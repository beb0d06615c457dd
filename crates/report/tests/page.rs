//! The page, read in headless Chromium as a person reads it.
//!
//! Invariants:
//! - Without Chromium every one of these is shown as ignored, with the reason;
//!   it never prints `ok`.
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "tests, which start a browser"
)]

#[path = "page/chromium.rs"]
mod chromium;
#[path = "../testdata/recorded.rs"]
mod recorded;

use std::path::{Path, PathBuf};

use libtest_mimic::{Arguments, Failed, Trial};
use serde_json::{Value, json};

use chromium::Browser;

/// What a page has to say about itself; `window.seen` below.
const READING: &str = include_str!("page/reading.js");

/// What is done with a browser.
type Check = fn(&mut Reader);

fn main() {
    let mut arguments = Arguments::from_args();
    // A browser takes all of a small machine.
    arguments.test_threads.get_or_insert(1);
    let trials: [(&str, Check); 9] = [
        ("lanes_have_their_pods_with_a_bar_for_each_uid", lanes),
        ("a_moved_pod_is_in_another_lane_and_said_to_be", moved),
        ("the_failure_comes_first_and_is_open", failure_first),
        ("the_keyboard_reaches_and_moves_everything", keyboard),
        ("every_text_can_be_read_in_light_dark_and_print", contrast),
        ("pale_text_is_noticed", pale_text_is_noticed),
        ("it_asks_no_server_and_complains_of_nothing", quiet),
        ("without_its_script_it_can_be_read", without_script),
        ("a_screen_reader_is_told_what_the_lanes_show", spoken),
    ];
    let program = chromium::installed();
    let trials = trials.into_iter().map(|(name, run)| match program.clone() {
        Some(program) => Trial::test(name, move || {
            run(&mut Reader::start(&program));
            Ok::<(), Failed>(())
        }),
        None => Trial::test(format!("{name} (no Chromium is installed)"), || Ok(()))
            .with_ignored_flag(true),
    });
    libtest_mimic::run(&arguments, trials.collect()).exit();
}

/// A browser, and a folder for its profile and the pages.
struct Reader {
    browser: Browser,
    folder: PathBuf,
    _folder: tempfile::TempDir,
}

impl Reader {
    fn start(program: &Path) -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self {
            browser: Browser::start(program, &folder.path().join("profile")),
            folder: folder.path().to_owned(),
            _folder: folder,
        }
    }

    /// Opens the page of a recorded run.
    fn open(&mut self, run: &str) {
        let records = recorded::by_name(run).unwrap();
        let file = self.folder.join(format!("{run}.html"));
        std::fs::write(&file, stayput_report::page::write(&records).unwrap()).unwrap();
        self.browser.open(&file);
        self.browser.value(READING);
    }

    fn ask(&mut self, expression: &str) -> Value {
        self.browser.value(expression)
    }
}

#[track_caller]
fn is(reader: &mut Reader, expression: &str, wanted: &Value) {
    assert_eq!(reader.ask(expression), *wanted, "{expression}");
}

fn lanes(reader: &mut Reader) {
    reader.open("passed");
    is(
        reader,
        "seen.texts('.row.node .name b')",
        &json!(["master-1", "master-2", "master-3", "node-1"]),
    );
    // The lane of master-1: its pod, its volume, nothing of the others.
    is(
        reader,
        "seen.lane('master-1')",
        &json!(["✓ redis-cluster-0", "▪ redis-0-data"]),
    );
    is(
        reader,
        "document.querySelectorAll('.life').length",
        &json!(7),
    );
    // Both lives in one line, one after the other, each with its uid.
    is(
        reader,
        "(() => { const [a, b] = seen.lives('redis-cluster-0').map((it) => it.getBoundingClientRect());
           return a.top === b.top && a.right <= b.left + 1 && a.width > 0 && b.width > 0; })()",
        &json!(true),
    );
    is(
        reader,
        "seen.lives('redis-cluster-0').map((it) => it.getAttribute('aria-label').match(/uid (\\w+), on ([\\w-]+)/).slice(1))",
        &json!([["6f10", "master-1"], ["91d0", "master-1"]]),
    );
    // Checks and deeds stand on the lines of what they are about.
    is(
        reader,
        "seen.marks('redis-cluster-0')",
        &json!([
            "✕ deleted",
            "✓ redis-cluster-0: master-1 as before, 10.244.1.5 is now 10.244.1.9"
        ]),
    );
    is(
        reader,
        "seen.marks('redis-0-data').filter((it) => it.startsWith('✓')).length",
        &json!(3),
    );
    is(
        reader,
        "seen.visible(document.querySelector('.verdict-line.good')) && document.querySelector('.verdict-line.good').textContent.includes('1 pod stayed put')",
        &json!(true),
    );
}

fn moved(reader: &mut Reader) {
    reader.open("failed");
    is(
        reader,
        "seen.lane('master-2').includes('✗ redis-cluster-0')",
        &json!(true),
    );
    is(
        reader,
        "[...document.querySelectorAll('.life.moved')].map((it) => it.textContent.trim())",
        &json!(["moved from master-1, 91d0 · 10.244.1.5"]),
    );
    is(
        reader,
        "document.querySelector('.verdict-line').textContent",
        &json!("✗ did not stay put: redis/redis-cluster-0"),
    );
}

fn failure_first(reader: &mut Reader) {
    reader.open("failed");
    is(
        reader,
        "document.querySelector('main').firstElementChild.id",
        &json!("failure"),
    );
    is(
        reader,
        "document.querySelector('#failure h2').textContent",
        &json!("✗ FAIL: redis-cluster-0 comes back to its node"),
    );
    // Expected and seen are on the first screen, side by side.
    is(
        reader,
        "(() => { const [expected, , seen] = document.querySelector('#failure .beside .differs').children;
           const [a, b] = [expected.getBoundingClientRect(), seen.getBoundingClientRect()];
           return a.bottom < innerHeight && a.top === b.top && a.right <= b.left; })()",
        &json!(true),
    );
    is(
        reader,
        "['.mismatches li', '.moments li', '.cause'].every((it) => seen.visible(document.querySelector('#failure ' + it)))",
        &json!(true),
    );
    // Where nothing failed there is no such section.
    reader.open("passed");
    is(reader, "document.querySelector('#failure')", &Value::Null);
}

fn keyboard(reader: &mut Reader) {
    reader.open("passed");
    let focused =
        "document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent";
    reader.browser.press("Tab", 9);
    is(reader, focused, &json!("to the swim lanes"));
    // Three buttons, then one stop for all of the lanes.
    for button in ["zoom in", "zoom out", "all of it"] {
        reader.browser.press("Tab", 9);
        is(reader, focused, &json!(button));
    }
    reader.browser.press("Tab", 9);
    let first = reader.ask(focused);
    assert!(first.as_str().unwrap().starts_with("step 1,"), "{first}");
    reader.browser.press("ArrowRight", 39);
    let second = reader.ask(focused);
    assert!(second.as_str().unwrap().starts_with("step 2,"), "{second}");
    // What has the focus is told in words, and can be seen to have it.
    is(
        reader,
        "document.getElementById('told').textContent",
        &second,
    );
    is(
        reader,
        "parseFloat(getComputedStyle(document.activeElement).outlineWidth) >= 2",
        &json!(true),
    );
    let width = "document.querySelector('.lanes').clientWidth";
    let before = reader.ask(width).as_f64().unwrap();
    reader.browser.press("+", 187);
    assert!(reader.ask(width).as_f64().unwrap() > 1.5 * before);
    reader.browser.press("0", 48);
    assert!((reader.ask(width).as_f64().unwrap() - before).abs() < 1.0);
    // Down to a pod; Enter opens its lives in the table.
    for _ in 0..20 {
        if reader.ask("document.activeElement.classList.contains('life')") == true {
            break;
        }
        reader.browser.press("ArrowDown", 40);
    }
    is(
        reader,
        "document.querySelector('.pods').open",
        &json!(false),
    );
    reader.ask("document.activeElement.click()");
    is(
        reader,
        "new Promise((done) => setTimeout(() => done(document.querySelector('.pods').open), 50))",
        &json!(true),
    );
    // Tab leaves the lanes again.
    reader.browser.press("Tab", 9);
    is(
        reader,
        "document.querySelector('.scroll').contains(document.activeElement)",
        &json!(false),
    );
}

fn contrast(reader: &mut Reader) {
    for run in recorded::NAMES {
        reader.open(run);
        reader.ask("for (const box of document.querySelectorAll('details')) box.open = true");
        for (media, scheme) in [("screen", "light"), ("screen", "dark"), ("print", "dark")] {
            reader.browser.emulate(media, scheme);
            let pale = reader.ask("seen.pale()");
            assert_eq!(pale, json!([]), "{run}, {media}, {scheme}");
        }
    }
    reader.browser.emulate("print", "light");
    is(
        reader,
        "seen.visible(document.querySelector('.buttons'))",
        &json!(false),
    );
    let paper = "getComputedStyle(document.body).backgroundColor";
    is(reader, paper, &json!("rgb(255, 255, 255)"));
    reader.browser.emulate("screen", "dark");
    assert_ne!(reader.ask(paper), json!("rgb(255, 255, 255)"));
}

/// The control of the check above.
fn pale_text_is_noticed(reader: &mut Reader) {
    reader.open("passed");
    reader.ask("document.querySelector('.about').style.color = '#bbb'");
    let pale = reader.ask("seen.pale()");
    assert_eq!(pale.as_array().unwrap().len(), 1, "{pale}");
}

fn quiet(reader: &mut Reader) {
    for run in recorded::NAMES {
        reader.open(run);
        for event in std::mem::take(&mut reader.browser.events) {
            let method = event["method"].as_str().unwrap_or_default();
            assert!(
                ![
                    "Log.entryAdded",
                    "Runtime.exceptionThrown",
                    "Runtime.consoleAPICalled"
                ]
                .contains(&method),
                "{run}: {event}"
            );
            if method == "Network.requestWillBeSent" {
                let url = event["params"]["request"]["url"].as_str().unwrap();
                assert!(url.starts_with("file://"), "{run}: {url}");
            }
        }
    }
}

fn without_script(reader: &mut Reader) {
    reader.browser.call(
        "Emulation.setScriptExecutionDisabled",
        &json!({"value": true}),
    );
    reader.open("failed");
    is(
        reader,
        "seen.visible(document.querySelector('#failure .what'))",
        &json!(true),
    );
    is(
        reader,
        "seen.visible(document.querySelector('.buttons'))",
        &json!(false),
    );
    is(
        reader,
        "[...document.querySelectorAll('.life, .row.node .name')].every(seen.visible)",
        &json!(true),
    );
}

fn spoken(reader: &mut Reader) {
    reader.open("passed");
    let tree = reader
        .browser
        .call("Accessibility.getFullAXTree", &json!({}));
    let nodes = tree["nodes"].as_array().unwrap();
    let names = |role: &str| -> Vec<&str> {
        let nodes = nodes
            .iter()
            .filter(|it| it["role"]["value"] == role && it["ignored"] == false);
        nodes
            .filter_map(|it| it["name"]["value"].as_str())
            .collect()
    };
    assert!(
        names("list").contains(&"pods over nodes in time"),
        "{:?}",
        names("list")
    );
    let links = names("link");
    assert!(links.iter().all(|name| !name.is_empty()));
    let life = "redis/redis-cluster-0, life 2, uid 91d0, on master-1, from ";
    assert!(links.iter().any(|name| name.starts_with(life)), "{links:?}");
    assert!(names("image").iter().all(|name| !name.is_empty()));
    is(
        reader,
        "[...document.querySelectorAll('h1, h2, h3')].map((it) => +it.tagName[1]).every((level, at, all) => level - (all[at - 1] ?? 0) <= 1)",
        &json!(true),
    );
}
