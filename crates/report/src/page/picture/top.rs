//! The lines above the lanes: time itself, controls, steps and windows.

use std::collections::BTreeSet;

use maud::{Markup, html};
use stayput_events::{Cost, Elapsed};

use super::{Picture, Row};
use crate::{StepSummary, page::steps, words};

impl<'a> Picture<'a> {
    pub(super) fn axis(&self) -> Markup {
        let fine = self.scale.ticks(80);
        let coarse: BTreeSet<Elapsed> = self.scale.ticks(12).into_iter().collect();
        html! {
            div.row.axis aria-hidden="true" {
                div.name { "seconds" }
                div.track {
                    @for tick in fine.iter().filter(|tick| !coarse.contains(tick)) {
                        span.tick.fine style=(self.scale.mark(*tick)) { (label(*tick)) }
                    }
                    @for tick in &coarse {
                        span.tick style=(self.scale.mark(*tick)) { (label(*tick)) }
                    }
                }
            }
        }
    }

    /// What lies behind all lanes: windows, proofs, and where a step failed.
    pub(super) fn bands(&self) -> Markup {
        let broken = self.page.plays().into_iter().flat_map(|(_, steps)| steps);
        let broken = broken
            .filter(|step| failed(step))
            .filter_map(|step| step.ended);
        html! {
            @for (cost, from, until) in self.windows() {
                span class={ "band " (words::cost(cost)) }
                    style=(self.scale.stretch(from, until)) {}
            }
            @for at in broken {
                span.here style=(self.scale.mark(at)) {}
            }
        }
    }

    /// Windows, holds and proofs; those that overlap are one.
    fn windows(&self) -> Vec<(Cost, Elapsed, Elapsed)> {
        let mut windows: Vec<(Cost, Elapsed, Elapsed)> = Vec::new();
        for cost in [Cost::Window, Cost::Proof] {
            let spent = self.page.lanes.spent.iter().filter(|it| it.on == cost);
            let mut spans: Vec<_> = spent.map(|it| (it.from, it.until)).collect();
            spans.sort_unstable();
            for (from, until) in spans {
                match windows.last_mut() {
                    Some((last, _, end)) if *last == cost && from <= *end => *end = until.max(*end),
                    Some(_) | None => windows.push((cost, from, until)),
                }
            }
        }
        windows
    }

    pub(super) fn controls(&self) -> Option<Row<'a>> {
        let controls = &self.page.summary.controls;
        if controls.is_empty() {
            return None;
        }
        let bars = controls.iter().enumerate().map(|(index, control)| {
            let result = control.result.as_ref();
            let word = result.map_or("not ended", |it| words::control(it).0);
            let text = format!("{}: {word}", control.name);
            html! {
                a class={ "stop step " (if control.caught() { "good" } else { "bad" }) }
                    href={ "#control-" (index) } title=(text) aria-label={ "control " (text) }
                    style=(self.scale.stretch(control.begun, control.ended.unwrap_or(self.until))) {
                    span { (control.name) }
                }
            }
        });
        Some(Row {
            class: "steps",
            title: html! { "controls" },
            bars: bars.collect(),
            marks: Vec::new(),
        })
    }

    pub(super) fn steps(&self) -> Row<'a> {
        let mut bars = Vec::new();
        for (play, steps) in self.page.plays() {
            let begun = steps.iter().filter(|step| step.begun.is_some());
            bars.extend(begun.map(|step| self.step(step, &play)));
        }
        Row {
            class: "steps",
            title: html! { "steps" },
            bars,
            marks: Vec::new(),
        }
    }

    fn step(&self, step: &StepSummary, play: &str) -> Markup {
        let from = step.begun.unwrap_or(Elapsed::ZERO);
        let until = step.ended.unwrap_or(self.until);
        let word = steps::word(step);
        let number = step.facts.id.0 + 1;
        let took = words::seconds(until - from);
        let text = format!("step {number}, {}: {word}, {took}", step.facts.name);
        html! {
            a class={ "stop step " (steps::class(step)) } href={ "#" (play) "step-" (number) }
                title=(text) aria-label=(text) style=(self.scale.stretch(from, until)) {
                span { @if failed(step) { "✗ " } (number) " " (step.facts.name) }
            }
        }
    }

    /// Windows, holds and the proof, in words.
    pub(super) fn times(&self) -> Option<Row<'a>> {
        let windows = self.windows();
        if windows.is_empty() {
            return None;
        }
        let bars = windows.into_iter().map(|(cost, from, until)| {
            let word = words::cost(cost);
            let took = words::seconds(until - from);
            let text = format!("{word}, {took}, from {from}");
            html! {
                span class={ "stop time " (word) } tabindex="0" role="img" title=(text)
                    aria-label=(text) style=(self.scale.stretch(from, until)) { span { (word) } }
            }
        });
        Some(Row {
            class: "times",
            title: html! { "windows, proof" },
            bars: bars.collect(),
            marks: Vec::new(),
        })
    }
}

fn failed(step: &StepSummary) -> bool {
    step.outcome
        .as_ref()
        .is_some_and(|it| it.failure().is_some())
}

fn label(tick: Elapsed) -> String {
    let seconds = tick.since_start().as_secs_f64();
    if seconds.fract() == 0.0 {
        format!("{seconds:.0}")
    } else {
        format!("{seconds:.1}")
    }
}
