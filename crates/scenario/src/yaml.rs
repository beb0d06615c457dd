//! YAML events to a tree with spans.
//!
//! Invariants:
//! - Depth, and the size of what aliases stand for, are bounded: whoever walks
//!   a tree comes to an end soon, and on a small stack.
//! - Keys are texts, and each is there once.

use std::{
    collections::{HashMap, HashSet},
    ops::Range,
};

use granit_parser::{ErrorKind, Event, Parser, ScalarStyle, ScanError, StrInput, Tag};

use crate::{
    problem::Problem,
    scalar::{Dialect, plain},
    source::{FileId, Kind, Node, NodeId, Sources, Span, Style},
};

/// How deep a document may be.
const MAX_DEPTH: usize = 64;
/// How many nodes a document may have once aliases are followed.
const MAX_NODES: usize = 200_000;
/// How long a file may be.
const MAX_BYTES: usize = 1 << 20;

/// Reads the tree of a file; what cannot be read is a problem.
pub(crate) fn read(sources: &mut Sources, file: FileId, dialect: Dialect) -> Vec<Problem> {
    let text = std::mem::take(&mut sources.file_mut(file).text);
    let mut builder = Builder::new(&text, file, dialect);
    if text.len() > MAX_BYTES {
        builder.problem(0..0, "the file is longer than 1 MiB");
    } else {
        builder.read();
    }
    let Builder {
        nodes,
        documents,
        problems,
        ..
    } = builder;
    let read = sources.file_mut(file);
    read.nodes = nodes;
    read.documents = documents;
    read.text = text;
    problems
}

struct Builder<'a> {
    text: &'a str,
    file: FileId,
    dialect: Dialect,
    nodes: Vec<Node>,
    /// How deep each node is, and how many nodes it stands for.
    sizes: Vec<(usize, usize)>,
    documents: Vec<NodeId>,
    anchors: HashMap<usize, NodeId>,
    /// How many nodes the aliases so far stand for, and whether that is too much.
    expanded: usize,
    too_large: bool,
    open: Vec<Open>,
    problems: Vec<Problem>,
}

/// A collection that has begun.
struct Open {
    kind: Collection,
    start: usize,
    anchor: usize,
}

enum Collection {
    List(Vec<NodeId>),
    Map {
        entries: Vec<(NodeId, NodeId)>,
        names: HashSet<String>,
        key: Key,
    },
}

/// How a scalar is read.
#[derive(Clone, Copy)]
enum Reading {
    /// As text, whatever it looks like.
    Text,
    /// As what it looks like.
    Plain,
}

/// What a map waits for.
enum Key {
    Awaited,
    Given(NodeId),
    /// It was a mistake; its value is read and left out.
    LeftOut,
}

impl<'a> Builder<'a> {
    fn new(text: &'a str, file: FileId, dialect: Dialect) -> Self {
        Self {
            text,
            file,
            dialect,
            nodes: Vec::new(),
            sizes: Vec::new(),
            documents: Vec::new(),
            anchors: HashMap::new(),
            expanded: 0,
            too_large: false,
            open: Vec::new(),
            problems: Vec::new(),
        }
    }

    fn read(&mut self) {
        let options = granit_parser::options! {
            emit_comments: false,
            emit_unresolved_aliases: true,
            flow_nesting_limit: MAX_DEPTH,
            block_nesting_limit: MAX_DEPTH,
        };
        let parser: Parser<'a, StrInput<'a>> =
            Parser::new_from_str_with_options(self.text, options);
        for next in parser {
            match next {
                Ok((event, span)) => {
                    let tag = span.tag_span().and_then(|span| span.byte_range());
                    self.event(event, span.byte_range().unwrap_or_default(), tag);
                }
                Err(error) => return self.scan_error(&error),
            }
        }
    }

