//! The names that an expression uses, read off its syntax tree.

use std::{collections::HashMap, ops::Range};

use cel::{
    Program,
    common::ast::{EntryExpr, Expr, IdedExpr, LiteralValue, operators},
};

use crate::error::Location;

/// The functions of the language, in alphabetical order.
pub const FUNCTIONS: &[&str] = &[
    "all",
    "bool",
    "bytes",
    "charAt",
    "contains",
    "double",
    "dyn",
    "endsWith",
    "exists",
    "existsOne",
    "exists_one",
    "filter",
    "format",
    "has",
    "indexOf",
    "int",
    "join",
    "lastIndexOf",
    "lowerAscii",
    "map",
    "matches",
    "replace",
    "reverse",
    "size",
    "split",
    "startsWith",
    "string",
    "substring",
    "trim",
    "type",
    "uint",
    "upperAscii",
];

/// Names of types are values, too: `type(x) == string`.
const TYPES: &[&str] = &[
    "bool",
    "bytes",
    "double",
    "dyn",
    "int",
    "list",
    "map",
    "null_type",
    "string",
    "type",
    "uint",
];

/// A name from outside that an expression uses, and the keys that follow it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// The name, as `values`.
    pub root: String,
    /// The keys that follow and are known from the text alone: `place` of
    /// `values.place[0]`, `a.b` of `nodes['a.b']`.
    pub path: Vec<String>,
    /// Where it stands: from the name to the last of those keys.
    pub at: Location,
}

/// A function that an expression calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// The function.
    pub function: String,
    /// Where its name stands.
    pub at: Location,
}

/// The names of one expression, with places in its own text.
#[derive(Debug, Default)]
pub(crate) struct Names {
    pub(crate) references: Vec<(String, Vec<String>, Range<usize>)>,
    pub(crate) calls: Vec<(String, Range<usize>)>,
    /// How deep its loops are nested.
    pub(crate) loops: usize,
    /// Something the evaluator does not know.
    pub(crate) foreign: Option<&'static str>,
}

/// Reads the names off a parsed expression.
pub(crate) fn names(program: &Program, text: &str) -> Names {
    let mut reader = Reader {
        program,
        text,
        bound: HashMap::new(),
        depth: 0,
        found: Names::default(),
    };
    reader.read(program.expression());
    reader
        .found
        .references
        .sort_by_key(|(_, _, range)| range.start);
    reader.found.calls.sort_by_key(|(_, range)| range.start);
    reader.found
}

struct Reader<'a> {
    program: &'a Program,
    text: &'a str,
    /// Loop variables, and how many loops around here bind each.
    bound: HashMap<String, usize>,
    depth: usize,
    found: Names,
}

impl Reader<'_> {
    fn read(&mut self, node: &IdedExpr) {
        if let Some((root, id, path)) = static_path(node) {
            return self.refer(root, id, path);
        }
        match &node.expr {
            Expr::Unspecified => self.found.foreign = Some("an empty part"),
            Expr::Literal(_) | Expr::Ident(_) => {}
            Expr::Select(select) => self.read(&select.operand),
            Expr::List(list) => list.elements.iter().for_each(|item| self.read(item)),
            Expr::Map(map) => map.entries.iter().for_each(|entry| self.entry(&entry.expr)),
            Expr::Struct(_) => self.found.foreign = Some("a message literal"),
            Expr::Call(call) => {
                self.call(&call.func_name, node.id);
                call.target.iter().for_each(|target| self.read(target));
                call.args.iter().for_each(|argument| self.read(argument));
            }
            Expr::Comprehension(comprehension) => self.comprehension(comprehension),
        }
    }

    fn entry(&mut self, entry: &EntryExpr) {
        match entry {
            EntryExpr::MapEntry(entry) => {
                self.read(&entry.key);
                self.read(&entry.value);
            }
            EntryExpr::StructField(field) => self.read(&field.value),
        }
    }

    fn comprehension(&mut self, of: &cel::common::ast::ComprehensionExpr) {
        self.read(&of.iter_range);
        self.read(&of.accu_init);
        let variables: Vec<String> = [
            Some(&of.iter_var),
            of.iter_var2.as_ref(),
            Some(&of.accu_var),
        ]
        .into_iter()
        .flatten()
        .cloned()
        .collect();
        for variable in &variables {
            *self.bound.entry(variable.clone()).or_default() += 1;
        }
        self.depth += 1;
        self.found.loops = self.found.loops.max(self.depth);
        self.read(&of.loop_cond);
        self.read(&of.loop_step);
        self.read(&of.result);
        self.depth -= 1;
        for variable in &variables {
            if let Some(count) = self.bound.get_mut(variable) {
                *count -= 1;
            }
        }
    }

    fn refer(&mut self, root: &str, id: u64, path: Vec<String>) {
        let name = root.strip_prefix('.').unwrap_or(root);
        let is_bound = self.bound.get(name).is_some_and(|count| *count > 0);
        if is_bound || name.starts_with('@') || TYPES.contains(&name) {
            return;
        }
        let start = self.start(id);
        let end = self.end_of(start, root, &path);
        self.found
            .references
            .push((name.to_owned(), path, start..end));
    }

    fn call(&mut self, function: &str, id: u64) {
        if function.starts_with(['_', '!', '-', '@']) {
            return;
        }
        // The place that the parser keeps is the bracket; the name is before it.
        let bracket = self.start(id);
        let before = self.text[..bracket].trim_end();
        let range = match before.strip_suffix(function) {
            Some(rest) => rest.len()..before.len(),
            None => bracket..(bracket + 1).min(self.text.len()),
        };
        self.found.calls.push((function.to_owned(), range));
    }

    fn start(&self, id: u64) -> usize {
        let (start, _) = self
            .program
            .source_info()
            .offset_for(id)
            .unwrap_or_default();
        let start = usize::try_from(start).unwrap_or(0);
        self.text.floor_char_boundary(start)
    }

    /// Walks over the keys as they are written, as far as they are written plainly.
    fn end_of(&self, start: usize, root: &str, path: &[String]) -> usize {
        let mut end = (start + root.len()).min(self.text.len());
        for key in path {
            let rest = &self.text[end..];
            let Some(found) = rest.find(key.as_str()) else {
                break;
            };
            let between = &rest[..found];
            if !between
                .chars()
                .all(|c| matches!(c, '.' | '[' | '\'' | '"' | ' '))
            {
                break;
            }
            end += found + key.len();
            let closing = self.text[end..].find(|c| !matches!(c, '\'' | '"' | ']'));
            end += closing.unwrap_or(self.text.len() - end);
        }
        end
    }
}

/// A name and the literal keys that follow it, where that is all there is.
fn static_path(node: &IdedExpr) -> Option<(&str, u64, Vec<String>)> {
    match &node.expr {
        Expr::Ident(name) => Some((name, node.id, Vec::new())),
        Expr::Select(select) => {
            let (root, id, mut path) = static_path(&select.operand)?;
            path.push(select.field.clone());
            Some((root, id, path))
        }
        Expr::Call(call) if call.func_name == operators::INDEX => {
            let [base, index] = call.args.as_slice() else {
                return None;
            };
            let Expr::Literal(LiteralValue::String(key)) = &index.expr else {
                return None;
            };
            let (root, id, mut path) = static_path(base)?;
            path.push(key.inner().to_owned());
            Some((root, id, path))
        }
        Expr::Call(_)
        | Expr::Unspecified
        | Expr::Comprehension(_)
        | Expr::List(_)
        | Expr::Literal(_)
        | Expr::Map(_)
        | Expr::Struct(_) => None,
    }
}
