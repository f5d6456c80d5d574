//! From rows that were read to rows that the plugin is given: converters and transforms, and what becomes of rows that fail in
//! them.

use tokio::task::coop::consume_budget;
use tokio::time::Instant;
use weir_plugin::{SinkBatch, TimestampType, TopicPartition};

use super::gather::{Gathered, Partition};
use super::options::ROWS_AT_ONCE;
use super::originals::Originals;
use super::{Pending, SinkTask};
use crate::Error;
use crate::chain::{Origins, pick};
use crate::errors::{Failure, Place, Record};

/// Rows by the place where they were read.
pub(super) struct Places<'a> {
    pub(super) ids: &'a [TopicPartition],
    pub(super) kinds: &'a [TimestampType],
    /// For each row an index into `ids`; empty = all the first.
    partition: &'a [u32],
    offsets: &'a [i64],
}

impl Places<'_> {
    /// Index of the row's partition, and its offset.
    pub(super) fn of(&self, row: u32) -> Option<(u32, i64)> {
        let row = row as usize;
        Some((self.partition.get(row).copied().unwrap_or(0), *self.offsets.get(row)?))
    }
}

/// The places of a batch for the plugin.
pub(super) fn places(batch: &SinkBatch) -> Places<'_> {
    Places {
        ids: &batch.topic_partitions,
        kinds: &batch.timestamp_types,
        partition: &batch.topic_partition,
        offsets: &batch.offsets,
    }
}

/// A row that failed before the plugin was given it.
struct FailedRow {
    /// Index among the rows that were read.
    row: u32,
    place: (u32, i64),
    failure: Failure,
}

fn at(partition: &[u32], offsets: &[i64], row: u32) -> Option<(u32, i64)> {
    Some((*partition.get(row as usize)?, *offsets.get(row as usize)?))
}

impl SinkTask<'_> {
    /// Converts, transforms and puts rows that were read.
    pub(super) async fn take(&mut self, gathered: Gathered) -> Result<(), Error> {
        let Some(gathered) = self.choose(gathered).await? else { return Ok(()) };
        let rows = gathered.offsets.len() as u64;
        self.metrics.sink.read.add(rows);
        self.metrics.sink.set_active(self.positions.active() + rows);
        let read = gathered
            .partitions
            .iter()
            // The others have no records here, which says nothing about what was read of them.
            .filter(|partition| partition.first < partition.next)
            .map(|partition| (partition.id.topic.clone(), partition.id.partition, partition.first, partition.next))
            .collect();
        for partition in &gathered.partitions {
            self.positions.read(&partition.id.topic, partition.id.partition, partition.first);
            if self.topics.is_new(&partition.id.topic) {
                self.topics.note(&partition.id.topic);
            }
        }
        // While a search goes on, to be given again without being read again.
        let again = self.suspects.searching().then(|| gathered.clone());
        let letters = self.errors.wants_letters();
        let originals = (letters || self.errors.logs_records()).then(|| Originals::of(&gathered, letters));
        let batch = self.prepare(gathered, originals.as_ref()).await?;
        self.pending = Some(Pending { batch, originals, again, read, retries: 0, due: Instant::now() });
        self.account();
        self.put_pending().await
    }

    /// Counts the rows in hand. A sink does not wait for memory: it reads no more before the plugin has taken what it has.
    pub(super) fn account(&mut self) {
        let held = self.held.iter().map(Gathered::size).sum::<usize>();
        let pending = self.pending.as_ref().map_or(0, |pending| {
            pending.batch.records.size()
                + size_of_val(pending.batch.offsets.as_slice())
                + pending.originals.as_ref().map_or(0, Originals::size)
                + pending.again.as_ref().map_or(0, Gathered::size)
        });
        self.memory.resize((held + pending) as u64);
    }

    /// The rows that may be given to the plugin now. The others are read again later.
    async fn choose(&mut self, gathered: Gathered) -> Result<Option<Gathered>, Error> {
        if self.pending.is_some() || self.paused || self.disturbed {
            self.give_back(gathered.starts())?;
            return Ok(None);
        }
        if self.suspects.concerns(&gathered) { self.choose_carefully(gathered).await } else { Ok(Some(gathered)) }
    }

    /// Reads rows again later, each partition from this offset on: they were under way when the partitions were paused, or when
    /// the plugin asked for other rows.
    pub(super) fn give_back(&mut self, from: Vec<(TopicPartition, i64)>) -> Result<(), Error> {
        for (id, offset) in from {
            if self.rewound.must_seek(&id, offset) {
                self.seek(&(id.topic, id.partition, offset))?;
            }
        }
        Ok(())
    }

    async fn prepare(&mut self, gathered: Gathered, originals: Option<&Originals>) -> Result<SinkBatch, Error> {
        let Gathered { mut records, raw, partitions, mut partition, mut offsets } = gathered;
        let single = partitions.len() == 1;
        let (ids, kinds): (Vec<_>, Vec<_>) =
            partitions.into_iter().map(|Partition { id, timestamp_type, .. }| (id, timestamp_type)).unzip();
        let large = records.count > ROWS_AT_ONCE;
        let unconverted = self.converters.to_connect(&mut records, raw);
        if large {
            tokio::task::yield_now().await;
        }
        let mut failures: Vec<FailedRow> = Vec::new();
        // None = all of them.
        let mut kept = None;
        if !unconverted.is_empty() {
            let mut failed = unconverted.iter().map(|failure| failure.row).peekable();
            let others: Vec<u32> = (0..records.count).filter(|row| failed.next_if_eq(row).is_none()).collect();
            failures = unconverted
                .into_iter()
                .filter_map(|failure| {
                    let row = failure.row;
                    Some(FailedRow {
                        row,
                        place: at(&partition, &offsets, row)?,
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
        failures.extend(transformed.failures.into_iter().filter_map(|(row, failure)| {
            let place = at(&partition, &offsets, row)?;
            let row = kept.as_ref().map_or(Some(row), |kept| kept.get(row as usize).copied())?;
            Some(FailedRow { row, place, failure })
        }));
        if let Origins::Rows(rows) = &transformed.origins {
            partition = pick(&partition, rows);
            offsets = pick(&offsets, rows);
        }
        // In the order in which Kafka Connect, which takes one row after the other, would run into them.
        failures.sort_by_key(|failed| failed.row);
        for FailedRow { place: (index, offset), failure, .. } in failures {
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

    /// A row failed for good: fails the task, or leaves the row out from now on.
    pub(super) async fn report(
        &mut self,
        id: &TopicPartition,
        kind: TimestampType,
        (index, offset): (u32, i64),
        originals: Option<&Originals>,
        failure: &Failure,
    ) -> Result<(), Error> {
        let row = originals.and_then(|originals| Some((originals, originals.find(index, offset)?)));
        let place = Place {
            topic: &id.topic,
            partition: id.partition,
            offset,
            timestamp: row.and_then(|(originals, row)| originals.timestamp(row, kind)),
        };
        let letter = row.and_then(|(originals, row)| originals.letter(row));
        self.errors.fail(failure, Record::Consumed(place, letter)).await?;
        self.suspects.know(id, offset);
        Ok(())
    }
}
