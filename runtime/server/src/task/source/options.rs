//! What a source task needs to run, and its fixed bounds.

use std::sync::Arc;
use std::time::Duration;

use crate::herder::api::ConfigMap;
use crate::kafka::Properties;
use crate::kafka::producer::Producers;
use crate::offsets::OffsetFile;
use crate::task::TaskId;
use crate::task::chain::Step;
use crate::task::convert::ConverterSettings;

/// Most bytes of keys and values that one source task may have on their way to Kafka. More makes the task stop polling its
/// plugin until Kafka has acknowledged some.
pub(super) const MAX_IN_FLIGHT_BYTES: usize = 16 << 20;
/// Most batches on their way, for sources that bring tiny ones.
pub(super) const MAX_IN_FLIGHT_BATCHES: usize = 256;
/// Most rows that one `poll` may bring.
pub(super) const POLL_ROWS: u32 = 2_000;
/// Bytes of keys and values after which `poll` is to return.
pub(super) const POLL_BYTES: u32 = 1 << 20;
/// How long `poll` may wait for rows. Stop and pause wait as long.
pub(super) const POLL_WAIT: Duration = Duration::from_millis(500);
/// Longest time between two polls, whatever the source says.
pub(super) const MAX_IDLE: Duration = Duration::from_secs(60);
/// Delay before a poll that failed with "retry" is repeated, if the plugin names none: the first, and the longest.
pub(super) const RETRY_DELAYS: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(10));
/// How long to wait when the producer's queue is full.
pub(super) const QUEUE_FULL_DELAY: Duration = Duration::from_millis(5);

/// A source task, ready to run.
pub struct Options {
    /// Which task.
    pub id: TaskId,
    /// The plugin's component.
    pub component: Arc<weir_plugin::Component>,
    /// The plugin's class.
    pub class: String,
    /// The task's configuration.
    pub config: ConfigMap,
    /// Memory and time of the guests.
    pub limits: weir_plugin::Limits,
    /// What may be granted.
    pub allowed: weir_plugin::Allowed,
    /// The transforms, in order.
    pub transforms: Vec<Step>,
    /// The converters.
    pub converters: ConverterSettings,
    /// True = rows that fail are skipped (`errors.tolerance=all`).
    pub tolerate: bool,
    /// The producer's settings.
    pub producer: Properties,
    /// The worker's producers.
    pub producers: Producers,
    /// Where offsets are stored.
    pub offsets: OffsetFile,
    /// `offset.flush.interval.ms`.
    pub flush_interval: Duration,
    /// `offset.flush.timeout.ms`.
    pub flush_timeout: Duration,
}
