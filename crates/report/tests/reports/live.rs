//! The line that is redrawn, on a terminal with a person before it.

use insta::assert_snapshot;
use stayput_events::{Elapsed, Event};
use stayput_report::{Colour, Display, Style, Terminal};

use crate::{records, show};

const LIVE: Style = Style {
    display: Display::Live,
    colour: Colour::Never,
    width: 80,
};

/// A screen that knows the few movements which the line uses, and forgets
/// nothing that scrolls off.
#[derive(Default)]
struct Screen {
    lines: Vec<Vec<char>>,
    row: usize,
    column: usize,
}

impl Screen {
    fn of(written: &str) -> String {
        let mut screen = Self::default();
        let mut chars = written.chars();
        while let Some(next) = chars.next() {
            match next {
                '\n' => (screen.row, screen.column) = (screen.row + 1, 0),
                '\r' => screen.column = 0,
                '\u{1b}' => screen.control(&mut chars),
                other => screen.put(other),
            }
        }
        let lines = screen
            .lines
            .iter()
            .map(|line| line.iter().collect::<String>());
        lines
            .map(|line| line.trim_end().to_owned())
            .collect::<Vec<_>>()
            .join("\n")
    }

    fn control(&mut self, chars: &mut std::str::Chars<'_>) {
        assert_eq!(chars.next(), Some('['));
        let mut number = String::new();
        let end = loop {
            match chars.next().unwrap() {
                digit @ '0'..='9' => number.push(digit),
                end => break end,
            }
        };
        let by: usize = number.parse().unwrap_or(1);
        match end {
            'A' => self.row = self.row.saturating_sub(by),
            'B' => self.row += by,
            'C' => self.column += by,
            'D' => self.column = self.column.saturating_sub(by),
            'K' => {
                if let Some(line) = self.lines.get_mut(self.row) {
                    line.clear();
                }
            }
            other => panic!("unknown movement {other}"),
        }
    }

    fn put(&mut self, char: char) {
        // The line is filled up to the margin, and what follows is below it.
        if self.column == usize::from(LIVE.width) {
            (self.row, self.column) = (self.row + 1, 0);
        }
        let rows = self.lines.len().max(self.row + 1);
        self.lines.resize(rows, Vec::new());
        let line = &mut self.lines[self.row];
        line.resize(line.len().max(self.column + 1), ' ');
        line[self.column] = char;
        self.column += 1;
    }
}

/// What stands on the screen at a moment of the run.
fn screen_at(name: &str, millis: u64) -> String {
    let until = Elapsed::from_millis(millis);
    let before = |record: &stayput_events::Record| record.at < until;
    let mut records: Vec<_> = records(name).into_iter().filter(before).collect();
    // A record that says nothing, so that ticks go on until this moment.
    let event = Event::FilesWritten { files: Vec::new() };
    records.push(stayput_events::Record { at: until, event });
    let mut written = Vec::new();
    let mut terminal = Terminal::new(&mut written, LIVE);
    let mut now = Elapsed::ZERO;
    for record in &records {
        while now < record.at {
            terminal.tick(now).unwrap();
            now = now.after(std::time::Duration::from_millis(100));
        }
        terminal.record(record).unwrap();
    }
    // Dropping it would take the line away.
    std::mem::forget(terminal);
    Screen::of(&String::from_utf8(written).unwrap())
}

#[test]
fn nothing_is_drawn_before_250_ms() {
    assert_eq!(screen_at("passed", 249), "");
    assert_snapshot!(screen_at("passed", 300), @r"
    ⠙ cluster kind, 0.3s
      kind makes stayput-7f3a
    ");
}

#[test]
fn it_names_what_is_awaited_and_what_is_seen() {
    assert_snapshot!(screen_at("passed", 47_000), @"
    note       found `stayput-11aa`, left by a run that was killed: deleting it
    cluster: kind (by --cluster kind), kubernetes v1.34.4, 5 nodes, made in 35.2 s
    scenario: local-pv-redis (15 steps, seed 42)
              Six Redis pods on local volumes come back to their own nodes, volumes
              and data.

    ok         directories are made by hand                   0.3s  kubernetes 0.3
    ok         a namespace and a class                        0.0s
    ok         six volumes and six claims                     0.2s  kubernetes 0.2
    ok         nothing binds before a consumer                2.0s  window 2.0
    ok         the set is applied                             0.1s  kubernetes 0.1
    ⠇ step 6 of 15, 9.2s: pods come up in order
      awaits 6 Pods in redis to be Ready, in order; sees 3 of 6; redis-cluster-3 C…
    ");
}

#[test]
fn it_is_gone_in_the_end_and_the_rest_is_as_on_plain_lines() {
    for name in ["passed", "interrupted", "controls"] {
        let live = Screen::of(&show(&records(name), LIVE));
        let plain = show(&records(name), Style::plain(80));
        // The screen breaks commands at its margin.
        let dense = |text: &str| text.split_whitespace().collect::<String>();
        assert_eq!(dense(&live), dense(&plain), "{name}");
    }
}

#[test]
fn a_control_is_named_while_it_runs() {
    let screen = screen_at("controls", 100_000);
    let last: Vec<&str> = screen.lines().rev().take(2).collect();
    assert_snapshot!(last.join("\n"), @r"
    ⠋ control `the lost keys of one shard are noticed`, step 6 of 12, 0.2s: pods c…
                 unschedulable before and after
    ");
}
