//! Enough of route netlink for a bridge, its cables, addresses and routes.
//!
//! Invariant: pure encoding but for [`Socket`], which acts on the network namespace
//! that the process is in when it is opened.

use std::io;
use std::net::Ipv4Addr;
use std::os::fd::{AsRawFd, OwnedFd};

use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, recv, send, socket_with,
};

const NEW_LINK: u16 = 16;
const NEW_ADDRESS: u16 = 20;
const NEW_ROUTE: u16 = 24;
const REQUEST_ACK: u16 = 1 | 4;
const CREATE: u16 = 0x400 | 0x200;
const NEST: u16 = 0x8000;
const UP: u32 = 1;
const NETLINK_ERROR: u16 = 2;

/// One message being written.
pub(crate) struct Message {
    bytes: Vec<u8>,
}

impl Message {
    fn new(kind: u16, flags: u16) -> Self {
        let mut bytes = vec![0; 4];
        bytes.extend(kind.to_ne_bytes());
        bytes.extend((REQUEST_ACK | flags).to_ne_bytes());
        bytes.extend([0; 8]);
        Self { bytes }
    }

    fn raw(mut self, bytes: &[u8]) -> Self {
        self.bytes.extend(bytes);
        self
    }

    fn attribute(mut self, kind: u16, value: &[u8]) -> Self {
        let length = u16::try_from(4 + value.len()).unwrap_or(u16::MAX);
        self.bytes.extend(length.to_ne_bytes());
        self.bytes.extend(kind.to_ne_bytes());
        self.bytes.extend(value);
        while !self.bytes.len().is_multiple_of(4) {
            self.bytes.push(0);
        }
        self
    }

    fn nested(mut self, kind: u16, inner: impl FnOnce(Self) -> Self) -> Self {
        let start = self.bytes.len();
        self.bytes.extend([0, 0]);
        self.bytes.extend((kind | NEST).to_ne_bytes());
        self = inner(self);
        let length = u16::try_from(self.bytes.len() - start).unwrap_or(u16::MAX);
        self.bytes[start..start + 2].copy_from_slice(&length.to_ne_bytes());
        self
    }

    fn finish(mut self) -> Vec<u8> {
        let length = u32::try_from(self.bytes.len()).unwrap_or(u32::MAX);
        self.bytes[..4].copy_from_slice(&length.to_ne_bytes());
        self.bytes
    }
}

/// The fixed part of a link message.
fn link(index: u32, flags: u32) -> [u8; 16] {
    let mut part = [0; 16];
    part[4..8].copy_from_slice(&index.to_ne_bytes());
    part[8..12].copy_from_slice(&flags.to_ne_bytes());
    part[12..16].copy_from_slice(&flags.to_ne_bytes());
    part
}

fn name(text: &str) -> Vec<u8> {
    [text.as_bytes(), &[0]].concat()
}

/// A bridge, up.
pub(crate) fn new_bridge(called: &str) -> Vec<u8> {
    Message::new(NEW_LINK, CREATE)
        .raw(&link(0, UP))
        .attribute(3, &name(called))
        .nested(18, |info| info.attribute(1, &name("bridge")))
        .finish()
}

/// A cable: this end in the bridge, the other called `eth0` in another namespace.
pub(crate) fn new_cable(called: &str, bridge: u32, other: &OwnedFd) -> Vec<u8> {
    let fd = other.as_raw_fd().to_ne_bytes();
    Message::new(NEW_LINK, CREATE)
        .raw(&link(0, UP))
        .attribute(3, &name(called))
        .attribute(10, &bridge.to_ne_bytes())
        .nested(18, |info| {
            info.attribute(1, &name("veth")).nested(2, |data| {
                data.nested(1, |peer| {
                    peer.raw(&link(0, 0))
                        .attribute(3, &name("eth0"))
                        .attribute(28, &fd)
                })
            })
        })
        .finish()
}

