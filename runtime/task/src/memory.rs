//! The memory of records in flight of all tasks of the worker together (`weir.records.in.flight.max.bytes`).
//!
//! A task that has nothing in flight takes the memory it needs at once, so that no task waits forever for another. For more memory, tasks
//! wait in a queue. So the worker uses at most the limit plus one batch for each task.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use tokio::sync::Notify;

/// The budget of a worker. Clones share it.
#[derive(Debug, Clone)]
pub struct InFlightMemory(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    max: u64,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    used: u64,
    waiting: VecDeque<Arc<Waiter>>,
}

#[derive(Debug)]
struct Waiter {
    bytes: u64,
    granted: AtomicBool,
    wake: Notify,
}

/// A part of the budget, which is released when this is dropped.
#[derive(Debug)]
pub struct Held {
    memory: InFlightMemory,
    bytes: u64,
}

/// A place in the queue for a part of the budget.
#[derive(Debug)]
pub struct Turn {
    memory: InFlightMemory,
    /// `None` after the part was taken.
    waiter: Option<Arc<Waiter>>,
}

impl InFlightMemory {
    /// Creates a budget of `max` bytes.
    pub fn new(max: u64) -> Self {
        Self(Arc::new(Inner { max, state: Mutex::default() }))
    }

    /// Returns the number of bytes in use.
    pub fn used(&self) -> u64 {
        self.0.state.lock().used
    }

    /// Takes bytes, even if that exceeds the budget.
    pub fn take(&self, bytes: u64) -> Held {
        self.0.state.lock().used += bytes;
        Held { memory: self.clone(), bytes }
    }

    /// Joins the queue for a number of bytes. More than the whole budget is granted when no other memory is in use.
    pub fn queue(&self, bytes: u64) -> Turn {
        let waiter = Arc::new(Waiter { bytes, granted: AtomicBool::new(false), wake: Notify::new() });
        let mut state = self.0.state.lock();
        state.waiting.push_back(Arc::clone(&waiter));
        state.grant(self.0.max);
        Turn { memory: self.clone(), waiter: Some(waiter) }
    }

    fn give_back(&self, bytes: u64) {
        let mut state = self.0.state.lock();
        state.used = state.used.saturating_sub(bytes);
        state.grant(self.0.max);
    }
}

impl State {
    /// Grants what fits, in order.
    fn grant(&mut self, max: u64) {
        while let Some(next) = self.waiting.front()
            && (self.used == 0 || self.used.saturating_add(next.bytes) <= max)
        {
            self.used += next.bytes;
            next.granted.store(true, Ordering::Release);
            next.wake.notify_one();
            self.waiting.pop_front();
        }
    }
}

impl Held {
    /// Changes the size of the part, even if that exceeds the budget.
    pub fn resize(&mut self, bytes: u64) {
        let before = std::mem::replace(&mut self.bytes, bytes);
        if bytes == before {
            return;
        }
        if bytes > before {
            self.memory.0.state.lock().used += bytes - before;
        } else {
            self.memory.give_back(before - bytes);
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.memory.give_back(self.bytes);
    }
}

impl Turn {
    /// Returns when the part can be taken. Safe to drop: the position in the queue is kept.
    pub async fn granted(&self) {
        if let Some(waiter) = &self.waiter {
            while !waiter.granted.load(Ordering::Acquire) {
                waiter.wake.notified().await;
            }
        }
    }

    /// Returns the part, if it has been granted.
    pub fn take(&mut self) -> Option<Held> {
        let waiter = self.waiter.take_if(|waiter| waiter.granted.load(Ordering::Acquire))?;
        Some(Held { memory: self.memory.clone(), bytes: waiter.bytes })
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let Some(waiter) = self.waiter.take() else { return };
        let mut state = self.memory.0.state.lock();
        if waiter.granted.load(Ordering::Acquire) {
            state.used = state.used.saturating_sub(waiter.bytes);
        } else {
            state.waiting.retain(|other| !Arc::ptr_eq(other, &waiter));
        }
        state.grant(self.memory.0.max);
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    fn granted(turn: &mut Turn) -> Option<Held> {
        assert_eq!(
            turn.granted().now_or_never().is_some(),
            turn.waiter.as_ref().is_none_or(|w| w.granted.load(Ordering::Acquire))
        );
        turn.take()
    }

    #[test]
    fn what_does_not_fit_waits_for_its_turn() {
        let memory = InFlightMemory::new(100);
        let first = memory.take(80);
        let (mut large, mut small) = (memory.queue(50), memory.queue(10));
        assert!(granted(&mut large).is_none());
        assert!(granted(&mut small).is_none(), "a small part does not overtake a large one");
        drop(first);
        let (large, small) = (granted(&mut large), granted(&mut small));
        assert!(large.is_some() && small.is_some());
        assert_eq!(memory.used(), 60);
        drop((large, small));
        assert_eq!(memory.used(), 0);
    }

    #[test]
    fn more_than_there_is_comes_alone() {
        let memory = InFlightMemory::new(100);
        let held = memory.take(1);
        let mut turn = memory.queue(1000);
        assert!(granted(&mut turn).is_none());
        drop(held);
        assert_eq!(granted(&mut turn).map(|held| held.bytes), Some(1000));
    }

    #[test]
    fn a_turn_that_is_given_up_makes_room() {
        let memory = InFlightMemory::new(100);
        let _held = memory.take(60);
        let blocked = memory.queue(50);
        let mut next = memory.queue(40);
        assert!(granted(&mut next).is_none());
        drop(blocked);
        assert!(next.waiter.as_ref().is_some_and(|waiter| waiter.granted.load(Ordering::Acquire)));
        drop(next);
        assert_eq!(memory.used(), 60, "a part that was granted and not taken is released");
    }

    #[test]
    fn a_part_changes_its_size() {
        let memory = InFlightMemory::new(100);
        let mut held = memory.take(10);
        held.resize(300);
        assert_eq!(memory.used(), 300);
        let mut turn = memory.queue(50);
        assert!(granted(&mut turn).is_none());
        held.resize(50);
        assert!(granted(&mut turn).is_some());
    }

    #[tokio::test]
    async fn a_granted_turn_wakes_its_waiter() {
        let memory = InFlightMemory::new(100);
        let held = memory.take(100);
        let turn = memory.queue(1);
        let release = async {
            tokio::task::yield_now().await;
            drop(held);
        };
        futures_util::future::join(turn.granted(), release).await;
    }
}
