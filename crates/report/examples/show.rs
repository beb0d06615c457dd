//! Plays a recorded run, or that of a report.json, on this terminal, with the delays of its own records.
//!
//! `show RUN [WIDTH] [live|lines] [colour|plain] [SPEED]`, or `show RUN json`,
//! `show RUN junit` and `show RUN page`.

#[path = "../testdata/recorded.rs"]
mod recorded;

use std::{env, error::Error, io, sync::mpsc, time::Duration};

use stayput_events::{Elapsed, Record};
use stayput_report::{Colour, Display, Style, Summary, Terminal, json, junit, page};

fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = env::args().skip(1).collect();
    let has = |word: &str| words.iter().any(|one| one == word);
    let numbers: Vec<u16> = words.iter().filter_map(|word| word.parse().ok()).collect();
    let name = words.first().ok_or("which run?")?;
    let file = std::path::Path::new(name);
    let read = file.is_file().then(|| report(file)).transpose()?;
    let Some(records) = read.or_else(|| recorded::by_name(name)) else {
        let names = recorded::NAMES.join(", ");
        return Err(format!("no run `{name}`; there are {names}").into());
    };
    let summary = records.iter().fold(Summary::new(), Summary::after);
    if has("json") {
        serde_json::to_writer_pretty(io::stdout(), &json::write(&records, &summary)?)?;
        return Ok(());
    }
    if has("junit") {
        io::Write::write_all(&mut io::stdout(), junit::write(&summary)?.as_bytes())?;
        return Ok(());
    }
    if has("page") {
        io::Write::write_all(&mut io::stdout(), page::write(&records)?.as_bytes())?;
        return Ok(());
    }
    let style = Style {
        display: if has("live") {
            Display::Live
        } else {
            Display::Lines
        },
        colour: if has("plain") {
            Colour::Never
        } else {
            Colour::Always
        },
        width: numbers.first().copied().unwrap_or(100),
    };
    play(&records, style, numbers.get(1).copied().unwrap_or(10))?;
    Ok(())
}

/// The records of a report.json.
fn report(file: &std::path::Path) -> Result<Vec<Record>, Box<dyn Error>> {
    let report = serde_json::from_slice(&std::fs::read(file)?)?;
    Ok(json::read(&report)?)
}

/// Ten times a second of its own time, however fast it is played.
fn play(records: &[Record], style: Style, speed: u16) -> Result<(), stayput_report::Error> {
    let mut terminal = Terminal::new(io::stdout(), style);
    let mut now = Elapsed::ZERO;
    let tick = Duration::from_millis(100);
    // Nobody sends on it: it is the pause between two ticks.
    let (_sender, pause) = mpsc::channel::<()>();
    for record in records {
        while now.after(tick) < record.at {
            now = now.after(tick);
            terminal.tick(now)?;
            if style.display == Display::Live {
                pause.recv_timeout(tick / u32::from(speed)).ok();
            }
        }
        terminal.record(record)?;
    }
    Ok(())
}
