//! Shows a run while it goes on, and writes its reports.

use std::{io, time::Duration};

use anyhow::{Context as _, Result};
use camino::{Utf8Path, Utf8PathBuf};
use stayput_events::{Event, Record};
use stayput_report::{Display, Style, Summary, Terminal, json, junit, page, suite::Suite};
use stayput_runner::Clock;
use tokio::{sync::mpsc, time::MissedTickBehavior};

use crate::screen;

/// What a run came to, with every record of it.
pub(crate) struct Shown {
    pub(crate) records: Vec<Record>,
    pub(crate) summary: Summary,
}

/// How a run has the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Screen {
    /// It is all that there is to see.
    Alone,
    /// One of several, one after the other.
    InTurn,
    /// One of several at once: each is shown in one piece when it has ended.
    AtOnce,
}

/// Shows records until the run is finished or nobody tells any more.
pub(crate) async fn show(
    records: mpsc::UnboundedReceiver<Record>,
    clock: Clock,
    screen: Screen,
) -> Result<Shown> {
    match screen {
        Screen::Alone => {
            let terminal = Terminal::new(io::stderr(), screen::style());
            Ok(shown_on(terminal, records, clock).await?.0)
        }
        Screen::InTurn => {
            let terminal = Terminal::new(io::stderr(), screen::style()).of_suite();
            Ok(shown_on(terminal, records, clock).await?.0)
        }
        Screen::AtOnce => {
            let style = Style {
                display: Display::Lines,
                ..screen::style()
            };
            let terminal = Terminal::new(Vec::new(), style).of_suite();
            let (shown, text) = shown_on(terminal, records, clock).await?;
            screen::complain(&format!("{}\n", String::from_utf8_lossy(&text)));
            Ok(shown)
        }
    }
}

async fn shown_on<W: io::Write>(
    mut terminal: Terminal<W>,
    mut records: mpsc::UnboundedReceiver<Record>,
    clock: Clock,
) -> Result<(Shown, W)> {
    let mut all = Vec::new();
    let mut ticks = tokio::time::interval(Duration::from_millis(100));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        tokio::select! {
            record = records.recv() => {
                let Some(record) = record else { break };
                terminal.record(&record)?;
                let last = matches!(record.event, Event::RunFinished { .. });
                all.push(record);
                if last {
                    break;
                }
            }
            _ = ticks.tick() => {
                if let Some(width) = screen::width() {
                    terminal.resize(width);
                }
                terminal.tick(clock.now())?;
            }
        }
    }
    let shown = Shown {
        summary: terminal.summary().clone(),
        records: all,
    };
    Ok((shown, terminal.into_inner()))
}

/// Writes `report.json`, `junit.xml` and `index.html`.
pub(crate) fn write(folder: &Utf8Path, shown: &Shown) -> Result<()> {
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make `{folder}`"))?;
    let report = json::write(&shown.records, &shown.summary)?;
    put(
        &folder.join("report.json"),
        &serde_json::to_string_pretty(&report)?,
    )?;
    put(&folder.join("junit.xml"), &junit::write(&shown.summary)?)?;
    put(&folder.join("index.html"), &page::write(&shown.records)?)?;
    let logs = folder.join("logs");
    std::fs::create_dir_all(&logs).with_context(|| format!("cannot make `{logs}`"))?;
    put(&logs.join("run.log"), &plain(&shown.records)?)
}

/// Writes `report.json` and `junit.xml` of several scenarios, above their own.
pub(crate) fn write_suite(folder: &Utf8Path, suite: &Suite) -> Result<()> {
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make `{folder}`"))?;
    put(
        &folder.join("report.json"),
        &serde_json::to_string_pretty(&suite.json()?)?,
    )?;
    put(&folder.join("junit.xml"), &suite.junit()?)
}

/// What a person saw, as plain lines.
fn plain(records: &[Record]) -> Result<String> {
    let mut lines = Terminal::new(Vec::new(), Style::plain(100));
    for record in records {
        lines.record(record)?;
    }
    Ok(String::from_utf8_lossy(&lines.into_inner()).into_owned())
}

fn put(path: &Utf8PathBuf, text: &str) -> Result<()> {
    std::fs::write(path, text).with_context(|| format!("cannot write `{path}`"))
}
