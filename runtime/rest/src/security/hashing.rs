//! Limits the hashing of passwords, which takes a large part of a second of processor time each: few at once, few that wait, and none
//! for an address that sent too many wrong ones. Other credentials, such as tokens, never wait for it.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Maximum number of passwords that are hashed at once.
const AT_ONCE: usize = 2;
/// Maximum number of passwords that are hashed or wait for it.
const PENDING_MAX: usize = 16;
/// Maximum number of those from one address.
const ADDRESS_PENDING_MAX: usize = 4;
/// Maximum number of wrong passwords from one address that are hashed without a pause.
const WRONG_MAX: u32 = 10;
/// The time after which one of them is forgotten.
const WRONG_PAUSE: Duration = Duration::from_secs(1);
/// The number of addresses above which those without pending or wrong passwords are removed.
const ADDRESSES_TIDY: usize = 1000;

/// The queue for hashing. Clones share it.
#[derive(Clone)]
pub(super) struct Hashing {
    running: Arc<Semaphore>,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    pending: usize,
    addresses: HashMap<IpAddr, Address>,
}

struct Address {
    pending: usize,
    /// The time at which all wrong passwords are forgotten.
    clean: Instant,
}

/// The number of seconds after which the client may try again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Later(pub(super) u64);

impl Default for Hashing {
    fn default() -> Self {
        Self { running: Arc::new(Semaphore::new(AT_ONCE)), state: Arc::default() }
    }
}

impl Hashing {
    /// Adds a client at this address to the queue.
    pub(super) fn enqueue(&self, address: IpAddr) -> Result<Queued, Later> {
        self.enqueue_at(address, Instant::now())
    }

    fn enqueue_at(&self, address: IpAddr, now: Instant) -> Result<Queued, Later> {
        let mut state = self.state.lock();
        if state.addresses.len() > ADDRESSES_TIDY {
            state.addresses.retain(|_, address| address.pending > 0 || address.clean > now);
        }
        let full = state.pending >= PENDING_MAX;
        let of_address = state.addresses.entry(address).or_insert(Address { pending: 0, clean: now });
        let wait = of_address.clean.saturating_duration_since(now).saturating_sub(WRONG_PAUSE * (WRONG_MAX - 1));
        if wait > Duration::ZERO {
            return Err(Later(wait.as_millis().div_ceil(1000).try_into().unwrap_or(u64::MAX)));
        }
        if full || of_address.pending >= ADDRESS_PENDING_MAX {
            return Err(Later(1));
        }
        of_address.pending += 1;
        state.pending += 1;
        Ok(Queued { hashing: self.clone(), address })
    }
}

/// A place in the queue. It becomes free when this is dropped.
pub(super) struct Queued {
    hashing: Hashing,
    address: IpAddr,
}

impl Queued {
    /// Waits for its turn. The turn keeps the place in the queue.
    pub(super) async fn turn(self) -> Option<Turn> {
        let permit = Arc::clone(&self.hashing.running).acquire_owned().await;
        // The semaphore is never closed.
        permit.ok().map(|permit| Turn { queued: self, _permit: permit })
    }
}

impl Drop for Queued {
    fn drop(&mut self) {
        let mut state = self.hashing.state.lock();
        state.pending -= 1;
        if let Some(address) = state.addresses.get_mut(&self.address) {
            address.pending -= 1;
        }
    }
}

/// The turn to hash a password. The thread that does the work owns it, because the work continues if the client disconnects.
pub(super) struct Turn {
    queued: Queued,
    _permit: OwnedSemaphorePermit,
}

impl Turn {
    /// Notes that the password was wrong.
    pub(super) fn wrong(&self) {
        self.wrong_at(Instant::now());
    }

    fn wrong_at(&self, now: Instant) {
        let mut state = self.queued.hashing.state.lock();
        if let Some(address) = state.addresses.get_mut(&self.queued.address) {
            address.clean = address.clean.max(now) + WRONG_PAUSE;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(last: u8) -> IpAddr {
        IpAddr::from([10, 0, 0, last])
    }

    #[tokio::test]
    async fn the_queue_is_bounded_in_all_and_for_one_address() {
        let hashing = Hashing::default();
        let mut queued: Vec<_> =
            (0..ADDRESS_PENDING_MAX).map(|_| hashing.enqueue(address(1)).expect("queued")).collect();
        assert_eq!(hashing.enqueue(address(1)).err(), Some(Later(1)));
        for other in 2..=4 {
            queued.extend((0..ADDRESS_PENDING_MAX).map(|_| hashing.enqueue(address(other)).expect("queued")));
        }
        assert_eq!(hashing.enqueue(address(5)).err(), Some(Later(1)));
        let first = queued.remove(0).turn().await.expect("a turn");
        assert!(hashing.enqueue(address(1)).is_err(), "the work has not finished yet");
        drop(first);
        drop(hashing.enqueue(address(1)).expect("queued"));
        drop(queued);
        assert_eq!(hashing.state.lock().pending, 0);
    }

    async fn wrong(hashing: &Hashing, address: IpAddr, now: Instant) {
        hashing.enqueue_at(address, now).expect("queued").turn().await.expect("a turn").wrong_at(now);
    }

    #[tokio::test]
    async fn an_address_that_was_wrong_often_waits_and_others_do_not() {
        let hashing = Hashing::default();
        let mut now = Instant::now();
        for _ in 0..WRONG_MAX {
            wrong(&hashing, address(1), now).await;
        }
        assert_eq!(hashing.enqueue_at(address(1), now).err(), Some(Later(1)));
        drop(hashing.enqueue_at(address(2), now).expect("queued"));
        now += WRONG_PAUSE;
        wrong(&hashing, address(1), now).await;
        assert_eq!(hashing.enqueue_at(address(1), now).err(), Some(Later(1)));
        now += WRONG_PAUSE * WRONG_MAX;
        for _ in 0..WRONG_MAX {
            wrong(&hashing, address(1), now).await;
        }
    }

    #[tokio::test]
    async fn addresses_are_forgotten() {
        let hashing = Hashing::default();
        let mut now = Instant::now();
        for number in 0..5000_u32 {
            wrong(&hashing, IpAddr::from(number.to_be_bytes()), now).await;
            now += WRONG_PAUSE;
        }
        assert!(hashing.state.lock().addresses.len() <= ADDRESSES_TIDY + 1);
    }
}
