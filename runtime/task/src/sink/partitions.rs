//! How a sink task follows its group: partitions are assigned, revoked and lost; the plugin, the connector and a pending retry each pause
//! them.

use tokio::time::Instant;
use tracing::{info, warn};
use weir_kafka::{KafkaError, Offset, TopicPartitionList};
use weir_plugin::{SinkRequests, TopicPartition};

use super::SinkTask;
use super::commit::{Commit, Which};
use crate::Error;
use weir_kafka::consumer::{Rebalance, topic_partitions};

fn failed(what: &'static str) -> impl Fn(KafkaError) -> Error {
    move |cause| Error::Kafka { what, cause }
}

/// How partitions left the task.
#[derive(Clone, Copy)]
enum Left {
    /// What could be committed is committed.
    Revoked,
    /// Another task may have them already.
    Lost,
}

impl SinkTask<'_> {
    pub(super) async fn rebalance(&mut self, rebalance: Rebalance) -> Result<(), Error> {
        match rebalance {
            Rebalance::Assigned(partitions) => self.assigned(&partitions).await,
            Rebalance::Revoked(partitions) => {
                let ids = topic_partitions(&partitions);
                let result = self.commit(Which::Of(&ids), Commit::Final).await;
                self.closed(&partitions, &ids, result, Left::Revoked).await
            }
            Rebalance::Lost(partitions) => {
                warn!("partitions lost; uncommitted records will be reprocessed by their new owner");
                self.closed(&partitions, &topic_partitions(&partitions), Ok(()), Left::Lost).await
            }
        }
    }

    async fn assigned(&mut self, partitions: &TopicPartitionList) -> Result<(), Error> {
        let committed = match self.consumer.committed_offsets(partitions).await {
            Ok(committed) => committed,
            Err(error) => {
                // Only a rewind would need them; the client itself asks again before it reads.
                info!(%error, "the committed offsets are not known yet");
                Vec::new()
            }
        };
        let ids = topic_partitions(partitions);
        for id in &ids {
            let offset = committed
                .iter()
                .find(|committed| committed.partition == id.partition && committed.topic == id.topic)
                .map(|committed| committed.offset);
            self.commits.positions.open(id.clone(), offset);
        }
        self.count_partitions();
        if !ids.is_empty() {
            self.plugin.instance.assigned(&ids).await?;
        }
        // Reading begins where the plugin wants it to: a consumer that has not begun to read cannot be sent elsewhere.
        let mut requests = self.plugin.instance.take_requests();
        let mut begins = partitions.clone();
        for rewind in std::mem::take(&mut requests.rewind) {
            let (id, offset) = rewind.clone().into_parts();
            if !ids.contains(&id) {
                requests.rewind.push(rewind);
                continue;
            }
            self.commits.positions.rewind(&id, offset);
            begins
                .set_partition_offset(&id.topic, id.partition, Offset::Offset(offset))
                .map_err(failed("cannot begin at the offset that the sink asked for"))?;
        }
        self.consumer.accept(&begins).await.map_err(failed("cannot accept the assigned partitions"))?;
        if self.flow.paused || self.in_hand.pending.is_some() {
            self.pause(&ids).await?;
        }
        self.apply(requests).await
    }

    /// Tells the plugin that partitions were revoked or lost, forgets them, and lets the group continue, also if the plugin fails.
    async fn closed(
        &mut self,
        partitions: &TopicPartitionList,
        ids: &[TopicPartition],
        so_far: Result<(), Error>,
        left: Left,
    ) -> Result<(), Error> {
        let told = match (so_far, left) {
            (Ok(()), _) if ids.is_empty() => Ok(()),
            (Ok(()), Left::Revoked) => self.plugin.instance.revoked(ids).await.map_err(Error::Plugin),
            (Ok(()), Left::Lost) => self.plugin.instance.lost(ids).await.map_err(Error::Plugin),
            (failed, _) => failed,
        };
        for id in ids {
            self.commits.positions.close(id);
            self.bisection.forget(id);
            self.flow.resume(id);
        }
        self.count_partitions();
        self.in_hand.drop_pending(ids);
        self.release_queued()?;
        self.consumer.release(partitions).await.map_err(failed("cannot release the revoked partitions"))?;
        told?;
        self.apply_requests().await
    }

    fn count_partitions(&self) {
        self.metrics.sink.partitions.set(self.commits.positions.count() as u64);
        self.metrics.sink.set_active(self.commits.positions.active());
    }

    /// Stops the records of these partitions.
    pub(super) async fn pause(&mut self, partitions: &[TopicPartition]) -> Result<(), Error> {
        self.consumer.pause(partitions).await.map_err(failed("cannot pause partitions"))
    }

    /// Continues the records of these partitions, except those that the plugin or the connector's state holds back.
    pub(super) async fn resume(&mut self, partitions: &[TopicPartition]) -> Result<(), Error> {
        if self.flow.paused {
            return Ok(());
        }
        let resumed = partitions.iter().filter(|id| !self.flow.is_paused_by_plugin(id)).cloned();
        self.consumer.resume(&resumed.collect::<Vec<_>>()).await.map_err(failed("cannot resume partitions"))
    }

    /// The connector is paused.
    pub(super) async fn pause_connector(&mut self) -> Result<(), Error> {
        if self.flow.paused {
            return Ok(());
        }
        self.flow.paused = true;
        // As in Kafka Connect: what was passed so far is committed soon.
        self.commits.next = Instant::now();
        self.pause(&self.commits.positions.partitions()).await
    }

    /// The connector is not paused.
    pub(super) async fn resume_connector(&mut self) -> Result<(), Error> {
        if !std::mem::take(&mut self.flow.paused) || self.in_hand.pending.is_some() {
            return Ok(());
        }
        self.resume(&self.commits.positions.partitions()).await
    }

    /// Does what the plugin asked for during its last call.
    pub(super) async fn apply_requests(&mut self) -> Result<(), Error> {
        let requests = self.plugin.instance.take_requests();
        self.apply(requests).await
    }

    async fn apply(&mut self, requests: SinkRequests) -> Result<(), Error> {
        let invalidated = !requests.rewind.is_empty() || !requests.pause.is_empty();
        self.flow.invalidated |= invalidated;
        for rewind in requests.rewind {
            let (id, offset) = rewind.clone().into_parts();
            self.check_is_own(&id, "rewind")?;
            self.in_hand.drop_pending(std::slice::from_ref(&id));
            self.commits.positions.rewind(&id, offset);
            self.seek(&rewind)?;
            self.flow.rewound.redirect(&id);
        }
        for id in requests.pause {
            self.check_is_own(&id, "pause or resume")?;
            self.flow.pause(&id);
            self.pause(&[id]).await?;
        }
        for id in requests.resume {
            self.check_is_own(&id, "pause or resume")?;
            self.flow.resume(&id);
            if self.in_hand.pending.is_none() {
                self.resume(&[id]).await?;
            }
        }
        if invalidated {
            self.release_queued()?;
        }
        let now = Instant::now();
        if requests.commit {
            self.commits.next = now;
        }
        if let Some(timeout) = requests.timeout {
            self.plugin.next_empty_put = Some(now + timeout);
        }
        Ok(())
    }

    fn check_is_own(&self, id: &TopicPartition, what: &str) -> Result<(), Error> {
        if self.commits.positions.contains(id) {
            return Ok(());
        }
        Err(Error::Config(format!("the sink asked to {what} {id}, which is not one of its partitions")))
    }
}
