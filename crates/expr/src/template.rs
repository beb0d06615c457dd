//! JSON that still holds expressions.

use std::{fmt, ops::Range, sync::Arc};

use serde_json::{Map, Value};

use crate::{
    error::{ExprError, Location, PathStep, TemplateError, TemplateErrors, TemplateMistake},
    expression::Expression,
    names::{Call, Names, Reference},
    scan::{Fault, Part, split},
    scope::Scope,
};

/// JSON that still holds expressions. A clone is cheap.
#[derive(Clone)]
pub struct Template {
    source: Arc<Value>,
    node: Arc<Node>,
}

/// A part of a template, as deep as it holds expressions.
enum Node {
    Constant(Value),
    Whole(Box<Placed>),
    Text(Vec<Piece>),
    List(Vec<Node>),
    Map(Vec<(Name, Node)>),
}

/// A key as it is written, and what it holds.
struct Name {
    written: String,
    pieces: Option<Vec<Piece>>,
}

enum Piece {
    Text(String),
    Expression(Box<Placed>),
}

/// An expression, where it stands in its string, and where its own text begins there.
struct Placed {
    expression: Expression,
    whole: Range<usize>,
    inner: usize,
}

impl Template {
    /// Finds the expressions in every string of `source`, keys included.
    pub fn parse(source: Value) -> Result<Self, TemplateErrors> {
        let mut parser = Parser::default();
        let node = parser.node(&source);
        if parser.errors.is_empty() {
            Ok(Self {
                source: Arc::new(source),
                node: Arc::new(node),
            })
        } else {
            Err(TemplateErrors(parser.errors))
        }
    }

    /// A bare expression, as `item + 1`.
    pub fn expression(text: &str) -> Result<Self, TemplateErrors> {
        let error = |(range, mistake): Fault| {
            let at = Location {
                path: Vec::new(),
                range,
            };
            TemplateErrors(vec![TemplateError { at, mistake }])
        };
        if text.trim_start().starts_with("${{") {
            return Err(error((0..text.len(), TemplateMistake::Braces)));
        }
        let expression = Expression::parse(text).map_err(error)?;
        let placed = Placed {
            expression,
            whole: 0..text.len(),
            inner: 0,
        };
        Ok(Self {
            source: Arc::new(Value::String(format!("${{{{ {} }}}}", text.trim()))),
            node: Arc::new(Node::Whole(Box::new(placed))),
        })
    }

    /// JSON that is taken as it is, whatever its strings look like.
    pub fn constant(value: Value) -> Self {
        Self {
            source: Arc::new(value.clone()),
            node: Arc::new(Node::Constant(value)),
        }
    }

    /// As it is written; a bare expression comes in braces.
    pub fn source(&self) -> &Value {
        &self.source
    }

    /// Its value, where no expression is in it.
    pub fn as_constant(&self) -> Option<&Value> {
        match &*self.node {
            Node::Constant(value) => Some(value),
            Node::Whole(_) | Node::Text(_) | Node::List(_) | Node::Map(_) => None,
        }
    }

    /// Whether no expression is in it.
    pub fn is_constant(&self) -> bool {
        self.as_constant().is_some()
    }

    /// The JSON that it gives with the values of `scope`.
    pub fn render(&self, scope: &Scope) -> Result<Value, ExprError> {
        self.node.render(scope, &mut Vec::new())
    }

    /// The text that it gives: for names, paths and commands, where a number is as good as its
    /// digits.
    pub fn render_text(&self, scope: &Scope) -> Result<String, ExprError> {
        let value = self.render(scope)?;
        as_text(&value).ok_or_else(|| ExprError::NotText {
            kind: kind(&value),
            expression: as_text(&self.source).unwrap_or_else(|| self.source.to_string()),
            at: Location::default(),
        })
    }

    /// The names that its expressions use, in the order of the text.
    pub fn references(&self) -> Vec<Reference> {
        let mut found = Vec::new();
        self.node.visit(&mut Vec::new(), &mut |names, path, inner| {
            found.extend(
                names
                    .references
                    .iter()
                    .map(|(root, keys, range)| Reference {
                        root: root.clone(),
                        path: keys.clone(),
                        at: Location {
                            path: path.to_vec(),
                            range: range.start + inner..range.end + inner,
                        },
                    }),
            );
        });
        found
    }

