//! What commands and scripts have to come to.

use regex::Regex;
use stayput_events::Failure;
use stayput_expr::{ExprError, Scope, Template};
use stayput_judge::outcome::{self, Asked, Output};
use stayput_scenario::plan::CommandExpected;

use crate::{
    error::RunError,
    halt::Halt,
    session::{self, Session},
};

/// What is asked of a command, with all expressions rendered.
pub(crate) fn asked(expected: &CommandExpected, scope: &Scope) -> Result<Asked, RunError> {
    let text = |it: &Option<Template>| it.as_ref().map(|it| session::text(it, scope));
    Ok(Asked {
        exit_code: expected.exit_code,
        contains: text(&expected.contains).transpose()?,
        regex: regex(expected.regex.as_ref(), scope)?,
        json: expected
            .json
            .as_ref()
            .map(|it| session::value(it, scope))
            .transpose()?,
        that: expected.that.clone(),
    })
}

/// Renders a regular expression.
pub(crate) fn regex(regex: Option<&Template>, scope: &Scope) -> Result<Option<Regex>, RunError> {
    let Some(regex) = regex else {
        return Ok(None);
    };
    let text = session::text(regex, scope)?;
    match Regex::new(&text) {
        Ok(regex) => Ok(Some(regex)),
        Err(_) => Err(RunError::Type {
            what: "what is to be matched".to_owned(),
            seen: text,
            wanted: "a regular expression",
        }),
    }
}

/// Judges an outcome once.
pub(crate) fn judge(
    session: &Session,
    expected: &CommandExpected,
    scope: &Scope,
    output: &Output,
) -> Result<(), Halt> {
    let asked = asked(expected, scope)?;
    let mismatches = outcome::judge(&asked, output, scope).map_err(not_evaluated)?;
    if mismatches.is_empty() {
        session.found(output.summary());
        return Ok(());
    }
    Err(Halt::Failed(Box::new(Failure {
        summary: "the command did not come to what was expected".to_owned(),
        seen: format!("{}{}", output.stdout, output.stderr),
        mismatches,
        ..Failure::default()
    })))
}

/// An expression over an outcome that has no value.
pub(crate) fn not_evaluated(source: ExprError) -> RunError {
    RunError::Expression {
        what: "what is expected of a command".to_owned(),
        source,
    }
}
