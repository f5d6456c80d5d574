//! Proves at intervals that the worker's session lasts, and notices when it has ended.

use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer as _};
use rdkafka::error::RDKafkaErrorCode;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use tokio_util::sync::CancellationToken;
use tracing::debug;

use super::context::Context;
use super::{Clock, Event};
use crate::native::membership;

/// Pause after a commit that was not accepted because of a rebalance.
const AGAIN: Duration = Duration::from_millis(100);

/// Commits an offset at each interval until the worker leaves. The offset itself has no meaning. A commit waits for as long as no
/// coordinator is known; nothing is proven in the meantime.
pub(super) fn prove(
    client: &BaseConsumer<Context>,
    topic: &str,
    interval: Duration,
    clock: Clock,
    stop: &CancellationToken,
) {
    let mut offset = TopicPartitionList::new();
    if let Err(error) = offset.add_partition_offset(topic, 0, Offset::Offset(0)) {
        debug!(%error, "the session of the worker cannot be proven");
        return;
    }
    while !stop.is_cancelled() {
        let wait = match prove_once(client, &offset, clock) {
            Proof::Again => AGAIN,
            Proof::Done => interval,
        };
        let deadline = std::time::Instant::now() + wait;
        while !stop.is_cancelled() && std::time::Instant::now() < deadline {
            std::thread::sleep(AGAIN.min(wait));
        }
    }
}

enum Proof {
    /// The next one is due after the interval.
    Done,
    /// The worker is not a member yet, or a rebalance is in progress.
    Again,
}

fn prove_once(client: &BaseConsumer<Context>, offset: &TopicPartitionList, clock: Clock) -> Proof {
    let context = client.context();
    let Some(reported) = context.member_id() else { return Proof::Again };
    let Some((member_id, _)) = membership(client).filter(|(member_id, _)| *member_id == reported) else {
        // librdkafka has lost the session, and calls nothing back if the member had no partition.
        context.lost(&reported);
        return Proof::Again;
    };
    let since = clock();
    match client.commit(offset, CommitMode::Sync) {
        Ok(()) => {
            // A commit that was accepted for another member than the one from before it proves nothing about that one.
            if membership(client).is_some_and(|(now, _)| now == member_id) {
                context.report(Event::Proven { member_id, since });
            }
            Proof::Done
        }
        Err(error) => {
            let code = error.rdkafka_error_code();
            debug!(%error, "the session of the worker was not proven");
            if code == Some(RDKafkaErrorCode::UnknownMemberId) {
                context.lost(&member_id);
            }
            Proof::Again
        }
    }
}
