//! What stands in a line of the picture: lives, phases, trouble and marks.

use maud::{Markup, html};
use stayput_events::PodState;

use super::Picture;
use crate::page::{
    lanes::{Mark, MarkKind, NodeIs, PodLife, VolumeLife},
    scale::Scale,
    words_of,
};

impl Picture<'_> {
    pub(super) fn life(&self, life: &PodLife) -> Markup {
        let until = life.until.unwrap_or(self.until);
        let moved = self.page.lanes.moved_from(life);
        let text = words_of::life(self.page, life, until);
        let whole = Scale::new(life.from, until);
        let ready = words_of::ready(life).unwrap_or(life.from);
        let states = life.states.iter().enumerate().map(|(index, (at, state))| {
            let next = life.states.get(index + 1).map_or(until, |(next, _)| *next);
            html! { i class=(state_class(*state)) style=(whole.stretch(*at, next)) {} }
        });
        html! {
            a class={ "stop life " (if moved.is_some() { "moved" } else { "" }) }
                href={ "#" (words_of::anchor(&life.name)) } title=(text) aria-label=(text)
                style=(self.scale.stretch(life.from, until)) {
                @for state in states { (state) }
                span style={ "margin-left:" (format!("{:.2}", whole.at(ready))) "%" } {
                    @if let Some(from) = moved { "moved from " (self.page.called(from)) ", " }
                    (life.uid.get(..8).unwrap_or(&life.uid))
                    @if let Some(address) = &life.address { " · " (address) }
                }
            }
        }
    }

    /// The phases of a volume.
    pub(super) fn phases(&self, life: &VolumeLife) -> Vec<Markup> {
        let end = life.until.unwrap_or(self.until);
        let phases = life.phases.iter().enumerate().map(|(index, (at, phase))| {
            let next = life.phases.get(index + 1).map_or(end, |(next, _)| *next);
            let (name, uid) = (&life.name, &life.uid);
            let text = format!("volume {name}, uid {uid}: {phase} from {at} to {next}");
            html! {
                span class={ "stop phase " (phase_class(phase)) } tabindex="0" role="img"
                    title=(text) aria-label=(text) style=(self.scale.stretch(*at, next)) {
                    span { (phase) }
                }
            }
        });
        phases.collect()
    }

    /// When a node was not as it should be.
    pub(super) fn trouble(&self, node: &str) -> Vec<Markup> {
        let states = self
            .page
            .lanes
            .nodes
            .get(node)
            .map_or(&[][..], Vec::as_slice);
        let stretches = states.iter().enumerate().filter_map(|(index, state)| {
            let word = trouble(&state.is)?;
            let next = states.get(index + 1).map_or(self.until, |next| next.at);
            let text = format!(
                "{}: {word} from {} to {next}",
                self.page.called(node),
                state.at
            );
            Some(html! {
                span.stop.trouble tabindex="0" role="img" title=(text) aria-label=(text)
                    style=(self.scale.stretch(state.at, next)) { span { (word) } }
            })
        });
        stretches.collect()
    }

    pub(super) fn mark(&self, mark: &Mark) -> Markup {
        let (class, glyph, verb) = match mark.kind {
            MarkKind::Done => ("done", glyph(&mark.what), "done"),
            MarkKind::Held => ("held", "✓", "checked"),
            MarkKind::Broken => ("broken", "!", "failed"),
        };
        let text = format!("{verb} at {}: {} ({})", mark.at, mark.what, mark.on);
        html! {
            span class={ "stop glyph " (class) } tabindex="0" role="img" title=(text) aria-label=(text)
                style=(self.scale.mark(mark.at)) { (glyph) }
        }
    }
}

/// What is wrong with a node; none where nothing is.
fn trouble(node: &NodeIs) -> Option<String> {
    let NodeIs::There {
        ready,
        cordoned,
        taints,
    } = node
    else {
        return Some("no Node object".to_owned());
    };
    let mut words = Vec::new();
    words.extend((!ready).then(|| "not Ready".to_owned()));
    words.extend(cordoned.then(|| "cordoned".to_owned()));
    if !taints.is_empty() {
        words.push(format!("tainted {}", taints.join(", ")));
    }
    (!words.is_empty()).then(|| words.join(", "))
}

fn state_class(state: PodState) -> &'static str {
    match state {
        PodState::Pending => "pending",
        PodState::Running => "running",
        PodState::Ready => "ready",
        PodState::Terminating => "terminating",
        PodState::Ended => "ended",
    }
}

/// Phases are Kubernetes' own words; one that is not known looks like none.
fn phase_class(phase: &str) -> &'static str {
    match phase {
        "Bound" => "bound",
        "Failed" => "failed",
        "Released" => "released",
        _ => "available",
    }
}

/// The sign of what was done, by the first word of it; one for all else.
pub(super) fn glyph(what: &str) -> &'static str {
    match what.split(' ').next().unwrap_or_default() {
        "deleted" => "✕",
        "evicted" => "↷",
        "stopped" => "■",
        "started" => "▶",
        "cordoned" => "⊘",
        "uncordoned" => "○",
        "drained" | "draining" => "↧",
        "tainted" => "▲",
        "untainted" => "△",
        "made" => "+",
        "removed" => "−",
        "emptied" => "∅",
        _ => "»",
    }
}
