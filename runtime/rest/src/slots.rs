//! The connection slots of a listener: limits for all connections, for those of one address, and for those of clients that have not
//! authenticated yet.
//!
//! A connection is new until one of its requests has passed the guard. If there are too many new ones, the oldest one of the address
//! that has the most is closed: a well-behaved client needs only milliseconds to authenticate, and a client that merely holds
//! connections open loses them.

use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;

use weir_config::access::Limits;

/// The slots of a listener. Clones share them.
#[derive(Debug, Clone)]
pub(super) struct Slots(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    max: usize,
    new_max: usize,
    address_max: usize,
    holders: Mutex<Holders>,
}

/// The connections that have a slot.
#[derive(Debug, Default)]
struct Holders {
    next: u64,
    /// By number, which is the order in which they were accepted.
    new: BTreeMap<u64, New>,
    proven: HashMap<u64, IpAddr>,
    addresses: HashMap<IpAddr, Counts>,
}

#[derive(Debug)]
struct New {
    address: IpAddr,
    cut: CancellationToken,
}

#[derive(Debug, Default)]
struct Counts {
    all: usize,
    new: usize,
}

/// Why a connection gets no slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Full {
    /// The listener has reached its limit.
    All,
    /// The address has reached its limit.
    Address,
}

impl Full {
    /// Returns the message for the client.
    pub(super) fn message(self) -> &'static str {
        match self {
            Self::All => "Too many connections (weir.rest.connections.max); try again later",
            Self::Address => {
                "Too many connections from one address (weir.rest.connections.per.address.max); try again later"
            }
        }
    }
}

impl Slots {
    pub(super) fn new(limits: &Limits) -> Self {
        let (max, new_max) = (limits.connections_max, limits.connections_new_max);
        let address_max = limits.connections_address_max;
        Self(Arc::new(Shared { max, new_max, address_max, holders: Mutex::default() }))
    }

    /// Takes a slot for a new connection, if necessary that of another new one.
    pub(super) fn take(&self, client: IpAddr) -> Result<Slot, Full> {
        let address = network(client);
        let mut holders = self.0.holders.lock();
        let of_address = holders.addresses.get(&address).map_or(0, |counts| counts.all);
        if of_address >= self.0.address_max && !holders.cut_oldest_of(address) {
            return Err(Full::Address);
        }
        let total = holders.new.len() + holders.proven.len();
        if (total >= self.0.max || holders.new.len() >= self.0.new_max) && !holders.cut_one() {
            return Err(Full::All);
        }
        let id = holders.next;
        holders.next += 1;
        let cut = CancellationToken::new();
        holders.new.insert(id, New { address, cut: cut.clone() });
        let counts = holders.addresses.entry(address).or_default();
        counts.all += 1;
        counts.new += 1;
        Ok(Slot { slots: self.clone(), id, client, address, cut })
    }
}

impl Holders {
    /// Closes a new connection of the address that has the most. Returns whether there was one.
    fn cut_one(&mut self) -> bool {
        let most = self.addresses.iter().max_by_key(|(_, counts)| counts.new).map(|(address, _)| *address);
        most.is_some_and(|address| self.cut_oldest_of(address))
    }

    fn cut_oldest_of(&mut self, address: IpAddr) -> bool {
        let oldest = self.new.iter().find(|(_, new)| new.address == address).map(|(id, _)| *id);
        let Some(new) = oldest.and_then(|id| self.new.remove(&id)) else { return false };
        new.cut.cancel();
        self.leave(address, true);
        true
    }

    fn leave(&mut self, address: IpAddr, new: bool) {
        if let Some(counts) = self.addresses.get_mut(&address) {
            counts.all -= 1;
            counts.new -= usize::from(new);
            if counts.all == 0 {
                self.addresses.remove(&address);
            }
        }
    }
}

/// The slot of one connection. It becomes free when this is dropped.
#[derive(Debug)]
pub(crate) struct Slot {
    slots: Slots,
    id: u64,
    client: IpAddr,
    address: IpAddr,
    cut: CancellationToken,
}

