//! Faults that the simulation injects into the machines, to show that it finds what they cause.

/// A rule of the protocol that is not followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The leader does not wait until the former owner has acknowledged that it stopped.
    NoAcknowledgement,
    /// A worker does not stop its tasks at the end of its lease.
    NoLease,
    /// A worker measures its lease from the response, not from the request.
    LeaseFromResponse,
    /// A worker whose lease ended starts tasks again before it has read the topic to its end.
    NoReadToEnd,
    /// Records of leaders with lower epochs are applied.
    NoEpochs,
    /// The leader reassigns the work of a member that one description of the group does not contain.
    OneDescription,
    /// The leader starts tasks with new task configurations while others run with the old ones.
    NoGenerations,
    /// A worker ignores that the leader declared its session over.
    IgnoresOver,
    /// Work is assigned without regard to who runs it.
    NotSticky,
    /// Lost work does not wait for its worker.
    NoDelay,
}

#[cfg(not(test))]
pub(crate) const fn is(_: Fault) -> bool {
    false
}

#[cfg(test)]
pub(crate) use injected::{inject, is};

#[cfg(test)]
mod injected {
    use std::cell::Cell;

    use super::Fault;

    thread_local! {
        static INJECTED: Cell<Option<Fault>> = const { Cell::new(None) };
    }

    /// Whether the fault is injected on this thread.
    pub(crate) fn is(fault: Fault) -> bool {
        INJECTED.get() == Some(fault)
    }

    /// Injects a fault on this thread, or none.
    pub(crate) fn inject(fault: Option<Fault>) {
        INJECTED.set(fault);
    }
}
