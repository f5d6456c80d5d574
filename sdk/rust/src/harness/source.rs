//! A test harness for sources.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use serde::de::IgnoredAny;

use super::runtime::{Handle, LogLine};
use super::{SourceRecord, TransactionEnd, config_of};
use crate::batch::Budget;
use crate::bindings::host::weir::connect::data::TopicPartition;
use crate::bindings::source::interface::SourceBatch;
use crate::bindings::source_acknowledgements::interface::SettledRecords;
use crate::config::{Capability, Secrets};
use crate::record::{Data, Record, RecordIter, pick};
use crate::schema::{SchemaRef, SchemaType};
use crate::source::{Acknowledge, Acknowledgements, Settled, Source, SourceContext};
use crate::{Config, ConfigMap, Error, export};

/// Offsets by source partition. Both are JSON objects.
pub type StoredOffsets = BTreeMap<String, String>;

/// The result of a poll.
#[derive(Clone, Debug)]
pub struct Polled {
    /// The records.
    pub records: Vec<SourceRecord>,
    /// The time after which to poll again, or `None` to poll immediately.
    pub idle: Option<Duration>,
    /// The ends of transactions that the source has defined.
    pub transaction_ends: Vec<TransactionEnd>,
}

/// The functions of a source that implements [`Acknowledge`].
struct AcknowledgeCalls<S> {
    wanted: fn(&S) -> Acknowledgements,
    settled: fn(&mut S, &Settled) -> Result<(), Error>,
    committed: fn(&mut S, u64) -> Result<(), Error>,
}

/// Written by hand, because a derived implementation would require `S: Clone`.
impl<S> Clone for AcknowledgeCalls<S> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<S> Copy for AcknowledgeCalls<S> {}

/// A running source task.
pub struct SourceHarness<S: Source> {
    source: S,
    config: ConfigMap,
    runtime: Handle,
    budget: Budget,
    next_number: u64,
    /// Records in flight, in order.
    in_flight: Vec<SourceRecord>,
    settled: BTreeSet<u64>,
    written: i64,
    calls: Option<AcknowledgeCalls<S>>,
    wanted: Acknowledgements,
}

/// Written by hand, so that a source need not implement `Debug` to use `unwrap_err` on the result of `start`.
impl<S: Source> fmt::Debug for SourceHarness<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SourceHarness").field("class", &S::CLASS).field("config", &self.config).finish_non_exhaustive()
    }
}

impl<S: Source> SourceHarness<S> {
    /// Starts a task without stored offsets.
    ///
    /// # Errors
    /// Returns an error if the definition, the configuration type or the source rejects the configuration.
    pub fn start<K: Into<String>, V: Into<String>>(
        config: impl IntoIterator<Item = (K, V)>,
    ) -> Result<SourceHarness<S>, Error> {
        SourceHarness::start_from(config, StoredOffsets::new())
    }

    /// Starts a task with these offsets stored.
    ///
    /// # Errors
    /// See [`start`](SourceHarness::start).
    pub fn start_from<K: Into<String>, V: Into<String>>(
        config: impl IntoIterator<Item = (K, V)>,
        offsets: StoredOffsets,
    ) -> Result<SourceHarness<S>, Error> {
        SourceHarness::start_at(config_of(config), offsets, 1)
    }

    fn start_at(config: ConfigMap, offsets: StoredOffsets, generation: u64) -> Result<SourceHarness<S>, Error> {
        let runtime = Handle::of_task(generation);
        runtime.with(|runtime| runtime.stored = offsets);
        let source = runtime.call(|| {
            let context = SourceContext::new(config.clone(), Secrets::of::<S::Config>());
            S::start(S::Config::parse(&config)?, &context)
        })?;
        Ok(SourceHarness {
            source,
            config,
            runtime,
            budget: Budget::default(),
            next_number: 0,
            in_flight: Vec::new(),
            settled: BTreeSet::new(),
            written: 0,
            calls: None,
            wanted: Acknowledgements::default(),
        })
    }

    /// Makes the calls of [`Acknowledge`], as the runtime does for a source in the group `acknowledge` of
    /// [`export!`](crate::export!).
    pub fn with_acknowledge(mut self) -> SourceHarness<S>
    where
        S: Acknowledge,
    {
        self.acknowledge(AcknowledgeCalls { wanted: S::wanted, settled: S::settled, committed: S::committed });
        self
    }

    fn acknowledge(&mut self, calls: AcknowledgeCalls<S>) {
        self.calls = Some(calls);
        self.wanted = self.runtime.call(|| (calls.wanted)(&self.source));
    }

