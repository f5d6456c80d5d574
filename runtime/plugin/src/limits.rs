//! The limits of an instance, and the ones that wasmtime asks about: memories and tables.

use std::sync::Arc;
use std::time::Duration;

use wasmtime::ResourceLimiter;

use crate::budget::Budget;
use crate::cost::Cost;
use crate::log::Identity;
use crate::stats::GuestStats;

/// The maximum number of memories of an instance. A component in one language has one; adapters and shared libraries add a few.
pub(crate) const MAX_MEMORIES: usize = 8;
/// The maximum number of tables of an instance.
pub(crate) const MAX_TABLES: usize = 64;
/// The maximum number of core instances of a component instance.
pub(crate) const MAX_INSTANCES: usize = 128;
/// The maximum number of elements of all tables. A large program has about ten thousand functions.
const MAX_TABLE_ELEMENTS: usize = 1 << 18;
/// The number of bytes of a table element.
const ELEMENT_BYTES: usize = 16;

/// The limits of an instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of memory (`weir.task.memory.max`): all memories of the instance, and what it costs the worker otherwise. Default: 256 MiB.
    pub memory_max: u64,
    /// The maximum memory of a plugin that states in its description how much it needs (`weir.task.memory.request.max`). Default: 512 MiB.
    pub memory_request_max: u64,
    /// The origin of `memory_max`, for errors.
    pub memory_from: MemoryFrom,
    /// Files and directories that the instance may have open (`weir.task.files.max`). Default: 256.
    pub files_max: u32,
    /// Sockets that the instance may have open (`weir.task.sockets.max`). Default: 64.
    pub sockets_max: u32,
    /// The maximum duration of a call (`weir.call.timeout.ms`). Default: 60 s.
    pub call_timeout: Duration,
    /// Bytes per second that all instances of a connector together may log (`weir.plugin.log.bytes.per.second`). Default: 64 KiB.
    pub log_bytes_per_second: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory_max: 256 << 20,
            memory_request_max: 512 << 20,
            memory_from: MemoryFrom::Worker,
            files_max: 256,
            sockets_max: 64,
            call_timeout: Duration::from_secs(60),
            log_bytes_per_second: 64 << 10,
        }
    }
}

/// The origin of a memory limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MemoryFrom {
    /// `weir.task.memory.max`.
    Worker,
    /// The need that the plugin states.
    Plugin,
    /// `weir.task.memory.request.max`, because the plugin states that it needs more.
    Bound,
}

impl MemoryFrom {
    fn as_str(self) -> &'static str {
        match self {
            Self::Worker => "weir.task.memory.max",
            Self::Plugin => "which the plugin states as its need",
            Self::Bound => "weir.task.memory.request.max",
        }
    }
}

/// The fraction of an instance's memory that a batch may have. A guest has a batch several times: as it was passed, as values of its
/// language, and as its result.
const BATCH_PART: u64 = 16;

impl Limits {
    /// Returns the limits for a plugin that states that it needs this much memory. It gets more than the default only as far as the
    /// operator allows.
    #[must_use]
    pub fn for_need(self, memory: Option<u64>) -> Self {
        let Some(need) = memory else { return self };
        let most = self.memory_max.max(self.memory_request_max);
        let memory_from = match (need <= most, self.memory_request_max > self.memory_max) {
            (true, _) => MemoryFrom::Plugin,
            (false, true) => MemoryFrom::Bound,
            (false, false) => self.memory_from,
        };
        Self { memory_max: need.min(most), memory_from, ..self }
    }

    /// Returns the maximum number of bytes of keys, values and headers in a batch.
    pub(crate) fn batch_max(&self) -> u64 {
        self.memory_max / BATCH_PART
    }

    /// Returns the name of the memory limit for errors.
    pub(crate) fn memory_limit(&self) -> String {
        memory_limit(self.memory_max, self.memory_from)
    }

    /// Checks whether an instance with this cost may be created.
    ///
    /// # Errors
    ///
    /// The text of the error.
    pub(crate) fn allow(&self, cost: Cost) -> Result<(), String> {
        if cost.bytes <= self.memory_max { Ok(()) } else { Err(too_costly(cost, &self.memory_limit())) }
    }
}

/// Counts the resources of an instance, and rejects growth beyond its limits.
#[derive(Debug)]
pub(crate) struct Limiter {
    budget: Arc<Budget>,
    memory_from: MemoryFrom,
    /// Bytes of linear memory, which are part of what the budget counts.
    memory: usize,
    table_elements: usize,
    stats: Arc<GuestStats>,
    guest: Identity,
    /// Whether a limit that does not end the guest was logged already.
    warned: bool,
    /// Why the last growth was rejected. Most guests trap immediately afterwards, and this is the real reason.
    pub(crate) refused: Option<String>,
    /// Whether it was the growth of a memory.
    pub(crate) out_of_memory: bool,
}

impl Limiter {
    pub(crate) fn new(limits: &Limits, stats: Arc<GuestStats>, guest: Identity) -> Self {
        stats.limit_memory(limits.memory_max);
        let budget = Budget::new(limits.memory_max);
        Self {
            budget,
            memory_from: limits.memory_from,
            memory: 0,
            table_elements: 0,
            stats,
            guest,
            warned: false,
            refused: None,
            out_of_memory: false,
        }
    }

    /// Sets the budget that the memory of the instance also counts towards.
    pub(crate) fn budget(&self) -> &Arc<Budget> {
        &self.budget
    }

