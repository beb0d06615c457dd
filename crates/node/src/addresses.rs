//! A node's pod addresses.
//!
//! Invariant: an address that was given back is given out again only after all others:
//! a cluster that remembers its peers' addresses must not meet a stranger at one.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

/// Addresses 2 to 254 of a network of 256.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Addresses {
    network: Ipv4Addr,
    last: u8,
    taken: BTreeSet<u8>,
}

impl Addresses {
    /// The addresses of `network`/24.
    pub(crate) fn of(network: Ipv4Addr) -> Self {
        Self {
            network,
            last: 1,
            taken: BTreeSet::new(),
        }
    }

    /// One that nobody has.
    pub(crate) fn take(&mut self) -> Option<Ipv4Addr> {
        let after = (u16::from(self.last) + 1..=254).chain(2..=u16::from(self.last));
        let free = after
            .filter_map(|host| u8::try_from(host).ok())
            .find(|host| !self.taken.contains(host))?;
        self.last = free;
        self.taken.insert(free);
        let [a, b, c, _] = self.network.octets();
        Some(Ipv4Addr::new(a, b, c, free))
    }

    /// Takes one back.
    pub(crate) fn give_back(&mut self, address: Ipv4Addr) {
        self.taken.remove(&address.octets()[3]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_not_used_again_soon() {
        let mut pool = Addresses::of(Ipv4Addr::new(10, 244, 3, 0));
        let first = pool.take().unwrap();
        pool.give_back(first);
        let later = (0..252).map(|_| pool.take().unwrap()).collect::<Vec<_>>();
        assert!(!later.contains(&first));
        assert_eq!(pool.take(), Some(first));
        assert_eq!(pool.take(), None);
    }
}