/// Brings a link up.
pub(crate) fn up(index: u32) -> Vec<u8> {
    Message::new(NEW_LINK, 0).raw(&link(index, UP)).finish()
}

/// Gives a link an address.
pub(crate) fn new_address(index: u32, address: Ipv4Addr, prefix: u8) -> Vec<u8> {
    let [a, b, c, d] = index.to_ne_bytes();
    Message::new(NEW_ADDRESS, CREATE)
        .raw(&[2, prefix, 0x80, 0, a, b, c, d])
        .attribute(1, &address.octets())
        .attribute(2, &address.octets())
        .finish()
}

/// A default route through `gateway`.
pub(crate) fn default_route(gateway: Ipv4Addr) -> Vec<u8> {
    Message::new(NEW_ROUTE, CREATE)
        .raw(&[2, 0, 0, 0, 254, 3, 0, 1, 0, 0, 0, 0])
        .attribute(5, &gateway.octets())
        .finish()
}

/// Makes every address of a network this namespace's own (table 255, type local).
pub(crate) fn local_route(index: u32, network: Ipv4Addr, prefix: u8) -> Vec<u8> {
    Message::new(NEW_ROUTE, CREATE)
        .raw(&[2, prefix, 0, 0, 255, 3, 254, 2, 0, 0, 0, 0])
        .attribute(1, &network.octets())
        .attribute(4, &index.to_ne_bytes())
        .finish()
}

/// A socket to the kernel.
pub(crate) struct Socket(OwnedFd);

impl Socket {
    pub(crate) fn open() -> io::Result<Self> {
        let netlink = AddressFamily::NETLINK;
        Ok(Self(socket_with(
            netlink,
            SocketType::RAW,
            SocketFlags::CLOEXEC,
            None,
        )?))
    }

    /// Sends one message and waits for its acknowledgement.
    pub(crate) fn ask(&self, message: &[u8]) -> io::Result<()> {
        send(&self.0, message, SendFlags::empty())?;
        let mut buffer = [0_u8; 4096];
        let (read, _) = recv(&self.0, &mut buffer[..], RecvFlags::empty())?;
        answer(&buffer[..read])
    }
}

/// The error number in an acknowledgement, 0 for none.
fn answer(bytes: &[u8]) -> io::Result<()> {
    let invalid = || io::Error::from(io::ErrorKind::InvalidData);
    let kind = bytes
        .get(4..6)
        .and_then(|kind| kind.try_into().ok())
        .ok_or_else(invalid)?;
    let code = bytes
        .get(16..20)
        .and_then(|code| code.try_into().ok())
        .ok_or_else(invalid)?;
    match (u16::from_ne_bytes(kind), i32::from_ne_bytes(code)) {
        (NETLINK_ERROR, 0) => Ok(()),
        (NETLINK_ERROR, code) => Err(io::Error::from_raw_os_error(-code)),
        _ => Err(invalid()),
    }
}

/// The number of a link in the present network namespace.
pub(crate) fn index_of(called: &str) -> io::Result<u32> {
    use rustix::net::netdevice::name_to_index;
    let socket = socket_with(
        AddressFamily::INET,
        SocketType::DGRAM,
        SocketFlags::CLOEXEC,
        None,
    )?;
    Ok(name_to_index(&socket, called)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_says_its_own_length() {
        let message = new_bridge("fabric");
        assert_eq!(
            message[..4],
            u32::try_from(message.len()).unwrap().to_ne_bytes()
        );
        assert_eq!(message.len() % 4, 0);
    }

    #[test]
    fn an_acknowledgement_is_zero_and_an_error_is_its_number() {
        let packet = |code: i32| {
            [
                &[0; 4],
                &NETLINK_ERROR.to_ne_bytes()[..],
                &[0; 10],
                &code.to_ne_bytes(),
            ]
            .concat()
        };
        assert!(answer(&packet(0)).is_ok());
        assert_eq!(answer(&packet(-17)).unwrap_err().raw_os_error(), Some(17));
        assert!(answer(&[]).is_err());
    }
}
