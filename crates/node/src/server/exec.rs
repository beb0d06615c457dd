//! `/exec`: a program in a container, with its streams on channels.
//!
//! Invariants:
//! - The status comes last, after everything the program has said.
//! - A client that goes away takes its program along.

use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;

use http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use serde_json::{Value, json};
use stayput_sandbox::{Exit, ProcessId, ProcessSpec, Running, Stdio, Terminal};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::unix::pipe;
use tokio::sync::mpsc;

use super::channels::{self, ERROR, Heard, INPUT, OUTPUT, RESIZE, Receiver, STATUS, Sender};
use super::query::Query;
use super::{Body, Later, Place, look, streams, text};
use crate::boot::Shared;
use crate::command::exec_failure;

const HANGUP: i32 = 9;

pub(crate) async fn start(
    request: Request<Incoming>,
    shared: &Arc<Shared>,
    place: &Place,
    query: &Query,
    later: &mpsc::UnboundedSender<Later>,
) -> Response<Body> {
    let view = look(shared, place).await;
    let container = place.container.clone().unwrap_or_default();
    let live = view.and_then(|view| view.live);
    if live.is_none() && !channels::is_socket(&request) {
        let why = format!("container not found (\"{container}\")");
        return text(StatusCode::NOT_FOUND, &why);
    }
    let known = ["v5.channel.k8s.io", "v4.channel.k8s.io"];
    let (response, connection) = match channels::accept(request, &known, &streams::PROTOCOLS) {
        Ok(accepted) => accepted.parts(),
        Err(refused) => return *refused,
    };
    let wanted = streams::wanted(query);
    let command = query.all("command").map(str::to_owned).collect::<Vec<_>>();
    let terminal = query.is(&["tty"]);
    let input = if query.is(&["input", "stdin"]) {
        Input::Wanted
    } else {
        Input::None
    };
    let shared = shared.clone();
    let session = async move {
        let Some((mut sender, receiver)) = connection.channels(wanted).await else {
            return;
        };
        let status = match live {
            None => {
                let why = format!(
                    "Internal error occurred: unable to upgrade connection: container not found (\"{container}\")"
                );
                failure(&why)
            }
            Some((process, template)) => {
                let spec = ProcessSpec {
                    arguments: command,
                    terminal,
                    ..template
                };
                run(&shared, process, spec, input, &mut sender, receiver).await
            }
        };
        sender.send(STATUS, status.to_string().as_bytes()).await;
        sender.close().await;
    };
    let _ = later.send(Box::pin(session));
    response
}

/// Whether the client sends input.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Input {
    None,
    Wanted,
}

/// What the program reads from and writes to, on this side.
struct Ends {
    input: Option<pipe::Sender>,
    output: pipe::Receiver,
    error: Option<pipe::Receiver>,
    terminal: Option<OwnedFd>,
}

async fn run(
    shared: &Shared,
    container: ProcessId,
    spec: ProcessSpec,
    input: Input,
    sender: &mut Sender,
    receiver: Receiver,
) -> Value {
    let shown = spec.arguments.join(" ");
    let prepared = if spec.terminal {
        with_terminal()
    } else {
        with_pipes(input)
    };
    let (stdio, ends) = match prepared {
        Ok(prepared) => prepared,
        Err(error) => return failure(&format!("Internal error occurred: {error}")),
    };
    match shared.sandbox.exec(container, spec, stdio).await {
        Err(error) => {
            let why = exec_failure(&error, &crate::images::digest(&(container, &shown)));
            let why = format!("error executing command in container: {why}");
            failure(&sender.accident(&why))
        }
        Ok(running) => match attend(shared, running, ends, sender, receiver).await {
            Some(exit) => outcome(exit, &shown),
            None => failure("Internal error occurred: the container is gone"),
        },
    }
}

fn with_pipes(wanted: Input) -> std::io::Result<(Stdio, Ends)> {
    let (read, write) = stayput_sandbox::pipe()?;
    let input = if wanted == Input::Wanted {
        Some(pipe::Sender::from_owned_fd(write)?)
    } else {
        None
    };
    let (output, said) = crate::command::pipe_out()?;
    let (error, complained) = crate::command::pipe_out()?;
    let stdio = Stdio {
        input: read,
        output: said,
        error: complained,
    };
    Ok((
        stdio,
        Ends {
            input,
            output,
            error: Some(error),
            terminal: None,
        },
    ))
}

