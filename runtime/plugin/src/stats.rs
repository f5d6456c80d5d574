//! Costs and behaviour of instances, counted by the host once per call and never per record. The tables of functions, types of traps and
//! interfaces are fixed, so that a guest cannot add entries.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::log::Identity;
use crate::log_budget::{LogBudget, LogBudgets};
use crate::metrics::Metrics;

/// The functions of the contract that the host calls, and `instantiate`, which also runs code of the guest.
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

/// A function of the contract, known at compile time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Function(usize);

impl Function {
    /// Returns the function with this name. For constants: a name that is not in the table does not compile.
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

/// Why an instance trapped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TrapKind {
    /// It computed or waited longer than `weir.call.timeout.ms`.
    Timeout,
    /// It exceeded a limit on memory, on the size of its results or on its log output.
    Limit,
    /// It ended itself: a panic, an assertion, `unreachable`.
    Unreachable,
    /// It accessed memory or a table out of bounds.
    OutOfBounds,
    /// Its stack was too small.
    StackOverflow,
    /// It called `exit`.
    Exit,
    /// Its result violates the contract.
    Contract,
    /// Something else.
    Other,
}

impl TrapKind {
    const NAMES: [&str; 8] =
        ["timeout", "limit", "unreachable", "out-of-bounds", "stack-overflow", "exit", "contract", "other"];
}

/// The interface of a host call of a guest.
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

/// The counts for the successive instances of one owner, such as the source of a task. A new instance continues the counts of the previous
/// one. They can be read at any time, also during a call, without a lock.
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

/// The calls of a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FunctionCalls {
    /// The name, such as `sink.put`.
    pub function: &'static str,
    /// The number of calls that began.
    pub calls: u64,
    /// The duration of the calls that ended, including waiting.
    pub time: Duration,
}

impl GuestStats {
    /// Returns the guest's own metrics, from `host.counter-add` and `host.gauge-set`.
    pub fn metrics(&self) -> &Arc<Metrics> {
        &self.metrics
    }

    /// Returns the CPU time of threads while they ran the guest, or the host on its behalf.
    pub fn cpu(&self) -> Duration {
        Duration::from_nanos(self.cpu.load(Ordering::Relaxed))
    }

    /// Returns the current bytes of linear memory, or 0 without an instance.
    pub fn memory(&self) -> u64 {
        self.memory.load(Ordering::Relaxed)
    }

    /// Returns the maximum so far.
    pub fn memory_peak(&self) -> u64 {
        self.memory_peak.load(Ordering::Relaxed)
    }

    /// Returns the limit (`weir.task.memory.max`), or 0 before the first instance.
    pub fn memory_max(&self) -> u64 {
        self.memory_max.load(Ordering::Relaxed)
    }

    /// Returns the functions that were called.
    pub fn calls(&self) -> impl Iterator<Item = FunctionCalls> {
        FUNCTIONS.iter().zip(&self.calls).filter_map(|(function, calls)| {
            let begun = calls.begun.load(Ordering::Relaxed);
            let time = Duration::from_nanos(calls.nanos.load(Ordering::Relaxed));
            (begun > 0).then_some(FunctionCalls { function, calls: begun, time })
        })
    }

    /// Returns the number of traps by type, including types that did not occur.
    pub fn traps(&self) -> impl Iterator<Item = (&'static str, u64)> {
        named(&TrapKind::NAMES, &self.traps)
    }

    /// Returns the number of host calls of the guest by interface. Those of `wasi` include closing handles.
    pub fn host_calls(&self) -> impl Iterator<Item = (&'static str, u64)> {
        named(&HostInterface::NAMES, &self.host_calls)
    }

    /// Returns the number of log lines that were dropped because the connector logged too much, and their bytes.
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

/// The counts of an engine: of all its instances, including those that only answer a question.
#[derive(Debug, Default)]
pub struct EngineStats {
    compiled: AtomicU64,
    compile_nanos: AtomicU64,
    from_cache: AtomicU64,
    instances: AtomicU64,
    instantiated: AtomicU64,
    cpu: AtomicU64,
    traps: [AtomicU64; TrapKind::NAMES.len()],
    /// Not a count, but also shared by all instances.
    log_budgets: LogBudgets,
}

impl EngineStats {
    /// Returns the number of compiled components.
    pub fn compiled(&self) -> u64 {
        self.compiled.load(Ordering::Relaxed)
    }

    /// Returns the total duration of compilations.
    pub fn compile_time(&self) -> Duration {
        Duration::from_nanos(self.compile_nanos.load(Ordering::Relaxed))
    }

    /// Returns the number of components that were read from the cache.
    pub fn from_cache(&self) -> u64 {
        self.from_cache.load(Ordering::Relaxed)
    }

    /// Returns the current number of instances.
    pub fn instances(&self) -> u64 {
        self.instances.load(Ordering::Relaxed)
    }

    /// Returns the number of instances created.
    pub fn instantiated(&self) -> u64 {
        self.instantiated.load(Ordering::Relaxed)
    }

    /// Returns the CPU time of all guests, see [`GuestStats::cpu`].
    pub fn cpu(&self) -> Duration {
        Duration::from_nanos(self.cpu.load(Ordering::Relaxed))
    }

    /// Returns the number of traps of all guests by type, including types that did not occur.
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

/// Counts an instance until this is dropped, and leads from an instance to the counts of its engine.
#[derive(Debug)]
pub(crate) struct Living(Arc<EngineStats>);

impl Living {
    /// Returns the log budget of this instance's connector.
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
