//! Topics whose records were not accepted. While a topic has a gate, only the records that failed are sent to it, in rounds, and
//! everything after them waits, so that the order of a partition is that of the source.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

use tokio::time::Instant;
use tracing::{info, warn};
use weir_kafka::RDKafkaErrorCode;

use crate::common::retry_delay;
use weir_kafka::fault::Fault;
use weir_kafka::lanes::Lane;
use weir_kafka::producer::SendFailure;

/// Pause before records are sent again that Kafka did not accept for a passing reason: the first, and the longest. Those of
/// Java's `retry.backoff.ms` and `retry.backoff.max.ms`.
const RETRY_DELAYS: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(1));
/// Time between two lines of the log for a topic that does not accept records.
const LOG_INTERVAL: Duration = Duration::from_secs(30);

/// A record in the task's queue: the first record number of its batch, and its index among those sent.
pub(super) type QueuePosition = (u64, u32);

/// What may be sent to a topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Passage {
    /// Everything, through this lane.
    Open(Lane),
    /// Only what failed, through this lane.
    Retry(Lane),
    /// Nothing yet.
    Closed,
}

/// What to do next for a topic with a gate, once none of its records is in flight.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Wait until then.
    At(Instant),
    /// All of them were acknowledged. What was acknowledged after these positions, by partition, is to be sent again.
    Opened(BTreeMap<i32, QueuePosition>),
}

/// The topics of one task.
#[derive(Default)]
pub(super) struct Gates {
    /// Lanes of topics that accept only smaller requests than the configured ones.
    lanes: HashMap<String, Lane>,
    gates: HashMap<String, Gate>,
    /// Topics that do not exist as far as a producer knows, or have too few partitions.
    unknown: Vec<String>,
}

struct Gate {
    /// Whether the failed records may be sent now.
    open: bool,
    /// Rounds that have failed.
    rounds: u32,
    until: Instant,
    /// What the failures since the last round require.
    shrink: bool,
    single: bool,
    /// The first record that failed in each partition.
    holes: BTreeMap<i32, QueuePosition>,
    failures: u64,
    last_log: Option<Instant>,
}

impl Gates {
    /// Whether all topics may be sent to.
    pub(super) fn are_open(&self) -> bool {
        self.gates.is_empty()
    }

    /// Returns the lane of a topic outside retries.
    pub(super) fn lane(&self, topic: &str, configured: Lane) -> Lane {
        self.lanes.get(topic).copied().unwrap_or(configured)
    }

    #[cfg(test)]
    pub(super) fn set_lane(&mut self, topic: &str, lane: Lane) {
        self.lanes.insert(topic.to_owned(), lane);
    }

    pub(super) fn passage(&self, topic: &str, configured: Lane) -> Passage {
        let lane = self.lane(topic, configured);
        match self.gates.get(topic) {
            None => Passage::Open(lane),
            Some(gate) if !gate.open => Passage::Closed,
            Some(gate) => Passage::Retry(if gate.single { 1 } else { lane }),
        }
    }

    /// Takes the topics that have to be looked up again before their records can be sent.
    pub(super) fn take_unknown(&mut self) -> Vec<String> {
        std::mem::take(&mut self.unknown)
    }

    /// A record was not accepted and is to be sent again.
    pub(super) fn close(&mut self, topic: &str, fault: Fault, failure: &SendFailure, at: QueuePosition, now: Instant) {
        let partition = failure.partition;
        let gate = self.gates.entry(topic.to_owned()).or_insert_with(|| Gate {
            open: true,
            rounds: 0,
            until: now,
            shrink: false,
            single: false,
            holes: BTreeMap::new(),
            failures: 0,
            last_log: None,
        });
        if gate.open {
            gate.open = false;
            gate.until = match fault {
                Fault::RequestSize | Fault::Request => now,
                _ => now + retry_delay(None, gate.rounds, RETRY_DELAYS),
            };
            gate.rounds = gate.rounds.saturating_add(1);
            gate.single = false;
            if matches!(
                failure.code,
                RDKafkaErrorCode::UnknownPartition
                    | RDKafkaErrorCode::UnknownTopic
                    | RDKafkaErrorCode::UnknownTopicOrPartition
            ) {
                self.unknown.push(topic.to_owned());
            }
        }
        gate.shrink |= fault == Fault::RequestSize;
        gate.single |= fault == Fault::Request;
        gate.failures += 1;
        if partition >= 0 {
            let first = gate.holes.entry(partition).or_insert(at);
            *first = at.min(*first);
        }
        if gate.last_log.is_none_or(|last| now.duration_since(last) >= LOG_INTERVAL) {
            gate.last_log = Some(now);
            warn!(
                topic,
                partition,
                error = failure.message,
                failures = gate.failures,
                "Kafka did not accept records; sending them again"
            );
        }
    }

    /// Decides about each topic with a gate. `in_flight` are those of which a producer has records, `retrying` those of which
    /// failed records wait.
    pub(super) fn advance(
        &mut self,
        in_flight: &HashSet<&str>,
        retrying: &HashSet<&str>,
        configured: Lane,
        now: Instant,
    ) -> Vec<(String, Next)> {
        let mut next = Vec::new();
        let lanes = &mut self.lanes;
        self.gates.retain(|topic, gate| {
            if in_flight.contains(topic.as_str()) {
                return true;
            }
            if !gate.open {
                if now < gate.until {
                    next.push((topic.clone(), Next::At(gate.until)));
                    return true;
                }
                gate.open = true;
                if std::mem::take(&mut gate.shrink) {
                    let lane = lanes.entry(topic.clone()).or_insert(configured);
                    *lane = (*lane / 2).max(1);
                    info!(topic, batch.size = *lane, "the topic accepts only smaller requests");
                }
            }
            if retrying.contains(topic.as_str()) {
                // The failed records may be sent; some are not yet.
                return true;
            }
            info!(topic, failures = gate.failures, rounds = gate.rounds, "records that failed were sent again");
            next.push((topic.clone(), Next::Opened(std::mem::take(&mut gate.holes))));
            false
        });
        next
    }
}
