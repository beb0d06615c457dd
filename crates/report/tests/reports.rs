//! Every recorded run through every report.

#[path = "../testdata/recorded.rs"]
mod recorded;

#[cfg(test)]
#[path = "reports/files.rs"]
mod files;
#[cfg(test)]
#[path = "reports/fold.rs"]
mod fold;
#[cfg(test)]
#[path = "reports/lines.rs"]
mod lines;
#[cfg(test)]
#[path = "reports/live.rs"]
mod live;
#[cfg(test)]
#[path = "reports/page.rs"]
mod page;
#[cfg(test)]
#[path = "reports/suite.rs"]
mod suite;

use stayput_events::{Elapsed, Record};
use stayput_report::{Style, Summary, Terminal};

fn records(name: &str) -> Vec<Record> {
    recorded::by_name(name).expect("a recorded run")
}

fn fold(records: &[Record]) -> Summary {
    records.iter().fold(Summary::new(), Summary::after)
}

/// What is written, with ten ticks a second of the run's own time.
fn show(records: &[Record], style: Style) -> String {
    let mut written = Vec::new();
    let mut terminal = Terminal::new(&mut written, style);
    let mut now = Elapsed::ZERO;
    for record in records {
        while now < record.at {
            terminal.tick(now).expect("memory takes it");
            now = now.after(std::time::Duration::from_millis(100));
        }
        terminal.record(record).expect("memory takes it");
    }
    drop(terminal);
    String::from_utf8(written).expect("text")
}
