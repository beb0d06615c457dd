//! Judges what a command came to.
//!
//! Invariants:
//! - All that differs is found, not the first.

use regex::Regex;
use serde_json::Value;
use stayput_events::Mismatch;
use stayput_expr::{ExprError, Scope, Template};

use crate::{matching, objects};

/// What a command's outcome has to be.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Its exit code.
    pub exit_code: i32,
    /// Text that its standard output contains.
    pub contains: Option<String>,
    /// What its standard output matches.
    pub regex: Option<Regex>,
    /// A part of the JSON that its standard output is.
    pub json: Option<Value>,
    /// A condition over it.
    pub that: Option<Template>,
}

/// What a command gave back.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Output {
    /// Its standard output.
    pub stdout: String,
    /// Its standard error.
    pub stderr: String,
    /// Its exit code.
    pub exit_code: i32,
}

impl Output {
    /// The names by which expressions know it.
    pub fn scope(&self, scope: &Scope) -> Scope {
        scope
            .clone()
            .with("stdout", self.stdout.as_str())
            .with("stderr", self.stderr.as_str())
            .with("exitCode", self.exit_code)
    }

    /// What is kept of it.
    pub fn as_value(&self) -> Value {
        serde_json::json!({
            "stdout": self.stdout,
            "stderr": self.stderr,
            "exitCode": self.exit_code,
        })
    }

    /// What it came to, in one line.
    pub fn summary(&self) -> String {
        let said = if self.stdout.trim().is_empty() {
            self.stderr.trim()
        } else {
            self.stdout.trim()
        };
        let last = said.lines().last().unwrap_or("nothing");
        match self.exit_code {
            0 => last.to_owned(),
            code => format!("exit code {code}: {last}"),
        }
    }
}

/// Every difference between what is asked and what came of it.
pub fn judge(asked: &Asked, output: &Output, scope: &Scope) -> Result<Vec<Mismatch>, ExprError> {
    let mut mismatches = Vec::new();
    let mut differs = |path: &str, expected: String, seen: String| {
        mismatches.push(Mismatch {
            object: String::new(),
            path: path.to_owned(),
            expected,
            seen,
        });
    };
    let stdout = &output.stdout;
    if output.exit_code != asked.exit_code {
        let (expected, seen) = (asked.exit_code.to_string(), output.exit_code.to_string());
        differs("exit code", expected, seen);
    }
    if let Some(wanted) = &asked.contains
        && !stdout.contains(wanted)
    {
        differs("stdout", format!("contains `{wanted}`"), stdout.clone());
    }
    if let Some(regex) = &asked.regex
        && !regex.is_match(stdout)
    {
        differs("stdout", format!("matches `{regex}`"), stdout.clone());
    }
    if let Some(that) = &asked.that {
        match that.render(&output.scope(scope)) {
            Ok(Value::Bool(true)) => {}
            Ok(Value::Bool(false)) => {
                differs("that", objects::expression(that), "false".to_owned());
            }
            Ok(_) => return Err(objects::failed(that, "it is neither true nor false")),
            Err(error) => return Err(error),
        }
    }
    if let Some(expected) = &asked.json {
        match serde_json::from_str::<Value>(stdout) {
            Ok(seen) => mismatches.extend(matching::compare(expected, &seen)),
            Err(error) => differs("stdout", "JSON".to_owned(), format!("{error}: {stdout}")),
        }
    }
    Ok(mismatches)
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;
    use serde_json::json;

    use super::*;

    fn check(asked: &Asked, stdout: &str, exit_code: i32) -> String {
        let output = Output {
            stdout: stdout.to_owned(),
            stderr: String::new(),
            exit_code,
        };
        let mismatches = judge(asked, &output, &Scope::new()).unwrap();
        let line = |it: &Mismatch| format!("{}: {} / {}", it.path, it.expected, it.seen);
        let lines: Vec<_> = mismatches.iter().map(line).collect();
        lines.join("\n")
    }

    fn nothing() -> Asked {
        Asked {
            exit_code: 0,
            contains: None,
            regex: None,
            json: None,
            that: None,
        }
    }

    #[test]
    fn everything_that_differs_is_said() {
        let asked = Asked {
            contains: Some("OK".to_owned()),
            regex: Some(Regex::new("^role:master$").unwrap()),
            that: Some(Template::expression("size(stdout) > 9").unwrap()),
            ..nothing()
        };
        assert_snapshot!(check(&asked, "down", 1), @r"
        exit code: 0 / 1
        stdout: contains `OK` / down
        stdout: matches `^role:master$` / down
        that: size(stdout) > 9 / false
        ");
    }

    #[test]
    fn json_is_matched_in_part() {
        let asked = Asked {
            json: Some(json!({"state": "ok", "slots": [{"name": "b"}]})),
            ..nothing()
        };
        let right = r#"{"state": "ok", "more": 1, "slots": [{"name": "a"}, {"name": "b"}]}"#;
        assert_snapshot!(check(&asked, right, 0), @"");
        assert_snapshot!(check(&asked, r#"{"state": "fail", "slots": []}"#, 0), @r#"
        .slots[name=b]: {"name":"b"} / not there
        .state: ok / fail
        "#);
        assert_snapshot!(check(&asked, "CLUSTERDOWN", 0), @"stdout: JSON / expected value at line 1 column 1: CLUSTERDOWN");
    }

    #[test]
    fn a_condition_is_true_or_false() {
        let asked = Asked {
            that: Some(Template::expression("stdout").unwrap()),
            ..nothing()
        };
        assert!(judge(&asked, &Output::default(), &Scope::new()).is_err());
    }
}
