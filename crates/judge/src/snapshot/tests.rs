use super::*;

use insta::assert_snapshot;

fn snapshot() -> Snapshot {
    Snapshot {
        source: Some("fixtures/local-pv-redis/scenario.yaml".to_owned()),
        line: Some(12),
        description: Some("after: all at \"once\"\nsecond line".to_owned()),
        expression: Some("snapshot: running".to_owned()),
        contents: "objects:\n  Pod: {}\n---\nmore\n\n".to_owned(),
    }
}

#[test]
fn a_pending_file_says_its_line() {
    assert_snapshot!(snapshot().pending_text(), @r#"
    ---
    source: "fixtures/local-pv-redis/scenario.yaml"
    assertion_line: 12
    description: "after: all at \"once\"\nsecond line"
    expression: "snapshot: running"
    ---
    objects:
      Pod: {}
    ---
    more
    "#);
}

#[test]
fn an_accepted_file_does_not() {
    assert_eq!(
        Snapshot::parse(&snapshot().accepted_text()).unwrap().line,
        None
    );
}

#[test]
fn what_is_written_is_read_back() {
    let read = Snapshot::parse(&snapshot().pending_text()).unwrap();
    let written = Snapshot {
        contents: "objects:\n  Pod: {}\n---\nmore".to_owned(),
        ..snapshot()
    };
    assert_eq!(read, written);
}

/// Writes a file and reads it with insta's own reader.
fn read_by_insta(text: &str, file: &str) -> insta::internals::SnapshotContents {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(file);
    std::fs::write(&path, text).unwrap();
    let read = insta::Snapshot::from_file(&path).unwrap();
    assert_eq!(read.metadata().source(), snapshot().source.as_deref());
    assert_eq!(
        read.metadata().expression(),
        snapshot().expression.as_deref()
    );
    assert_eq!(
        read.metadata().description(),
        snapshot().description.as_deref()
    );
    read.contents().clone()
}

#[test]
fn insta_reads_what_is_written() {
    let pending = read_by_insta(&snapshot().pending_text(), &pending_file_name("running"));
    let accepted = read_by_insta(&snapshot().accepted_text(), &file_name("running"));
    assert_eq!(pending, accepted);
    assert_snapshot!(accepted.as_text().unwrap(), @"
    objects:
      Pod: {}
    ---
    more
    ");
}

#[test]
fn what_insta_writes_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let (ours, theirs) = (
        folder.path().join("a.snap.new"),
        folder.path().join("b.snap"),
    );
    std::fs::write(&ours, snapshot().pending_text()).unwrap();
    insta::Snapshot::from_file(&ours)
        .unwrap()
        .save(&theirs)
        .unwrap();
    let read = Snapshot::parse(&std::fs::read_to_string(&theirs).unwrap()).unwrap();
    assert_eq!(read, Snapshot::parse(&snapshot().accepted_text()).unwrap());
}

#[test]
fn what_is_no_snapshot_is_an_error() {
    let error = |text: &str| Snapshot::parse(text).unwrap_err().to_string();
    assert_snapshot!(error("a: 1"), @"no metadata between two lines of `---`");
    assert_snapshot!(error("---\na: 1"), @"no metadata between two lines of `---`");
    assert_snapshot!(error("---\n[\n---\n"), @"cannot read the metadata of the snapshot");
}

fn check(golden: &str, new: &str) -> String {
    match compare(golden, new) {
        Comparison::Same => "same".to_owned(),
        Comparison::Differs { diff } => diff,
    }
}

#[test]
fn line_ends_do_not_count() {
    assert_snapshot!(check("a\r\nb\n", "a\nb\n\n"), @"same");
}

#[test]
fn a_difference_says_where_it_is() {
    let golden = "objects:\n  PersistentVolume:\n    redis-0-data:\n      a: 1\n      b: 1\n      c: 1\n      phase: Bound\n    redis-1-data:\n      phase: Bound\n";
    let new = golden.replacen("Bound", "Failed", 1);
    assert_snapshot!(check(golden, &new), @"
    --- golden
    +++ new
    @@ line 7, objects › PersistentVolume › redis-0-data @@
           b: 1
           c: 1
    -      phase: Bound
    +      phase: Failed
         redis-1-data:
           phase: Bound
    ");
}
