//! Mistakes in files, and what stands there in vain, each shown in its file.

use std::{collections::HashSet, error::Error, fmt, ops::Range};

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use crate::{
    plan::Place,
    source::{Sources, Span},
};

/// What a problem means for the scenario.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Severity {
    /// It cannot be played.
    Error,
    /// It can, but something in it cannot be meant.
    Warning,
}

/// One mistake, or one warning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) severity: Severity,
    pub(crate) at: Option<Span>,
    pub(crate) message: String,
    /// What stands at the caret.
    pub(crate) label: Option<String>,
    /// Another place that it has to do with, and why.
    pub(crate) beside: Option<(Span, &'static str)>,
    /// What to do about it.
    pub(crate) hint: Option<String>,
}

impl Problem {
    pub(crate) fn new(at: Span, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            at: Some(at),
            message: message.into(),
            label: None,
            beside: None,
            hint: None,
        }
    }

    pub(crate) fn warning(at: Span, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Warning,
            ..Self::new(at, message)
        }
    }

    pub(crate) fn without_place(message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            at: None,
            message: message.into(),
            label: None,
            beside: None,
            hint: None,
        }
    }

    pub(crate) fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    pub(crate) fn beside(mut self, span: Span, why: &'static str) -> Self {
        self.beside = Some((span, why));
        self
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// `did you mean …?` at the caret, where a name is near enough.
    pub(crate) fn nearest<'a>(
        self,
        written: &str,
        names: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        match nearest(written, names) {
            Some(name) => self.label(format!("did you mean `{name}`?")),
            None => self,
        }
    }
}

/// The name that was probably meant.
pub fn nearest<'a>(written: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    const NEAR: f64 = 0.7;
    let written = written.to_lowercase();
    names
        .into_iter()
        .map(|name| {
            (
                strsim::normalized_damerau_levenshtein(&written, &name.to_lowercase()),
                name,
            )
        })
        .filter(|(similarity, _)| *similarity >= NEAR)
        .max_by(|(one, _), (other, _)| one.total_cmp(other))
        .map(|(_, name)| name)
}

/// Whether mistakes are shown in colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colour {
    /// Plain text.
    Never,
    /// With ANSI colours.
    Always,
}

/// All mistakes of all files, or all warnings, in the order of the files; never empty.
#[derive(Debug)]
pub struct Problems {
    sources: Sources,
    list: Vec<Problem>,
    /// How many more there are than anyone would read.
    more: usize,
}

/// From how many mistakes on nobody reads hints, and no nearest name is looked for.
pub(crate) const ENOUGH: usize = 500;
/// How many mistakes are shown.
const SHOWN: usize = 100;

impl Problems {
    /// Puts the mistakes in order, each once.
    pub(crate) fn new(sources: Sources, mut list: Vec<Problem>) -> Self {
        let key = |problem: &Problem| {
            problem
                .at
                .as_ref()
                .map(|span| (span.file, span.range.start, span.range.end))
        };
        list.sort_by_key(key);
        list.dedup_by(|one, other| one.at == other.at && one.message == other.message);
        let more = list.len().saturating_sub(SHOWN);
        list.truncate(SHOWN);
        Self {
            sources,
            list,
            more,
        }
    }

    /// How many there are.
    #[expect(clippy::len_without_is_empty, reason = "it never is")]
    pub fn len(&self) -> usize {
        self.list.len() + self.more
    }

    /// Only those that were not seen before; `seen` is told of the rest.
    pub fn not_yet_in(mut self, seen: &mut HashSet<(Option<Place>, String)>) -> Option<Self> {
        let lines: Vec<_> = self.lines().collect();
        let mut new = lines.into_iter().map(|line| seen.insert(line));
        self.list.retain(|_| new.next().unwrap_or_default());
        (!self.list.is_empty()).then_some(self)
    }

    /// Each mistake in one line: where, what, and the hint.
    pub fn lines(&self) -> impl Iterator<Item = (Option<Place>, String)> {
        self.list.iter().map(|problem| {
            let place = problem
                .at
                .as_ref()
                .map(|span| self.sources.place(span.file, span.range.start));
            let mut line = problem.message.clone();
            for more in [&problem.label, &problem.hint].into_iter().flatten() {
                line.push_str("; ");
                line.push_str(more);
            }
            (place, line)
        })
    }

    /// All mistakes as a person reads them, and a line that counts them.
    pub fn render(&self, colour: Colour) -> String {
        let renderer = match colour {
            Colour::Never => Renderer::plain(),
            Colour::Always => Renderer::styled(),
        };
        let mut text = String::new();
        for problem in &self.list {
            text.push_str(&renderer.render(&[self.group(problem)]));
            text.push_str("\n\n");
        }
        text.push_str(&self.count());
        text
    }

    fn group<'a>(&'a self, problem: &'a Problem) -> Group<'a> {
        let level = match problem.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let title = level.primary_title(problem.message.as_str());
        let mut group = match &problem.at {
            None => Group::with_title(title),
            Some(span) => {
                let file = self.sources.file(span.file);
                let primary = AnnotationKind::Primary
                    .span(one_line(&file.text, span))
                    .label(problem.label.as_deref());
                let beside = problem.beside.as_ref().map(|(span, why)| {
                    AnnotationKind::Context
                        .span(one_line(&file.text, span))
                        .label(*why)
                });
                title.element(
                    Snippet::source(file.text.as_str())
                        .path(file.path.as_str())
                        .annotations([Some(primary), beside].into_iter().flatten()),
                )
            }
        };
        if let Some(hint) = &problem.hint {
            group = group.element(Level::HELP.with_name("hint").message(hint.as_str()));
        }
        group
    }

    fn count(&self) -> String {
        let mut files: Vec<_> = self
            .list
            .iter()
            .filter_map(|problem| problem.at.as_ref())
            .collect();
        files.dedup_by_key(|span| span.file);
        let what = match self.list.first().map(|problem| problem.severity) {
            Some(Severity::Warning) => "warning",
            Some(Severity::Error) | None => "mistake",
        };
        let mistakes = match self.len() {
            1 => format!("1 {what}"),
            many => format!("{many} {what}s"),
        };
        let shown = if self.more > 0 {
            format!("; these are the first {SHOWN}")
        } else {
            String::new()
        };
        match files.as_slice() {
            [] => mistakes + &shown,
            [span] => format!("{mistakes} in {}{shown}", self.sources.file(span.file).path),
            many => format!("{mistakes} in {} files{shown}", many.len()),
        }
    }
}

/// A caret under many lines says less than one under the first.
fn one_line(text: &str, span: &Span) -> Range<usize> {
    let start = text.floor_char_boundary(span.range.start);
    let end = text.ceil_char_boundary(span.range.end).max(start);
    let line = text[start..end]
        .find(['\n', '\r'])
        .map_or(end, |newline| start + newline);
    start..start + text[start..line].trim_end().len()
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(Colour::Never))
    }
}

impl Error for Problems {}
