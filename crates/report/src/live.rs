//! The line that shows what is awaited, redrawn below the finished steps.
//!
//! `indicatif` draws it, but never on a terminal of its own: what it draws
//! comes back over a channel and goes to the writer that we were handed. So
//! there is one owner of the writer, and no lock.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicU16, Ordering},
        mpsc,
    },
    time::Duration,
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle, TermLike};
use stayput_events::Elapsed;

use crate::{Style, Summary, layout::cut, style::Ink, words};

/// What takes less than this needs no line: it would only flicker.
const CALM: Duration = Duration::from_millis(250);

/// Records may come by the thousand; nobody reads more than this.
const BETWEEN_DRAWS: Duration = Duration::from_millis(50);

/// From this width on one line has room for all of it; else it is two.
const WIDE: usize = 120;

/// Columns of the spinner and the space after it.
const SPINNER: usize = 2;

#[derive(Debug)]
pub(crate) struct Live {
    bar: ProgressBar,
    sender: mpsc::Sender<String>,
    drawn: mpsc::Receiver<String>,
    width: Arc<AtomicU16>,
    /// When it was drawn last; none before it was.
    last: Option<Elapsed>,
}

impl Live {
    pub(crate) fn new(width: u16) -> Self {
        let (sender, drawn) = mpsc::channel();
        let width = Arc::new(AtomicU16::new(width));
        let screen = Screen {
            sender: sender.clone(),
            width: Arc::clone(&width),
        };
        let target = ProgressDrawTarget::term_like(Box::new(screen));
        let look = ProgressStyle::default_spinner().tick_chars("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏ ");
        let bar = ProgressBar::with_draw_target(None, target).with_style(look);
        Self {
            bar,
            sender,
            drawn,
            width,
            last: None,
        }
    }

    pub(crate) fn resize(&self, width: u16) {
        self.width.store(width, Ordering::Relaxed);
    }

    /// What has to be written for `text` to stand above the line.
    pub(crate) fn above(&self, text: &str) -> String {
        if self.last.is_none() {
            return text.to_owned();
        }
        self.bar.suspend(|| {
            // The receiver is a field beside it: it cannot have gone away.
            let _ = self.sender.send(text.to_owned());
        });
        self.take()
    }

    /// What has to be written for the line to show this moment.
    pub(crate) fn draw(&mut self, now: Elapsed, summary: &Summary, style: Style) -> String {
        let due = match self.last {
            None => now.since_start() >= CALM,
            Some(last) => now - last >= BETWEEN_DRAWS,
        };
        if !due {
            return String::new();
        }
        self.last = Some(now);
        self.bar.set_message(message(now, summary, style));
        self.bar.tick();
        self.take()
    }

    /// What has to be written for the line to go away.
    pub(crate) fn clear(&mut self) -> String {
        if self.last.take().is_some() {
            self.bar.finish_and_clear();
        }
        self.take()
    }

    fn take(&self) -> String {
        self.drawn.try_iter().collect()
    }
}

/// Which step is played and for how long, what it waits for and what it sees.
///
/// As many lines as the width asks for, whatever they hold: a line that comes
/// and goes makes all the others jump.
fn message(now: Elapsed, summary: &Summary, style: Style) -> String {
    let columns = style.columns() - SPINNER - 1;
    let step = step(now, summary);
    let awaited = awaited(summary);
    if style.columns() < WIDE {
        let below = style.paint(Ink::Dim, &cut(&awaited, columns));
        return format!("{}\n{}{below}", cut(&step, columns), " ".repeat(SPINNER));
    }
    if awaited.is_empty() {
        return cut(&step, columns);
    }
    // The name gives way first: it will stand above soon enough.
    let step = cut(&step, columns / 2);
    let rest = columns - crate::layout::width(&step) - 2;
    format!("{step}; {}", style.paint(Ink::Dim, &cut(&awaited, rest)))
}

fn step(now: Elapsed, summary: &Summary) -> String {
    let control = summary
        .control()
        .map(|control| format!("control `{}`, ", control.name));
    let control = control.unwrap_or_default();
    if let Some((step, steps)) = summary.current() {
        let number = 1 + steps
            .iter()
            .take_while(|one| one.facts.id != step.facts.id)
            .count();
        let took = words::seconds(now - step.begun.unwrap_or(now));
        let (all, name) = (steps.len(), &step.facts.name);
        return format!("{control}step {number} of {all}, {took}: {name}");
    }
    if summary.cluster.is_none() {
        let provider = summary
            .run
            .as_ref()
            .map(|run| words::provider(&run.provider));
        let provider = provider.unwrap_or_default();
        return format!("cluster {provider}, {}", words::seconds(now.since_start()));
    }
    let end = if control.is_empty() {
        "between steps, "
    } else {
        ""
    };
    format!("{control}{end}{}", words::seconds(now.since_start()))
}

fn awaited(summary: &Summary) -> String {
    match &summary.awaited {
        None => String::new(),
        Some(awaited) if awaited.seen.is_empty() => awaited.what.clone(),
        Some(awaited) => format!("awaits {}; sees {}", awaited.what, awaited.seen),
    }
}

/// What `indicatif` takes for a terminal.
#[derive(Debug)]
struct Screen {
    sender: mpsc::Sender<String>,
    width: Arc<AtomicU16>,
}

impl Screen {
    fn send(&self, text: String) -> io::Result<()> {
        self.sender
            .send(text)
            .map_err(|_| io::ErrorKind::BrokenPipe.into())
    }

    /// A movement of the cursor, for which none is not the same as zero.
    fn move_cursor(&self, by: usize, towards: char) -> io::Result<()> {
        if by == 0 {
            Ok(())
        } else {
            self.send(format!("\u{1b}[{by}{towards}"))
        }
    }
}

impl TermLike for Screen {
    fn width(&self) -> u16 {
        self.width.load(Ordering::Relaxed)
    }

    fn move_cursor_up(&self, by: usize) -> io::Result<()> {
        self.move_cursor(by, 'A')
    }

    fn move_cursor_down(&self, by: usize) -> io::Result<()> {
        self.move_cursor(by, 'B')
    }

    fn move_cursor_right(&self, by: usize) -> io::Result<()> {
        self.move_cursor(by, 'C')
    }

    fn move_cursor_left(&self, by: usize) -> io::Result<()> {
        self.move_cursor(by, 'D')
    }

    fn write_line(&self, line: &str) -> io::Result<()> {
        self.send(format!("{line}\n"))
    }

    fn write_str(&self, text: &str) -> io::Result<()> {
        self.send(text.to_owned())
    }

    fn clear_line(&self) -> io::Result<()> {
        self.send("\r\u{1b}[2K".to_owned())
    }

    fn flush(&self) -> io::Result<()> {
        Ok(())
    }
}
