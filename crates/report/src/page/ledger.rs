//! The claims ledger, with what was seen.

use maud::{Markup, html};
use stayput_events::{ClaimVerdict, PartVerdict, StepId};

use crate::{LedgerPart, LedgerRow, Summary, Tally, ledger::tally, words};

pub(super) fn section(summary: &Summary) -> Markup {
    let rows = summary.ledger();
    if rows.is_empty() {
        return html! {};
    }
    html! {
        section aria-labelledby="ledger-title" {
            h2 #ledger-title { "what the text says, and what was shown" }
            p { (tally(Tally::of(&rows))) }
            div.wide tabindex="0" role="region" aria-labelledby="ledger-title" {
                table.ledger {
                    thead {
                        tr {
                            @for title in ["part", "verdict", "in words", "steps and evidence"] {
                                th scope="col" { (title) }
                            }
                        }
                    }
                    @for row in &rows { (statement(row, summary)) }
                }
            }
        }
    }
}

fn statement(row: &LedgerRow, summary: &Summary) -> Markup {
    html! {
        tbody {
            tr { th scope="rowgroup" colspan="4" { (row.id) ". " (row.says) } }
            @for one in &row.parts { (part(one, summary)) }
        }
    }
}

fn part(part: &LedgerPart, summary: &Summary) -> Markup {
    let (word, class) = match &part.verdict {
        PartVerdict::Shown { verdict, .. } => (words::verdict(*verdict).0, class(*verdict)),
        PartVerdict::NotShown { .. } => ("NOT SHOWN", "bad"),
        PartVerdict::NotTried { .. } => ("not tried", "dim"),
    };
    html! {
        tr {
            td { code { (part.id) } }
            td { span class={ "word " (class) } { (word) } }
            td { (part.words) }
            td { (evidence(&part.verdict, summary)) }
        }
    }
}

fn class(verdict: ClaimVerdict) -> &'static str {
    match verdict {
        ClaimVerdict::Confirmed | ClaimVerdict::MoreExactly => "good",
        ClaimVerdict::Refuted => "warn",
    }
}

fn evidence(verdict: &PartVerdict, summary: &Summary) -> Markup {
    match verdict {
        PartVerdict::Shown {
            steps, evidence, ..
        } => html! {
            @for (index, id) in steps.iter().enumerate() {
                @if index > 0 { ", " }
                (link(*id, summary))
            }
            @if !evidence.is_empty() {
                details {
                    summary { "evidence" }
                    ul { @for line in evidence { li { (line) } } }
                }
            }
        },
        PartVerdict::NotShown { step } => html! { "failed: " (link(*step, summary)) },
        PartVerdict::NotTried { reason } => html! {
            (reason.as_deref().unwrap_or("no step shows it"))
        },
    }
}

fn link(id: StepId, summary: &Summary) -> Markup {
    let step = summary.steps.iter().find(|step| step.facts.id == id);
    let name = step.map_or("?", |step| &step.facts.name);
    html! { a href={ "#step-" (id.0 + 1) } { (name) } }
}
