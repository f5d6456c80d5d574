//! What an instance may use at most, and the part of it that wasmtime asks for: memories and tables.

use std::sync::Arc;
use std::time::Duration;

use wasmtime::ResourceLimiter;

use crate::budget::Budget;
use crate::cost::Cost;
use crate::log::Identity;
use crate::stats::GuestStats;

/// Most memories of one instance. A component of one language has one; adapters and shared libraries add a few.
pub(crate) const MAX_MEMORIES: usize = 8;
/// Most tables of one instance.
pub(crate) const MAX_TABLES: usize = 64;
/// Most core instances of one component instance.
pub(crate) const MAX_INSTANCES: usize = 128;
/// Most elements of all tables together. A big program has some ten thousand functions.
const MAX_TABLE_ELEMENTS: usize = 1 << 18;
/// What one element of a table takes.
const ELEMENT_BYTES: usize = 16;

/// Ceilings of one instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of memory (`weir.task.memory.max`): all memories of the instance, and what it costs the worker besides, together.
    /// Default: 256 MiB.
    pub memory_max: u64,
    /// The most that a plugin gets if it states in its description how much it needs (`weir.task.memory.request.max`). Default: 512 MiB.
    pub memory_request_max: u64,
    /// What `memory_max` comes from, for errors.
    pub memory_from: MemoryFrom,
    /// Files and directories that the instance may have open (`weir.task.files.max`). Default: 256.
    pub files_max: u32,
    /// Sockets that the instance may have open (`weir.task.sockets.max`). Default: 64.
    pub sockets_max: u32,
    /// How long one call may take (`weir.call.timeout.ms`). Default: 60 s.
    pub call_timeout: Duration,
    /// Bytes that a connector's plugins may log in a second, all of its instances together
    /// (`weir.plugin.log.bytes.per.second`). Default: 64 KiB.
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

/// What a limit of memory comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MemoryFrom {
    /// `weir.task.memory.max`.
    Worker,
    /// What the plugin states that it needs.
    Plugin,
    /// The plugin states more than it may have by `weir.task.memory.request.max`.
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

/// Which part of its memory an instance may get in one batch. A guest has a batch several times: as it came in, as values of its language,
/// and as what it makes of them.
const BATCH_PART: u64 = 16;

impl Limits {
    /// The limits of an instance of a plugin that states that it needs this much memory. It gets that, but more than others get only as
    /// far as the operator allows.
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

    /// The most bytes of keys, values and headers of a batch.
    pub(crate) fn batch_max(&self) -> u64 {
        self.memory_max / BATCH_PART
    }

    /// The limit of memory as errors name it.
    pub(crate) fn memory_limit(&self) -> String {
        memory_limit(self.memory_max, self.memory_from)
    }

    /// Whether an instance of this cost may be made at all.
    ///
    /// # Errors
    ///
    /// It may not; ready to be printed.
    pub(crate) fn allow(&self, cost: Cost) -> Result<(), String> {
        if cost.bytes <= self.memory_max { Ok(()) } else { Err(too_costly(cost, &self.memory_limit())) }
    }
}

/// Counts what an instance has, and says no when it would be too much.
#[derive(Debug)]
pub(crate) struct Limiter {
    budget: Arc<Budget>,
    memory_from: MemoryFrom,
    /// Bytes of linear memory, a part of what the budget counts.
    memory: usize,
    table_elements: usize,
    stats: Arc<GuestStats>,
    guest: Identity,
    /// Whether the log says already that the guest met a limit that it may live with.
    warned: bool,
    /// Why the last growth was refused. Most guests trap right after: this is then what really happened.
    pub(crate) refused: Option<String>,
    /// Whether that was memory.
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

    /// What else the memory of the instance is counted against.
    pub(crate) fn budget(&self) -> &Arc<Budget> {
        &self.budget
    }

    /// Takes what the instance costs whatever it does.
    ///
    /// # Errors
    ///
    /// It is more than the instance may have; ready to be printed.
    pub(crate) fn begin(&mut self, cost: Cost) -> Result<(), String> {
        let fits = self.budget.take(usize::try_from(cost.bytes).unwrap_or(usize::MAX));
        if fits { Ok(()) } else { Err(too_costly(cost, &self.memory_limit())) }
    }

    /// To be called before each call of the guest.
    pub(crate) fn begin_call(&mut self) {
        self.refused = None;
        self.out_of_memory = false;
    }

    /// Notes why memory was refused.
    fn refuse(&mut self, limit: String) {
        self.refused = Some(limit);
    }

    fn refuse_memory(&mut self) {
        self.refuse(self.memory_limit());
        self.out_of_memory = true;
    }

    /// Notes why the host refused a call. The guest is told an error that does not name the limit, so the log names it, once.
    pub(crate) fn refuse_call(&mut self, limit: String) {
        if !self.warned {
            self.warned = true;
            let Identity { connector, task, class } = &self.guest;
            tracing::warn!(%connector, ?task, %class, %limit, "a plugin has reached a limit; the call is refused");
        }
        self.refuse(limit);
    }

    /// The name of the limit of memory.
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
        // The memories go with the store that this belongs to.
        self.stats.drop_memory(self.memory);
    }
}

impl ResourceLimiter for Limiter {
    fn memory_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        // A memory never shrinks.
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
