//! The lines of a run while it goes on: its cluster, its steps, its controls.

use std::time::Duration;

use stayput_events::{Outcome, RunFacts};

use crate::{
    ControlSummary, StepSummary, Style, Summary, TimeSplit,
    layout::{hang, pad, width, wrap},
    style::Ink,
    words::{self, MARK},
};

/// Columns of a time, with the spaces before it.
const TIME: usize = 9;

/// A cost shorter than this is not worth a word beside its step.
const WORTH_A_WORD: Duration = Duration::from_millis(50);

/// The harness's own share is said where it is more than this.
const SLOW_HARNESS: Duration = Duration::from_millis(500);

/// One line of a step or a control before it is laid out.
struct Row<'a> {
    mark: (&'static str, Ink),
    name: &'a str,
    took: Option<Duration>,
    /// What stands behind the time, or below the name where it does not fit.
    note: String,
}

/// Which cluster it is and why, and what is played on it.
pub(crate) fn headline(summary: &Summary, style: Style) -> Vec<String> {
    let Some(run) = &summary.run else {
        return Vec::new();
    };
    let cluster = hang("cluster: ", &cluster(run, summary), style.columns());
    let cluster = cluster.iter().map(|line| style.paint(Ink::Strong, line));
    let mut lines: Vec<String> = cluster.collect();
    let steps = words::count(run.steps.len(), "step");
    let scenario = format!("{} ({steps}, seed {})", run.scenario, run.seed);
    lines.extend(hang("scenario: ", &scenario, style.columns()));
    lines.extend(hang("          ", &run.about, style.columns()));
    lines.push(String::new());
    lines
}

fn cluster(run: &RunFacts, summary: &Summary) -> String {
    let provider = words::provider(&run.provider);
    let why = format!("{provider} ({})", run.why);
    let Some((ready, facts)) = &summary.cluster else {
        return format!("{why}, never ready");
    };
    let nodes = words::count(facts.nodes.len(), "node");
    let verb = if facts.created { "made" } else { "found" };
    let took = ready.since_start().as_secs_f64();
    let kubernetes = &facts.kubernetes;
    format!("{why}, kubernetes {kubernetes}, {nodes}, {verb} in {took:.1} s")
}

/// A step that ended.
pub(crate) fn step(step: &StepSummary, summary: &Summary, style: Style) -> Vec<String> {
    let Some(outcome) = &step.outcome else {
        return Vec::new();
    };
    let note = match outcome {
        Outcome::Passed | Outcome::Interrupted => costs(step.time(), room(summary, style)),
        Outcome::Flaky { attempts } => format!("passed only at attempt {attempts}"),
        Outcome::Failed(failure) | Outcome::TimedOut(failure) => failure.summary.clone(),
        Outcome::Skipped(reason) => words::skipped(reason),
    };
    let row = Row {
        mark: words::outcome(outcome),
        name: &step.facts.name,
        took: step.took(),
        note,
    };
    row.lines(summary, style)
}

/// Several steps in a row that were skipped for one reason.
pub(crate) fn skipped(steps: &[&StepSummary], summary: &Summary, style: Style) -> Vec<String> {
    match steps {
        [] => Vec::new(),
        [only] => step(only, summary, style),
        [first, .., last] => {
            let outcome = first.outcome.as_ref();
            let reason = outcome.map_or_else(String::new, |outcome| match outcome {
                Outcome::Skipped(reason) => words::skipped(reason),
                Outcome::Passed
                | Outcome::Flaky { .. }
                | Outcome::Failed(_)
                | Outcome::TimedOut(_)
                | Outcome::Interrupted => String::new(),
            });
            let count = words::count(steps.len(), "step");
            let (from, to) = (&first.facts.name, &last.facts.name);
            let text = format!("{count}, from `{from}` to `{to}`: {reason}");
            let mark = style.paint(Ink::Dim, &pad("skip", MARK));
            under_mark(&mark, &text, style)
        }
    }
}

/// A control that ended.
pub(crate) fn control(control: &ControlSummary, summary: &Summary, style: Style) -> Vec<String> {
    let Some(result) = &control.result else {
        return Vec::new();
    };
    let row = Row {
        mark: words::control(result),
        name: &control.name,
        took: control.time().map(|time| time.total),
        note: words::control_note(result, &control.fails_at),
    };
    row.lines(summary, style)
}

