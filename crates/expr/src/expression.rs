//! One CEL expression: parsed once, evaluated often.

use std::{
    fmt,
    ops::Range,
    sync::{Arc, LazyLock},
};

use cel::{Context, Env, ExecutionError, Program, Value as Cel};
use serde_json::Value;

use crate::{
    convert::to_json,
    error::{ExprError, Location, TemplateMistake},
    names::{Names, names},
    scan::{Fault, check},
    scope::Scope,
    stack::with_room,
    syntax::complaint,
};

/// How deep loops (`map`, `exists`, …) may be nested: each multiplies the time.
const MAX_LOOPS: usize = 3;

static ENVIRONMENT: LazyLock<Arc<Env>> = LazyLock::new(|| {
    let mut environment = Env::stdlib();
    // It declares nothing that the standard library has: this cannot fail.
    let added = environment.add_extension(cel::extensions::strings);
    debug_assert_eq!(added, Ok(()));
    Arc::new(environment)
});

/// A parsed expression and its text.
pub(crate) struct Expression {
    text: String,
    weight: usize,
    program: Program,
    names: Names,
}

impl fmt::Debug for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "${{{{ {} }}}}", self.text.trim())
    }
}

impl Expression {
    /// Parses `text`; places in the mistake are bytes of `text`.
    pub(crate) fn parse(text: &str) -> Result<Self, Fault> {
        let weight = check(text)?;
        let too_complex = || (0..text.len(), TemplateMistake::TooComplex);
        let (program, names) =
            with_room(weight, || Self::compile(text)).ok_or_else(too_complex)??;
        if let Some(foreign) = names.foreign {
            let reason = format!("{foreign} is not part of the language");
            return Err((0..text.len(), TemplateMistake::Syntax(reason)));
        }
        if names.loops > MAX_LOOPS {
            return Err(too_complex());
        }
        Ok(Self {
            text: text.to_owned(),
            weight,
            program,
            names,
        })
    }

    fn compile(text: &str) -> Result<(Program, Names), Fault> {
        let program = ENVIRONMENT.compile(text).map_err(|errors| {
            let (range, reason) = complaint(&errors, text);
            (range, TemplateMistake::Syntax(reason))
        })?;
        let names = names(&program, text);
        Ok((program, names))
    }

    /// Its text, as written.
    pub(crate) fn text(&self) -> &str {
        self.text.trim()
    }

    /// The names that it uses, with places in its text.
    pub(crate) fn names(&self) -> &Names {
        &self.names
    }

    /// Its value; `range` is where it stands in its string.
    pub(crate) fn evaluate(&self, scope: &Scope, range: &Range<usize>) -> Result<Value, ExprError> {
        with_room(self.weight, || self.execute(scope, range)).unwrap_or_else(|| {
            Err(self.failed("there is no room to evaluate it".to_owned(), range))
        })
    }

    fn execute(&self, scope: &Scope, range: &Range<usize>) -> Result<Value, ExprError> {
        let mut context = Context::with_env(Arc::clone(&ENVIRONMENT));
        context.set_variable_resolver(scope);
        let value: Cel = self
            .program
            .execute(&context)
            .map_err(|error| self.failure(&error, scope, range))?;
        to_json(&value).map_err(|reason| self.failed(reason, range))
    }

    fn failure(&self, error: &ExecutionError, scope: &Scope, range: &Range<usize>) -> ExprError {
        let missing = match error {
            ExecutionError::NoSuchKey(key) => self.way_to(key, scope),
            ExecutionError::UndeclaredReference(name) if self.calls(name) => {
                return self.failed(format!("there is no function `{name}`"), range);
            }
            ExecutionError::UndeclaredReference(name) => name.to_string(),
            ExecutionError::IndexOutOfBounds(index) => format!("[{}]", plain(index)),
            other => return self.failed(reason(other), range),
        };
        ExprError::Missing {
            what: missing,
            expression: self.text().to_owned(),
            at: at(range),
        }
    }

    fn calls(&self, name: &str) -> bool {
        self.names
            .calls
            .iter()
            .any(|(function, _)| function == name)
    }

    fn failed(&self, reason: String, range: &Range<usize>) -> ExprError {
        ExprError::Failed {
            reason,
            expression: self.text().to_owned(),
            at: at(range),
        }
    }

    /// The way to a missing key, where the expression goes it step by step.
    fn way_to(&self, key: &str, scope: &Scope) -> String {
        for (root, path, _) in &self.names.references {
            let mut here = scope.get(root);
            for (depth, step) in path.iter().enumerate() {
                here = here.and_then(|value| value.get(step));
                if here.is_none() && step == key {
                    return format!("{root}.{}", path[..=depth].join("."));
                }
            }
        }
        key.to_owned()
    }
}

fn at(range: &Range<usize>) -> Location {
    Location {
        path: Vec::new(),
        range: range.clone(),
    }
}

/// Why an evaluation failed, without the dumps of whole objects.
fn reason(error: &ExecutionError) -> String {
    match error {
        ExecutionError::NoSuchOverload(overload) if overload.function() == "_._" => {
            let of = overload
                .argument_types()
                .first()
                .map_or("this", String::as_str);
            format!("a {of} has no keys")
        }
        ExecutionError::NoSuchOverload(overload) => format!(
            "`{}` does not work on {}",
            operator(overload.function()),
            overload.argument_types().join(" and "),
        ),
        ExecutionError::ValuesNotComparable(left, right) => {
            format!(
                "a {} cannot be compared with a {}",
                left.type_of(),
                right.type_of()
            )
        }
        ExecutionError::UnsupportedBinaryOperator(name, left, right) => {
            format!(
                "`{}` does not work on {} and {}",
                operator(name),
                left.type_of(),
                right.type_of()
            )
        }
        ExecutionError::UnsupportedIndex(index, value) => {
            format!(
                "a {} has no index of type {}",
                value.type_of(),
                index.type_of()
            )
        }
        ExecutionError::UnexpectedType { got, want } => format!("a {want} is needed, not a {got}"),
        ExecutionError::FunctionError { function, message } => {
            let message = message.lines().last().unwrap_or_default();
            format!("`{function}`: {message}")
        }
        ExecutionError::DivisionByZero(_) | ExecutionError::RemainderByZero(_) => {
            "division by zero".to_owned()
        }
        ExecutionError::Overflow(..) => "the number is too large".to_owned(),
        ExecutionError::DuplicateKey(key) => format!("the key `{}` is there twice", plain(key)),
        other => shortened(&other.to_string()),
    }
}

/// `_+_` as a person writes it.
fn operator(name: &str) -> &str {
    match name {
        "_?_:_" => "? :",
        "_[_]" => "[ ]",
        "@in" => "in",
        "add" => "+",
        other => other.trim_matches('_'),
    }
}

fn plain(value: &Cel) -> String {
    match to_json(value) {
        Ok(Value::String(text)) => text,
        Ok(json) => json.to_string(),
        Err(_) => value.type_of().to_string(),
    }
}

fn shortened(text: &str) -> String {
    const LONGEST: usize = 160;
    match text.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}
