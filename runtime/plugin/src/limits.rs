//! What an instance may use at the most, and the part of it that wasmtime asks for: memories and tables.

use std::sync::Arc;
use std::time::Duration;

use wasmtime::ResourceLimiter;

use crate::stats::GuestStats;

/// Most memories of one instance. A component of one language has one; adapters and shared libraries add a few.
const MAX_MEMORIES: usize = 16;
/// Most tables of one instance.
const MAX_TABLES: usize = 64;
/// Most core instances of one component instance.
const MAX_INSTANCES: usize = 128;
/// Most elements of all tables together: 16 bytes each, and a big program has some ten thousand functions.
const MAX_TABLE_ELEMENTS: usize = 1 << 18;

/// Ceilings of one instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of memory, all memories of the instance together (`weir.task.memory.max`). Default: 64 MiB.
    pub memory_max: u64,
    /// How long one call may take (`weir.call.timeout.ms`). Default: 60 s.
    pub call_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { memory_max: 64 << 20, call_timeout: Duration::from_secs(60) }
    }
}

/// Counts what an instance has, and says no when it would be too much.
#[derive(Debug)]
pub(crate) struct Limiter {
    memory_max: usize,
    memory: usize,
    table_elements: usize,
    stats: Arc<GuestStats>,
    /// Why the last growth was refused. Most guests trap right after: this is then what really happened.
    pub(crate) refused: Option<String>,
}

impl Limiter {
    pub(crate) fn new(limits: &Limits, stats: Arc<GuestStats>) -> Self {
        let memory_max = usize::try_from(limits.memory_max).unwrap_or(usize::MAX);
        stats.limit_memory(limits.memory_max);
        Self { memory_max, memory: 0, table_elements: 0, stats, refused: None }
    }
}

impl Drop for Limiter {
    fn drop(&mut self) {
        // The memories go with the store that this belongs to.
        self.stats.drop_memory(self.memory);
    }
}

impl ResourceLimiter for Limiter {
    fn memory_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        let total = self.memory.saturating_sub(current).saturating_add(desired);
        if total > self.memory_max {
            self.refused = Some(format!("memory limit of {} bytes (weir.task.memory.max)", self.memory_max));
            return Ok(false);
        }
        // A memory never shrinks.
        self.stats.grow_memory(total.saturating_sub(self.memory));
        self.memory = total;
        Ok(true)
    }

    fn table_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        let total = self.table_elements.saturating_sub(current).saturating_add(desired);
        if total > MAX_TABLE_ELEMENTS {
            self.refused = Some(format!("limit of {MAX_TABLE_ELEMENTS} table elements"));
            return Ok(false);
        }
        self.table_elements = total;
        Ok(true)
    }

    fn instances(&self) -> usize {
        MAX_INSTANCES
    }

    fn tables(&self) -> usize {
        MAX_TABLES
    }

    fn memories(&self) -> usize {
        MAX_MEMORIES
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memories_are_counted_together() {
        let stats = Arc::new(GuestStats::default());
        let mut limiter = Limiter::new(&Limits { memory_max: 100, ..Limits::default() }, Arc::clone(&stats));
        assert!(limiter.memory_growing(0, 60, None).unwrap());
        assert!(limiter.memory_growing(0, 40, None).unwrap());
        assert!(limiter.refused.is_none());
        assert!(!limiter.memory_growing(60, 61, None).unwrap());
        assert_eq!(limiter.refused.as_deref(), Some("memory limit of 100 bytes (weir.task.memory.max)"));
        assert_eq!((stats.memory(), stats.memory_max()), (100, 100));
        drop(limiter);
        assert_eq!((stats.memory(), stats.memory_peak()), (0, 100));
    }
}
