//! How a running cluster is spoken to: one order on each connection of its own socket.
//!
//! Invariants:
//! - What an order runs writes to the asker's own descriptors: no output passes here.
//! - The connection is the order's life: closed by the asker, the order is given up.

use std::fs::File;
use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::net::UnixStream as StdStream;

use camino::Utf8Path;
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags,
};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt, AsyncWriteExt, Interest};
use tokio::net::UnixStream;

/// The socket's name in the cluster's directory.
const SOCKET: &str = "socket";
/// The longest order: a script comes as a file, not in it.
const LONGEST: u32 = 1 << 20;

/// What a cluster can be asked for besides its API.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Order {
    /// Run a command on a node.
    Run { node: String, command: Vec<String> },
    /// Stop a node.
    Stop { node: String },
    /// Start a node.
    Start { node: String },
    /// End the whole cluster.
    End,
}

/// What it says to that.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Reply {
    Done,
    /// How the command ended.
    Exited(i32),
    UnknownNode,
    NodeStopped,
    Failed(String),
}

/// Standard input, output and error of a command on a node.
#[derive(Debug)]
pub struct Streams {
    /// What it reads.
    pub input: OwnedFd,
    /// What it writes.
    pub output: OwnedFd,
    /// What it complains to.
    pub error: OwnedFd,
}

/// Where the socket is, by a path that is short wherever the directory is: a socket's
/// address has room for 107 bytes.
fn address(directory: &Utf8Path) -> io::Result<(File, String)> {
    let open = File::open(directory)?;
    let path = format!("/proc/self/fd/{}/{SOCKET}", open.as_raw_fd());
    Ok((open, path))
}

/// Listens in the cluster's directory.
pub(crate) fn listen(directory: &Utf8Path) -> io::Result<tokio::net::UnixListener> {
    let (_open, path) = address(directory)?;
    tokio::net::UnixListener::bind(path)
}

/// Gives an order to the cluster of that directory, and waits for its reply.
pub(crate) async fn give(
    directory: &Utf8Path,
    order: &Order,
    streams: Option<Streams>,
) -> io::Result<Reply> {
    let stream = {
        let (_open, path) = address(directory)?;
        StdStream::connect(path)?
    };
    let fds = streams
        .iter()
        .flat_map(|streams| [&streams.input, &streams.output, &streams.error])
        .map(AsFd::as_fd)
        .collect::<Vec<_>>();
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(3))];
    let mut attached = SendAncillaryBuffer::new(&mut space);
    if !fds.is_empty() {
        attached.push(SendAncillaryMessage::ScmRights(&fds));
    }
    rustix::net::sendmsg(
        &stream,
        &[IoSlice::new(&[1])],
        &mut attached,
        SendFlags::NOSIGNAL,
    )?;
    drop(streams);
    stream.set_nonblocking(true)?;
    let mut stream = UnixStream::from_std(stream)?;
    write(&mut stream, order).await?;
    read(&mut stream).await
}

/// Takes the order of a connection.
pub(crate) async fn take(stream: &mut UnixStream) -> io::Result<(Order, Option<Streams>)> {
    let fds = stream
        .async_io(Interest::READABLE, || {
            let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(3))];
            let mut attached = RecvAncillaryBuffer::new(&mut space);
            let mut byte = [0];
            let flags = RecvFlags::CMSG_CLOEXEC;
            rustix::net::recvmsg(
                &*stream,
                &mut [IoSliceMut::new(&mut byte)],
                &mut attached,
                flags,
            )?;
            let mut fds = Vec::new();
            for message in attached.drain() {
                if let RecvAncillaryMessage::ScmRights(received) = message {
                    fds.extend(received);
                }
            }
            Ok(fds)
        })
        .await?;
    let mut fds = fds.into_iter();
    let streams = match (fds.next(), fds.next(), fds.next()) {
        (Some(input), Some(output), Some(error)) => Some(Streams {
            input,
            output,
            error,
        }),
        _ => None,
    };
    Ok((read(stream).await?, streams))
}

/// Sends a message with its length before it.
pub(crate) async fn write(stream: &mut UnixStream, message: &impl Serialize) -> io::Result<()> {
    let body = serde_json::to_vec(message)?;
    let length = u32::try_from(body.len()).map_err(io::Error::other)?;
    stream.write_u32(length).await?;
    stream.write_all(&body).await
}

async fn read<T: DeserializeOwned>(stream: &mut UnixStream) -> io::Result<T> {
    let length = stream.read_u32().await?;
    if length > LONGEST {
        return Err(io::Error::other("a message that is too long"));
    }
    let mut body = vec![0; usize::try_from(length).map_err(io::Error::other)?];
    stream.read_exact(&mut body).await?;
    Ok(serde_json::from_slice(&body)?)
}
