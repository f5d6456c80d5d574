//! What instances cost and how they behave, counted on the host's side, once for a call and never for a row. A guest adds to it only
//! by being called and by calling: functions, kinds of traps and interfaces are fixed tables.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::log::Identity;
use crate::log_budget::{LogBudget, LogBudgets};
use crate::metrics::Metrics;

/// The functions of the contract that the host calls, and `instantiate`, which runs code of the guest as well.
const FUNCTIONS: [&str; 29] = [
    "instantiate",
    "plugin.describe",
    "validation.validate",
    "capabilities.required",
    "connector.start",
    "connector.task-configs",
    "connector.stop",
    "connector-check.check",
    "source.start",
    "source.poll",
    "source.stop",
    "source-acknowledgements.wanted",
    "source-acknowledgements.settled",
    "source-acknowledgements.committed",
    "source-transactions.supports-exactly-once",
    "source-transactions.can-define-transactions",
    "source-offsets.alter",
    "sink.start",
    "sink.put",
    "sink.stop",
    "sink-commit.pre-commit",
    "sink-partitions.assigned",
    "sink-partitions.revoked",
    "sink-partitions.lost",
    "sink-offsets.alter",
    "transform.configure",
    "transform.apply",
    "predicate.configure",
    "predicate.test",
];

/// A function of the contract, known when the call is compiled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Function(usize);

impl Function {
    /// The function of this name. For constants: a name that is not in the table does not compile.
    pub(crate) const fn of(name: &str) -> Self {
        let mut index = 0;
        while index < FUNCTIONS.len() {
            if same(FUNCTIONS[index].as_bytes(), name.as_bytes()) {
                return Self(index);
            }
            index += 1;
        }
        panic!("no such function in the table of stats.rs")
    }

    pub(crate) fn name(self) -> &'static str {
        FUNCTIONS[self.0]
    }
}

const fn same(a: &[u8], b: &[u8]) -> bool {
    let mut index = 0;
    while index < a.len() && index < b.len() {
        if a[index] != b[index] {
            return false;
        }
        index += 1;
    }
    a.len() == b.len()
}

/// How an instance died.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TrapKind {
    /// It computed or waited for longer than `weir.call.timeout.ms`.
    Timeout,
    /// It was refused memory, or handed over or logged more than it may, and did not survive that.
    Limit,
    /// It gave up by itself: a panic, an assertion, `unreachable`.
    Unreachable,
    /// It read or wrote outside of its memory or tables.
    OutOfBounds,
    /// Its stack was too small.
    StackOverflow,
    /// It left by `exit`.
    Exit,
    /// Its answer breaks the contract.
    Contract,
    /// Something else.
    Other,
}

impl TrapKind {
    const NAMES: [&str; 8] =
        ["timeout", "limit", "unreachable", "out-of-bounds", "stack-overflow", "exit", "contract", "other"];
}

/// Where a host call of a guest goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HostInterface {
    Wasi,
    Host,
    Context,
    ConnectorContext,
    SourceContext,
    SinkContext,
}

impl HostInterface {
    const NAMES: [&str; 6] = ["wasi", "host", "context", "connector-context", "source-context", "sink-context"];
}

/// Counts of one place for an instance, such as the source of a task. Whoever starts an instance anew in the same place hands the same
/// counts in, so that they go on. May be read at any time, also during a call, without a lock.
#[derive(Debug, Default)]
pub struct GuestStats {
    metrics: Arc<Metrics>,
    cpu: AtomicU64,
    memory: AtomicU64,
    memory_peak: AtomicU64,
    memory_max: AtomicU64,
    calls: [Calls; FUNCTIONS.len()],
    traps: [AtomicU64; TrapKind::NAMES.len()],
    host_calls: [AtomicU64; HostInterface::NAMES.len()],
    log_lines_dropped: AtomicU64,
    log_bytes_dropped: AtomicU64,
}

#[derive(Debug, Default)]
struct Calls {
    begun: AtomicU64,
    nanos: AtomicU64,
}

