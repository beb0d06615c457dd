//! What containers have said: written line by line with the time, read back in the ways
//! that `kubectl logs` asks for.
//!
//! Invariants:
//! - One writer a container instance; readers only see whole lines.
//! - Reading never waits but for following.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncSeekExt, BufReader};
use tokio::net::unix::pipe;
use tokio::sync::watch;

/// The log of one instance of a container.
#[derive(Debug, Clone)]
pub(crate) struct Log {
    path: PathBuf,
    written: watch::Receiver<Written>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Written {
    bytes: u64,
    ended: bool,
}

/// Which of two streams a line came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// Standard output.
    Output,
    /// Standard error.
    Error,
}

/// What `kubectl logs` may ask for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct LogOptions {
    /// Wait for more.
    pub follow: bool,
    /// Put the time before each line.
    pub timestamps: bool,
    /// The instance before.
    pub previous: bool,
    /// Only so many of the last lines.
    pub tail: Option<usize>,
    /// Only what was said after.
    pub since: Option<Timestamp>,
    /// Only so many bytes.
    pub limit: Option<usize>,
}

const LONGEST_LINE: u64 = 16 * 1024;

/// Opens a log: the handle for readers, and the task that writes what the two pipes say
/// until both are closed. `now` is the clock.
pub(crate) fn open(
    path: PathBuf,
    output: OwnedFd,
    error: OwnedFd,
    now: fn() -> Timestamp,
) -> io::Result<(Log, impl Future<Output = ()> + Send + 'static)> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    let file = File::create(&path)?;
    let output = pipe::Receiver::from_owned_fd(output)?;
    let error = pipe::Receiver::from_owned_fd(error)?;
    let (sender, written) = watch::channel(Written::default());
    let writer = Writer { file, sender, now };
    Ok((Log { path, written }, writer.run(output, error)))
}

struct Writer {
    file: File,
    sender: watch::Sender<Written>,
    now: fn() -> Timestamp,
}

impl Writer {
    async fn run(mut self, output: pipe::Receiver, error: pipe::Receiver) {
        let mut output = Some(BufReader::new(output));
        let mut error = Some(BufReader::new(error));
        let (mut said, mut complained) = (Vec::new(), Vec::new());
        while output.is_some() || error.is_some() {
            let (source, more) = tokio::select! {
                more = line(&mut output, &mut said) => (Source::Output, more),
                more = line(&mut error, &mut complained) => (Source::Error, more),
            };
            let (stream, text) = match source {
                Source::Output => (&mut output, &mut said),
                Source::Error => (&mut error, &mut complained),
            };
            if !text.is_empty() {
                self.write(source, text);
                text.clear();
            }
            if !more {
                *stream = None;
            }
        }
        self.sender.send_modify(|written| written.ended = true);
    }

    fn write(&mut self, source: Source, text: &[u8]) {
        let (whole, text) = match text.strip_suffix(b"\n") {
            Some(text) => ('F', text),
            None => ('P', text),
        };
        let name = match source {
            Source::Output => "stdout",
            Source::Error => "stderr",
        };
        let time = (self.now)().strftime("%Y-%m-%dT%H:%M:%S.%9fZ");
        let mut entry = format!("{time} {name} {whole} ").into_bytes();
        entry.extend(text);
        entry.push(b'\n');
        if self.file.write_all(&entry).is_ok() {
            self.sender
                .send_modify(|written| written.bytes += entry.len() as u64);
        }
    }
}

/// Reads up to one line; false at the end.
async fn line(stream: &mut Option<BufReader<pipe::Receiver>>, into: &mut Vec<u8>) -> bool {
    match stream {
        // Cancelled in between, it has put what it took into `into`.
        Some(stream) => {
            matches!(stream.take(LONGEST_LINE).read_until(b'\n', into).await, Ok(read) if read > 0)
        }
        None => std::future::pending().await,
    }
}