    /// The functions that its expressions call, in the order of the text.
    pub fn calls(&self) -> Vec<Call> {
        let mut found = Vec::new();
        self.node.visit(&mut Vec::new(), &mut |names, path, inner| {
            found.extend(names.calls.iter().map(|(function, range)| Call {
                function: function.clone(),
                at: Location {
                    path: path.to_vec(),
                    range: range.start + inner..range.end + inner,
                },
            }));
        });
        found
    }

    /// Whether an expression in it has a loop (`map`, `exists`, …): its time grows with the data.
    pub fn has_loops(&self) -> bool {
        let mut loops = false;
        self.node
            .visit(&mut Vec::new(), &mut |names, _, _| loops |= names.loops > 0);
        loops
    }
}

impl fmt::Debug for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Template({})", self.source)
    }
}

impl PartialEq for Template {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source && self.is_constant() == other.is_constant()
    }
}

#[derive(Default)]
struct Parser {
    path: Vec<PathStep>,
    errors: Vec<TemplateError>,
}

impl Parser {
    fn node(&mut self, value: &Value) -> Node {
        match value {
            Value::Null | Value::Bool(_) | Value::Number(_) => Node::Constant(value.clone()),
            Value::String(text) => self.text(text),
            Value::Array(items) => {
                let nodes: Vec<Node> = items
                    .iter()
                    .enumerate()
                    .map(|(index, item)| self.at(PathStep::Index(index), |this| this.node(item)))
                    .collect();
                if nodes.iter().all(Node::is_constant) {
                    Node::Constant(value.clone())
                } else {
                    Node::List(nodes)
                }
            }
            Value::Object(map) => {
                let entries: Vec<(Name, Node)> = map
                    .iter()
                    .map(|(key, value)| (self.name(key), self.entry(key, value)))
                    .collect();
                if entries
                    .iter()
                    .all(|(name, node)| name.pieces.is_none() && node.is_constant())
                {
                    Node::Constant(value.clone())
                } else {
                    Node::Map(entries)
                }
            }
        }
    }

    fn entry(&mut self, key: &str, value: &Value) -> Node {
        self.at(PathStep::Key(key.to_owned()), |this| this.node(value))
    }

    fn name(&mut self, key: &str) -> Name {
        let pieces = if key.contains("${{") {
            self.at(PathStep::Name(key.to_owned()), |this| this.pieces(key))
        } else {
            None
        };
        Name {
            written: key.to_owned(),
            pieces,
        }
    }

    fn at<T>(&mut self, step: PathStep, work: impl FnOnce(&mut Self) -> T) -> T {
        self.path.push(step);
        let done = work(self);
        self.path.pop();
        done
    }

    fn text(&mut self, text: &str) -> Node {
        let constant = || Node::Constant(Value::String(text.to_owned()));
        let Some(mut pieces) = self.pieces(text) else {
            return constant();
        };
        match (pieces.len(), pieces.pop()) {
            (1, Some(Piece::Expression(placed))) => Node::Whole(placed),
            (1, _) | (_, None) => constant(),
            (_, Some(last)) => {
                pieces.push(last);
                Node::Text(pieces)
            }
        }
    }

    fn pieces(&mut self, text: &str) -> Option<Vec<Piece>> {
        let parts = match split(text) {
            Ok(parts) => parts,
            Err(fault) => {
                self.fault(fault);
                return None;
            }
        };
        let pieces: Vec<Option<Piece>> = parts
            .into_iter()
            .map(|part| match part {
                Part::Text(range) => Some(Piece::Text(text[range].to_owned())),
                Part::Expression { whole, inner } => self.placed(text, whole, inner),
            })
            .collect();
        pieces.into_iter().collect()
    }

    fn placed(&mut self, text: &str, whole: Range<usize>, inner: Range<usize>) -> Option<Piece> {
        match Expression::parse(&text[inner.clone()]) {
            Ok(expression) => Some(Piece::Expression(Box::new(Placed {
                expression,
                whole,
                inner: inner.start,
            }))),
            Err((range, mistake)) => {
                self.fault((range.start + inner.start..range.end + inner.start, mistake));
                None
            }
        }
    }

