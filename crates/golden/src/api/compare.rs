//! Holds answers against those of a real server.
//!
//! Values that differ in each run are numbered in both. A number of one is held to stand
//! for the same number of the other wherever it appears, so a version that should have
//! changed, or an uid that should not have, is found; that one server numbers more of them
//! is no difference.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

use super::answer::Answer;

static NUMBERED: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"<(?:uid|rv|ip|gen)-\d+>").expect("a pattern of ours"));

/// One thing in an answer that is not as the real server said it.
#[derive(Clone, Debug, PartialEq)]
pub struct Unlike {
    /// Where, as `body.metadata.name`; empty where the whole answer differs.
    pub path: String,
    /// What the real server said; none where it said nothing.
    pub real: Option<Value>,
    /// What is said here.
    pub here: Option<Value>,
}

impl fmt::Display for Unlike {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let show = |value: &Option<Value>| {
            let text = value.as_ref().map(Value::to_string);
            let text = text.unwrap_or_else(|| "nothing".to_owned());
            match text.char_indices().nth(300) {
                Some((end, _)) => format!("{}…", &text[..end]),
                None => text,
            }
        };
        let (real, here) = (show(&self.real), show(&self.here));
        write!(f, "{}\n      real {real}\n      here {here}", self.path)
    }
}

/// Which number here stands for which of the real server's.
#[derive(Clone, Debug, Default)]
pub(super) struct Pairs {
    here: BTreeMap<String, String>,
    real: BTreeMap<String, String>,
}

impl Pairs {
    /// What differs between two answers. Only answers that are equal teach which number
    /// stands for which.
    pub(super) fn compare(&mut self, real: &Answer, here: &Answer) -> Vec<Unlike> {
        let mut pairs = self.clone();
        let mut unlike = Vec::new();
        if real.request != here.request {
            unlike.push(Unlike {
                path: "request".to_owned(),
                real: Some(real.request.clone().into()),
                here: Some(here.request.clone().into()),
            });
        }
        pairs.values("", Some(&real.said), Some(&here.said), &mut unlike);
        if unlike.is_empty() {
            *self = pairs;
        }
        unlike
    }

    fn values(
        &mut self,
        path: &str,
        real: Option<&Value>,
        here: Option<&Value>,
        unlike: &mut Vec<Unlike>,
    ) {
        let below = |key: &str| {
            if path.is_empty() {
                key.to_owned()
            } else {
                format!("{path}.{key}")
            }
        };
        match (real, here) {
            (Some(Value::Object(reals)), Some(Value::Object(heres))) => {
                for (key, real) in reals {
                    self.values(&below(key), Some(real), heres.get(key), unlike);
                }
                for (key, here) in heres.iter().filter(|(key, _)| !reals.contains_key(*key)) {
                    self.values(&below(key), None, Some(here), unlike);
                }
            }
            (Some(Value::Array(reals)), Some(Value::Array(heres))) => {
                // A server sorts managers by the whole second of their last write:
                // whether two fell into the same one is chance on both sides.
                let (mut reals, mut heres) = (reals.clone(), heres.clone());
                if path.ends_with(".managedFields") {
                    reals.sort_by_cached_key(manager);
                    heres.sort_by_cached_key(manager);
                }
                for index in 0..reals.len().max(heres.len()) {
                    let (real, here) = (reals.get(index), heres.get(index));
                    self.values(&below(&index.to_string()), real, here, unlike);
                }
            }
            (Some(Value::String(reals)), Some(Value::String(heres)))
                if self.texts(reals, heres) => {}
            _ if real == here && !matches!(real, Some(Value::String(_))) => {}
            _ => unlike.push(Unlike {
                path: path.to_owned(),
                real: real.cloned(),
                here: here.cloned(),
            }),
        }
    }

    /// Whether two texts are the same, numbers aside.
    fn texts(&mut self, real: &str, here: &str) -> bool {
        let numbers = |text: &str| -> Vec<String> {
            let found = NUMBERED.find_iter(text);
            found.map(|it| it.as_str().to_owned()).collect()
        };
        let (reals, heres) = (numbers(real), numbers(here));
        reals.len() == heres.len()
            && NUMBERED.split(real).eq(NUMBERED.split(here))
            && reals
                .iter()
                .zip(&heres)
                .all(|(real, here)| self.pair(real, here))
    }

    fn pair(&mut self, real: &str, here: &str) -> bool {
        let kind = |text: &str| text.split('-').next().map(str::to_owned);
        let stands = self.here.entry(real.to_owned());
        let stands = stands.or_insert_with(|| here.to_owned());
        let meant = self.real.entry(here.to_owned());
        let meant = meant.or_insert_with(|| real.to_owned());
        kind(real) == kind(here) && stands == here && meant == real
    }
}

/// Which entry of the managed fields it is.
fn manager(entry: &Value) -> [String; 3] {
    ["operation", "manager", "subresource"].map(|field| entry[field].to_string())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn answer(said: Value) -> Answer {
        Answer {
            name: "a".to_owned(),
            request: "GET /a".to_owned(),
            said,
        }
    }

    /// The paths that differ in a row of answers.
    fn check(answers: &[(Value, Value)]) -> String {
        let mut pairs = Pairs::default();
        let unlike = answers
            .iter()
            .flat_map(|(real, here)| pairs.compare(&answer(real.clone()), &answer(here.clone())));
        unlike.map(|it| it.path).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn a_tampered_answer_is_noticed() {
        let real = json!({"status": 200, "body": {"a": ["x"], "b": 1}});
        for (path, new) in [
            ("/status", json!(201)),
            ("/body/a/0", json!("y")),
            ("/body/b", json!("1")),
            ("/body/a", json!([])),
        ] {
            let mut here = real.clone();
            *here.pointer_mut(path).unwrap() = new;
            assert_ne!(check(&[(real.clone(), here)]), "", "{path}");
        }
        assert_eq!(check(&[(real.clone(), real)]), "");
    }

    #[test]
    fn numbers_may_be_others_but_stand_for_the_same() {
        let (one, four) = (json!({"uid": "<uid-1>"}), json!({"uid": "<uid-4>"}));
        let five = json!({"uid": "<uid-5>"});
        assert_eq!(check(&[(one.clone(), four.clone())]), "");
        let changed = [(one.clone(), four.clone()), (one.clone(), five.clone())];
        assert_eq!(check(&changed), "uid");
        assert_eq!(check(&[(one, four.clone()), (five, four)]), "uid");
    }

    #[test]
    fn what_is_missing_and_what_is_too_much_are_told() {
        let (real, here) = (json!({"a": 1, "b": [1, 2]}), json!({"b": [1], "c": 3}));
        assert_eq!(check(&[(real, here)]), "a b.1 c");
    }
}