    /// Sets the limits for the following polls.
    pub fn set_budget(&mut self, budget: Budget) {
        self.budget = budget;
    }

    /// Polls the source once.
    ///
    /// # Errors
    /// Returns the source's error, or an error if there are more records than the budget allows.
    ///
    /// # Panics
    /// Panics if the runtime would reject a record, because of a topic name that is not valid in Kafka or text that is
    /// not valid JSON.
    pub fn poll(&mut self) -> Result<Polled, Error> {
        let first = self.next_number;
        let polled = self.runtime.call(|| export::poll(&mut self.source, &mut self.next_number, self.budget))?;
        let records = polled.batch.map(|batch| records(&batch, first)).unwrap_or_default();
        records.iter().for_each(check);
        let transaction_ends = self.runtime.with(|runtime| std::mem::take(&mut runtime.transaction_ends));
        self.in_flight.extend(records.iter().cloned());
        let idle = (polled.idle_ms > 0).then(|| Duration::from_millis(polled.idle_ms.into()));
        Ok(Polled { records, idle, transaction_ends })
    }

    /// Polls until the source has no more records, settles and commits everything, and returns all records.
    ///
    /// # Errors
    /// See [`poll`](SourceHarness::poll).
    pub fn drain(&mut self) -> Result<Vec<SourceRecord>, Error> {
        let mut all = Vec::new();
        loop {
            let Polled { records, idle, .. } = self.poll()?;
            self.settle(&records)?;
            all.extend(records);
            if idle.is_some() {
                self.commit()?;
                return Ok(all);
            }
        }
    }

    /// Settles these records as acknowledged by Kafka.
    ///
    /// # Errors
    /// Returns the error of the source's `settled`, which the runtime would only log.
    pub fn settle(&mut self, records: &[SourceRecord]) -> Result<(), Error> {
        self.finish(records, 0)
    }

    /// Settles these records as dropped by a transform.
    ///
    /// # Errors
    /// Returns the error of the source's `settled`, which the runtime would only log.
    pub fn settle_dropped(&mut self, records: &[SourceRecord]) -> Result<(), Error> {
        self.finish(records, -1)
    }

    fn finish(&mut self, records: &[SourceRecord], outcome: i32) -> Result<(), Error> {
        let mut settled = SettledRecords {
            numbers: Vec::new(),
            topic_partitions: Vec::new(),
            topic_partition_index: Vec::new(),
            offsets: Vec::new(),
        };
        for record in records {
            self.settled.insert(record.number);
            settled.numbers.push(record.number);
            if outcome < 0 {
                settled.topic_partition_index.push(outcome);
                settled.offsets.push(-1);
                continue;
            }
            let partition = TopicPartition { topic: record.topic.clone(), partition: record.partition.unwrap_or(0) };
            let known = settled.topic_partitions.iter().position(|known| *known == partition);
            settled.topic_partition_index.push(known.unwrap_or(settled.topic_partitions.len()) as i32);
            if known.is_none() {
                settled.topic_partitions.push(partition);
            }
            settled.offsets.push(self.written);
            self.written += 1;
        }
        if let Some(calls) = self.calls.filter(|_| self.wanted.settled && !records.is_empty()) {
            self.runtime.call(|| (calls.settled)(&mut self.source, &Settled::new(settled)))?;
        }
        Ok(())
    }

    /// Stores the offsets: for each source partition, the offset of the last record before which all records are settled.
    ///
    /// # Errors
    /// Returns the error of the source's `committed`, which the runtime would only log.
    pub fn commit(&mut self) -> Result<(), Error> {
        let mut held: BTreeSet<&str> = BTreeSet::new();
        let mut done = BTreeSet::new();
        for record in &self.in_flight {
            if held.contains(record.source_partition.as_str()) {
                continue;
            }
            if !self.settled.contains(&record.number) {
                held.insert(&record.source_partition);
                continue;
            }
            done.insert(record.number);
            if let Some(offset) = &record.offset {
                self.runtime.with(|runtime| runtime.stored.insert(record.source_partition.clone(), offset.clone()));
            }
        }
        self.in_flight.retain(|record| !done.contains(&record.number));
        self.settled.retain(|number| !done.contains(number));
        if let Some(calls) = self.calls.filter(|_| self.wanted.committed) {
            let number = self.in_flight.first().map_or(self.next_number, |record| record.number);
            self.runtime.call(|| (calls.committed)(&mut self.source, number))?;
        }
        Ok(())
    }

