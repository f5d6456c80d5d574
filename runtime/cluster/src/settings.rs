//! The times that the protocol depends on.

use std::time::Duration;

/// What share of the session timeout is left for stopping tasks after the lease ended: a fifth. It also covers the difference between the
/// rates of two clocks.
const MARGIN: u32 = 5;

/// How many proofs are tried while one lease lasts. A few may fail before the lease ends.
const PROOFS: u32 = 4;

/// The times that the protocol depends on, and the limit on the size of a record.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `session.timeout.ms`: the coordinator removes a member that it has not heard of for this long.
    pub session_timeout: Duration,
    /// `scheduled.rebalance.max.delay.ms`: how long the work of a lost worker waits for it.
    pub rebalance_delay: Duration,
    /// How often the leader describes the group even if no rebalance was reported. The members learn of a lost one with their next
    /// heartbeat, and this is faster.
    pub describe_interval: Duration,
    /// The pause after a failed claim or request.
    pub retry_backoff: Duration,
    /// The maximum size of a record's value, in bytes.
    pub record_max_bytes: usize,
}

impl Settings {
    /// Returns how long a proof that the session is alive is valid, from the time at which its request was sent.
    pub fn lease(&self) -> Duration {
        self.session_timeout - self.session_timeout / MARGIN
    }

    /// Returns how long a worker has to stop its tasks after the end of its lease.
    pub fn stop_margin(&self) -> Duration {
        self.session_timeout / MARGIN
    }

    /// Returns how long after a proof the next one is requested.
    pub fn proof_interval(&self) -> Duration {
        self.lease() / PROOFS
    }
}

impl Default for Settings {
    /// Kafka Connect's defaults, two descriptions per second, and records half as large as the default `message.max.bytes`.
    fn default() -> Self {
        Self {
            session_timeout: Duration::from_secs(10),
            rebalance_delay: Duration::from_secs(300),
            describe_interval: Duration::from_millis(500),
            retry_backoff: Duration::from_millis(250),
            record_max_bytes: 512 << 10,
        }
    }
}
