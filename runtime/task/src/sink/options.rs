//! What a sink task needs to run, and its fixed limits.

use std::time::Duration;

use crate::{Common, DeadLetterClients};
use weir_config::Subscription;
use weir_kafka::Properties;
use weir_kafka::connection::Connections;

/// Maximum number of records in one `put`, unless `max.poll.records` of the consumer is set.
pub(super) const PUT_RECORDS: usize = 2_000;
/// Bytes of keys and values after which a `put` gets no more records.
pub(super) const PUT_BYTES: usize = 4 << 20;
/// Records beyond which a batch lets other tasks run between two steps.
pub(super) const RECORDS_AT_ONCE: u32 = 4_096;
/// Delay before a `put` that failed with "retry" is repeated, if the plugin names none: the first, and the longest.
pub(super) const RETRY_DELAYS: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(30));

/// A sink task, ready to run.
pub struct Options {
    /// The options that all tasks have.
    pub common: Common,
    /// What to read.
    pub subscription: Subscription,
    /// The consumer's settings, its group among them.
    pub consumer: Properties,
    /// `max.poll.records`: the maximum number of records in one `put`; `None` for 2,000.
    pub max_poll_records: Option<u32>,
    /// All connections of the worker.
    pub connections: Connections,
    /// For the dead letter queue, if there is one.
    pub dead_letters: DeadLetterClients,
}
