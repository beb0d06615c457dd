//! The store alone: revisions, history, the past.

use serde_json::json;

use super::*;

const TABLE: TableId = TableId(0);

fn put(store: &mut Store, name: &str, n: u64) -> Arc<Event> {
    store.put(
        TABLE,
        Key::new("ns", name),
        json!({"metadata": {"name": name}, "n": n}),
    )
}

fn names(store: &Store, revision: u64) -> Vec<String> {
    let past = store.at(TABLE, revision).expect("the history reaches back");
    past.iter()
        .map(|(key, object)| format!("{}={}", key.name, object.value()["n"]))
        .collect()
}

#[test]
fn each_change_takes_one_revision() {
    let mut store = Store::new(1, 100);
    let first = put(&mut store, "a", 1);
    let second = put(&mut store, "a", 2);
    let gone = store
        .remove(TABLE, &Key::new("ns", "a"))
        .expect("it was there");
    assert_eq!(
        [first.revision, second.revision, gone.revision],
        [101, 102, 103]
    );
    assert_eq!(gone.object.value()["metadata"]["resourceVersion"], "103");
    assert_eq!(gone.change, Change::Deleted);
    assert!(store.remove(TABLE, &Key::new("ns", "a")).is_none());
    assert_eq!(store.revision(), 103);
}

#[test]
fn the_past_can_be_listed() {
    let mut store = Store::new(1, 100);
    put(&mut store, "a", 1);
    put(&mut store, "b", 1);
    let then = store.revision();
    put(&mut store, "a", 2);
    store.remove(TABLE, &Key::new("ns", "b"));
    put(&mut store, "c", 1);
    assert_eq!(names(&store, then), ["a=1", "b=1"]);
    assert_eq!(names(&store, store.revision()), ["a=2", "c=1"]);
}

#[test]
fn a_forgotten_past_is_expired() {
    let mut store = Store::new(1, 2);
    for n in 0..5 {
        put(&mut store, "a", n);
    }
    assert_eq!(
        store.history().after(102).err(),
        Some(Expired {
            asked: 102,
            oldest: 103
        })
    );
    assert_eq!(store.history().after(103).expect("kept").count(), 2);
    assert!(store.at(TABLE, 101).is_err());
}

#[test]
fn a_namespace_is_a_range() {
    let mut store = Store::new(1, 10);
    for (namespace, name) in [("a", "x"), ("b", "y"), ("b", "z"), ("c", "w")] {
        store.put(TABLE, Key::new(namespace, name), json!({"metadata": {}}));
    }
    let keys = |start: Option<&Key>| {
        store
            .range(TABLE, Some("b"), start)
            .map(|(key, _)| key.name.clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(keys(None), ["y", "z"]);
    assert_eq!(keys(Some(&Key::new("b", "y"))), ["z"]);
}

#[test]
fn what_is_old_rests_as_text_and_says_the_same() {
    let mut store = Store::new(1, 10_000);
    let first = put(&mut store, "old", 1);
    let then = store.revision();
    put(&mut store, "old", 2);
    assert!(!first.object.rests());
    for n in 0..u64::try_from(TREES).expect("small") {
        put(&mut store, "new", n);
    }
    let key = Key::new("ns", "old");
    let kept = Arc::clone(store.get(TABLE, &key).expect("kept"));
    assert!(kept.rests());
    assert_eq!(kept.value()["n"], 2);
    assert_eq!(kept.value()["metadata"]["resourceVersion"], "102");
    let told = store.history().after(100).expect("remembered");
    let told = told.take(3).collect::<Vec<_>>();
    let resting = told.iter().map(|event| event.object.rests());
    assert_eq!(resting.collect::<Vec<_>>(), [true, true, false]);
    // Not kept twice.
    assert!(Arc::ptr_eq(&told[1].object, &kept));
    assert_eq!(names(&store, then), ["old=1"]);
    let gone = store.remove(TABLE, &key).expect("it was there");
    let previous = gone.previous.as_ref().expect("it was there");
    assert!(!previous.rests() && previous.value()["n"] == 2);
    assert!(Arc::ptr_eq(previous, &kept));
    put(&mut store, "old", 3);
    store.remove(TABLE, &Key::new("ns", "new"));
    assert!(previous.rests() && previous.value()["n"] == 2);
}

#[test]
fn the_history_is_bounded_in_bytes() {
    let mut store = Store::new(1, 10_000);
    let key = Key::new("ns", "large");
    let large = "x".repeat(3 * 1024 * 1024);
    let first = store.put(TABLE, key.clone(), json!({"metadata": {}, "a": large}));
    assert!(!first.object.rests());
    let gone = Arc::downgrade(&first.object);
    for _ in 0..10 {
        store.put(TABLE, key.clone(), json!({"metadata": {}, "a": large}));
    }
    assert!(first.object.rests());
    drop(first);
    for _ in 0..40 {
        store.put(TABLE, key.clone(), json!({"metadata": {}, "a": large}));
    }
    assert!(gone.upgrade().is_none());
    assert!(store.history().after(101).is_err());
    // What is counted twice, as it was and as it became, is kept once.
    let kept = store.history().after(store.revision() - 40);
    assert_eq!(kept.expect("remembered").count(), 40);
}