/// Calls of one function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FunctionCalls {
    /// Such as `sink.put`.
    pub function: &'static str,
    /// Calls that began.
    pub calls: u64,
    /// Time of those that ended, waiting included.
    pub time: Duration,
}

impl GuestStats {
    /// What the guest counts itself, through `host.counter-add` and `host.gauge-set`.
    pub fn metrics(&self) -> &Arc<Metrics> {
        &self.metrics
    }

    /// Processor time of the threads while they ran the guest, and the host on its behalf.
    pub fn cpu(&self) -> Duration {
        Duration::from_nanos(self.cpu.load(Ordering::Relaxed))
    }

    /// Bytes of linear memory now; 0 when there is no instance.
    pub fn memory(&self) -> u64 {
        self.memory.load(Ordering::Relaxed)
    }

    /// The most there ever were.
    pub fn memory_peak(&self) -> u64 {
        self.memory_peak.load(Ordering::Relaxed)
    }

    /// The most there may be (`weir.task.memory.max`); 0 before the first instance.
    pub fn memory_max(&self) -> u64 {
        self.memory_max.load(Ordering::Relaxed)
    }

    /// The functions that were called.
    pub fn calls(&self) -> impl Iterator<Item = FunctionCalls> {
        FUNCTIONS.iter().zip(&self.calls).filter_map(|(function, calls)| {
            let begun = calls.begun.load(Ordering::Relaxed);
            let time = Duration::from_nanos(calls.nanos.load(Ordering::Relaxed));
            (begun > 0).then_some(FunctionCalls { function, calls: begun, time })
        })
    }

    /// Traps by kind, also the kinds that did not occur.
    pub fn traps(&self) -> impl Iterator<Item = (&'static str, u64)> {
        named(&TrapKind::NAMES, &self.traps)
    }

    /// The guest's calls of the host, by interface. Those of `wasi` include the closing of handles.
    pub fn host_calls(&self) -> impl Iterator<Item = (&'static str, u64)> {
        named(&HostInterface::NAMES, &self.host_calls)
    }

    /// Log lines of the guest that were not written because its connector logged too much, and their bytes.
    pub fn log_lines_dropped(&self) -> (u64, u64) {
        (self.log_lines_dropped.load(Ordering::Relaxed), self.log_bytes_dropped.load(Ordering::Relaxed))
    }

