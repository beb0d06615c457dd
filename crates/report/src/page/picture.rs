//! The swim lanes: pods over nodes in time.

mod bars;
mod top;

use std::collections::{BTreeMap, BTreeSet};

use maud::{Markup, html};
use stayput_events::{Elapsed, Subject};

use super::{
    Page,
    lanes::{Mark, MarkKind, PodLife, Stay, VolumeLife},
    scale::Scale,
};
/// A line of the picture: a name and what stands beside it in time.
struct Row<'a> {
    class: &'static str,
    title: Markup,
    bars: Vec<Markup>,
    marks: Vec<&'a Mark>,
}

pub(super) fn figure(page: &Page) -> Markup {
    let picture = Picture::of(page);
    let rows = picture.rows();
    html! {
        div.toolbar {
            div.buttons role="group" aria-label="zoom" {
                button type="button" data-zoom="in" { "zoom in" }
                button type="button" data-zoom="out" { "zoom out" }
                button type="button" data-zoom="fit" { "all of it" }
            }
            (picture.legend())
        }
        p.told #told { "Each bar is one life of a pod: one uid." }
        div.scroll tabindex="0" role="region" aria-label="swim lanes, scrolled sideways when zoomed" {
            div.lanes role="list" aria-label="pods over nodes in time" {
                div.bands aria-hidden="true" { (picture.bands()) }
                (picture.axis())
                @for row in &rows {
                    div class={ "row " (row.class) } role="listitem" {
                        div.name { (row.title) }
                        div.track {
                            @for bar in &row.bars { (bar) }
                            @for mark in &row.marks { (picture.mark(mark)) }
                        }
                    }
                }
            }
        }
    }
}

impl Picture<'_> {
    /// What was done in this run is told sign by sign.
    fn legend(&self) -> Markup {
        let done = self.page.lanes.marks.iter();
        let done = done.filter(|mark| mark.kind == MarkKind::Done);
        let words: BTreeSet<_> = done
            .filter_map(|mark| mark.what.split(' ').next())
            .collect();
        how_to_read(&words)
    }
}

fn how_to_read(done: &BTreeSet<&str>) -> Markup {
    html! {
        ul.legend aria-label="how to read it" {
            li { span.swatch.ready {} "Ready" }
            li { span.swatch.running {} "runs, not Ready" }
            li { span.swatch.pending {} "Pending" }
            li { span.swatch.terminating {} "being deleted" }
            li { span.swatch.moved {} "moved" }
            li { span.swatch.window {} "a window or hold" }
            li { span.glyph.held { "✓" } "checked" }
            @for word in done {
                li { span.glyph.done { (bars::glyph(word)) } (word) }
            }
            li { span.glyph.broken { "!" } "failed" }
        }
    }
}

struct Picture<'a> {
    page: &'a Page,
    scale: Scale,
    until: Elapsed,
}

impl<'a> Picture<'a> {
    fn of(page: &'a Page) -> Self {
        let ready = page.summary.cluster.as_ref().map(|(at, _)| *at);
        let until = page.summary.now;
        Self {
            page,
            scale: Scale::new(ready.unwrap_or(Elapsed::ZERO), until),
            until,
        }
    }