    fn event(&mut self, event: Event<'a>, range: Range<usize>, tag_range: Option<Range<usize>>) {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let place = tag_range.unwrap_or_else(|| range.clone());
                let reading = self.reading(style, tag.as_deref(), place);
                let node = self.scalar(&text, style, reading, range);
                self.complete(node, anchor);
            }
            Event::SequenceStart(_, anchor, tag) => {
                self.collection_tag(tag.as_deref(), "seq", tag_range);
                self.start(Collection::List(Vec::new()), range, anchor);
            }
            Event::MappingStart(_, anchor, tag) => {
                self.collection_tag(tag.as_deref(), "map", tag_range);
                let map = Collection::Map {
                    entries: Vec::new(),
                    names: HashSet::new(),
                    key: Key::Awaited,
                };
                self.start(map, range, anchor);
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(range),
            Event::Alias(anchor) => self.alias(anchor, range),
            Event::UnresolvedAlias(name) => {
                self.problem(range.clone(), format!("there is no anchor `&{name}` above"));
                self.missing(range);
            }
            // Marks of documents and streams; no comments and anchors were asked for.
            _ => {}
        }
    }

    /// How a scalar is read.
    fn reading(&mut self, style: ScalarStyle, tag: Option<&Tag>, place: Range<usize>) -> Reading {
        match tag {
            None if style == ScalarStyle::Plain => Reading::Plain,
            None => Reading::Text,
            Some(tag) if tag.is_yaml_core_schema_tag("str") => Reading::Text,
            Some(tag) if tag.is_yaml_core_schema() => Reading::Plain,
            Some(_) => {
                self.problem(place, "tags of one's own are not part of the language");
                Reading::Text
            }
        }
    }

    fn scalar(
        &mut self,
        text: &str,
        style: ScalarStyle,
        reading: Reading,
        range: Range<usize>,
    ) -> NodeId {
        let style = match style {
            ScalarStyle::Plain => Style::Plain,
            ScalarStyle::SingleQuoted => Style::Single,
            ScalarStyle::DoubleQuoted => Style::Double,
            ScalarStyle::Literal | ScalarStyle::Folded => Style::Block,
        };
        let kind = match reading {
            Reading::Text => Kind::Text(text.to_owned()),
            Reading::Plain => plain(text, self.dialect),
        };
        self.add(Node { kind, range, style }, (1, 1))
    }

    fn collection_tag(&mut self, tag: Option<&Tag>, expected: &str, range: Option<Range<usize>>) {
        if tag.is_some_and(|tag| !tag.is_yaml_core_schema_tag(expected)) {
            let range = range.unwrap_or_default();
            self.problem(range, "tags of one's own are not part of the language");
        }
    }

    fn start(&mut self, kind: Collection, range: Range<usize>, anchor: usize) {
        self.open.push(Open {
            kind,
            start: range.start,
            anchor,
        });
    }

    fn end(&mut self, range: Range<usize>) {
        let Some(open) = self.open.pop() else { return };
        let (kind, children): (Kind, Vec<NodeId>) = match open.kind {
            Collection::List(items) => (Kind::List(items.clone()), items),
            Collection::Map { entries, .. } => {
                let entries = self.merged(entries);
                let children = entries
                    .iter()
                    .flat_map(|(key, value)| [*key, *value])
                    .collect();
                (Kind::Map(entries), children)
            }
        };
        let mut size = (1_usize, 1_usize);
        for child in &children {
            let (depth, count) = self.sizes[child.index as usize];
            size = (size.0.max(depth + 1), size.1.saturating_add(count));
        }
        let last = children.last().map_or(range.start, |last| {
            self.nodes[last.index as usize].range.end
        });
        // The end of a block collection lies after the white space that follows it.
        let end = if range.is_empty() { last } else { range.end };
        let range = open.start..end.max(open.start);
        let node = self.add(
            Node {
                kind,
                range,
                style: Style::Plain,
            },
            size,
        );
        self.complete(node, open.anchor);
    }

    /// Puts what `<<` stands for in its place; keys that are there already win.
    fn merged(&mut self, entries: Vec<(NodeId, NodeId)>) -> Vec<(NodeId, NodeId)> {
        let is_merge = |this: &Self, key: NodeId| {
            let node = &this.nodes[key.index as usize];
            node.style == Style::Plain && node.kind == Kind::Text("<<".to_owned())
        };
        if !entries.iter().any(|(key, _)| is_merge(self, *key)) {
            return entries;
        }
        let (merges, mut kept): (Vec<_>, Vec<_>) = entries
            .into_iter()
            .partition(|(key, _)| is_merge(self, *key));
        for (key, value) in merges {
            let sources = match &self.nodes[value.index as usize].kind {
                Kind::List(items) => items.clone(),
                _ => vec![value],
            };
            for source in sources {
                let Kind::Map(more) = self.nodes[source.index as usize].kind.clone() else {
                    let range = self.nodes[key.index as usize].range.clone();
                    self.problem(range, "`<<` takes a map, or a list of maps");
                    continue;
                };
                for (name, value) in more {
                    let kind = self.nodes[name.index as usize].kind.clone();
                    if !kept
                        .iter()
                        .any(|(there, _)| self.nodes[there.index as usize].kind == kind)
                    {
                        kept.push((name, value));
                    }
                }
            }
        }
        kept
    }

    fn alias(&mut self, anchor: usize, range: Range<usize>) {
        let Some(&target) = self.anchors.get(&anchor) else {
            self.problem(range.clone(), "an alias inside of what it stands for");
            return self.missing(range);
        };
        let (depth, count) = self.sizes[target.index as usize];
        if self.open.len() + depth > MAX_DEPTH {
            self.problem(
                range.clone(),
                format!("nested deeper than {MAX_DEPTH} levels"),
            );
            return self.missing(range);
        }
        self.expanded = self.expanded.saturating_add(count);
        if self.expanded > MAX_NODES {
            if !self.too_large {
                self.problem(range.clone(), "aliases of aliases make this too large");
            }
            self.too_large = true;
            return self.missing(range);
        }
        self.attach(target);
    }

    /// Something that cannot be read.
    fn missing(&mut self, range: Range<usize>) {
        let node = self.add(
            Node {
                kind: Kind::Unreadable,
                range,
                style: Style::Plain,
            },
            (1, 1),
        );
        self.attach(node);
    }

    fn add(&mut self, node: Node, size: (usize, usize)) -> NodeId {
        let index = u32::try_from(self.nodes.len()).unwrap_or(u32::MAX);
        self.nodes.push(node);
        self.sizes.push(size);
        NodeId {
            file: self.file,
            index,
        }
    }

    fn complete(&mut self, node: NodeId, anchor: usize) {
        if anchor != 0 {
            self.anchors.insert(anchor, node);
        }
        self.attach(node);
    }

    fn attach(&mut self, node: NodeId) {
        match self.open.last_mut().map(|open| &mut open.kind) {
            None => {
                if !self.too_large {
                    self.documents.push(node);
                }
            }
            Some(Collection::List(items)) => items.push(node),
            Some(Collection::Map { entries, key, .. }) => {
                match std::mem::replace(key, Key::Awaited) {
                    Key::Awaited => self.key(node),
                    Key::Given(name) => entries.push((name, node)),
                    Key::LeftOut => {}
                }
            }
        }
    }

    fn key(&mut self, node: NodeId) {
        let Node { kind, range, style } = self.nodes[node.index as usize].clone();
        let name = match kind {
            Kind::Text(text) => Some(text),
            Kind::Bool(truth) if self.dialect == Dialect::Manifest => Some(truth.to_string()),
            Kind::Number(number) if self.dialect == Dialect::Manifest => Some(number.to_string()),
            Kind::Bool(_) | Kind::Number(_) => Some(self.text[range.clone()].to_owned()),
            Kind::Null if range.is_empty() => None,
            Kind::Null => Some("null".to_owned()),
            Kind::Unreadable | Kind::List(_) | Kind::Map(_) => None,
        };
        let next = match name {
            None => {
                self.problem(range, "a key has to be text");
                Key::LeftOut
            }
            Some(name) if self.taken(&name) => {
                self.problem(range, format!("the key `{name}` is there twice"));
                Key::LeftOut
            }
            Some(name) => Key::Given(self.add(
                Node {
                    kind: Kind::Text(name),
                    range,
                    style,
                },
                (1, 1),
            )),
        };
        if let Some(Open {
            kind: Collection::Map { key, .. },
            ..
        }) = self.open.last_mut()
        {
            *key = next;
        }
    }

    fn taken(&mut self, name: &str) -> bool {
        match self.open.last_mut() {
            Some(Open {
                kind: Collection::Map { names, .. },
                ..
            }) => !names.insert(name.to_owned()),
            _ => false,
        }
    }

    fn problem(&mut self, range: Range<usize>, message: impl Into<String>) {
        self.problems.push(Problem::new(
            Span {
                file: self.file,
                range,
            },
            message,
        ));
    }

    fn scan_error(&mut self, error: &ScanError) {
        let marker = error.marker();
        let by_index = || {
            self.text
                .char_indices()
                .nth(marker.index())
                .map(|(at, _)| at)
        };
        let at = marker
            .byte_offset()
            .or_else(by_index)
            .unwrap_or(self.text.len());
        let at = self.text.floor_char_boundary(at.min(self.text.len()));
        let line_start = self.text[..at].rfind('\n').map_or(0, |newline| newline + 1);
        let line = self.text[line_start..].lines().next().unwrap_or_default();
        let message = match error.kind() {
            ErrorKind::TabNotAllowed
            | ErrorKind::TabInBlockIndentation
            | ErrorKind::TabInIndentation
            | ErrorKind::TabAtBlockScalarStart => "a tab cannot indent".to_owned(),
            ErrorKind::UnclosedQuotedScalar | ErrorKind::DocumentIndicatorInQuotedScalar => {
                "a quote is not closed".to_owned()
            }
            ErrorKind::UnclosedFlowCollection { open } => format!("`{open}` is not closed"),
            ErrorKind::RecursionLimitExceeded => format!("nested deeper than {MAX_DEPTH} levels"),
            ErrorKind::MismatchedFlowCollectionEnd { open, close } => {
                format!("`{open}` is closed by `{close}`")
            }
            ErrorKind::ExpectedFlowMappingSeparator => "`,` or `}` is missing".to_owned(),
            ErrorKind::ExpectedFlowSequenceSeparator => "`,` or `]` is missing".to_owned(),
            other => format!("this is not YAML: {other}"),
        };
        let end = at + self.text[at..].chars().next().map_or(0, char::len_utf8);
        let mut problem = Problem::new(
            Span {
                file: self.file,
                range: at..end,
            },
            message,
        );
        let in_flow = matches!(
            error.kind(),
            ErrorKind::ExpectedFlowMappingSeparator | ErrorKind::ExpectedFlowSequenceSeparator
        );
        if unquoted_expression(line) {
            problem = problem
                .hint("inside of `{ }` and `[ ]` an expression stands in quotes: \"${{ … }}\"");
        } else if in_flow {
            problem = problem
                .hint("inside of `{ }` and `[ ]` a text with brackets or commas stands in quotes");
        } else if problem.message.starts_with("a tab") {
            problem = problem.hint("indent with spaces");
        }
        self.problems.push(problem);
    }
}

/// Whether a line has an expression in a flow collection and not in quotes.
fn unquoted_expression(line: &str) -> bool {
    line.find("${{").is_some_and(|at| {
        let before = &line[..at];
        before.contains(['{', '[']) && !before.ends_with(['"', '\''])
    })
}
