//! From fetched records to records for the plugin: converters and transforms, and the handling of records that fail in them.

use std::sync::Arc;

use tokio::task::coop::consume_budget;
use tokio::time::Instant;
use weir_plugin::{SinkBatch, TimestampType, TopicPartition};

use super::SinkTask;
use super::fetch::{FetchedBatch, Partition};
use super::in_hand::{Pending, Read};
use super::options::RECORDS_AT_ONCE;
use super::originals::Originals;
use crate::Error;
use crate::chain::{Origins, pick};
use crate::errors::{Failure, Record, RecordLocation};

/// The location of each record of a batch: where it was read.
pub(super) struct Locations<'a> {
    pub(super) ids: &'a [TopicPartition],
    pub(super) kinds: &'a [TimestampType],
    /// For each record an index into `ids`; empty if there is only the first.
    partition: &'a [u32],
    offsets: &'a [i64],
}

impl Locations<'_> {
    /// Index of the record's partition, and its offset.
    pub(super) fn of(&self, record: u32) -> Option<(u32, i64)> {
        let record = record as usize;
        Some((self.partition.get(record).copied().unwrap_or(0), *self.offsets.get(record)?))
    }
}

/// The locations of a batch for the plugin.
pub(super) fn locations(batch: &SinkBatch) -> Locations<'_> {
    Locations {
        ids: &batch.topic_partitions,
        kinds: &batch.timestamp_types,
        partition: &batch.topic_partition,
        offsets: &batch.offsets,
    }
}

/// A record that failed before it was passed to the plugin.
struct FailedRecord {
    /// Index among the records that were read.
    record: u32,
    /// Index of its partition, and its offset.
    location: (u32, i64),
    failure: Failure,
}

fn at(partition: &[u32], offsets: &[i64], record: u32) -> Option<(u32, i64)> {
    Some((*partition.get(record as usize)?, *offsets.get(record as usize)?))
}

impl SinkTask<'_> {
    /// Converts, transforms and puts records that were read.
    pub(super) async fn take(&mut self, fetched: FetchedBatch) -> Result<(), Error> {
        let Some(fetched) = self.choose(fetched).await? else { return Ok(()) };
        let records = fetched.offsets.len() as u64;
        self.metrics.sink.read.add(records);
        self.metrics.sink.set_active(self.commits.positions.active() + records);
        // The others have no records here, which says nothing about what was read of them.
        let partitions = fetched.partitions.iter().filter(|partition| partition.first < partition.next);
        let read: Vec<Read> = partitions
            .map(|Partition { id, first, next, .. }| Read { id: id.clone(), first: *first, next: *next })
            .collect();
        for Read { id, first, .. } in &read {
            self.commits.positions.read(id, *first);
            if self.topics.is_new(&id.topic) {
                self.topics.note(&id.topic);
            }
        }
        // To be passed again without being read again.
        let again = self.bisection.is_searching().then(|| fetched.clone());
        let bytes = self.errors.keeps_originals();
        let originals = (bytes || self.errors.logs_records()).then(|| Arc::new(Originals::of(&fetched, bytes)));
        let batch = self.prepare(fetched, originals.as_deref()).await?;
        self.in_hand.pending =
            Some(Pending { batch, originals, fetched: again, read, retries: 0, due: Instant::now(), rest: None });
        self.in_hand.account();
        self.put_pending().await
    }

    /// Returns the records that may be passed to the plugin now. The others are read again later.
    async fn choose(&mut self, fetched: FetchedBatch) -> Result<Option<FetchedBatch>, Error> {
        if self.in_hand.pending.is_some() || self.flow.paused || self.flow.invalidated {
            self.give_back(fetched.starts())?;
            return Ok(None);
        }
        if self.bisection.affects(&fetched) { self.next_piece(fetched).await } else { Ok(Some(fetched)) }
    }

    /// Reads records again later, each partition from this offset on: they were fetched when the partitions were paused, or when the
    /// plugin asked for other records.
    pub(super) fn give_back(&mut self, from: Vec<(TopicPartition, i64)>) -> Result<(), Error> {
        for (id, offset) in from {
            if self.flow.rewound.must_seek(&id, offset) {
                self.seek(&id.at(offset))?;
            }
        }
        Ok(())
    }

    async fn prepare(&mut self, fetched: FetchedBatch, originals: Option<&Originals>) -> Result<SinkBatch, Error> {
        let FetchedBatch { mut records, raw, partitions, mut partition, mut offsets } = fetched;
        let single = partitions.len() == 1;
        let (ids, kinds): (Vec<_>, Vec<_>) =
            partitions.into_iter().map(|Partition { id, timestamp_type, .. }| (id, timestamp_type)).unzip();
        let large = records.count > RECORDS_AT_ONCE;
        let unconverted = self.converters.to_connect(&mut records, raw);
        if large {
            tokio::task::yield_now().await;
        }
        let mut failures: Vec<FailedRecord> = Vec::new();
        // `None` if all were converted.
        let mut kept = None;
        if !unconverted.is_empty() {
            let mut failed = unconverted.iter().map(|failure| failure.index).peekable();
            let others: Vec<u32> = (0..records.count).filter(|record| failed.next_if_eq(record).is_none()).collect();
            failures = unconverted
                .into_iter()
                .filter_map(|failure| {
                    let record = failure.index;
                    Some(FailedRecord {
                        record,
                        location: at(&partition, &offsets, record)?,
                        failure: failure.into_failure(&self.converters),
                    })
                })
                .collect();
            records = records.select(&others);
            partition = pick(&partition, &others);
            offsets = pick(&offsets, &others);
            kept = Some(others);
        }
        let transformed = self.chain.apply(records, offsets.clone(), &self.errors).await?;
        failures.extend(transformed.failures.into_iter().filter_map(|(record, failure)| {
            let location = at(&partition, &offsets, record)?;
            let record = kept.as_ref().map_or(Some(record), |kept| kept.get(record as usize).copied())?;
            Some(FailedRecord { record, location, failure })
        }));
        if let Origins::Records(origins) = &transformed.origins {
            partition = pick(&partition, origins);
            offsets = pick(&offsets, origins);
        }
        // In the order in which Kafka Connect, which processes one record after the other, would find them.
        failures.sort_by_key(|failed| failed.record);
        for FailedRecord { location: (index, offset), failure, .. } in failures {
            consume_budget().await;
            if let (Some(id), Some(kind)) = (ids.get(index as usize), kinds.get(index as usize)) {
                self.report(id, *kind, (index, offset), originals, &failure).await?;
            }
        }
        Ok(SinkBatch {
            records: transformed.records,
            topic_partitions: ids,
            topic_partition: if single { Vec::new() } else { partition },
            offsets,
            timestamp_types: kinds,
        })
    }

    /// A record failed for good: fails the task, or leaves the record out from now on.
    pub(super) async fn report(
        &mut self,
        id: &TopicPartition,
        kind: TimestampType,
        (index, offset): (u32, i64),
        originals: Option<&Originals>,
        failure: &Failure,
    ) -> Result<(), Error> {
        let original = originals.and_then(|originals| Some((originals, originals.find(index, offset)?)));
        let location = RecordLocation {
            id,
            offset,
            timestamp: original.and_then(|(originals, record)| originals.timestamp(record, kind)),
        };
        let dead_letter = original.and_then(|(originals, record)| originals.dead_letter(record));
        self.errors.fail(failure, Record::Consumed(location, dead_letter)).await?;
        self.bisection.remember_failed(id, offset);
        Ok(())
    }
}
