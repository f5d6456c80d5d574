//! The memory of an instance, with all its costs for the worker: `weir.task.memory.max`.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The limit, and what is in use.
#[derive(Debug)]
pub(crate) struct Budget {
    max: usize,
    used: AtomicUsize,
}

impl Budget {
    pub(crate) fn new(max: u64) -> Arc<Self> {
        Arc::new(Self { max: usize::try_from(max).unwrap_or(usize::MAX), used: AtomicUsize::new(0) })
    }

    /// Returns the limit.
    pub(crate) fn max(&self) -> usize {
        self.max
    }

    /// Reserves this amount as long as the instance exists. Returns false, without reserving anything, if there is not enough left.
    pub(crate) fn take(&self, bytes: usize) -> bool {
        let fits = |used: usize| used.checked_add(bytes).filter(|used| *used <= self.max);
        self.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fits).is_ok()
    }

    /// Reserves this amount until the charge is dropped.
    pub(crate) fn charge(self: &Arc<Self>, bytes: usize) -> Option<Charge> {
        self.take(bytes).then(|| Charge { budget: Arc::clone(self), bytes })
    }
}

/// A part of a budget that is released when it is dropped.
#[derive(Debug)]
pub(crate) struct Charge {
    budget: Arc<Budget>,
    bytes: usize,
}

impl Drop for Charge {
    fn drop(&mut self) {
        self.budget.used.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_is_given_than_there_is_and_charges_are_given_back() {
        let budget = Budget::new(100);
        assert!(budget.take(40));
        let charge = budget.charge(60).expect("it fits");
        assert!(!budget.take(1) && budget.charge(1).is_none() && !budget.take(usize::MAX));
        drop(charge);
        assert!(budget.take(60));
    }
}
