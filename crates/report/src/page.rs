//! index.html: the whole run, to be looked at.
//!
//! One file without network: the swim lanes, the failure first, the steps, the
//! claims ledger. It can be read without its script, which only zooms, and
//! moves the focus.
//!
//! Invariants:
//! - Every text of a run passes through `maud`, which escapes it; besides, the
//!   page's own policy runs no script but ours, and asks no server.
//! - Nothing is said by colour alone.

mod failure;
mod lanes;
mod ledger;
mod picture;
mod scale;
mod steps;
mod words_of;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest as _, Sha256};
use stayput_events::{Outcome, Record};

use crate::{Error, StepSummary, Summary, TimeSplit, redact, words};
use lanes::Lanes;

const LOOK: &str = include_str!("page/page.css");
const SCRIPT: &str = include_str!("page/page.js");

/// The page of a run, redacted.
pub fn write(records: &[Record]) -> Result<String, Error> {
    let records: Vec<Record> = redact::whole(&records.to_vec())?;
    let page = Page::of(&records);
    Ok(page.markup().into_string())
}

/// What the parts of the page are made from.
struct Page {
    summary: Summary,
    lanes: Lanes,
}

impl Page {
    fn of(records: &[Record]) -> Self {
        Self {
            summary: records.iter().fold(Summary::new(), Summary::after),
            lanes: Lanes::of(records),
        }
    }

    /// All plays, each with what its steps' anchors begin with.
    fn plays(&self) -> Vec<(String, &[StepSummary])> {
        let mut plays = vec![(String::new(), self.summary.steps.as_slice())];
        let controls = self.summary.controls.iter().enumerate();
        plays
            .extend(controls.map(|(index, it)| (format!("control-{index}-"), it.steps.as_slice())));
        plays
    }

    /// The nodes, those that the scenario names first.
    fn nodes(&self) -> Vec<String> {
        let mut nodes: Vec<_> = match &self.summary.cluster {
            Some((_, facts)) => facts.nodes.iter().collect(),
            None => Vec::new(),
        };
        nodes.sort_by_key(|node| node.scenario.is_none());
        let mut names: Vec<String> = nodes.iter().map(|node| node.real.clone()).collect();
        let lives = self.lanes.pods.iter().filter_map(|life| life.node.as_ref());
        let seen = lives.chain(self.lanes.nodes.keys());
        for node in seen {
            if !names.contains(node) {
                names.push(node.clone());
            }
        }
        names
    }

    /// What the scenario calls a node, or its own name.
    fn called<'a>(&'a self, real: &'a str) -> &'a str {
        let nodes = self
            .summary
            .cluster
            .iter()
            .flat_map(|(_, facts)| &facts.nodes);
        let node = nodes.into_iter().find(|node| node.real == real);
        node.and_then(|node| node.scenario.as_deref())
            .unwrap_or(real)
    }

