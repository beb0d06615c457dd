//! The fabric: one bridge, and for each pod a network namespace on a cable to it.
//!
//! Invariants:
//! - The calling process is in the fabric's namespace before and after each function.
//! - A pod's namespaces live by the descriptors in [`PodNamespaces`] and its processes;
//!   when both are gone the kernel removes cable and address.

use std::io;
use std::os::fd::OwnedFd;

use crate::netlink::{self, Socket};
use crate::spec::{FabricSpec, PodSpec};
use crate::sys;

const BRIDGE: &str = "fabric";

/// Opens a bridge in the present network namespace.
pub(crate) fn make_fabric(spec: &FabricSpec) -> io::Result<()> {
    let socket = Socket::open()?;
    let lo = netlink::index_of("lo")?;
    socket.ask(&netlink::up(lo))?;
    socket.ask(&netlink::new_bridge(BRIDGE))?;
    let bridge = netlink::index_of(BRIDGE)?;
    socket.ask(&netlink::new_address(bridge, spec.gateway, spec.prefix))?;
    for (network, prefix) in &spec.local {
        socket.ask(&netlink::local_route(lo, *network, *prefix))?;
    }
    Ok(())
}

/// The namespaces that a pod's containers share.
pub(crate) struct PodNamespaces {
    network: OwnedFd,
    uts: OwnedFd,
    ipc: OwnedFd,
}

/// The namespaces that the calling process goes back to.
pub(crate) struct Home(PodNamespaces);

const FLAGS: libc::c_int = libc::CLONE_NEWNET | libc::CLONE_NEWUTS | libc::CLONE_NEWIPC;

impl PodNamespaces {
    fn present() -> io::Result<Self> {
        Ok(Self {
            network: sys::own_namespace("net")?,
            uts: sys::own_namespace("uts")?,
            ipc: sys::own_namespace("ipc")?,
        })
    }

    /// Moves this process into them.
    pub(crate) fn enter(&self) -> io::Result<()> {
        sys::setns(&self.network, libc::CLONE_NEWNET)?;
        sys::setns(&self.uts, libc::CLONE_NEWUTS)?;
        sys::setns(&self.ipc, libc::CLONE_NEWIPC)
    }
}

impl Home {
    pub(crate) fn remember() -> io::Result<Self> {
        PodNamespaces::present().map(Self)
    }

    /// Makes a pod's namespaces, named and addressed, and comes back.
    pub(crate) fn make_pod(
        &self,
        cable: &str,
        spec: &PodSpec,
        fabric: &FabricSpec,
    ) -> io::Result<PodNamespaces> {
        let here = Socket::open()?;
        let bridge = netlink::index_of(BRIDGE)?;
        sys::unshare(FLAGS)?;
        let made = (|| {
            let pod = PodNamespaces::present()?;
            sys::set_hostname(&spec.hostname)?;
            here.ask(&netlink::new_cable(cable, bridge, &pod.network))?;
            let there = Socket::open()?;
            there.ask(&netlink::up(netlink::index_of("lo")?))?;
            let eth0 = netlink::index_of("eth0")?;
            there.ask(&netlink::up(eth0))?;
            there.ask(&netlink::new_address(eth0, spec.address, fabric.prefix))?;
            there.ask(&netlink::default_route(fabric.gateway))?;
            allow_ping_and_low_ports();
            Ok(pod)
        })();
        self.0.enter()?;
        made
    }

    /// Does something in a pod's network, and comes back.
    pub(crate) fn within<T>(
        &self,
        pod: &PodNamespaces,
        act: impl FnOnce() -> io::Result<T>,
    ) -> io::Result<T> {
        sys::setns(&pod.network, libc::CLONE_NEWNET)?;
        let done = act();
        sys::setns(&self.0.network, libc::CLONE_NEWNET)?;
        done
    }
}

/// As a container runtime sets them; without them only a few programs differ.
fn allow_ping_and_low_ports() {
    let _ = std::fs::write("/proc/sys/net/ipv4/ip_unprivileged_port_start", "0");
    let _ = std::fs::write("/proc/sys/net/ipv4/ping_group_range", "0 0");
}
