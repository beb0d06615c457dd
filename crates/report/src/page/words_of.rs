//! What the lanes show, in words: for a screen reader, and for a glance.

use maud::{Markup, html};
use stayput_events::{Elapsed, PodState};

use super::{
    Page,
    lanes::{Change, PodLife, Stay},
};
use crate::words;

/// Whether everything stayed put, first of all.
pub(super) fn sentences(page: &Page) -> Markup {
    let names = page.lanes.residents();
    let of = |wanted: fn(&Stay) -> bool| -> Vec<&str> {
        let names = names.iter().copied();
        names
            .filter(|name| wanted(&page.lanes.stay(name)))
            .collect()
    };
    let put = of(|stay| *stay == Stay::Put);
    let once = of(|stay| *stay == Stay::Once);
    let moved = of(|stay| matches!(stay, Stay::Moved(_)));
    let controls = |name: &&str| page.lanes.only_in_controls(name);
    let (broken, moved): (Vec<_>, Vec<_>) = moved.into_iter().partition(controls);
    let nowhere = of(|stay| *stay == Stay::Nowhere);
    let lives: usize = put.iter().map(|name| page.lanes.lives(name).count()).sum();
    html! {
        @if !broken.is_empty() {
            p.verdict-line.dim {
                "In a control, which breaks the run on purpose, moved: " (joined(&broken)) "."
            }
        }
        @if !moved.is_empty() {
            p.verdict-line.bad { b { "✗ did not stay put: " (joined(&moved)) } }
        }
        @if !nowhere.is_empty() {
            p.verdict-line.bad { b { "✗ never got a node again: " (joined(&nowhere)) } }
        }
        @if !put.is_empty() {
            p.verdict-line.good {
                b { "✓ " (words::count(put.len(), "pod")) " stayed put" } ": "
                (words::count(lives, "life").replace("lifes", "lives"))
                " (uids), each on the node, the claims and the volumes of the one before."
            }
        }
        @if !once.is_empty() {
            p.verdict-line.dim {
                (words::count(once.len(), "pod")) " lived once, so there is nothing to compare."
            }
        }
    }
}

/// Every pod that stays: its lives, nodes and volumes.
pub(super) fn table(page: &Page) -> Markup {
    html! {
        details.pods {
            summary { "the same, as a table" }
            div.wide tabindex="0" role="region" aria-label="lives of pods" {
                table {
                    caption { "each life of each pod, oldest first" }
                    thead {
                        tr {
                            @for title in ["pod", "uid", "node", "volumes", "address", "from", "Ready", "until"] {
                                th scope="col" { (title) }
                            }
                        }
                    }
                    @for name in page.lanes.residents() {
                        tbody id=(anchor(name)) {
                            tr {
                                th scope="rowgroup" colspan="8" { (name) ": " (stay(page, name)) }
                            }
                            @for life in page.lanes.lives(name) { (row(page, life)) }
                        }
                    }
                }
            }
        }
    }
}

fn row(page: &Page, life: &PodLife) -> Markup {
    let volumes: Vec<_> = life.held.iter().map(|it| it.volume.as_str()).collect();
    let node = life
        .node
        .as_deref()
        .map_or("none", |node| page.called(node));
    html! {
        tr {
            td {}
            td { code { (life.uid) } }
            td { (node) }
            td { (joined(&volumes)) }
            td { (life.address.as_deref().unwrap_or("none")) }
            td.number { (life.from) }
            td.number { (ready(life).map_or("never".to_owned(), |at| at.to_string())) }
            td.number { (life.until.map_or("the end".to_owned(), |at| at.to_string())) }
        }
    }
}

/// How the lives of a pod followed each other.
fn stay(page: &Page, name: &str) -> String {
    let lives = page.lanes.lives(name).count();
    match page.lanes.stay(name) {
        Stay::Once => "lived once".to_owned(),
        Stay::Put => format!("stayed put, {lives} lives"),
        Stay::Nowhere => "has no node".to_owned(),
        Stay::Moved(changes) => {
            let changes: Vec<_> = changes.iter().map(|it| change(page, it)).collect();
            format!("moved: {}", changes.join("; "))
        }
    }
}

fn change(page: &Page, change: &Change) -> String {
    match change {
        Change::Node { from, to } => {
            format!("from {} to {}", page.called(from), page.called(to))
        }
        Change::Storage { from, to } if from == to => format!("{to} was made anew"),
        Change::Storage { from, to } => format!("from volume {from} to {to}"),
    }
}

/// A life in one sentence.
pub(super) fn life(page: &Page, life: &PodLife, until: Elapsed) -> String {
    let same_play = page
        .lanes
        .lives(&life.name)
        .filter(|it| it.play == life.play);
    let number = same_play.take_while(|it| it.uid != life.uid).count() + 1;
    let node = life
        .node
        .as_deref()
        .map_or("no node", |node| page.called(node));
    let mut words = vec![
        life.name.clone(),
        format!("life {number}"),
        format!("uid {}", life.uid),
        format!("on {node}"),
    ];
    let moved = page.lanes.moved_from(life);
    words.extend(moved.map(|from| format!("moved there from {}", page.called(from))));
    words.push(format!("from {} to {until}", life.from));
    words.push(ready(life).map_or("never Ready".to_owned(), |at| format!("Ready from {at}")));
    let mut states = life.states.iter();
    let deleted = states.find(|(_, state)| *state == PodState::Terminating);
    words.extend(deleted.map(|(at, _)| format!("being deleted from {at}")));
    words.extend(life.address.iter().map(|it| format!("address {it}")));
    words.extend(life.held.iter().map(|it| format!("volume {}", it.volume)));
    words.join(", ")
}

/// When it was Ready first.
pub(super) fn ready(life: &PodLife) -> Option<Elapsed> {
    let mut states = life.states.iter();
    states
        .find(|(_, state)| *state == PodState::Ready)
        .map(|(at, _)| *at)
}

/// Where a pod's lives are listed.
pub(super) fn anchor(name: &str) -> String {
    format!("pod-{}", name.replace('/', "-"))
}

fn joined(names: &[&str]) -> String {
    names.join(", ")
}