    pub(crate) fn log_dropped(&self, bytes: u64) {
        self.log_lines_dropped.fetch_add(1, Ordering::Relaxed);
        self.log_bytes_dropped.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(crate) fn begin_call(&self, function: Function) {
        self.calls[function.0].begun.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn end_call(&self, function: Function, time: Duration) {
        self.calls[function.0].nanos.fetch_add(nanos(time), Ordering::Relaxed);
    }

    pub(crate) fn spent(&self, cpu: Duration) {
        self.cpu.fetch_add(nanos(cpu), Ordering::Relaxed);
    }

    pub(crate) fn trapped(&self, kind: TrapKind) {
        self.traps[kind as usize].fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn host_call(&self, interface: HostInterface) {
        self.host_calls[interface as usize].fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn limit_memory(&self, max: u64) {
        self.memory_max.store(max, Ordering::Relaxed);
    }

    pub(crate) fn grow_memory(&self, bytes: usize) {
        let bytes = bytes as u64;
        let now = self.memory.fetch_add(bytes, Ordering::Relaxed) + bytes;
        self.memory_peak.fetch_max(now, Ordering::Relaxed);
    }

    pub(crate) fn drop_memory(&self, bytes: usize) {
        self.memory.fetch_sub(bytes as u64, Ordering::Relaxed);
    }
}

/// Counts of a whole engine: all of its instances, those that only answer a question included.
#[derive(Debug, Default)]
pub struct EngineStats {
    compiled: AtomicU64,
    compile_nanos: AtomicU64,
    from_cache: AtomicU64,
    instances: AtomicU64,
    instantiated: AtomicU64,
    cpu: AtomicU64,
    traps: [AtomicU64; TrapKind::NAMES.len()],
    /// Not a count, but shared by all instances as these are.
    log_budgets: LogBudgets,
}

impl EngineStats {
    /// Components that were compiled.
    pub fn compiled(&self) -> u64 {
        self.compiled.load(Ordering::Relaxed)
    }

    /// How long that took.
    pub fn compile_time(&self) -> Duration {
        Duration::from_nanos(self.compile_nanos.load(Ordering::Relaxed))
    }

    /// Components that came compiled from the disk.
    pub fn from_cache(&self) -> u64 {
        self.from_cache.load(Ordering::Relaxed)
    }

    /// Instances that live now.
    pub fn instances(&self) -> u64 {
        self.instances.load(Ordering::Relaxed)
    }

    /// Instances that were made.
    pub fn instantiated(&self) -> u64 {
        self.instantiated.load(Ordering::Relaxed)
    }

    /// Processor time of all guests, as [`GuestStats::cpu`].
    pub fn cpu(&self) -> Duration {
        Duration::from_nanos(self.cpu.load(Ordering::Relaxed))
    }

    /// Traps of all guests by kind, also the kinds that did not occur.
    pub fn traps(&self) -> impl Iterator<Item = (&'static str, u64)> {
        named(&TrapKind::NAMES, &self.traps)
    }

    pub(crate) fn compile(&self, time: Duration) {
        self.compiled.fetch_add(1, Ordering::Relaxed);
        self.compile_nanos.fetch_add(nanos(time), Ordering::Relaxed);
    }

    pub(crate) fn cache_hit(&self) {
        self.from_cache.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn instance(self: &Arc<Self>) -> Living {
        self.instances.fetch_add(1, Ordering::Relaxed);
        self.instantiated.fetch_add(1, Ordering::Relaxed);
        Living(Arc::clone(self))
    }
}

/// An instance counts as living until this is dropped. The way from an instance to the counts of its engine.
#[derive(Debug)]
pub(crate) struct Living(Arc<EngineStats>);

impl Living {
    /// The log budget of this instance's connector.
    pub(crate) fn log_budget(&self, identity: &Identity, rate: u64) -> Arc<LogBudget> {
        self.0.log_budgets.of(identity, rate)
    }

    pub(crate) fn trapped(&self, kind: TrapKind) {
        self.0.traps[kind as usize].fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn spent(&self, cpu: Duration) {
        self.0.cpu.fetch_add(nanos(cpu), Ordering::Relaxed);
    }
}

impl Drop for Living {
    fn drop(&mut self) {
        self.0.instances.fetch_sub(1, Ordering::Relaxed);
    }
}

fn named<'a>(names: &'a [&'static str], counts: &'a [AtomicU64]) -> impl Iterator<Item = (&'static str, u64)> {
    names.iter().zip(counts).map(|(name, count)| (*name, count.load(Ordering::Relaxed)))
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_traps_and_memory_add_up() {
        let stats = GuestStats::default();
        const PUT: Function = Function::of("sink.put");
        stats.begin_call(PUT);
        stats.end_call(PUT, Duration::from_millis(3));
        stats.begin_call(PUT);
        stats.trapped(TrapKind::Other);
        let expected = FunctionCalls { function: "sink.put", calls: 2, time: Duration::from_millis(3) };
        assert_eq!(stats.calls().collect::<Vec<_>>(), [expected]);
        assert_eq!(stats.traps().last(), Some(("other", 1)));
        stats.grow_memory(100);
        stats.grow_memory(50);
        stats.drop_memory(150);
        assert_eq!((stats.memory(), stats.memory_peak()), (0, 150));
    }

    #[test]
    fn every_kind_has_its_name() {
        assert_eq!(TrapKind::NAMES[TrapKind::Timeout as usize], "timeout");
        assert_eq!(TrapKind::NAMES[TrapKind::StackOverflow as usize], "stack-overflow");
        assert_eq!(TrapKind::NAMES[TrapKind::Other as usize], "other");
        assert_eq!(HostInterface::NAMES[HostInterface::SinkContext as usize], "sink-context");
    }
}
