//! The options of a request, from its query or its body.

use std::num::{IntErrorKind, ParseIntError};

use serde_json::{Value, json};

use super::request::Request;
use crate::issues::Issues;
use crate::status::Status;

/// What to do with fields that are unknown or repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Validation {
    /// Nothing.
    Ignore,
    /// Warn.
    Warn,
    /// Refuse.
    Strict,
}

/// Whether anything is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Persist {
    /// It is.
    Kept,
    /// Only the answer is wanted.
    DryRun,
}

/// The options of a write.
#[derive(Debug, Clone)]
pub(crate) struct WriteOptions {
    pub(crate) persist: Persist,
    pub(crate) manager: String,
    pub(crate) validation: Validation,
    /// `force`, if it was given.
    pub(crate) force: Option<bool>,
}

/// Which write, for the name of its options and what they may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Write {
    Create,
    Update,
    Patch,
    Apply,
}

fn parse_bool(request: &Request, name: &str) -> Option<bool> {
    match request.param(name) {
        "" if request.params(name).is_empty() => None,
        "false" | "0" => Some(false),
        // Go's conversion takes anything else for true.
        _ => Some(true),
    }
}

/// A whole number of the query.
pub(super) fn parse_int(request: &Request, name: &str) -> Result<Option<i64>, Status> {
    let values = request.params(name);
    let Some(text) = values.first() else {
        return Ok(None);
    };
    let parsed = text.parse::<i64>();
    let parsed = parsed.map_err(|error| unparsed("ParseInt", text, &error));
    parsed.map(Some).map_err(Status::bad_request)
}

/// Why a text is no number, as Go says it.
pub(super) fn unparsed(function: &str, text: &str, error: &ParseIntError) -> String {
    let why = match error.kind() {
        IntErrorKind::PosOverflow | IntErrorKind::NegOverflow => "value out of range",
        _ => "invalid syntax",
    };
    format!("strconv.{function}: parsing \"{text}\": {why}")
}

/// Checks `dryRun`.
pub(crate) fn dry_run(values: &[&str], issues: &mut Issues) -> Persist {
    if values.is_empty() {
        return Persist::Kept;
    }
    if values.iter().any(|value| *value != "All") {
        issues.unsupported("dryRun", &json!(values), &["All"]);
    }
    Persist::DryRun
}

/// Reads the options of a write.
pub(crate) fn write_options(request: &Request, write: Write) -> Result<WriteOptions, Status> {
    let mut issues = Issues::default();
    let force = parse_bool(request, "force");
    let manager = request.param("fieldManager");
    if write == Write::Apply {
        if manager.is_empty() {
            issues.required("fieldManager", "is required for apply patch");
        }
    } else if write == Write::Patch && force.is_some() {
        issues.forbidden("force", "may not be specified for non-apply patch");
    }
    if manager.len() > 128 {
        issues.too_long("fieldManager", "may not be more than 128 bytes");
    }
    let persist = dry_run(&request.params("dryRun"), &mut issues);
    let validation = match request.param("fieldValidation") {
        "" | "Warn" => Validation::Warn,
        "Ignore" => Validation::Ignore,
        "Strict" => Validation::Strict,
        other => {
            issues.unsupported(
                "fieldValidation",
                &json!(other),
                &["", "Ignore", "Strict", "Warn"],
            );
            Validation::Ignore
        }
    };
    if !issues.is_empty() {
        let kind = match write {
            Write::Create => "CreateOptions",
            Write::Update => "UpdateOptions",
            Write::Patch | Write::Apply => "PatchOptions",
        };
        return Err(Status::invalid_options(kind, &issues));
    }
    let manager = if manager.is_empty() {
        agent_name(&request.agent)
    } else {
        manager.to_owned()
    };
    Ok(WriteOptions {
        persist,
        manager,
        validation,
        force,
    })
}

/// Who does not say who it is, is called by its program's name.
fn agent_name(agent: &str) -> String {
    let name: String = agent
        .split('/')
        .next()
        .unwrap_or_default()
        .chars()
        .filter(|letter| !letter.is_control())
        .take(128)
        .collect();
    if name.is_empty() {
        "unknown".to_owned()
    } else {
        name
    }
}

/// The options of a list or a watch.
#[derive(Debug, Clone)]
pub(crate) struct ListOptions {
    pub(crate) watch: bool,
    pub(crate) limit: usize,
    pub(crate) continuation: String,
    pub(crate) revision: String,
    pub(crate) revision_match: String,
    pub(crate) bookmarks: bool,
    pub(crate) initial_events: Option<bool>,
    pub(crate) timeout: Option<u64>,
}

/// Reads the options of a list or a watch.
pub(crate) fn list_options(request: &Request) -> Result<ListOptions, Status> {
    let options = ListOptions {
        watch: parse_bool(request, "watch").unwrap_or_default(),
        limit: parse_int(request, "limit")?
            .and_then(|limit| usize::try_from(limit).ok())
            .unwrap_or_default(),
        continuation: request.param("continue").to_owned(),
        revision: request.param("resourceVersion").to_owned(),
        revision_match: request.param("resourceVersionMatch").to_owned(),
        bookmarks: parse_bool(request, "allowWatchBookmarks").unwrap_or_default(),
        initial_events: parse_bool(request, "sendInitialEvents"),
        timeout: parse_int(request, "timeoutSeconds")?
            .and_then(|seconds| u64::try_from(seconds).ok()),
    };
    let issues = if options.watch {
        watch_issues(&options)
    } else {
        list_issues(&options)
    };
    if !issues.is_empty() {
        return Err(Status::invalid_options("ListOptions", &issues));
    }
    Ok(options)
}

fn watch_issues(options: &ListOptions) -> Issues {
    const FIELD: &str = "resourceVersionMatch";
    let mut issues = Issues::default();
    match (options.initial_events, options.revision_match.as_str()) {
        (None, "") | (Some(_), "NotOlderThan") => {}
        (None, _) => issues.forbidden(
            FIELD,
            "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided",
        ),
        (Some(_), other) => {
            issues.forbidden(
                FIELD,
                "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan",
            );
            if !other.is_empty() {
                issues.unsupported(FIELD, &json!(other), &["NotOlderThan"]);
            }
        }
    }
    issues
}

fn list_issues(options: &ListOptions) -> Issues {
    const FIELD: &str = "resourceVersionMatch";
    let mut issues = Issues::default();
    if options.initial_events.is_some() {
        issues.forbidden(
            "sendInitialEvents",
            "sendInitialEvents is forbidden for list",
        );
    }
    if options.revision_match.is_empty() {
        return issues;
    }
    if options.revision.is_empty() {
        issues.forbidden(
            FIELD,
            "resourceVersionMatch is forbidden unless resourceVersion is provided",
        );
    }
    if !options.continuation.is_empty() {
        issues.forbidden(
            FIELD,
            "resourceVersionMatch is forbidden when continue is provided",
        );
    }
    match options.revision_match.as_str() {
        "Exact" if options.revision == "0" => {
            issues.forbidden(
                FIELD,
                "resourceVersionMatch \"Exact\" is forbidden for resourceVersion \"0\"",
            );
        }
        "Exact" | "NotOlderThan" => {}
        other => issues.unsupported(FIELD, &Value::from(other), &["Exact", "NotOlderThan", ""]),
    }
    issues
}
