//! The limit on the number of instances, so that the worker does not exhaust the mappings that the kernel allows: a process without any
//! cannot start a thread or allocate memory.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::cost::Cost;

/// The kernel's default, if it cannot be read.
const DEFAULT_MAX_MAP_COUNT: usize = 65_530;
/// The number of mappings of a typical instance: a stack, one memory, a few tables.
const ORDINARY_MAPPINGS: usize = 12;

/// Why there is no room for another instance.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RoomError {
    /// There are as many instances as there may be.
    #[error(
        "the worker has {max} instances of plugins, which is its limit (weir.instances.max); stop connectors, lower tasks.max, or raise the \
         limit"
    )]
    Instances {
        /// The maximum number of instances.
        max: usize,
    },
    /// The instance could need more memory mappings than are left.
    #[error(
        "the instances of plugins would take more than {max} memory mappings, half of what the kernel allows a process (vm.max_map_count); \
         this one takes up to {needed}. Stop connectors, lower tasks.max, or raise vm.max_map_count"
    )]
    Mappings {
        /// The maximum number of mappings of all instances.
        max: usize,
        /// What this instance may need.
        needed: usize,
    },
}

/// The limit for the instances of an engine.
#[derive(Debug)]
pub(crate) struct Room {
    instances: Bound,
    mappings: Bound,
}

#[derive(Debug)]
struct Bound {
    max: AtomicUsize,
    used: AtomicUsize,
}

impl Bound {
    fn new(max: usize) -> Self {
        Self { max: AtomicUsize::new(max), used: AtomicUsize::new(0) }
    }

    fn take(&self, count: usize) -> bool {
        let max = self.max.load(Ordering::Relaxed);
        let fits = |used: usize| used.checked_add(count).filter(|used| *used <= max);
        self.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fits).is_ok()
    }

    fn give_back(&self, count: usize) {
        self.used.fetch_sub(count, Ordering::Relaxed);
    }
}

impl Room {
    /// Half of what this kernel lets a process map. The other half is for threads, and for Kafka's clients.
    pub(crate) fn of_this_machine() -> Self {
        let read = std::fs::read_to_string("/proc/sys/vm/max_map_count").ok();
        let max = read.and_then(|text| text.trim().parse().ok()).unwrap_or(DEFAULT_MAX_MAP_COUNT);
        Self::new(max / 2)
    }

    fn new(mappings: usize) -> Self {
        Self { instances: Bound::new(mappings / ORDINARY_MAPPINGS), mappings: Bound::new(mappings) }
    }

    /// Sets the maximum number of instances (`weir.instances.max`).
    pub(crate) fn limit_instances(&self, max: usize) {
        self.instances.max.store(max, Ordering::Relaxed);
    }

    /// Reserves room for an instance.
    ///
    /// # Errors
    ///
    /// There are too many instances, or too many mappings.
    pub(crate) fn take(self: &Arc<Self>, cost: Cost) -> Result<Place, RoomError> {
        if !self.instances.take(1) {
            return Err(RoomError::Instances { max: self.instances.max.load(Ordering::Relaxed) });
        }
        let mappings = usize::try_from(cost.mappings).unwrap_or(usize::MAX);
        if !self.mappings.take(mappings) {
            self.instances.give_back(1);
            return Err(RoomError::Mappings { max: self.mappings.max.load(Ordering::Relaxed), needed: mappings });
        }
        Ok(Place { room: Arc::clone(self), mappings })
    }
}

/// The room of an instance.
#[derive(Debug)]
pub(crate) struct Place {
    room: Arc<Room>,
    mappings: usize,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.room.instances.give_back(1);
        self.room.mappings.give_back(self.mappings);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_free_again_when_its_instance_has_ended() {
        let room = Arc::new(Room::new(100));
        room.limit_instances(3);
        let cost = |mappings| Cost { bytes: 0, mappings };
        let first = room.take(cost(40)).unwrap();
        let _second = room.take(cost(50)).unwrap();
        let full = room.take(cost(11)).unwrap_err();
        assert_eq!(full, RoomError::Mappings { max: 100, needed: 11 });
        assert!(full.to_string().contains("more than 100 memory mappings"), "{full}");
        let _third = room.take(cost(10)).unwrap();
        let full = room.take(cost(0)).unwrap_err();
        assert_eq!(full, RoomError::Instances { max: 3 });
        let text = full.to_string();
        assert!(text.contains("has 3 instances of plugins") && text.contains("weir.instances.max"), "{text}");
        drop(first);
        assert!(room.take(cost(40)).is_ok());
    }
}
