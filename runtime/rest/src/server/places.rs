//! The places that a listener has for connections: how many in all, how many of one address, and how many of clients that have not
//! yet shown that they may use the worker.
//!
//! A connection is new until a request of it has passed the guard. When there are too many new ones, the oldest one of the address
//! that has most of them is cut: a good client needs milliseconds, and who only holds connections open loses them to it.

use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;

use weir_config::access::Limits;

/// All places of a listener. Clones share them.
#[derive(Debug, Clone)]
pub(super) struct Places(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    max: usize,
    new_max: usize,
    address_max: usize,
    book: Mutex<Book>,
}

/// Who has a place.
#[derive(Debug, Default)]
struct Book {
    next: u64,
    /// In the order in which they came.
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

/// Why there is no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Full {
    /// The listener has none left.
    All,
    /// The address has all that it may have.
    Address,
}

impl Full {
    /// What to tell the client.
    pub(super) fn message(self) -> &'static str {
        match self {
            Self::All => "Too many connections (weir.rest.connections.max); try again later",
            Self::Address => {
                "Too many connections from one address (weir.rest.connections.per.address.max); try again later"
            }
        }
    }
}

impl Places {
    pub(super) fn new(limits: &Limits) -> Self {
        let (max, new_max) = (limits.connections_max, limits.connections_new_max);
        let address_max = limits.connections_address_max;
        Self(Arc::new(Shared { max, new_max, address_max, book: Mutex::default() }))
    }

    /// A place for a new connection, if need be that of another one that is new.
    pub(super) fn take(&self, client: IpAddr) -> Result<Place, Full> {
        let address = network(client);
        let mut book = self.0.book.lock();
        let of_address = book.addresses.get(&address).map_or(0, |counts| counts.all);
        if of_address >= self.0.address_max && !book.cut_oldest_of(address) {
            return Err(Full::Address);
        }
        let total = book.new.len() + book.proven.len();
        if (total >= self.0.max || book.new.len() >= self.0.new_max) && !book.cut_one() {
            return Err(Full::All);
        }
        let id = book.next;
        book.next += 1;
        let cut = CancellationToken::new();
        book.new.insert(id, New { address, cut: cut.clone() });
        let counts = book.addresses.entry(address).or_default();
        counts.all += 1;
        counts.new += 1;
        Ok(Place { places: self.clone(), id, client, address, cut })
    }
}

impl Book {
    /// Cuts a new connection of the address that has most of them.
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

/// The place of one connection, free again when it is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    places: Places,
    id: u64,
    client: IpAddr,
    address: IpAddr,
    cut: CancellationToken,
}

impl Place {
    /// The client's own address.
    pub(crate) fn client(&self) -> IpAddr {
        self.client.to_canonical()
    }

    /// Whose it is: an address, of IPv6 the network that a client chooses its addresses from.
    pub(crate) fn address(&self) -> IpAddr {
        self.address
    }

    /// Says that the client may use the worker: from now on the place is not given to another one.
    pub(crate) fn prove(&self) {
        let mut book = self.places.0.book.lock();
        if book.new.remove(&self.id).is_some() {
            book.proven.insert(self.id, self.address);
            if let Some(counts) = book.addresses.get_mut(&self.address) {
                counts.new -= 1;
            }
        }
    }

    /// Returns when another connection got the place.
    pub(super) async fn cut(&self) {
        self.cut.cancelled().await;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut book = self.places.0.book.lock();
        let (new, proven) = (book.new.remove(&self.id).is_some(), book.proven.remove(&self.id).is_some());
        if new || proven {
            book.leave(self.address, new);
        }
    }
}

/// What counts as one address.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(max: usize, new_max: usize, address_max: usize) -> Places {
        let book = Mutex::default();
        Places(Arc::new(Shared { max, new_max, address_max, book }))
    }

    fn address(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    fn is_cut(place: &Place) -> bool {
        place.cut.is_cancelled()
    }

    #[test]
    fn the_oldest_new_connection_of_who_has_most_of_them_is_cut() {
        let places = places(100, 4, 100);
        let good = places.take(address("10.0.0.1")).expect("a place");
        let bad: Vec<_> = (0..3).map(|_| places.take(address("10.0.0.2")).expect("a place")).collect();
        let other = places.take(address("10.0.0.3")).expect("a place");
        assert_eq!(bad.iter().map(is_cut).collect::<Vec<_>>(), [true, false, false]);
        let more: Vec<_> = (0..600).map(|_| places.take(address("10.0.0.2")).expect("a place")).collect();
        assert!(!is_cut(&good) && !is_cut(&other));
        assert_eq!(more.iter().filter(|place| !is_cut(place)).count(), 2);
    }

    #[test]
    fn proven_connections_are_never_cut() {
        let places = places(4, 2, 100);
        let proven: Vec<_> =
            (0..4).map(|_| places.take(address("10.0.0.1")).expect("a place")).inspect(Place::prove).collect();
        assert_eq!(places.take(address("10.0.0.2")).err(), Some(Full::All));
        assert!(!proven.iter().any(is_cut));
        drop(proven);
        let (first, second) = (places.take(address("10.0.0.2")), places.take(address("10.0.0.2")));
        let third = places.take(address("10.0.0.2")).expect("a place");
        assert!(first.is_ok_and(|first| is_cut(&first)) && second.is_ok_and(|second| !is_cut(&second)));
        third.prove();
        third.prove();
        drop(third);
        assert!(places.0.book.lock().addresses.is_empty(), "nothing is left when all are gone");
    }

    #[test]
    fn an_address_has_no_more_than_its_part() {
        let places = places(100, 100, 2);
        let one = places.take(address("10.0.0.1")).expect("a place");
        let two = places.take(address("::ffff:10.0.0.1")).expect("the same address");
        one.prove();
        let three = places.take(address("10.0.0.1")).expect("the place of the one that is new");
        assert!(is_cut(&two) && !is_cut(&one) && !is_cut(&three));
        three.prove();
        assert_eq!(places.take(address("10.0.0.1")).err(), Some(Full::Address));
        let near = places.take(address("2001:db8::1")).expect("a place");
        let nearer = places.take(address("2001:db8::2:1")).expect("a place");
        let _third = places.take(address("2001:db8::3")).expect("the place of another one of that network");
        assert!(is_cut(&near) && !is_cut(&nearer));
        drop(two);
        drop(one);
        assert!(places.take(address("10.0.0.1")).is_ok());
    }
}
