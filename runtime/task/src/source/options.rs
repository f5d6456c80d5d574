//! What a source task needs to run, and its fixed limits.

use std::sync::Arc;
use std::time::Duration;

use crate::Common;
use weir_config::topic_creation::TopicCreation;
use weir_kafka::Properties;
use weir_kafka::admin::Admins;
use weir_kafka::producer::Producers;
use weir_storage::offsets::OffsetStore;

/// Maximum number of bytes of keys and values of one source task in flight. With more, the task stops polling its
/// plugin until Kafka has acknowledged some. It is eight of librdkafka's requests (`batch.size`), of which an idempotent
/// producer sends one at a time for a partition: more would only wait in memory, and while records wait for longer than `linger.ms`
/// librdkafka's thread spins (docs/performance.md).
pub(super) const MAX_IN_FLIGHT_BYTES: usize = 3 << 20;
/// Maximum number of records in flight, for the same reason: three times `batch.num.messages`.
pub(super) const MAX_IN_FLIGHT_RECORDS: u64 = 30_000;
/// Maximum number of batches in flight, for sources that return tiny ones.
pub(super) const MAX_IN_FLIGHT_BATCHES: usize = 256;
/// Maximum number of bytes of source partitions and offsets that wait to be stored. With more, the task stores them before its interval is
/// over, and does not poll its plugin until it has.
pub(super) const MAX_SETTLED_BYTES: usize = 8 << 20;
/// Minimum time between two commits of a task that has this many offsets.
pub(super) const COMMIT_PAUSE: Duration = Duration::from_millis(500);
/// Maximum number of records that one `poll` may return.
pub(super) const POLL_RECORDS: u32 = 2_000;
/// Bytes of keys and values after which `poll` is to return.
pub(super) const POLL_BYTES: u32 = 1 << 20;
/// How long `poll` may wait for records. Stop and pause wait as long.
pub(super) const POLL_WAIT: Duration = Duration::from_millis(500);
/// Longest time between two polls, whatever the source requests.
pub(super) const MAX_IDLE: Duration = Duration::from_secs(60);
/// Polls after waits of five times this or more are moved to multiples of it, so that idle tasks wake the worker together.
pub(super) const SHARED_WAKE_UPS: Duration = Duration::from_millis(100);
/// Delay before a poll that failed with "retry" is repeated, if the plugin names none: the first, and the longest.
pub(super) const RETRY_DELAYS: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(10));
/// Records that are put into producers' queues before other tasks get their turn.
pub(super) const PUMP_RECORDS: usize = 4_096;
/// Records of a batch after which other tasks get their turn between two steps.
pub(super) const RECORDS_AT_ONCE: u32 = 4_096;
/// The same in bytes.
pub(super) const BYTES_AT_ONCE: usize = 4 << 20;
/// Maximum memory of one source task for records in flight, everything counted. Records of usual sizes reach the limits above first.
pub(super) const MAX_IN_FLIGHT_WEIGHT: usize = 32 << 20;
/// What has to be free in the worker's budget before a task with records in flight polls again, or converts another piece.
pub(super) const RESERVE: u64 = 2 << 20;
/// How long to wait when the producer's queue is full.
pub(super) const QUEUE_FULL_DELAY: Duration = Duration::from_millis(5);

/// How long a producer that failed is not replaced, by how many have failed one after the other: the first, and the longest.
pub(super) const REPLACE_DELAYS: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(10));

/// A source task, ready to run.
pub struct Options {
    /// The options that all tasks have.
    pub common: Common,
    /// The producer's settings.
    pub producer: Properties,
    /// The worker's producers.
    pub producers: Producers,
    /// The topics that this task creates itself; `None` if it leaves that to the broker.
    pub topic_creation: Option<Arc<TopicCreation>>,
    /// Settings of the client that creates them.
    pub admin: Properties,
    /// The worker's admin clients.
    pub admins: Admins,
    /// Where offsets are stored.
    pub offsets: Arc<dyn OffsetStore>,
    /// Maximum number of topics that the task may write to.
    pub topics_max: usize,
}