    fn markup(&self) -> Markup {
        let run = self.summary.run.as_ref();
        let name = run.map_or("a run", |run| run.scenario.as_str());
        let verdict = self.verdict();
        html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta http-equiv="Content-Security-Policy" content=(policy());
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    title { (verdict.0) ": " (name) }
                    style { (PreEscaped(LOOK)) }
                }
                body {
                    a.skip href="#lanes" { "to the swim lanes" }
                    (self.header(verdict))
                    main {
                        (failure::first(self))
                        (self.lanes())
                        (steps::section(self))
                        (ledger::section(&self.summary))
                        (steps::controls(self))
                        (self.time())
                    }
                    (self.footer())
                    script { (PreEscaped(SCRIPT)) }
                }
            }
        }
    }

    /// The word for the whole run, its class and its sign.
    fn verdict(&self) -> (&'static str, &'static str, &'static str) {
        match &self.summary.outcome {
            Some(Outcome::Passed) if self.summary.exit_code() == 0 => ("passed", "good", "✓"),
            Some(Outcome::Passed | Outcome::Failed(_) | Outcome::TimedOut(_)) => {
                ("failed", "bad", "✗")
            }
            Some(Outcome::Flaky { .. }) => ("flaky", "warn", "~"),
            Some(Outcome::Interrupted | Outcome::Skipped(_)) => ("stopped", "warn", "■"),
            None => ("cut short", "warn", "…"),
        }
    }

    fn header(&self, verdict: (&str, &str, &str)) -> Markup {
        let Some(run) = &self.summary.run else {
            return html! { header { h1 { "a run of which nothing is known" } } };
        };
        let cluster = match &self.summary.cluster {
            Some((_, facts)) => format!(
                "{}, kubernetes {}, {}",
                words::provider(&run.provider),
                facts.kubernetes,
                words::count(facts.nodes.len(), "node"),
            ),
            None => format!("{}, never ready", words::provider(&run.provider)),
        };
        html! {
            header {
                h1 {
                    span class={ "verdict " (verdict.1) } {
                        span aria-hidden="true" { (verdict.2) " " } (verdict.0)
                    }
                    " " (run.scenario)
                }
                p.about { (run.about) }
                dl.facts {
                    div { dt { "cluster" } dd { (cluster) } }
                    div { dt { "took" } dd { (words::seconds(self.summary.now.since_start())) } }
                    div { dt { "seed" } dd { (run.seed) } }
                    div { dt { "began" } dd { time datetime=(run.started) { (words::moment(&run.started)) } } }
                    div { dt { "again" } dd { code { (run.rerun) } } }
                }
            }
        }
    }

    fn lanes(&self) -> Markup {
        let nothing = self.lanes.pods.is_empty() && self.lanes.volumes.is_empty();
        html! {
            section #lanes aria-labelledby="lanes-title" {
                h2 #lanes-title { "where the pods were" }
                @if nothing {
                    p { "No pod was seen in this run." }
                } @else {
                    (words_of::sentences(self))
                    (picture::figure(self))
                    (words_of::table(self))
                }
            }
        }
    }

    fn time(&self) -> Markup {
        let time = self.summary.time();
        let parts = time_parts(&time);
        let total = time.total.as_secs_f64().max(0.001);
        html! {
            section aria-labelledby="time-title" {
                h2 #time-title { "where the time went" }
                table.time {
                    @for (word, class, span) in &parts {
                        tr {
                            th scope="row" { (word) }
                            td.number { (words::seconds(*span)) }
                            td.bar aria-hidden="true" {
                                i class=(class) style={
                                    "width:" (format!("{:.1}", span.as_secs_f64() / total * 100.0)) "%"
                                } {}
                            }
                        }
                    }
                }
            }
        }
    }

    fn footer(&self) -> Markup {
        let Some(run) = &self.summary.run else {
            return html! {};
        };
        let versions = self
            .summary
            .cluster
            .iter()
            .flat_map(|(_, facts)| &facts.versions);
        html! {
            footer {
                p {
                    "stayput " (run.version) ", " (run.file)
                    @for version in versions { ", " (version) }
                }
                @if !self.summary.files.is_empty() {
                    p { "more to read: " @for file in &self.summary.files { code { (file) } " " } }
                }
            }
        }
    }
}

fn time_parts(time: &TimeSplit) -> Vec<(&'static str, &'static str, std::time::Duration)> {
    let costs = words::COSTS.iter();
    let mut parts: Vec<_> = costs
        .map(|cost| {
            (
                words::cost_of_run(*cost),
                words::cost(*cost),
                time.of(*cost),
            )
        })
        .collect();
    parts.push(("the harness itself", "harness", time.harness));
    parts.push(("controls", "controls", time.controls));
    parts.retain(|(_, _, span)| !span.is_zero());
    parts.push(("in all", "total", time.total));
    parts
}

/// No network, and no script but ours, whatever a text of the run says.
fn policy() -> String {
    let hash = STANDARD.encode(Sha256::digest(SCRIPT));
    format!(
        "default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'"
    )
}
