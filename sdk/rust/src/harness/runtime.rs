//! Handles the calls of a plugin in a test. Each harness has one runtime, which is the current one of the thread while
//! the harness calls the plugin.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use crate::bindings::host::weir::connect::data::{TopicPartition, TopicPartitionOffset};
use crate::bindings::host::weir::connect::host::Level;

/// A line logged by a plugin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// The log level.
    pub level: log::Level,
    /// The target, usually the path of a module.
    pub target: String,
    /// The message.
    pub message: String,
}

#[derive(Debug, Default)]
pub(crate) struct Runtime {
    pub(crate) logs: Vec<LogLine>,
    pub(crate) counters: BTreeMap<String, u64>,
    pub(crate) gauges: BTreeMap<String, f64>,
    pub(crate) stored: BTreeMap<String, String>,
    pub(crate) rewinds: Vec<TopicPartitionOffset>,
    pub(crate) paused: Vec<TopicPartition>,
    pub(crate) commit_requested: bool,
    pub(crate) timeout: Option<u32>,
    /// The number of the task, or `None` for a connector.
    pub(crate) task: Option<u32>,
    pub(crate) generation: u64,
    pub(crate) transaction_ends: Vec<TransactionEnd>,
    pub(crate) reconfiguration: bool,
    pub(crate) raised: Option<String>,
}

/// The end of a transaction that a source has defined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TransactionEnd {
    /// The index of the last record of the transaction in the batch, or `None` for the last record of the batch.
    pub index: Option<u32>,
    /// Whether the transaction is aborted.
    pub abort: bool,
}

/// Implements the calls of `crate::host`.
impl Runtime {
    pub(crate) fn max_level(&mut self) -> Level {
        Level::Trace
    }

    pub(crate) fn log(&mut self, level: Level, target: &str, message: &str) {
        let level = match level {
            Level::Error => log::Level::Error,
            Level::Warn => log::Level::Warn,
            Level::Info => log::Level::Info,
            Level::Debug => log::Level::Debug,
            Level::Trace => log::Level::Trace,
        };
        eprintln!("{level} {target}: {message}");
        self.logs.push(LogLine { level, target: target.into(), message: message.into() });
    }

    pub(crate) fn counter_add(&mut self, name: &str, value: u64) {
        check_name(name);
        *self.counters.entry(name.into()).or_default() += value;
    }

    pub(crate) fn gauge_set(&mut self, name: &str, value: f64) {
        check_name(name);
        self.gauges.insert(name.into(), value);
    }

    pub(crate) fn connector_name(&mut self) -> String {
        "test".into()
    }

    pub(crate) fn task_number(&mut self) -> Option<u32> {
        self.task
    }

    pub(crate) fn task_generation(&mut self) -> u64 {
        self.generation
    }

    pub(crate) fn request_task_reconfiguration(&mut self) {
        self.reconfiguration = true;
    }

    pub(crate) fn raise_error(&mut self, message: &str) {
        self.raised.get_or_insert(message.into());
    }

    pub(crate) fn defines_transactions(&mut self) -> bool {
        true
    }

    pub(crate) fn commit_transaction(&mut self, index: Option<u32>) {
        self.transaction_ends.push(TransactionEnd { index, abort: false });
    }

    pub(crate) fn abort_transaction(&mut self, index: Option<u32>) {
        self.transaction_ends.push(TransactionEnd { index, abort: true });
    }

    pub(crate) fn consumer_group(&mut self) -> String {
        "connect-test".into()
    }

    pub(crate) fn stored_offsets(&mut self, partitions: &[String]) -> Vec<Option<String>> {
        partitions.iter().map(|partition| self.stored.get(partition).cloned()).collect()
    }

    pub(crate) fn rewind(&mut self, offsets: &[TopicPartitionOffset]) {
        self.rewinds.extend_from_slice(offsets);
    }

    pub(crate) fn pause(&mut self, partitions: &[TopicPartition]) {
        self.resume(partitions);
        self.paused.extend_from_slice(partitions);
    }

    pub(crate) fn resume(&mut self, partitions: &[TopicPartition]) {
        self.paused.retain(|paused| !partitions.contains(paused));
    }

    pub(crate) fn request_commit(&mut self) {
        self.commit_requested = true;
    }

    pub(crate) fn timeout(&mut self, milliseconds: u32) {
        self.timeout = Some(milliseconds);
    }
}

fn check_name(name: &str) {
    let fits =
        (1..=64).contains(&name.len()) && name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'));
    assert!(fits, "the metric name {name:?} is not 1 to 64 characters of [a-z0-9_]");
}

/// The runtime of a harness.
#[derive(Clone, Debug, Default)]
pub(crate) struct Handle {
    runtime: Rc<RefCell<Runtime>>,
}

thread_local! {
    static CURRENT: RefCell<Handle> = RefCell::default();
}

impl Handle {
    /// Creates a runtime for the start of a task.
    pub(crate) fn of_task(generation: u64) -> Handle {
        let handle = Handle::default();
        handle.with(|runtime| {
            runtime.task = Some(0);
            runtime.generation = generation;
        });
        handle
    }

    /// Makes this the current runtime and calls the plugin.
    pub(crate) fn call<T>(&self, call: impl FnOnce() -> T) -> T {
        CURRENT.set(self.clone());
        crate::logging::enter();
        call()
    }

    pub(crate) fn with<T>(&self, look: impl FnOnce(&mut Runtime) -> T) -> T {
        look(&mut self.runtime.borrow_mut())
    }
}

/// Calls a function with the current runtime.
pub(crate) fn with<T>(look: impl FnOnce(&mut Runtime) -> T) -> T {
    let current = CURRENT.with_borrow(Handle::clone);
    current.with(look)
}