/// What takes long, on plain lines: the only sign of life there.
pub(crate) fn still_waiting(summary: &Summary, for_long: Duration, style: Style) -> Vec<String> {
    let awaited = summary.awaited.as_ref();
    let (what, seen) = awaited.map_or(("", ""), |awaited| (&*awaited.what, &*awaited.seen));
    let name = summary
        .current()
        .map_or("the cluster", |(step, _)| &step.facts.name);
    let seen = if seen.is_empty() {
        String::new()
    } else {
        format!("; sees {seen}")
    };
    let text = format!("{name}, for {} s: {what}{seen}", for_long.as_secs());
    let mark = style.paint(Ink::Dim, &pad("waits", MARK));
    under_mark(&mark, &text, style)
}

/// Something that a person has to know, and that is no step.
pub(crate) fn told(what: &str, style: Style) -> Vec<String> {
    under_mark(&style.paint(Ink::Dim, &pad("note", MARK)), what, style)
}

/// What a step writes for people, line by line.
pub(crate) fn logged(text: &str, style: Style) -> Vec<String> {
    let mark = style.paint(Ink::Dim, &pad("log", MARK));
    let lines = text.lines();
    lines
        .flat_map(|line| under_mark(&mark, line, style))
        .collect()
}

/// Text after a mark, wrapped below itself.
fn under_mark(mark: &str, text: &str, style: Style) -> Vec<String> {
    let lines = wrap(text, style.columns().saturating_sub(MARK));
    let under = " ".repeat(MARK);
    let start = |index: usize| if index == 0 { mark } else { &*under };
    let lines = lines.iter().enumerate();
    lines
        .map(|(index, line)| format!("{}{line}", start(index)))
        .collect()
}

impl Row<'_> {
    fn lines(&self, summary: &Summary, style: Style) -> Vec<String> {
        let column = name_column(summary, style);
        let (mark, ink) = self.mark;
        let mark = style.paint(ink, &pad(mark, MARK));
        let names = wrap(self.name, column);
        let took = self.took.map(words::seconds).unwrap_or_default();
        let beside = width(&self.note) + 2 <= room(summary, style);
        let note = if beside { &*self.note } else { "" };
        let first = names.first().map_or("", String::as_str);
        let mut line = format!("{mark}{}{took:>TIME$}", pad(first, column));
        if !note.is_empty() {
            let note = match ink {
                Ink::Bad => note.to_owned(),
                Ink::Good | Ink::Warn | Ink::Strong | Ink::Dim => style.paint(Ink::Dim, note),
            };
            line = format!("{line}  {note}");
        }
        let under = " ".repeat(MARK);
        let mut lines = vec![line.trim_end().to_owned()];
        lines.extend(names.iter().skip(1).map(|name| format!("{under}{name}")));
        if !beside {
            let below = wrap(&self.note, style.columns().saturating_sub(MARK + 2));
            lines.extend(below.iter().map(|line| format!("{under}  {line}")));
        }
        lines
    }
}

/// The costs of a step, the largest first, as many as there is room for.
fn costs(time: Option<TimeSplit>, room: usize) -> String {
    let Some(time) = time else {
        return String::new();
    };
    let named = words::COSTS
        .iter()
        .map(|cost| (words::cost(*cost), time.of(*cost)));
    let mut parts: Vec<_> = named.filter(|(_, spent)| *spent >= WORTH_A_WORD).collect();
    if time.harness >= SLOW_HARNESS {
        parts.push(("harness", time.harness));
    }
    parts.sort_by_key(|(_, spent)| std::cmp::Reverse(*spent));
    let mut line = String::new();
    for (name, spent) in parts {
        let part = format!("{name} {:.1}", spent.as_secs_f64());
        let gap = if line.is_empty() { "" } else { "  " };
        if 2 + width(&line) + gap.len() + width(&part) > room {
            break;
        }
        line = format!("{line}{gap}{part}");
    }
    line
}

/// Columns for names: of the longest, as far as a time and one cost have room.
fn name_column(summary: &Summary, style: Style) -> usize {
    let steps = summary.steps.iter().map(|step| &step.facts.name);
    let controls = summary.controls.iter().map(|control| &control.name);
    let longest = steps.chain(controls).map(|name| width(name)).max();
    let one_cost = "  kubernetes 123.4".len();
    let most = style.columns().saturating_sub(MARK + TIME + one_cost);
    longest.unwrap_or(0).min(most).max(20)
}

/// Columns behind the time.
fn room(summary: &Summary, style: Style) -> usize {
    let taken = MARK + name_column(summary, style) + TIME;
    style.columns().saturating_sub(taken)
}