    fn rows(&self) -> Vec<Row<'a>> {
        let mut rows = Vec::new();
        rows.extend(self.controls());
        rows.push(self.steps());
        rows.extend(self.times());
        let mut nodes = self.page.nodes();
        let unplaced = self.lives_on(None);
        for node in nodes.drain(..) {
            rows.extend(self.lane(&node));
        }
        if !unplaced.is_empty() {
            rows.push(Row {
                class: "node nowhere",
                title: html! { b { "no node" } " waiting to be placed" },
                bars: Vec::new(),
                marks: Vec::new(),
            });
            rows.extend(self.pod_rows(&unplaced, None));
        }
        rows
    }

    /// A node, and below it its pods, each with its volumes.
    fn lane(&self, node: &str) -> Vec<Row<'a>> {
        let lives = self.lives_on(Some(node));
        let mut volumes: BTreeMap<&str, Vec<&VolumeLife>> = BTreeMap::new();
        for volume in &self.page.lanes.volumes {
            if volume.nodes.iter().any(|it| it == node) {
                volumes.entry(&volume.name).or_default().push(volume);
            }
        }
        let marks = self.marks_of(|mark| match &mark.on {
            Subject::Object(object) => *object == format!("Node {node}"),
            Subject::Path { node: at, path } => {
                let known = volumes.values().flatten();
                at == node && !known.into_iter().any(|it| it.path.as_ref() == Some(path))
            }
        });
        let trouble = self.trouble(node);
        if lives.is_empty() && volumes.is_empty() && marks.is_empty() && trouble.is_empty() {
            return Vec::new();
        }
        let called = self.page.called(node);
        let mut rows = vec![Row {
            class: "node",
            title: html! {
                b { (called) }
                @if called != node { " " span.real title=(node) { (node) } }
            },
            bars: trouble,
            marks,
        }];
        rows.extend(self.pod_rows(&lives, Some(&mut volumes)));
        rows.extend(volumes.values().map(|lives| self.volume_row(lives)));
        rows
    }

    fn lives_on(&self, node: Option<&str>) -> Vec<&'a PodLife> {
        let lives = self.page.lanes.pods.iter();
        lives.filter(|life| life.node.as_deref() == node).collect()
    }

    /// A row a pod that has claims or more lives than one; the others share
    /// rows. The volumes of a pod follow it.
    fn pod_rows(
        &self,
        lives: &[&'a PodLife],
        mut volumes: Option<&mut BTreeMap<&'a str, Vec<&'a VolumeLife>>>,
    ) -> Vec<Row<'a>> {
        let mut rows = Vec::new();
        for name in self.page.lanes.residents() {
            let own: Vec<_> = lives
                .iter()
                .filter(|life| life.name == name)
                .copied()
                .collect();
            if own.is_empty() {
                continue;
            }
            rows.push(self.pod_row(name, &own));
            let held = own.iter().flat_map(|life| &life.held);
            for volume in held {
                let own = volumes
                    .as_mut()
                    .and_then(|it| it.remove(volume.volume.as_str()));
                rows.extend(own.map(|lives| self.volume_row(&lives)));
            }
        }
        let residents: BTreeSet<&str> = self.page.lanes.residents().into_iter().collect();
        let others = lives
            .iter()
            .filter(|life| !residents.contains(life.name.as_str()));
        rows.extend(self.packed(others.copied().collect()));
        rows
    }

    fn pod_row(&self, name: &str, lives: &[&PodLife]) -> Row<'a> {
        let stay = self.page.lanes.stay(name);
        let bars = lives.iter().map(|life| self.life(life)).collect();
        let object = format!("Pod {name}");
        let here = |at: Elapsed| {
            let alive = |life: &&PodLife| life.from <= at && life.until.is_none_or(|it| at <= it);
            lives.iter().any(alive)
        };
        // What is said of a pod while it is not there goes to where it was last.
        let last = self.page.lanes.lives(name).last();
        let mine = |at: Elapsed| {
            here(at)
                || (!self.alive(name, at)
                    && last.is_some_and(|it| lives.iter().any(|own| own.uid == it.uid)))
        };
        Row {
            class: "pod",
            title: html! {
                span class={ "stay " (stay.class()) } aria-hidden="true" { (stay.glyph()) }
                " " (short(name))
            },
            bars,
            marks: self.marks_of(|mark| {
                matches!(&mark.on, Subject::Object(it) if *it == object) && mine(mark.at)
            }),
        }
    }

    fn alive(&self, name: &str, at: Elapsed) -> bool {
        let mut lives = self.page.lanes.lives(name);
        lives.any(|life| life.from <= at && life.until.is_none_or(|it| at <= it))
    }

    /// Pods that came once and hold nothing, in as few rows as they fit.
    fn packed(&self, mut lives: Vec<&PodLife>) -> Vec<Row<'a>> {
        lives.sort_by_key(|life| life.from);
        let mut packed: Vec<Vec<&PodLife>> = Vec::new();
        for life in lives {
            let free = packed.iter_mut().find(|row| {
                let last = row.last().and_then(|last| last.until);
                last.is_some_and(|last| last <= life.from)
            });
            match free {
                Some(row) => row.push(life),
                None => packed.push(vec![life]),
            }
        }
        let row = |(index, lives): (usize, Vec<&PodLife>)| Row {
            class: "pod others",
            title: html! { @if index == 0 { "others, without claims" } },
            bars: lives.iter().map(|life| self.life(life)).collect(),
            marks: Vec::new(),
        };
        packed.into_iter().enumerate().map(row).collect()
    }

    fn volume_row(&self, lives: &[&VolumeLife]) -> Row<'a> {
        let bars = lives.iter().flat_map(|life| self.phases(life));
        let name = lives.first().map_or("", |life| life.name.as_str());
        let volume = format!("PersistentVolume {name}");
        let claims: Vec<_> = lives
            .iter()
            .filter_map(|life| life.claim.as_ref())
            .collect();
        let mine = |mark: &Mark| match &mark.on {
            Subject::Object(object) => {
                let claim = object.strip_prefix("PersistentVolumeClaim ");
                *object == volume || claim.is_some_and(|it| claims.iter().any(|own| *own == it))
            }
            Subject::Path { node, path } => lives
                .iter()
                .any(|life| life.nodes.contains(node) && life.path.as_ref() == Some(path)),
        };
        Row {
            class: "volume",
            title: html! { span.disk aria-hidden="true" { "▪" } " " (name) },
            bars: bars.collect(),
            marks: self.marks_of(mine),
        }
    }

    fn marks_of(&self, mine: impl Fn(&Mark) -> bool) -> Vec<&'a Mark> {
        let marks = self.page.lanes.marks.iter();
        marks.filter(|mark| mine(mark)).collect()
    }
}

/// The name without its namespace.
fn short(name: &str) -> &str {
    name.split_once('/').map_or(name, |(_, name)| name)
}

impl Stay {
    pub(super) fn glyph(&self) -> &'static str {
        match self {
            Self::Put => "✓",
            Self::Once => "·",
            Self::Moved(_) | Self::Nowhere => "✗",
        }
    }

    pub(super) fn class(&self) -> &'static str {
        match self {
            Self::Put => "good",
            Self::Once => "dim",
            Self::Moved(_) | Self::Nowhere => "bad",
        }
    }
}