    /// Counts the fixed cost of the instance.
    ///
    /// # Errors
    ///
    /// It exceeds the limit; the text of the error.
    pub(crate) fn begin(&mut self, cost: Cost) -> Result<(), String> {
        let fits = self.budget.take(usize::try_from(cost.bytes).unwrap_or(usize::MAX));
        if fits { Ok(()) } else { Err(too_costly(cost, &self.memory_limit())) }
    }

    /// Call this before each call of the guest.
    pub(crate) fn begin_call(&mut self) {
        self.refused = None;
        self.out_of_memory = false;
    }

    /// Records why memory was rejected.
    fn refuse(&mut self, limit: String) {
        self.refused = Some(limit);
    }

    fn refuse_memory(&mut self) {
        self.refuse(self.memory_limit());
        self.out_of_memory = true;
    }

    /// Records why the host rejected a call. The error that the guest gets does not contain the limit, so it is logged, once.
    pub(crate) fn refuse_call(&mut self, limit: String) {
        if !self.warned {
            self.warned = true;
            let Identity { connector, task, class } = &self.guest;
            tracing::warn!(%connector, ?task, %class, %limit, "plugin limit reached; call rejected");
        }
        self.refuse(limit);
    }

    /// Returns the name of the memory limit.
    pub(crate) fn memory_limit(&self) -> String {
        memory_limit(self.budget.max() as u64, self.memory_from)
    }
}

fn memory_limit(max: u64, from: MemoryFrom) -> String {
    format!("memory limit of {max} bytes ({})", from.as_str())
}

fn too_costly(cost: Cost, limit: &str) -> String {
    format!(
        "{limit} reached: an instance of this plugin takes {} bytes for its globals, functions, tables and stack alone. Raise the limit, or \
         use a plugin that instantiates less",
        cost.bytes
    )
}

impl Drop for Limiter {
    fn drop(&mut self) {
        // The memories are dropped with the store.
        self.stats.drop_memory(self.memory);
    }
}

impl ResourceLimiter for Limiter {
    fn memory_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        // A memory never becomes smaller.
        let growth = desired.saturating_sub(current);
        if !self.budget.take(growth) {
            self.refuse_memory();
            return Ok(false);
        }
        self.stats.grow_memory(growth);
        self.memory += growth;
        Ok(true)
    }

    fn table_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        let growth = desired.saturating_sub(current);
        let total = self.table_elements.saturating_add(growth);
        if total > MAX_TABLE_ELEMENTS {
            self.refuse(format!("limit of {MAX_TABLE_ELEMENTS} table elements"));
            return Ok(false);
        }
        if !self.budget.take(growth * ELEMENT_BYTES) {
            self.refuse_memory();
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
    fn a_plugin_gets_what_it_needs_within_the_bound() {
        let limits = Limits { memory_max: 100, memory_request_max: 200, ..Limits::default() };
        let of = |need, limits: Limits| {
            let limits = limits.for_need(need);
            (limits.memory_max, limits.memory_from)
        };
        assert_eq!(of(None, limits), (100, MemoryFrom::Worker));
        assert_eq!(of(Some(50), limits), (50, MemoryFrom::Plugin));
        assert_eq!(of(Some(200), limits), (200, MemoryFrom::Plugin));
        assert_eq!(of(Some(201), limits), (200, MemoryFrom::Bound));
        let low = Limits { memory_request_max: 10, ..limits };
        assert_eq!(of(Some(100), low), (100, MemoryFrom::Plugin), "what any plugin gets");
        assert_eq!(of(Some(500), low), (100, MemoryFrom::Worker));
        let text = limits.for_need(Some(500)).memory_limit();
        assert_eq!(text, "memory limit of 200 bytes (weir.task.memory.request.max)");
    }

    #[test]
    fn memories_are_counted_together() {
        let stats = Arc::new(GuestStats::default());
        let mut limiter =
            Limiter::new(&Limits { memory_max: 100, ..Limits::default() }, Arc::clone(&stats), Identity::default());
        assert!(limiter.memory_growing(0, 60, None).unwrap());
        assert!(limiter.memory_growing(0, 40, None).unwrap());
        assert!(limiter.refused.is_none());
        assert!(!limiter.memory_growing(60, 61, None).unwrap());
        assert_eq!(limiter.refused.as_deref(), Some("memory limit of 100 bytes (weir.task.memory.max)"));
        assert_eq!((stats.memory(), stats.memory_max()), (100, 100));
        drop(limiter);
        assert_eq!((stats.memory(), stats.memory_peak()), (0, 100));
    }

    #[test]
    fn all_that_an_instance_costs_counts_against_its_memory() {
        let mut limiter =
            Limiter::new(&Limits { memory_max: 1000, ..Limits::default() }, Arc::default(), Identity::default());
        limiter.begin(Cost { bytes: 300, mappings: 0 }).unwrap();
        assert!(limiter.table_growing(0, 20, None).unwrap());
        assert!(limiter.memory_growing(0, 300, None).unwrap());
        let _buffer = limiter.budget().charge(80).unwrap();
        assert!(!limiter.memory_growing(300, 301, None).unwrap());
        assert!(!limiter.table_growing(20, 21, None).unwrap());
        let error = limiter.begin(Cost { bytes: 1, mappings: 0 }).unwrap_err();
        assert!(error.contains("memory limit of 1000 bytes (weir.task.memory.max)"), "{error}");
    }
}
