//! The failure: expected beside seen, and what led there.

use maud::{Markup, html};
use stayput_events::{Cause, ControlResult, Directory, Failure, LogExcerpt, Moment, Outcome};

use super::Page;
use crate::{
    StepSummary,
    failure::{align, at_path},
};

/// What went wrong, before everything else; nothing where nothing did.
pub(super) fn first(page: &Page) -> Markup {
    let summary = &page.summary;
    let failed: Vec<_> = summary
        .steps
        .iter()
        .filter(|step| of(step).is_some())
        .collect();
    let Some((first, others)) = failed.split_first() else {
        return no_step(page);
    };
    html! {
        section #failure.failure tabindex="-1" aria-labelledby="failure-title" {
            h2 #failure-title {
                "✗ " (super::steps::word(first)) ": " (first.facts.name)
            }
            p.where { code { (first.facts.place) } }
            @if let Some(failure) = of(first) { (block(failure)) }
            @for other in others {
                p { "then: " a href={ "#step-" (other.facts.id.0 + 1) } { (other.facts.name) } }
            }
            (again(page))
        }
    }
}

/// The run failed, but none of the scenario's own steps did.
fn no_step(page: &Page) -> Markup {
    let Some(failure) = page.summary.outcome.as_ref().and_then(Outcome::failure) else {
        return html! {};
    };
    html! {
        section #failure.failure tabindex="-1" aria-labelledby="failure-title" {
            h2 #failure-title { "✗ the run failed" }
            (block(failure))
            @for control in &page.summary.controls {
                @if let Some(ControlResult::FailedElsewhere { outcome, .. } | ControlResult::Broken(outcome)) = &control.result {
                    h3 { (control.name) }
                    @if let Some(failure) = outcome.failure() { (block(failure)) }
                }
            }
            (again(page))
        }
    }
}

fn of(step: &StepSummary) -> Option<&Failure> {
    step.outcome.as_ref()?.failure()
}

/// How to see it again, and how to look around afterwards.
fn again(page: &Page) -> Markup {
    let Some(run) = &page.summary.run else {
        return html! {};
    };
    html! {
        p.where { "again: " code { (run.rerun) } }
        @if !run.rerun.contains("--keep") {
            p.where { "and keep the cluster for a look: " code { (run.rerun) " --keep" } }
        }
    }
}

/// Everything that is known about a failure.
pub(super) fn block(failure: &Failure) -> Markup {
    html! {
        div.block {
            p.what { (failure.summary) }
            @for (index, one) in failure.causes.iter().enumerate() { (cause(index, one)) }
            @if let Some(hint) = &failure.hint { p.hint { b { "hint: " } (hint) } }
            (side_by_side(failure))
            @if !failure.mismatches.is_empty() { (mismatches(failure)) }
            (moments("how it came to this", &failure.transitions))
            (moments("events", &failure.events))
            (moments("errors of the API that passed by themselves", &failure.transient_errors))
            @for one in &failure.directories { (directory(one)) }
            @for log in &failure.logs { (excerpt(log)) }
        }
    }
}

/// The surest comes first; the others may be true too.
fn cause(index: usize, cause: &Cause) -> Markup {
    let title = if index == 0 {
        "cause: "
    } else {
        "perhaps also: "
    };
    html! {
        div.cause {
            p { b { (title) (cause.what) } }
            @for line in &cause.evidence { p { "seen: " (line) } }
            p { "cure: " (cause.cure) }
        }
    }
}

fn directory(one: &Directory) -> Markup {
    html! {
        details {
            summary { (one.path) " on " (one.node) (at_path(one.is)) }
            pre { (one.listing) }
        }
    }
}

fn side_by_side(failure: &Failure) -> Markup {
    let left: Vec<&str> = failure.expected.trim_end().lines().collect();
    let right: Vec<&str> = failure.seen.trim_end().lines().collect();
    if left.is_empty() && right.is_empty() {
        return html! {};
    }
    html! {
        div.wide tabindex="0" role="region" aria-label="expected beside seen" {
            table.beside {
                thead { tr { th scope="col" { "expected" } th scope="col" { span.hidden { "differs" } } th scope="col" { "seen" } } }
                tbody {
                    @for (expected, seen) in align(&left, &right) {
                        tr class=(if expected == seen { "same" } else { "differs" }) {
                            td { code { (expected.unwrap_or("")) } }
                            td.sign { @if expected != seen { "≠" } }
                            td { code { (seen.unwrap_or("")) } }
                        }
                    }
                }
            }
        }
    }
}

fn mismatches(failure: &Failure) -> Markup {
    html! {
        h3 { "mismatches" }
        ul.mismatches {
            @for one in &failure.mismatches {
                li {
                    b { (one.object) " " (one.path) } ": expected "
                    code { (one.expected) } ", seen " code { (one.seen) }
                }
            }
        }
    }
}

fn moments(title: &str, moments: &[Moment]) -> Markup {
    html! {
        @if !moments.is_empty() {
            details open {
                summary { (title) }
                ol.moments tabindex="0" aria-label=(title) {
                    @for moment in moments {
                        li { span.number { (moment.at) } " " (moment.what) }
                    }
                }
            }
        }
    }
}

fn excerpt(log: &LogExcerpt) -> Markup {
    let previous = if log.previous {
        ", previous container"
    } else {
        ""
    };
    html! {
        details {
            summary { "log of " (log.pod) ", " (log.container) (previous) }
            pre { @if log.text.trim().is_empty() { "(empty)" } @else { (log.text) } }
        }
    }
}
