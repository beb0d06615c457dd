//! What can be wrong with a template, before and while it is rendered.

use std::{fmt, ops::Range};

use thiserror::Error;

/// One step on the way from the root of a template to one of its strings.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum PathStep {
    /// To the value of a key.
    Key(String),
    /// To the item of a list, from 0.
    Index(usize),
    /// To a key itself: keys may hold expressions, too.
    Name(String),
}

/// A place inside one string of a template.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Location {
    /// The way to the string.
    pub path: Vec<PathStep>,
    /// The bytes within the string.
    pub range: Range<usize>,
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, step) in self.path.iter().enumerate() {
            match step {
                PathStep::Key(key) | PathStep::Name(key) if number == 0 => f.write_str(key)?,
                PathStep::Key(key) | PathStep::Name(key) => write!(f, ".{key}")?,
                PathStep::Index(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}

/// What is wrong with the text of an expression.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TemplateMistake {
    /// `${{` that nothing ends.
    #[error("`${{{{` without `}}}}`")]
    Unended,
    /// `${{ }}`.
    #[error("there is no expression in `${{{{ }}}}`")]
    Empty,
    /// A bare expression that is written in braces all the same.
    #[error("this is an expression already")]
    Braces,
    /// It is not CEL.
    #[error("{0}")]
    Syntax(String),
    /// It is longer than anything a person would write.
    #[error("the expression is too long: {0} bytes, at most {1}")]
    TooLong(usize, usize),
    /// It is nested too deeply, or has too many operators.
    #[error("the expression is too complex")]
    TooComplex,
}

/// A template that is not one.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{mistake}")]
pub struct TemplateError {
    /// Where.
    pub at: Location,
    /// What.
    pub mistake: TemplateMistake,
}

/// All that is wrong with a template, in its own order; never empty.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
pub struct TemplateErrors(pub Vec<TemplateError>);

/// Why a template could not be rendered.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ExprError {
    /// Something that the expression names is not there: for an expectation
    /// that waits, not yet.
    #[error("`{expression}`: there is no `{what}`")]
    Missing {
        /// What is missing, with the way to it where that is known.
        what: String,
        /// The expression.
        expression: String,
        /// Where the expression stands.
        at: Location,
    },
    /// The expression cannot be evaluated.
    #[error("`{expression}`: {reason}")]
    Failed {
        /// Why.
        reason: String,
        /// The expression.
        expression: String,
        /// Where the expression stands.
        at: Location,
    },
    /// A list, a map or null in the middle of text.
    #[error("`{expression}` is {kind}, which cannot be part of text")]
    NotText {
        /// What it is, as `a list`.
        kind: &'static str,
        /// The expression.
        expression: String,
        /// Where the expression stands.
        at: Location,
    },
    /// Two keys of a map are the same once rendered.
    #[error("the key `{key}` comes out twice")]
    SameKey {
        /// The key.
        key: String,
        /// Where the second one stands.
        at: Location,
    },
}

impl ExprError {
    /// Where the expression stands.
    pub const fn at(&self) -> &Location {
        match self {
            Self::Missing { at, .. }
            | Self::Failed { at, .. }
            | Self::NotText { at, .. }
            | Self::SameKey { at, .. } => at,
        }
    }

    /// Whether something is only missing, and may be there later.
    pub const fn is_missing(&self) -> bool {
        matches!(self, Self::Missing { .. })
    }

    /// The same error, as seen from the root of the template.
    pub(crate) fn under(mut self, path: &[PathStep]) -> Self {
        let (Self::Missing { at, .. }
        | Self::Failed { at, .. }
        | Self::NotText { at, .. }
        | Self::SameKey { at, .. }) = &mut self;
        at.path = path.to_vec();
        self
    }
}
