//! Selectors that match, and those that are refused.

use insta::assert_snapshot;
use serde_json::json;

use super::*;
use crate::kinds::Catalogue;
use crate::schema::Schema;

fn check(labels: &str) -> String {
    let objects = [
        json!({"app": "a", "n": "1"}),
        json!({"app": "b", "n": "20"}),
        json!({"app": "c", "example.com/x": ""}),
        json!({}),
    ];
    let catalogue = Catalogue::new(&Schema::load());
    let kind = catalogue.core("pods").expect("pods are served").kind;
    match Selector::parse(kind, labels, "") {
        Err(status) => status.message().to_owned(),
        Ok(selector) => {
            let matched = (0..objects.len())
                .filter(|at| selector.matches(&json!({"metadata": {"labels": objects[*at]}})));
            matched
                .map(|at| at.to_string())
                .collect::<Vec<_>>()
                .join(" ")
        }
    }
}

#[test]
fn labels_are_matched() {
    for (selector, expected) in [
        ("app=a", "0"),
        ("app==a", "0"),
        ("app!=a", "1 2 3"),
        ("app in (a,b)", "0 1"),
        ("app notin (a,b)", "2 3"),
        ("app", "0 1 2"),
        ("!app", "3"),
        ("n>5", "1"),
        ("n<5", "0"),
        ("app,n notin (1)", "1 2"),
        ("example.com/x=", "2"),
        ("app in ()", ""),
        ("", "0 1 2 3"),
    ] {
        assert_eq!(check(selector), expected, "{selector}");
    }
}

#[test]
fn what_cannot_be_read_is_refused_in_the_words_of_kubernetes() {
    assert_snapshot!(check("a b=c"), @"unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt");
    assert_snapshot!(check("app in a"), @"unable to parse requirement: found 'a' expected: '('");
    assert_snapshot!(check("app,,b"), @"found ',', expected: identifier after ','");
    assert_snapshot!(check("app,"), @"found '', expected: identifier after ','");
    assert_snapshot!(check("!!"), @"unable to parse requirement: found '!', expected: identifier");
    assert_snapshot!(check("=a"), @"found '=', expected: !, identifier, or 'end of string'");
    assert_snapshot!(check("n>abc"), @r#"unable to parse requirement: values[0]: Invalid value: "abc": for 'Gt', 'Lt' operators, the value must be an integer"#);
}
