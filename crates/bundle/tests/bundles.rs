//! Bundles of a recorded run, whole and spoiled.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

#[path = "../../report/testdata/recorded.rs"]
mod recorded;

use std::{
    collections::BTreeMap,
    io::{Cursor, Write as _},
};

use camino::{Utf8Path, Utf8PathBuf};
use insta::assert_snapshot;
use proptest::prelude::*;
use stayput_bundle::{Bundle, BundleError, Ending, Played, Scrub, Selection, pack, unpack};
use stayput_events::{Event, Record, StepId};
use stayput_report::Summary;
use zip::{ZipArchive, ZipWriter, write::SimpleFileOptions};

const CANARY: &str = "s3cr3ts3cr3ts3cr3t";

fn played(records: &[Record]) -> Played<'_> {
    let files = [
        ("scenario.yaml", "kind: Scenario\n"),
        ("manifests/set.yaml", "kind: StatefulSet\n"),
        ("snapshots/running.snap", "redis-cluster-0\n"),
    ];
    let files = files.map(|(name, text)| (Utf8PathBuf::from(name), text.to_owned()));
    Played {
        records,
        scenario: BTreeMap::from(files),
        file: Utf8Path::new("scenario.yaml"),
        selection: Selection::Steps,
        rendered: vec![("two (kustomize)".to_owned(), "kind: Service\n".to_owned())],
        images: Some("- repositories: [mine]\n".to_owned()),
        config: Some("kind: Cluster\n".to_owned()),
        scrub: Scrub::new([
            ("/home/me".to_owned(), "~"),
            ("/home/me/work".to_owned(), "."),
            ("/home/me/.cache".to_owned(), "(cache)"),
        ]),
    }
}

fn bundle(run: &str) -> Bundle {
    Bundle::of(played(&recorded::by_name(run).unwrap())).unwrap()
}

fn packed(run: &str) -> Vec<u8> {
    pack(bundle(run)).unwrap()
}

fn found(what: &str) -> Vec<Record> {
    let mut records = recorded::by_name("failed").unwrap();
    let at = records[10].at;
    let event = Event::Found {
        step: StepId(3),
        what: what.to_owned(),
        on: Vec::new(),
    };
    records.insert(11, Record { at, event });
    records
}

/// An archive of these files, in this order.
fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        archive
            .start_file(*name, SimpleFileOptions::default())
            .unwrap();
        archive.write_all(bytes).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

/// A whole bundle with one file changed, or added.
fn spoiled(name: &str, bytes: &[u8]) -> Vec<u8> {
    let packed = packed("failed");
    let mut whole = ZipArchive::new(Cursor::new(packed)).unwrap();
    let mut files = BTreeMap::new();
    for index in 0..whole.len() {
        let mut entry = whole.by_index(index).unwrap();
        let mut bytes = Vec::new();
        std::io::copy(&mut entry, &mut bytes).unwrap();
        let name = entry.name().unwrap().into_owned();
        files.insert(name, bytes);
    }
    files.insert(name.to_owned(), bytes.to_vec());
    let files: Vec<_> = files
        .iter()
        .map(|(name, bytes)| (name.as_str(), bytes.as_slice()))
        .collect();
    archive(&files)
}

#[track_caller]
fn refused(bytes: &[u8]) -> String {
    unpack(bytes).unwrap_err().to_string()
}

#[test]
fn what_was_packed_is_unpacked() {
    for run in recorded::NAMES {
        let whole = bundle(run);
        let again = unpack(&pack(whole.clone()).unwrap()).unwrap();
        assert_eq!(again.files, whole.files, "{run}");
        assert_eq!(again.about.ending, whole.about.ending, "{run}");
    }
}