    fn fault(&mut self, (range, mistake): Fault) {
        let at = Location {
            path: self.path.clone(),
            range,
        };
        self.errors.push(TemplateError { at, mistake });
    }
}

impl Node {
    const fn is_constant(&self) -> bool {
        matches!(self, Self::Constant(_))
    }

    fn render(&self, scope: &Scope, path: &mut Vec<PathStep>) -> Result<Value, ExprError> {
        match self {
            Self::Constant(value) => Ok(value.clone()),
            Self::Whole(placed) => placed.evaluate(scope, path),
            Self::Text(pieces) => render_pieces(pieces, scope, path).map(Value::String),
            Self::List(nodes) => nodes
                .iter()
                .enumerate()
                .map(|(index, node)| {
                    path.push(PathStep::Index(index));
                    let value = node.render(scope, path)?;
                    path.pop();
                    Ok(value)
                })
                .collect::<Result<Vec<_>, _>>()
                .map(Value::Array),
            Self::Map(entries) => {
                let mut map = Map::new();
                for (name, node) in entries {
                    let key = name.render(scope, path)?;
                    path.push(PathStep::Key(name.written.clone()));
                    let value = node.render(scope, path)?;
                    if map.insert(key.clone(), value).is_some() {
                        return Err(ExprError::SameKey {
                            key,
                            at: Location::default(),
                        }
                        .under(path));
                    }
                    path.pop();
                }
                Ok(Value::Object(map))
            }
        }
    }

    /// Calls `see` with the names of each expression, the way to its string, and where its text
    /// begins there.
    fn visit(&self, path: &mut Vec<PathStep>, see: &mut dyn FnMut(&Names, &[PathStep], usize)) {
        match self {
            Self::Constant(_) => {}
            Self::Whole(placed) => see(placed.expression.names(), path, placed.inner),
            Self::Text(pieces) => visit_pieces(pieces, path, see),
            Self::List(nodes) => {
                for (index, node) in nodes.iter().enumerate() {
                    path.push(PathStep::Index(index));
                    node.visit(path, see);
                    path.pop();
                }
            }
            Self::Map(entries) => {
                for (name, node) in entries {
                    if let Some(pieces) = &name.pieces {
                        path.push(PathStep::Name(name.written.clone()));
                        visit_pieces(pieces, path, see);
                        path.pop();
                    }
                    path.push(PathStep::Key(name.written.clone()));
                    node.visit(path, see);
                    path.pop();
                }
            }
        }
    }
}

fn visit_pieces(
    pieces: &[Piece],
    path: &[PathStep],
    see: &mut dyn FnMut(&Names, &[PathStep], usize),
) {
    for piece in pieces {
        if let Piece::Expression(placed) = piece {
            see(placed.expression.names(), path, placed.inner);
        }
    }
}

impl Name {
    fn render(&self, scope: &Scope, path: &mut Vec<PathStep>) -> Result<String, ExprError> {
        let Some(pieces) = &self.pieces else {
            return Ok(self.written.clone());
        };
        path.push(PathStep::Name(self.written.clone()));
        let key = render_pieces(pieces, scope, path)?;
        path.pop();
        Ok(key)
    }
}

impl Placed {
    fn evaluate(&self, scope: &Scope, path: &[PathStep]) -> Result<Value, ExprError> {
        self.expression
            .evaluate(scope, &self.whole)
            .map_err(|error| error.under(path))
    }
}

fn render_pieces(pieces: &[Piece], scope: &Scope, path: &[PathStep]) -> Result<String, ExprError> {
    let mut text = String::new();
    for piece in pieces {
        match piece {
            Piece::Text(plain) => text.push_str(plain),
            Piece::Expression(placed) => {
                let value = placed.evaluate(scope, path)?;
                text.push_str(&as_text(&value).ok_or_else(|| ExprError::NotText {
                    kind: kind(&value),
                    expression: placed.expression.text().to_owned(),
                    at: Location {
                        path: path.to_vec(),
                        range: placed.whole.clone(),
                    },
                })?);
            }
        }
    }
    Ok(text)
}

fn as_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(truth) => Some(truth.to_string()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

const fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a map",
    }
}