impl Slot {
    /// Returns the client's own address.
    pub(crate) fn client(&self) -> IpAddr {
        self.client.to_canonical()
    }

    /// Returns the address that connections are counted by: for IPv6 the /64 network, in which a client chooses its addresses.
    pub(crate) fn address(&self) -> IpAddr {
        self.address
    }

    /// Notes that the client may use the worker: from now on the slot is not given to another connection.
    pub(crate) fn prove(&self) {
        let mut holders = self.slots.0.holders.lock();
        if holders.new.remove(&self.id).is_some() {
            holders.proven.insert(self.id, self.address);
            if let Some(counts) = holders.addresses.get_mut(&self.address) {
                counts.new -= 1;
            }
        }
    }

    /// Waits until another connection has taken the slot.
    pub(super) async fn cut(&self) {
        self.cut.cancelled().await;
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut holders = self.slots.0.holders.lock();
        let (new, proven) = (holders.new.remove(&self.id).is_some(), holders.proven.remove(&self.id).is_some());
        if new || proven {
            holders.leave(self.address, new);
        }
    }
}

/// Returns the address that connections are counted by.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slots(max: usize, new_max: usize, address_max: usize) -> Slots {
        let holders = Mutex::default();
        Slots(Arc::new(Shared { max, new_max, address_max, holders }))
    }

    fn address(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    fn is_cut(slot: &Slot) -> bool {
        slot.cut.is_cancelled()
    }

    #[test]
    fn the_oldest_new_connection_of_the_address_with_most_of_them_is_cut() {
        let slots = slots(100, 4, 100);
        let good = slots.take(address("10.0.0.1")).expect("a slot");
        let bad: Vec<_> = (0..3).map(|_| slots.take(address("10.0.0.2")).expect("a slot")).collect();
        let other = slots.take(address("10.0.0.3")).expect("a slot");
        assert_eq!(bad.iter().map(is_cut).collect::<Vec<_>>(), [true, false, false]);
        let more: Vec<_> = (0..600).map(|_| slots.take(address("10.0.0.2")).expect("a slot")).collect();
        assert!(!is_cut(&good) && !is_cut(&other));
        assert_eq!(more.iter().filter(|slot| !is_cut(slot)).count(), 2);
    }

    #[test]
    fn proven_connections_are_never_cut() {
        let slots = slots(4, 2, 100);
        let proven: Vec<_> =
            (0..4).map(|_| slots.take(address("10.0.0.1")).expect("a slot")).inspect(Slot::prove).collect();
        assert_eq!(slots.take(address("10.0.0.2")).err(), Some(Full::All));
        assert!(!proven.iter().any(is_cut));
        drop(proven);
        let (first, second) = (slots.take(address("10.0.0.2")), slots.take(address("10.0.0.2")));
        let third = slots.take(address("10.0.0.2")).expect("a slot");
        assert!(first.is_ok_and(|first| is_cut(&first)) && second.is_ok_and(|second| !is_cut(&second)));
        third.prove();
        third.prove();
        drop(third);
        assert!(slots.0.holders.lock().addresses.is_empty(), "nothing remains after all have ended");
    }

    #[test]
    fn an_address_has_a_limited_number_of_slots() {
        let slots = slots(100, 100, 2);
        let one = slots.take(address("10.0.0.1")).expect("a slot");
        let two = slots.take(address("::ffff:10.0.0.1")).expect("the same address");
        one.prove();
        let three = slots.take(address("10.0.0.1")).expect("the slot of the new one");
        assert!(is_cut(&two) && !is_cut(&one) && !is_cut(&three));
        three.prove();
        assert_eq!(slots.take(address("10.0.0.1")).err(), Some(Full::Address));
        let near = slots.take(address("2001:db8::1")).expect("a slot");
        let nearer = slots.take(address("2001:db8::2:1")).expect("a slot");
        let _third = slots.take(address("2001:db8::3")).expect("the slot of another one of that network");
        assert!(is_cut(&near) && !is_cut(&nearer));
        drop(two);
        drop(one);
        assert!(slots.take(address("10.0.0.1")).is_ok());
    }
}