/// A terminal is one stream both ways; as two descriptors it can be read and written.
fn with_terminal() -> std::io::Result<(Stdio, Ends)> {
    let terminal = Terminal::open()?;
    let (program, master) = (terminal.program, terminal.master);
    let stdio = Stdio {
        input: program.try_clone()?,
        output: program.try_clone()?,
        error: program,
    };
    let input = Some(pipe::Sender::from_owned_fd_unchecked(master.try_clone()?)?);
    let output = pipe::Receiver::from_owned_fd_unchecked(master.try_clone()?)?;
    Ok((
        stdio,
        Ends {
            input,
            output,
            error: None,
            terminal: Some(master),
        },
    ))
}

/// Carries bytes both ways until the program has ended and has been heard out.
async fn attend(
    shared: &Shared,
    running: Running,
    mut ends: Ends,
    sender: &mut Sender,
    mut receiver: Receiver,
) -> Option<Exit> {
    let Running { id, mut exit } = running;
    let (mut out, mut err) = (vec![0; 16 * 1024], vec![0; 16 * 1024]);
    let (mut output_open, mut error_open, mut client) = (true, ends.error.is_some(), true);
    let mut ended = None;
    while output_open || error_open || ended.is_none() {
        tokio::select! {
            read = ends.output.read(&mut out), if output_open => match read {
                Ok(count) if count > 0 => client &= sender.send(OUTPUT, &out[..count]).await,
                _ => output_open = false,
            },
            read = read_some(&mut ends.error, &mut err), if error_open => match read {
                Some(count) => client &= sender.send(ERROR, &err[..count]).await,
                None => error_open = false,
            },
            done = &mut exit, if ended.is_none() => {
                ended = Some(done.ok()?);
                // A terminal's other side may be held open by what the program left behind.
                output_open &= ends.terminal.is_none();
            }
            message = receiver.next(), if client && ended.is_none() => {
                match message {
                    Some(Heard::Ping(id)) => sender.pong(id).await,
                    Some(heard) => take(&mut ends, &heard).await,
                    None => {
                        client = false;
                        let _ = shared.sandbox.signal(id, HANGUP).await;
                    }
                }
            }
        }
    }
    ended
}

async fn read_some(stream: &mut Option<pipe::Receiver>, into: &mut [u8]) -> Option<usize> {
    let read = stream.as_mut()?.read(into).await;
    read.ok().filter(|count| *count > 0)
}

async fn take(ends: &mut Ends, heard: &Heard) {
    match heard {
        Heard::Bytes(INPUT, bytes) => {
            if let Some(input) = &mut ends.input
                && input.write_all(bytes).await.is_err()
            {
                ends.input = None;
            }
        }
        Heard::Closed(INPUT) => ends.input = None,
        Heard::Bytes(RESIZE, bytes) => {
            let size = serde_json::from_slice::<Value>(bytes).unwrap_or_default();
            let number = |name: &str| {
                size[name]
                    .as_u64()
                    .and_then(|number| u16::try_from(number).ok())
            };
            if let (Some(terminal), Some(columns), Some(rows)) =
                (&ends.terminal, number("Width"), number("Height"))
            {
                let _ = Terminal::resize(terminal.as_fd(), columns, rows);
            }
        }
        Heard::Bytes(..) | Heard::Closed(_) | Heard::Ping(_) => {}
    }
}

fn failure(message: &str) -> Value {
    json!({
        "metadata": {},
        "status": "Failure",
        "message": message,
        "reason": "InternalError",
        "details": {"causes": [{"message": message}]},
        "code": 500,
    })
}

fn outcome(exit: Exit, shown: &str) -> Value {
    match exit.code() {
        0 => json!({"metadata": {}, "status": "Success"}),
        code => json!({
            "metadata": {},
            "status": "Failure",
            "message": format!("command terminated with non-zero exit code: error executing command [{shown}], exit code {code}"),
            "reason": "NonZeroExitCode",
            "details": {"causes": [{"reason": "ExitCode", "message": code.to_string()}]},
        }),
    }
}