    /// Simulates that the worker is killed, and restarts the task from the stored offsets.
    ///
    /// # Errors
    /// See [`start`](SourceHarness::start).
    pub fn restart(self) -> Result<SourceHarness<S>, Error> {
        let (stored, generation) = self.runtime.with(|runtime| (runtime.stored.clone(), runtime.generation));
        let mut next = SourceHarness::start_at(self.config, stored, generation + 1)?;
        next.budget = self.budget;
        if let Some(calls) = self.calls {
            next.acknowledge(calls);
        }
        Ok(next)
    }

    /// Stops the task cleanly, after a final commit of the settled records.
    ///
    /// # Errors
    /// Returns the error of the source's `committed`, which the runtime would only log.
    pub fn stop(mut self) -> Result<StoredOffsets, Error> {
        self.commit()?;
        self.runtime.call(|| self.source.stop());
        Ok(self.stored_offsets())
    }

    /// Returns the offsets stored so far.
    pub fn stored_offsets(&self) -> StoredOffsets {
        self.runtime.with(|runtime| runtime.stored.clone())
    }

    /// Returns the capabilities that the source requests with this configuration.
    ///
    /// # Errors
    /// Returns the source's error.
    pub fn capabilities(&self) -> Result<Vec<Capability>, Error> {
        self.runtime.call(|| S::capabilities(&S::Config::parse(&self.config)?))
    }

    /// Returns the lines that the source has logged so far.
    pub fn logs(&self) -> Vec<LogLine> {
        self.runtime.with(|runtime| runtime.logs.clone())
    }

    /// Returns the value of one of the source's counters.
    pub fn counter(&self, name: &str) -> u64 {
        self.runtime.with(|runtime| runtime.counters.get(name).copied().unwrap_or(0))
    }

    /// Returns the value of one of the source's gauges.
    pub fn gauge(&self, name: &str) -> Option<f64> {
        self.runtime.with(|runtime| runtime.gauges.get(name).copied())
    }

    /// Returns the source.
    pub fn task(&mut self) -> &mut S {
        &mut self.source
    }
}

fn records(batch: &SourceBatch, first: u64) -> Vec<SourceRecord> {
    let offsets = &batch.source_offsets;
    let mut position = 0;
    let record = |(index, record): (usize, Record<'_>)| {
        check_values(&record);
        let length = offsets.lengths.get(index).and_then(|length| usize::try_from(*length).ok());
        let offset = length.map(|length| {
            position += length;
            String::from_utf8_lossy(&offsets.bytes[position - length..position]).into_owned()
        });
        let partition = &batch.source_partitions[pick(&batch.source_partition_index, index)];
        SourceRecord::new(&record, first + index as u64, partition, offset)
    };
    RecordIter::new(&batch.records).enumerate().map(record).collect()
}

/// Panics for a key, value or header that the runtime would reject.
fn check_values(record: &Record<'_>) {
    check_value("key", record.key(), record.key_schema());
    check_value("value", record.value(), record.value_schema());
    for header in record.headers() {
        check_value(header.name, header.value, header.schema);
    }
}

fn check_value(what: &str, data: Data<'_>, schema: Option<SchemaRef<'_>>) {
    if let Data::Json(json) = data
        && let Err(error) = serde_json::from_str::<IgnoredAny>(json)
    {
        panic!("the {what} {json} is not valid JSON: {error}");
    }
    let Some(kind) = schema.map(SchemaRef::kind) else { return };
    let fits = match data {
        Data::Null => true,
        Data::Bytes(_) => kind == SchemaType::Bytes,
        Data::Text(_) => kind == SchemaType::String,
        Data::Json(_) => !matches!(kind, SchemaType::Bytes | SchemaType::String),
    };
    assert!(fits, "the {what} {data:?} does not go with a schema of type {kind:?}");
}

/// Panics for other parts of a record that the runtime would reject.
fn check(record: &SourceRecord) {
    let name = record.topic.as_str();
    let allowed = name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'_' | b'-'));
    assert!(
        allowed && (1..=249).contains(&name.len()) && name != "." && name != "..",
        "Kafka does not allow the topic name {name:?}: 1 to 249 characters of [a-zA-Z0-9._-], and neither \".\" nor \"..\""
    );
    assert!(record.partition.is_none_or(|partition| partition >= 0), "a Kafka partition is not negative");
    for json in [Some(&record.source_partition), record.offset.as_ref()].into_iter().flatten() {
        let fields: Result<serde_json::Map<String, serde_json::Value>, _> = serde_json::from_str(json);
        let primitive = fields.is_ok_and(|fields| fields.values().all(|value| !value.is_array() && !value.is_object()));
        assert!(primitive, "source partitions and offsets are JSON objects with primitive values, not {json}");
    }
}
