//! How a sink task follows its group: partitions come, go and get lost; the plugin, the connector and a pending retry each pause
//! their flow.

use tokio::time::Instant;
use tracing::{info, warn};
use weir_kafka::{Offset, TopicPartitionList};
use weir_plugin::{CallError, SinkRequests, TopicPartition};

use super::SinkTask;
use crate::Error;
use crate::chain::pick;
use weir_kafka::consumer::Rebalance;

fn failed(what: &'static str) -> impl Fn(weir_kafka::KafkaError) -> Error {
    move |cause| Error::Kafka { what, cause }
}

fn ids(partitions: &TopicPartitionList) -> Vec<TopicPartition> {
    let elements = partitions.elements();
    elements
        .iter()
        .map(|element| TopicPartition { topic: element.topic().to_owned(), partition: element.partition() })
        .collect()
}

fn list(partitions: &[(String, i32)]) -> TopicPartitionList {
    let mut list = TopicPartitionList::with_capacity(partitions.len());
    for (topic, partition) in partitions {
        list.add_partition(topic, *partition);
    }
    list
}

impl SinkTask<'_> {
    pub(super) async fn rebalance(&mut self, rebalance: Rebalance) -> Result<(), Error> {
        match rebalance {
            Rebalance::Assigned(partitions) => self.assigned(&partitions).await,
            Rebalance::Revoked(partitions) => {
                let ids = ids(&partitions);
                let mine = |topic: &str, partition| ids.iter().any(|id| id.partition == partition && id.topic == topic);
                let result = self.commit(mine, true).await;
                self.closed(&partitions, &ids, result).await
            }
            Rebalance::Lost(partitions) => {
                let ids = ids(&partitions);
                warn!("partitions were lost; rows since their last commit are read again by whoever has them now");
                self.closed(&partitions, &ids, Ok(())).await
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
        let ids = ids(partitions);
        for id in &ids {
            let offset = committed
                .iter()
                .find(|(topic, partition, _)| *partition == id.partition && *topic == id.topic)
                .map(|(_, _, offset)| *offset);
            self.positions.open(&id.topic, id.partition, offset);
        }
        self.count_partitions();
        if !ids.is_empty() {
            self.instance.open(&ids).await?;
        }
        // Reading begins where the plugin wants it to: a consumer that has not begun to read cannot be sent elsewhere.
        let mut requests = self.instance.take_requests();
        let mut begins = partitions.clone();
        let (begin, others): (Vec<_>, Vec<_>) = requests
            .rewind
            .into_iter()
            .partition(|rewind| ids.iter().any(|id| id.partition == rewind.partition && id.topic == rewind.topic));
        for rewind in begin {
            self.positions.rewind(&rewind.topic, rewind.partition, rewind.offset);
            begins
                .set_partition_offset(&rewind.topic, rewind.partition, Offset::Offset(rewind.offset))
                .map_err(failed("cannot begin at the offset that the sink asked for"))?;
        }
        requests.rewind = others;
        self.consumer.accept(&begins).await.map_err(failed("cannot take partitions"))?;
        if self.paused || self.pending.is_some() {
            self.consumer.set_paused(partitions.clone(), true).await.map_err(failed("cannot pause partitions"))?;
        }
        self.apply(requests).await
    }

    /// Tells the plugin that partitions are gone, forgets them, and lets the group go on, also when the plugin fails.
    async fn closed(
        &mut self,
        partitions: &TopicPartitionList,
        ids: &[TopicPartition],
        so_far: Result<(), Error>,
    ) -> Result<(), Error> {
        let closed = match so_far {
            Ok(()) if !ids.is_empty() => self.instance.close(ids).await.or_else(|error| match error {
                CallError::Trapped(_) => Err(Error::Plugin(error)),
                error => {
                    warn!(%error, "the sink could not close partitions");
                    Ok(())
                }
            }),
            other => other,
        };
        for id in ids {
            self.positions.close(&id.topic, id.partition);
            self.suspects.forget(id);
            self.paused_by_plugin.retain(|(topic, partition)| *partition != id.partition || *topic != id.topic);
        }
        self.count_partitions();
        self.drop_pending(ids);
        self.release_held()?;
        self.consumer.give_up(partitions).await.map_err(failed("cannot give up partitions"))?;
        closed?;
        self.apply_requests().await
    }

    fn count_partitions(&self) {
        self.metrics.sink.partitions.set(self.positions.partitions().count() as u64);
        self.metrics.sink.set_active(self.positions.active());
    }

    /// Rows of partitions that are gone are somebody else's now.
    fn drop_pending(&mut self, gone: &[TopicPartition]) {
        let Some(pending) = &mut self.pending else { return };
        // The same records, should `put` fail: they must not come back with those that stay.
        if let Some(again) = pending.again.take() {
            pending.again = again.without(gone);
        }
        pending
            .read
            .retain(|(topic, partition, ..)| !gone.iter().any(|id| id.partition == *partition && id.topic == *topic));
        let batch = &mut pending.batch;
        let kept: Vec<u32> = (0..batch.records.count)
            .filter(|&row| {
                let index = batch.topic_partition.get(row as usize).map_or(0, |&index| index as usize);
                batch.topic_partitions.get(index).is_none_or(|id| !gone.contains(id))
            })
            .collect();
        if kept.len() == batch.records.count as usize {
            return;
        }
        batch.records = batch.records.select(&kept);
        batch.offsets = pick(&batch.offsets, &kept);
        if !batch.topic_partition.is_empty() {
            batch.topic_partition = pick(&batch.topic_partition, &kept);
        }
    }

    pub(super) fn all_partitions(&self) -> Vec<(String, i32)> {
        self.positions.partitions().map(|(topic, partition)| (topic.to_owned(), partition)).collect()
    }

    /// Lets rows of these partitions flow, but for those that the plugin or the connector's state holds back; or stops them.
    pub(super) async fn flow(&mut self, partitions: Vec<(String, i32)>, on: bool) -> Result<(), Error> {
        if on && self.paused {
            return Ok(());
        }
        let chosen: Vec<(String, i32)> =
            partitions.into_iter().filter(|partition| !on || !self.paused_by_plugin.contains(partition)).collect();
        self.consumer.set_paused(list(&chosen), !on).await.map_err(failed("cannot pause or resume partitions"))
    }

    /// Follows the connector's state.
    pub(super) async fn pause_all(&mut self, paused: bool) -> Result<(), Error> {
        if self.paused == paused {
            return Ok(());
        }
        self.paused = paused;
        if paused {
            // As in Kafka Connect: what was given so far is committed soon.
            self.next_commit = Instant::now();
            return self.flow(self.all_partitions(), false).await;
        }
        if self.pending.is_some() { Ok(()) } else { self.flow(self.all_partitions(), true).await }
    }

    /// Does what the plugin asked for during its last call.
    pub(super) async fn apply_requests(&mut self) -> Result<(), Error> {
        let requests = self.instance.take_requests();
        self.apply(requests).await
    }

    async fn apply(&mut self, requests: SinkRequests) -> Result<(), Error> {
        let disturbed = !requests.rewind.is_empty() || !requests.pause.is_empty();
        self.disturbed |= disturbed;
        for rewind in requests.rewind {
            if !self.positions.contains(&rewind.topic, rewind.partition) {
                return Err(Error::Config(format!(
                    "the sink asked to rewind {}-{}, which is not one of its partitions",
                    rewind.topic, rewind.partition
                )));
            }
            self.drop_pending(&[TopicPartition { topic: rewind.topic.clone(), partition: rewind.partition }]);
            self.positions.rewind(&rewind.topic, rewind.partition, rewind.offset);
            self.seek(&(rewind.topic.clone(), rewind.partition, rewind.offset))?;
            self.rewound.redirect(&TopicPartition { topic: rewind.topic, partition: rewind.partition });
        }
        for (partitions, pause) in [(requests.pause, true), (requests.resume, false)] {
            for TopicPartition { topic, partition } in partitions {
                if !self.positions.contains(&topic, partition) {
                    return Err(Error::Config(format!(
                        "the sink asked to pause or resume {topic}-{partition}, which is not one of its partitions"
                    )));
                }
                let id = (topic, partition);
                self.paused_by_plugin.retain(|known| *known != id);
                if pause {
                    self.paused_by_plugin.push(id.clone());
                }
                if pause || self.pending.is_none() {
                    self.flow(vec![id], !pause).await?;
                }
            }
        }
        if disturbed {
            self.release_held()?;
        }
        let now = Instant::now();
        if requests.commit {
            self.next_commit = now;
        }
        if let Some(timeout) = requests.timeout {
            self.next_empty_put = Some(now + timeout);
        }
        Ok(())
    }
}