/// One entry: its time and its text, with its line end if it has one.
fn parse(entry: &str) -> Option<(Timestamp, &str, String)> {
    let mut parts = entry.splitn(4, ' ');
    let time = parts.next()?;
    let _source = parts.next()?;
    let end = if parts.next()? == "F" { "\n" } else { "" };
    let text = parts.next().unwrap_or_default();
    Some((time.parse().ok()?, time, format!("{text}{end}")))
}

impl Log {
    /// The log's file.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// How far it goes.
    pub(crate) fn written(&self) -> u64 {
        self.written.borrow().bytes
    }

    /// What there is so far, chosen by `options`, and how far that goes.
    pub(crate) fn read(&self, options: &LogOptions) -> io::Result<(Vec<u8>, u64)> {
        let upto = self.written.borrow().bytes;
        let text = fs::read(&self.path)?;
        let text = &text[..usize::try_from(upto).unwrap_or(usize::MAX).min(text.len())];
        let text = String::from_utf8_lossy(text);
        let lines = text
            .lines()
            .filter_map(|entry| rendered(entry, options))
            .collect::<Vec<_>>();
        let skip = options
            .tail
            .map_or(0, |tail| lines.len().saturating_sub(tail));
        let mut all = lines[skip..].concat().into_bytes();
        if let Some(limit) = options.limit {
            all.truncate(limit);
        }
        Ok((all, upto))
    }

    /// What comes after `from`, when it comes; `None` when nothing will.
    pub(crate) async fn next(
        &mut self,
        from: u64,
        options: &LogOptions,
    ) -> io::Result<Option<(Vec<u8>, u64)>> {
        let ready = self
            .written
            .wait_for(|written| written.bytes > from || written.ended)
            .await;
        let written = ready.map_or(
            Written {
                bytes: from,
                ended: true,
            },
            |written| *written,
        );
        if written.bytes <= from {
            return Ok(None);
        }
        let mut file = tokio::fs::File::open(&self.path).await?;
        file.seek(io::SeekFrom::Start(from)).await?;
        let mut text = Vec::new();
        file.take(written.bytes - from)
            .read_to_end(&mut text)
            .await?;
        let text = String::from_utf8_lossy(&text);
        let lines = text
            .lines()
            .filter_map(|entry| rendered(entry, options))
            .collect::<Vec<_>>();
        Ok(Some((lines.concat().into_bytes(), written.bytes)))
    }
}

fn rendered(entry: &str, options: &LogOptions) -> Option<String> {
    let (time, written, text) = parse(entry)?;
    if options.since.is_some_and(|since| time < since) {
        return None;
    }
    Some(if options.timestamps {
        format!("{written} {text}")
    } else {
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clock() -> Timestamp {
        Timestamp::from_second(1_000_000_000).unwrap()
    }

    async fn logged(text: &str) -> (tempfile::TempDir, Log) {
        let directory = tempfile::tempdir().unwrap();
        let (reader, writer) = rustix::pipe::pipe().unwrap();
        let (silent, closed) = rustix::pipe::pipe().unwrap();
        drop(closed);
        let (log, task) = open(directory.path().join("0.log"), reader, silent, clock).unwrap();
        File::from(writer).write_all(text.as_bytes()).unwrap();
        task.await;
        (directory, log)
    }

    #[tokio::test]
    async fn lines_come_back_as_they_were_said() {
        let (_kept, mut log) = logged("one\ntwo\nthree").await;
        let read = |options: LogOptions| String::from_utf8(log.read(&options).unwrap().0).unwrap();
        assert_eq!(read(LogOptions::default()), "one\ntwo\nthree");
        assert_eq!(
            read(LogOptions {
                tail: Some(2),
                ..LogOptions::default()
            }),
            "two\nthree"
        );
        assert_eq!(
            read(LogOptions {
                limit: Some(4),
                ..LogOptions::default()
            }),
            "one\n"
        );
        let stamped = read(LogOptions {
            timestamps: true,
            tail: Some(1),
            ..LogOptions::default()
        });
        assert_eq!(stamped, "2001-09-09T01:46:40.000000000Z three");
        let (_, end) = log.read(&LogOptions::default()).unwrap();
        assert_eq!(log.next(end, &LogOptions::default()).await.unwrap(), None);
    }
}
