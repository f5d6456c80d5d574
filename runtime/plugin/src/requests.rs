//! Requests of a guest through the contexts, collected until its call returns. They are limited here, because the guest chooses their
//! number.

use std::time::Duration;

use indexmap::{IndexMap, IndexSet};

use crate::batch::{ConnectorRequests, SinkRequests, TopicPartition, TopicPartitionOffset, TransactionBoundary};

/// The maximum number of partitions in the requests of a call. A whole cluster of Kafka does not have many more.
const MAX_PARTITIONS: usize = 1 << 16;
/// The maximum length of a topic name in Kafka.
const MAX_TOPIC: usize = 249;
/// The maximum number of ends of transactions in a batch, which is the maximum number of its records.
const MAX_TRANSACTIONS: usize = 1 << 20;

/// The requests of a guest exceed a limit, or are not valid.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadRequest {
    #[error("more than {MAX_PARTITIONS} partitions in sink-context")]
    TooMany,
    #[error("a topic name of {0} bytes in sink-context; the limit of Kafka is {MAX_TOPIC}")]
    TopicName(usize),
    #[error("partition {1} of topic {0:?} in sink-context")]
    Partition(String, i32),
    #[error("offset {0} in sink-context.rewind")]
    Offset(i64),
    #[error("more than {MAX_TRANSACTIONS} ends of transactions in one poll")]
    TooManyTransactions,
}

/// The requests so far, by context.
#[derive(Debug, Default)]
pub(crate) struct Requests {
    pub(crate) connector: ConnectorRequests,
    pub(crate) transactions: Transactions,
    pub(crate) sink: OfSink,
}

impl ConnectorRequests {
    pub(crate) fn reconfigure(&mut self) {
        self.reconfigure = true;
    }

    /// The first error counts, because later ones may be consequences of it.
    pub(crate) fn raise_error(&mut self, message: String) {
        self.error.get_or_insert(message);
    }
}

/// The ends of transactions in the batch of the current `poll`.
#[derive(Debug, Default)]
pub(crate) struct Transactions(Vec<TransactionBoundary>);

impl Transactions {
    pub(crate) fn end(&mut self, boundary: TransactionBoundary) -> Result<(), BadRequest> {
        if self.0.len() >= MAX_TRANSACTIONS {
            return Err(BadRequest::TooManyTransactions);
        }
        self.0.push(boundary);
        Ok(())
    }

    /// Returns the ends and removes them.
    pub(crate) fn take(&mut self) -> Vec<TransactionBoundary> {
        std::mem::take(&mut self.0)
    }
}

/// The requests of a sink. A later one for the same partition replaces an earlier one.
#[derive(Debug, Default)]
pub(crate) struct OfSink {
    rewind: IndexMap<TopicPartition, i64>,
    pause: IndexSet<TopicPartition>,
    resume: IndexSet<TopicPartition>,
    commit: bool,
    timeout: Option<Duration>,
}

impl OfSink {
    pub(crate) fn rewind(&mut self, offset: TopicPartitionOffset) -> Result<(), BadRequest> {
        let TopicPartitionOffset { topic, partition, offset } = offset;
        if offset < 0 {
            return Err(BadRequest::Offset(offset));
        }
        let partition = checked(TopicPartition { topic, partition })?;
        self.rewind.insert(partition, offset);
        self.bounded()
    }

    pub(crate) fn pause(&mut self, partition: TopicPartition) -> Result<(), BadRequest> {
        let partition = checked(partition)?;
        self.resume.swap_remove(&partition);
        self.pause.insert(partition);
        self.bounded()
    }

    pub(crate) fn resume(&mut self, partition: TopicPartition) -> Result<(), BadRequest> {
        let partition = checked(partition)?;
        self.pause.swap_remove(&partition);
        self.resume.insert(partition);
        self.bounded()
    }

    pub(crate) fn commit(&mut self) {
        self.commit = true;
    }

    pub(crate) fn timeout(&mut self, timeout: Duration) {
        self.timeout = Some(timeout);
    }

    /// Returns the requests and removes them.
    pub(crate) fn take(&mut self) -> SinkRequests {
        let Self { rewind, pause, resume, commit, timeout } = std::mem::take(self);
        let offset = |(TopicPartition { topic, partition }, offset)| TopicPartitionOffset { topic, partition, offset };
        SinkRequests {
            rewind: rewind.into_iter().map(offset).collect(),
            pause: pause.into_iter().collect(),
            resume: resume.into_iter().collect(),
            commit,
            timeout,
        }
    }

    fn bounded(&self) -> Result<(), BadRequest> {
        let total = self.rewind.len() + self.pause.len() + self.resume.len();
        if total > MAX_PARTITIONS { Err(BadRequest::TooMany) } else { Ok(()) }
    }
}

fn checked(partition: TopicPartition) -> Result<TopicPartition, BadRequest> {
    if partition.topic.len() > MAX_TOPIC {
        return Err(BadRequest::TopicName(partition.topic.len()));
    }
    if partition.partition < 0 {
        return Err(BadRequest::Partition(partition.topic, partition.partition));
    }
    Ok(partition)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn partition(partition: i32) -> TopicPartition {
        TopicPartition { topic: "t".into(), partition }
    }

    #[test]
    fn the_last_word_on_a_partition_counts() {
        let mut requests = OfSink::default();
        requests.pause(partition(0)).unwrap();
        requests.pause(partition(1)).unwrap();
        requests.resume(partition(0)).unwrap();
        for offset in [7, 3] {
            requests.rewind(TopicPartitionOffset { topic: "t".into(), partition: 0, offset }).unwrap();
        }
        requests.commit();
        let taken = requests.take();
        assert_eq!(taken.pause, [partition(1)]);
        assert_eq!(taken.resume, [partition(0)]);
        assert_eq!(taken.rewind, [TopicPartitionOffset { topic: "t".into(), partition: 0, offset: 3 }]);
        assert!(taken.commit);
        assert_eq!(requests.take(), SinkRequests::default());
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        let mut requests = OfSink::default();
        assert_eq!(requests.pause(partition(-1)), Err(BadRequest::Partition("t".into(), -1)));
        let long = TopicPartition { topic: "t".repeat(250), partition: 0 };
        assert_eq!(requests.pause(long), Err(BadRequest::TopicName(250)));
        let before = TopicPartitionOffset { topic: "t".into(), partition: 0, offset: -1 };
        assert_eq!(requests.rewind(before), Err(BadRequest::Offset(-1)));
        let over = (0..=MAX_PARTITIONS as i32).try_for_each(|number| requests.pause(partition(number)));
        assert_eq!(over, Err(BadRequest::TooMany));
    }
}
