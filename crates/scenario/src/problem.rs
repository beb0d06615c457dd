//! Mistakes in files, each shown in its file.

use std::{error::Error, fmt};

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use crate::{
    plan::Place,
    source::{Sources, Span},
};

/// One mistake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) at: Option<Span>,
    pub(crate) message: String,
    /// What stands at the caret.
    pub(crate) label: Option<String>,
    /// What to do about it.
    pub(crate) hint: Option<String>,
}

impl Problem {
    pub(crate) fn new(at: Span, message: impl Into<String>) -> Self {
        Self {
            at: Some(at),
            message: message.into(),
            label: None,
            hint: None,
        }
    }

    pub(crate) fn without_place(message: impl Into<String>) -> Self {
        Self {
            at: None,
            message: message.into(),
            label: None,
            hint: None,
        }
    }

    pub(crate) fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
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
pub(crate) fn nearest<'a>(
    written: &str,
    names: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
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

/// All mistakes of all files, in the order of the files; never empty.
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
        let title = Level::ERROR.primary_title(problem.message.as_str());
        let mut group = match &problem.at {
            None => Group::with_title(title),
            Some(span) => {
                let file = self.sources.file(span.file);
                let text = file.text.as_str();
                let start = text.floor_char_boundary(span.range.start);
                let end = text.ceil_char_boundary(span.range.end).max(start);
                let annotation = AnnotationKind::Primary
                    .span(start..one_line(text, start, end))
                    .label(problem.label.as_deref());
                title.element(
                    Snippet::source(text)
                        .path(file.path.as_str())
                        .annotation(annotation),
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
        let mistakes = match self.len() {
            1 => "1 mistake".to_owned(),
            many => format!("{many} mistakes"),
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
fn one_line(text: &str, start: usize, end: usize) -> usize {
    let line = text[start..end]
        .find(['\n', '\r'])
        .map_or(end, |newline| start + newline);
    start + text[start..line].trim_end().len()
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(Colour::Never))
    }
}

impl Error for Problems {}
