//! What is no mistake, but cannot be meant: what the text alone decides.

use std::{ops::Range, sync::LazyLock};

use regex::Regex;
use serde_json::Value;
use stayput_expr::{Scope, Template};

use super::{Around, Resolver};
use crate::{
    offset::written,
    plan::{Action, Count, Expected, Step},
    problem::Problem,
    raw,
    source::{NodeId, Span},
    spanned::{Spanned, Text},
};

/// A command that goes on until something happens.
static WAITS: LazyLock<[Regex; 2]> = LazyLock::new(|| {
    [
        r"(?s)\b(until|while)\b.*?\bsleep\b",
        r"\bkubectl\b.*\brollout status\b|\bkubectl\b.*\s(-w|--watch)\b|\b(tail|logs)\b.*\s-[fF]\b",
    ]
    .map(|pattern| Regex::new(pattern).expect("a constant"))
});
/// A command that says itself for how long.
static BOUNDED: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\btimeout\s|--timeout\b").expect("a constant"));

/// An expectation that was met: what it asks for, and where it stands.
type Met = (String, Span);

impl Resolver<'_> {
    /// A condition of an expectation: the run has to decide it.
    pub(super) fn condition(&mut self, text: &Text, around: Around) -> Template {
        let template = self.expression(text, around);
        let known = Scope::new().with("values", self.values.clone());
        // What asks for more than the scenario's own values cannot be rendered.
        let message = match template.render(&known) {
            Ok(Value::Bool(true)) => "this condition is always true",
            Ok(Value::Bool(false)) => "this condition is never true",
            Ok(_) | Err(_) => return template,
        };
        let span = self.sources.span(text.node);
        let hint = "ask for something that the run decides";
        self.warnings
            .push(Problem::warning(span, message).hint(hint));
        template
    }

    /// Objects of which nothing is asked but how many there are, where any number will do.
    pub(super) fn any_number(&mut self, raw: &raw::Expect, what: &Expected) {
        let Expected::Objects {
            count: Some(Count::Between { at_least, at_most }),
            matches: None,
            that: None,
            together: None,
            in_order: None,
            ..
        } = what
        else {
            return;
        };
        let least = at_least.as_ref().map(Template::as_constant);
        let any = least.is_none_or(|least| least == Some(&Value::from(0)));
        if let (true, None, Some(count)) = (any, at_most, raw.count) {
            let problem = Problem::warning(self.sources.span(count.0), "any number will do")
                .hint("say how many there have to be, or what they have to be like");
            self.warnings.push(problem);
        }
    }

    /// Expectations that were met already, with nothing done in between.
    pub(super) fn repeated(&mut self, raw: &[&Spanned<raw::Step>], steps: &[Step]) {
        let mut met: Vec<Met> = Vec::new();
        for (raw, step) in raw.iter().zip(steps) {
            let written: Vec<_> = raw
                .steps
                .as_ref()
                .map_or_else(|| vec![*raw], |steps| steps.iter().collect());
            if written.len() != step.body.len() {
                // Something was left out as wrong, or stands one deeper.
                met.clear();
                continue;
            }
            for (raw, action) in written.into_iter().zip(&step.body) {
                self.met_before(raw, step.each.as_ref(), action, &mut met);
            }
        }
    }

    fn met_before(
        &mut self,
        raw: &Spanned<raw::Step>,
        each: Option<&Template>,
        action: &Action,
        met: &mut Vec<Met>,
    ) {
        match doing(action) {
            Doing::Something => met.clear(),
            Doing::Nothing => {}
            Doing::Expecting => {
                let asked = format!("{each:?} {action:?}");
                let span = self.entry_span(raw.node, "expect");
                match met.iter().find(|(before, _)| *before == asked) {
                    Some((_, first)) => self.warnings.push(
                        Problem::warning(span, "this expects the same once more")
                            .beside(first.clone(), "here it held already")
                            .hint("nothing is done in between: leave one of them out"),
                    ),
                    None => met.push((asked, span)),
                }
            }
        }
    }

    /// Commands of a step that wait, where nothing says for how long.
    pub(super) fn unbounded(&mut self, raw: &Spanned<raw::Step>) {
        if raw.within.is_some() {
            return;
        }
        for step in raw.steps.iter().flatten().chain([raw]) {
            if let Some(exec) = &step.exec
                && !self.timed("exec")
            {
                let list = self.sources.get(exec.node, "command");
                self.waits(list.unwrap_or(exec.node), &exec.command);
            }
            if let Some(script) = &step.script
                && !self.timed("script")
            {
                self.waits(script.run.node, std::slice::from_ref(&script.run));
            }
            if let Some(run) = step.host.as_ref().and_then(|host| host.run.as_ref())
                && !self.timed("host")
            {
                self.waits(run.node, std::slice::from_ref(run));
            }
        }
    }

    /// Whether the scenario or its suite says how long a verb may take.
    fn timed(&self, verb: &str) -> bool {
        self.times
            .iter()
            .any(|times| self.sources.get(*times, verb).is_some())
    }

    fn waits(&mut self, whole: NodeId, words: &[Text]) {
        let line: Vec<_> = words.iter().map(|word| word.value.as_str()).collect();
        let line = line.join(" ");
        if BOUNDED.is_match(&line) {
            return;
        }
        let in_word = words
            .iter()
            .find_map(|word| Some((word.node, first_wait(word)?)));
        let span = match in_word {
            Some((node, range)) => written(&self.sources, node, &range),
            None if first_wait(&line).is_some() => self.sources.span(whole),
            None => return,
        };
        self.warnings.push(
            Problem::warning(span, "this waits, and nothing says for how long")
                .hint("say it by `within`; or better, let a step `expect` what it waits for"),
        );
    }

    /// An entry of a map, from its key to the end of its value.
    fn entry_span(&self, node: NodeId, key: &str) -> Span {
        let Some((key, value)) = self.sources.entry(node, key) else {
            return self.sources.span(node);
        };
        let (start, end) = (self.sources.span(key), self.sources.span(value));
        if start.file != end.file || end.range.end < start.range.start {
            // An alias: the value stands elsewhere.
            return start;
        }
        Span {
            range: start.range.start..end.range.end,
            ..start
        }
    }
}

/// Where a command begins to wait.
fn first_wait(text: &str) -> Option<Range<usize>> {
    WAITS
        .iter()
        .find_map(|waits| Some(waits.find(text)?.range()))
}

/// What an action means for what held before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Doing {
    Something,
    Nothing,
    Expecting,
}

/// Commands may do anything, also where they are expectations.
fn doing(action: &Action) -> Doing {
    match action {
        Action::Expect {
            what: Expected::Exec(_),
            ..
        }
        | Action::Apply(_)
        | Action::Create(_)
        | Action::Patch { .. }
        | Action::Delete { .. }
        | Action::Scale { .. }
        | Action::Restart { .. }
        | Action::Exec(_)
        | Action::Script(_)
        | Action::Host { .. }
        | Action::Node { .. }
        | Action::Redis(_)
        | Action::Save { .. }
        | Action::Parallel(_) => Doing::Something,
        Action::Snapshot(_) | Action::Log(_) => Doing::Nothing,
        Action::Expect { .. } => Doing::Expecting,
    }
}
