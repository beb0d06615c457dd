//! The steps and the controls, as lists that open.

use maud::{Markup, html};
use stayput_events::{Failure, Outcome, StepId};

use super::{Page, failure};
use crate::{ControlSummary, StepSummary, TimeSplit, words};

pub(super) fn section(page: &Page) -> Markup {
    if page.summary.steps.is_empty() {
        return html! {};
    }
    html! {
        section aria-labelledby="steps-title" {
            h2 #steps-title { "the steps" }
            (list(&page.summary.steps, ""))
        }
    }
}

pub(super) fn controls(page: &Page) -> Markup {
    let controls = &page.summary.controls;
    if controls.is_empty() {
        return html! {};
    }
    html! {
        section aria-labelledby="controls-title" {
            h2 #controls-title { "the controls" }
            p { "Each breaks the run on purpose, and has to be noticed at its step." }
            @for (index, it) in controls.iter().enumerate() { (control(index, it)) }
        }
    }
}

fn control(index: usize, control: &ControlSummary) -> Markup {
    let (word, note) = match &control.result {
        Some(result) => (
            words::control(result).0,
            words::control_note(result, &control.fails_at),
        ),
        None => ("not ended", String::new()),
    };
    let class = if control.caught() { "good" } else { "bad" };
    html! {
        details.control id={ "control-" (index) } open[!control.caught()] {
            summary {
                span class={ "word " (class) } { (word) } " " b { (control.name) } " "
                span.note { (note) }
            }
            (list(&control.steps, &format!("control-{index}-")))
        }
    }
}

fn list(steps: &[StepSummary], play: &str) -> Markup {
    let first = steps.iter().find(|step| failed(step).is_some());
    let above = first.map(|step| step.facts.id).filter(|_| play.is_empty());
    html! {
        ol.steps-list {
            @for step in steps { li { (one(step, play, above)) } }
        }
    }
}

/// The failure that stands above everything is only named here.
fn one(step: &StepSummary, play: &str, above: Option<StepId>) -> Markup {
    let failed = failed(step);
    let number = step.facts.id.0 + 1;
    html! {
        details id={ (play) "step-" (number) } open[failed.is_some() && play.is_empty()] {
            summary {
                span class={ "word " (class(step)) } { (word(step)) } " "
                span.step-name { (number) " " (step.facts.name) }
                @if let Some(took) = step.took() { " " span.number { (words::seconds(took)) } }
            }
            @if let Some(failure) = failed {
                @if above == Some(step.facts.id) { p { a href="#failure" { (failure.summary) } } }
                @else { (failure::block(failure)) }
            }
            @if let Some(Outcome::Skipped(reason)) = &step.outcome { p { (words::skipped(reason)) } }
            @if let Some(Outcome::Flaky { attempts }) = &step.outcome {
                p { "passed only at attempt " (attempts) }
            }
            @if !step.findings.is_empty() {
                ul.findings { @for finding in &step.findings { li { (finding) } } }
            }
            @for (part, reason) in &step.withheld {
                p { "does not show " (part) " after all: " (reason) }
            }
            p.where {
                code { (step.facts.place) }
                @if !step.facts.shows.is_empty() {
                    ", shows " @for part in &step.facts.shows { (part) " " }
                }
                @if let Some(time) = step.time() { (costs(&time)) }
            }
        }
    }
}

fn failed(step: &StepSummary) -> Option<&Failure> {
    step.outcome.as_ref()?.failure()
}

fn costs(time: &TimeSplit) -> Markup {
    let parts = words::COSTS
        .iter()
        .map(|cost| (words::cost(*cost), time.of(*cost)));
    let parts = parts.chain([("harness", time.harness)]);
    html! {
        @for (word, span) in parts.filter(|(_, span)| span.as_millis() >= 50) {
            ", " (word) " " (words::seconds(span))
        }
    }
}

/// The word for what a step came to.
pub(super) fn word(step: &StepSummary) -> &'static str {
    match &step.outcome {
        Some(outcome) => words::outcome(outcome).0,
        None if step.begun.is_some() => "not ended",
        None => "not begun",
    }
}

pub(super) fn class(step: &StepSummary) -> &'static str {
    match &step.outcome {
        Some(Outcome::Passed) => "good",
        Some(Outcome::Failed(_) | Outcome::TimedOut(_)) => "bad",
        Some(Outcome::Flaky { .. } | Outcome::Interrupted) => "warn",
        Some(Outcome::Skipped(_)) | None => "dim",
    }
}
