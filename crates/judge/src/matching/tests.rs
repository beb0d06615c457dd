use insta::assert_snapshot;
use proptest::{collection::vec, prelude::*};
use serde_json::Value;

use super::{compare as compare_values, compare_object, prune};
use crate::golden;

/// Both sides as YAML; a line for each mismatch.
fn check(expected: &str, seen: &str) -> String {
    let expected: Value = serde_yaml::from_str(expected).unwrap();
    let seen: Value = serde_yaml::from_str(seen).unwrap();
    lines(&compare_values(&expected, &seen))
}

fn lines(mismatches: &[stayput_events::Mismatch]) -> String {
    let line = |m: &stayput_events::Mismatch| {
        format!(
            "{}{}: expected {}, seen {}",
            m.object, m.path, m.expected, m.seen
        )
    };
    let lines: Vec<String> = mismatches.iter().map(line).collect();
    if lines.is_empty() {
        "matches".to_owned()
    } else {
        lines.join("\n")
    }
}

#[test]
fn fields_that_are_not_asked_for_do_not_count() {
    assert_snapshot!(check("{a: 1}", "{a: 1, b: 2}"), @"matches");
}

#[test]
fn all_mismatches_are_found() {
    assert_snapshot!(check("{a: 1, b: {c: x, d: y}, e: z}", "{a: 2, b: {c: x, d: q}}"), @r"
    .a: expected 1, seen 2
    .b.d: expected y, seen q
    .e: expected z, seen not there
    ");
}

#[test]
fn a_mismatch_of_mere_type_says_so() {
    assert_snapshot!(check("{a: '1', b: true}", "{a: 1, b: 'true'}"), @r#"
    .a: expected "1" (a string), seen 1 (a number)
    .b: expected true (a boolean), seen "true" (a string)
    "#);
}

#[test]
fn quantities_are_compared_as_served() {
    assert_snapshot!(check("{storage: 2048Mi}", "{storage: 2Gi}"), @".storage: expected 2048Mi, seen 2Gi");
}

#[test]
fn whole_numbers_are_numbers_however_they_are_written() {
    assert_snapshot!(check("{a: 1.0}", "{a: 1}"), @"matches");
}

#[test]
fn null_and_the_empty_list_ask_for_nothing() {
    assert_snapshot!(check("{a: null, b: [], c: null, d: []}", "{c: x, d: [1]}"), @r"
    .c: expected nothing, seen x
    .d: expected an empty list, seen [1]
    ");
}

#[test]
fn keys_with_other_characters_are_quoted_in_the_path() {
    assert_snapshot!(check("{labels: {a/b: x}}", "{labels: {a/b: y}}"), @".labels['a/b']: expected x, seen y");
}

#[test]
fn an_element_is_found_by_its_key() {
    let seen = "{conditions: [{type: A, status: 'True'}, {type: Ready, status: 'False'}]}";
    assert_snapshot!(
        check("{conditions: [{type: Ready, status: 'True'}]}", seen),
        @".conditions[type=Ready].status: expected True, seen False"
    );
    assert_snapshot!(
        check("{conditions: [{type: B, status: 'True'}]}", seen),
        @r#".conditions[type=B]: expected {"status":"True","type":"B"}, seen not there, only A, Ready"#
    );
}

#[test]
fn elements_of_one_key_are_told_apart_by_the_rest() {
    let seen = "[{key: a, effect: NoExecute}, {key: a, effect: NoSchedule}]";
    assert_snapshot!(check("[{key: a, effect: NoSchedule}]", seen), @"matches");
    assert_snapshot!(
        check("[{key: a, effect: NoSchedule}, {key: a, effect: NoSchedule}]", seen),
        @"[key=a].effect: expected NoSchedule, seen NoExecute"
    );
}

#[test]
fn a_first_element_does_not_take_what_a_later_one_needs() {
    assert_snapshot!(check("[{a: 1}, {a: 1, b: 2}]", "[{a: 1, b: 2}, {a: 1}]"), @"matches");
}

#[test]
fn each_expected_element_needs_its_own() {
    assert_snapshot!(check("[x, x]", "[x, y]"), @r#": expected an element x, seen ["x","y"]"#);
}

#[test]
fn without_a_key_the_closest_is_shown() {
    assert_snapshot!(
        check("[{a: 1, b: 2, c: 3}]", "[{a: 1}, {a: 1, b: 2, c: 4}]"),
        @"[1].c: expected 3, seen 4"
    );
}

#[test]
fn a_served_pod_is_named() {
    let pods = golden::objects_at("flagship", 8.1);
    let pod = golden::find(&pods, "Pod", "redis-cluster-0");
    let expected = serde_yaml::from_str(
        "{status: {phase: Running, conditions: [{type: Ready, status: 'True'}]}}",
    )
    .unwrap();
    assert_snapshot!(lines(&compare_object(&expected, &pod)), @r"
    Pod redis/redis-cluster-0.status.conditions[type=Ready].status: expected True, seen False
    Pod redis/redis-cluster-0.status.phase: expected Running, seen Pending
    ");
    assert_snapshot!(prune(&expected, &pod), @r#"{"status":{"conditions":[{"status":"False","type":"Ready"}],"phase":"Pending"}}"#);
}

#[test]
fn no_value_of_a_secret_is_told() {
    let seen = "{kind: Secret, type: Opaque, data: {a: c2VjcmV0, b: c2VjcmV0}}";
    assert_snapshot!(check("{type: Other, data: {a: b3RoZXI=, c: b3RoZXI=}}", seen), @"
    .data.a: expected the value asked for, seen another value
    .data.c: expected the value asked for, seen not there
    .type: expected Other, seen Opaque
    ");
}

/// Whether `expected` is a part of `seen`, found by trying every order.
fn fits(expected: &[u8], seen: &mut Vec<u8>) -> bool {
    let Some((first, rest)) = expected.split_first() else {
        return true;
    };
    (0..seen.len()).any(|at| {
        // Bits are fields: one that is asked for has to be there.
        if seen[at] & first != *first {
            return false;
        }
        let taken = seen.remove(at);
        let fits = fits(rest, seen);
        seen.insert(at, taken);
        fits
    })
}

proptest! {
    #[test]
    fn a_match_is_found_wherever_there_is_one(
        expected in vec(1_u8..8, 1..5),
        seen in vec(0_u8..8, 0..6),
    ) {
        let fields = |bits: &u8| -> Value {
            let names = ["a", "b", "c"].iter().enumerate();
            let there = names.filter(|(bit, _)| bits & (1 << bit) != 0);
            there.map(|(_, name)| ((*name).to_owned(), Value::Bool(true))).collect()
        };
        let list = |bits: &[u8]| Value::Array(bits.iter().map(fields).collect());
        let matches = compare_values(&list(&expected), &list(&seen)).is_empty();
        prop_assert_eq!(matches, fits(&expected, &mut seen.clone()));
    }
}
