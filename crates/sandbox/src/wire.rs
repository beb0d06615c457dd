//! What the cluster and its zygote say to each other over one packet socket.
//!
//! Invariants:
//! - A packet is one message; descriptors travel with it.
//! - A request's body is in a memory file, so that its size does not matter.

use std::fs::File;
use std::io::{self, IoSlice, IoSliceMut, Read, Seek, Write};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, recvmsg, sendmsg,
};
use serde::{Deserialize, Serialize};

use crate::error::Failure;
use crate::spec::{ContainerSpec, Exit, PodId, PodSpec, ProcessSpec};

const MOST_FDS: usize = 6;
const LARGEST_EVENT: usize = 64 * 1024;

/// From the cluster to the zygote. Each has a number that its answer carries.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Request {
    /// Make a pod's namespaces and its address.
    Pod(PodId, PodSpec),
    /// Let them go: they end with their last process.
    DropPod(PodId),
    /// Start a container; three descriptors follow.
    Start(PodId, u64, Box<ContainerSpec>),
    /// Run a program in a container; three descriptors follow.
    Exec {
        /// The container's first process.
        container: u64,
        /// The number of the new one.
        id: u64,
        /// What to run.
        process: ProcessSpec,
    },
    /// Signal one process.
    Signal(u64, i32),
    /// An unconnected TCP socket in a pod's network.
    Socket(PodId),
}

/// From the zygote to the cluster.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Event {
    /// The answer to a request.
    Answer(u64, Result<(), Failure>),
    /// A process has ended.
    Exited(u64, Exit),
}

/// A pair of connected packet sockets.
pub(crate) fn pair() -> io::Result<(OwnedFd, OwnedFd)> {
    use rustix::net::{AddressFamily, SocketFlags, SocketType, socketpair};
    Ok(socketpair(
        AddressFamily::UNIX,
        SocketType::SEQPACKET,
        SocketFlags::CLOEXEC,
        None,
    )?)
}

/// Packs a request: the body's memory file first, then the descriptors.
pub(crate) fn pack(number: u64, request: &Request) -> io::Result<OwnedFd> {
    let mut file = File::from(rustix::fs::memfd_create(
        "request",
        rustix::fs::MemfdFlags::CLOEXEC,
    )?);
    serde_json::to_writer(&mut file, &(number, request))?;
    file.flush()?;
    Ok(file.into())
}

/// Undoes [`pack`].
pub(crate) fn unpack(fds: &mut Vec<OwnedFd>) -> io::Result<(u64, Request)> {
    if fds.is_empty() {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    let mut file = File::from(fds.remove(0));
    file.rewind()?;
    let mut body = Vec::new();
    file.read_to_end(&mut body)?;
    Ok(serde_json::from_slice(&body)?)
}

/// Sends one packet.
pub(crate) fn send(socket: impl AsFd, body: &[u8], fds: &[BorrowedFd<'_>]) -> io::Result<()> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST_FDS))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    if !fds.is_empty() && !ancillary.push(SendAncillaryMessage::ScmRights(fds)) {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    sendmsg(
        socket,
        &[IoSlice::new(body)],
        &mut ancillary,
        SendFlags::NOSIGNAL,
    )?;
    Ok(())
}

/// Sends one event.
pub(crate) fn send_event(
    socket: impl AsFd,
    event: &Event,
    fds: &[BorrowedFd<'_>],
) -> io::Result<()> {
    send(socket, &serde_json::to_vec(event)?, fds)
}

/// Receives one packet; an empty body is the end.
pub(crate) fn receive(socket: impl AsFd) -> io::Result<(Vec<u8>, Vec<OwnedFd>)> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST_FDS))];
    let mut ancillary = RecvAncillaryBuffer::new(&mut space);
    let mut body = vec![0; LARGEST_EVENT];
    let flags = RecvFlags::CMSG_CLOEXEC;
    let message = recvmsg(
        socket,
        &mut [IoSliceMut::new(&mut body)],
        &mut ancillary,
        flags,
    )?;
    if message.flags.contains(ReturnFlags::TRUNC) {
        return Err(io::ErrorKind::InvalidData.into());
    }
    body.truncate(message.bytes);
    let mut fds = Vec::new();
    for part in ancillary.drain() {
        if let RecvAncillaryMessage::ScmRights(rights) = part {
            fds.extend(rights);
        }
    }
    Ok((body, fds))
}