#[test]
fn its_files_are_in_order_and_its_bytes_always_the_same() {
    assert_eq!(packed("failed"), packed("failed"));
    let archive = ZipArchive::new(Cursor::new(packed("failed"))).unwrap();
    let names: Vec<_> = archive.file_names().map(Result::unwrap).collect();
    assert_snapshot!(names.join("\n"), @"
    bundle.json
    images.yaml
    kind-config.yaml
    rendered/0.yaml
    report/index.html
    report/junit.xml
    report/report.json
    scenario/manifests/set.yaml
    scenario/scenario.yaml
    scenario/snapshots/running.snap
    ");
}

#[test]
fn it_says_what_was_played_on_what_and_how_it_ended() {
    let mut about = serde_json::to_value(bundle("failed").about).unwrap();
    about["cluster"]["nodes"] = serde_json::json!("…");
    assert_snapshot!(serde_json::to_string_pretty(&about).unwrap(), @r#"
    {
      "cluster": {
        "created": true,
        "kubernetes": "v1.34.4",
        "name": "stayput-7f3a",
        "nodes": "…",
        "versions": [
          "kind v0.33.0",
          "redis:7@sha256:9f2c"
        ]
      },
      "digests": {},
      "ending": {
        "controls": [],
        "run": "failed",
        "steps": [
          {
            "is": "failed",
            "name": "redis-cluster-0 comes back to its node"
          },
          {
            "is": "left out by its condition",
            "name": "the data is on the disks"
          },
          {
            "is": "not possible",
            "name": "the volumes stay, and are Failed"
          },
          {
            "is": "timed out",
            "name": "leak check"
          }
        ]
      },
      "file": "scenario/scenario.yaml",
      "provider": "kind",
      "redacted": [],
      "rendered": [
        {
          "file": "rendered/0.yaml",
          "of": "two (kustomize)"
        }
      ],
      "scenario": "local-pv-redis",
      "schemaVersion": 1,
      "seed": 42,
      "selection": "steps",
      "version": "0.1.0"
    }
    "#);
}

#[test]
fn no_secret_is_in_it() {
    let records = found(&format!("authorization: Bearer {CANARY}"));
    let mut played = played(&records);
    let secret =
        format!("kind: Secret\nmetadata: {{name: a}}\nstringData:\n  password: {CANARY}\n");
    played
        .scenario
        .insert("manifests/secret.yaml".into(), secret.clone());
    played.config = Some(format!(
        "kind: Config\nusers:\n- user: {{token: {CANARY}}}\n"
    ));
    let bundle = Bundle::of(played).unwrap();
    for (name, bytes) in &bundle.files {
        let text = String::from_utf8_lossy(bytes);
        assert!(!text.contains(CANARY), "{name}: {text}");
    }
    let about = serde_json::to_string(&bundle.about).unwrap();
    assert!(!about.contains(CANARY), "{about}");
    // Whoever plays it again has to know.
    let redacted: Vec<_> = bundle.about.redacted.iter().map(|it| it.as_str()).collect();
    assert_eq!(
        redacted,
        ["kind-config.yaml", "scenario/manifests/secret.yaml"]
    );
}

#[test]
fn no_folder_of_this_machine_is_in_it() {
    let records = found(
        "/home/me/work/x, /home/me/.kube, /home/me/.cache/home/me and file:///home/me, not /home/meadow",
    );
    let bundle = Bundle::of(played(&records)).unwrap();
    for bytes in bundle.files.values() {
        let text = String::from_utf8_lossy(bytes);
        assert!(!text.contains("/home/me/"), "{text}");
    }
    let report = &bundle.files[Utf8Path::new("report/report.json")];
    let report = String::from_utf8_lossy(report);
    assert!(report.contains("./x, ~/.kube, (cache)/home/me and file://~, not /home/meadow"));
}

#[test]
fn a_spoiled_one_is_refused_in_words() {
    let whole = packed("failed");
    assert_snapshot!(refused(b""), @"it is no bundle, or not a whole one");
    assert_snapshot!(refused(&whole[..whole.len() - 1]), @"it is no bundle, or not a whole one");
    assert_snapshot!(refused(&archive(&[("a", b"b")])), @"its bundle.json cannot be read");
    for name in [
        "../up.yaml",
        "/etc/passwd",
        "a/../../b",
        "a\\b",
        "c:d",
        "./a",
        "a//b",
        "a\nb",
    ] {
        let error = unpack(&spoiled(name, b"")).unwrap_err();
        assert!(
            matches!(error, BundleError::Name { .. }),
            "{name:?}: {error}"
        );
    }
    assert_snapshot!(refused(&spoiled("../up.yaml", b"")), @"it names `../up.yaml`, which is no path inside a bundle");
    assert_snapshot!(refused(&spoiled("scenario/scenario.yaml", b"kind: Other\n")), @"`scenario/scenario.yaml` in it is not what its digest says");
    assert_snapshot!(refused(&spoiled("scenario/more.yaml", b"")), @"`scenario/more.yaml` in it is not listed in its bundle.json");
    assert_snapshot!(refused(&spoiled("bundle.json", b"{\"schemaVersion\": 2}")), @"it has schema version 2, this program reads 1");
    assert_snapshot!(refused(&spoiled("bundle.json", b"{\"schemaVersion\": 1}")), @"its bundle.json cannot be read");
    let mut missing = bundle("failed");
    let about = serde_json::to_vec(&{
        missing
            .about
            .digests
            .insert("scenario/gone.yaml".into(), String::new());
        missing.about
    });
    assert_snapshot!(refused(&archive(&[("bundle.json", &about.unwrap())])), @"`scenario/gone.yaml` in it is listed, and is not there");
}

#[test]
fn what_unpacks_to_too_much_is_not_unpacked() {
    // Much of nothing is little when it is packed.
    let nothing = vec![0_u8; 33 * 1024 * 1024];
    let files: Vec<(String, &[u8])> = (0..2).map(|it| (format!("f{it}"), &*nothing)).collect();
    let files: Vec<_> = files
        .iter()
        .map(|(name, bytes)| (name.as_str(), *bytes))
        .collect();
    assert_snapshot!(refused(&archive(&files)), @"it is too large: more than 64 MiB unpacked");
}

#[test]
fn two_endings_are_compared() {
    let ending = |run: &str| {
        let records = recorded::by_name(run).unwrap();
        Ending::of(&records.iter().fold(Summary::new(), Summary::after))
    };
    for run in recorded::NAMES {
        assert_eq!(ending(run).differences(&ending(run)), Vec::<String>::new());
    }
    assert_snapshot!(ending("failed").sentence(), @"failed: `redis-cluster-0 comes back to its node` failed, `the data is on the disks` left out by its condition, `the volumes stay, and are Failed` not possible, `leak check` timed out");
    assert_snapshot!(ending("passed").sentence(), @"passed");
    assert_snapshot!(ending("failed").differences(&ending("passed")).join("\n"), @"
    the run: failed then, passed now
    step `redis-cluster-0 comes back to its node`: failed then, passed or skipped now
    step `the data is on the disks`: left out by its condition then, passed or skipped now
    step `the volumes stay, and are Failed`: not possible then, passed or skipped now
    step `leak check`: timed out then, passed or skipped now
    ");
    assert_snapshot!(ending("flaky").differences(&ending("controls")).join("\n"), @"
    the run: flaky then, passed now
    step `pods come up in order`: flaky then, passed or skipped now
    control `refused writes are noticed`: not played then, caught now
    control `the old pod does not pass for the new one`: not played then, failed at `pods come up in order` instead now
    control `a wiped shard is noticed`: not played then, missed now
    control `a pod on another node is noticed`: not played then, changed nothing now
    control `the lost keys of one shard are noticed`: not played then, broken now
    control `a replica's replaced data is noticed`: not played then, not possible now
    control `a claim made anew under its name is noticed`: not played then, interrupted now
    ");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn no_bytes_bring_it_down(cut in 0_usize..60_000, at in 0_usize..60_000, bytes in any::<[u8; 8]>()) {
        static WHOLE: std::sync::LazyLock<Vec<u8>> = std::sync::LazyLock::new(|| packed("failed"));
        let mut packed = WHOLE.clone();
        let length = packed.len();
        packed[at % length..].iter_mut().zip(bytes).for_each(|(byte, new)| *byte = new);
        packed.truncate(length - cut % length);
        // Whole or refused; a byte that nobody reads may differ.
        let _ = unpack(&packed);
    }

    #[test]
    fn noise_is_refused(bytes in proptest::collection::vec(any::<u8>(), 0..2000)) {
        prop_assert!(unpack(&bytes).is_err());
    }
}
