//! A test harness for sinks, with a topic in memory.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use super::runtime::{Handle, LogLine};
use super::{KafkaRecord, config_of};
use crate::batch::{BatchBuilder, Budget};
use crate::bindings::host::weir::connect::data::{RecordFailure, TopicPartition, TopicPartitionOffset};
use crate::bindings::sink::interface as wit;
use crate::config::{Capability, Secrets};
use crate::sink::{Commit, Partitions, RecordFailures, Sink, SinkBatch, SinkContext, TimestampType};
use crate::{Config, ConfigMap, Error};

/// The requests that a sink has made since they were last taken. Rewinds are executed immediately and not listed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Requests {
    /// Whether a commit was requested.
    pub commit: bool,
    /// The time within which a call of `put` was requested.
    pub timeout: Option<Duration>,
}

/// A partition that is or was assigned to the task. Its records are kept when the task restarts.
#[derive(Debug, Default)]
struct Partition {
    assigned: bool,
    records: Vec<KafkaRecord>,
    /// The next record to pass to `put`.
    position: usize,
    /// The offset after the last record that `put` accepted, which is passed to `pre_commit`.
    taken: usize,
    committed: usize,
}

/// A running sink task.
pub struct SinkHarness<S: Sink> {
    sink: S,
    config: ConfigMap,
    runtime: Handle,
    partitions: BTreeMap<(String, i32), Partition>,
    pre_commit: Option<PreCommit<S>>,
    changes: Option<PartitionCalls<S>>,
}

type PreCommit<S> = fn(&mut S, Vec<TopicPartitionOffset>) -> Result<Vec<TopicPartitionOffset>, Error>;
type PartitionCall<S> = fn(&mut S, &[TopicPartition]) -> Result<(), Error>;

/// The functions of a sink that implements [`Partitions`].
struct PartitionCalls<S> {
    assigned: PartitionCall<S>,
    revoked: PartitionCall<S>,
    lost: PartitionCall<S>,
}

/// Written by hand, so that a sink need not implement `Debug` to use `unwrap_err` on the result of `start`.
impl<S: Sink> fmt::Debug for SinkHarness<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SinkHarness").field("class", &S::CLASS).field("config", &self.config).finish_non_exhaustive()
    }
}

impl<S: Sink> SinkHarness<S> {
    /// Starts a task without assigned partitions.
    ///
    /// # Errors
    /// Returns an error if the definition, the configuration type or the sink rejects the configuration.
    pub fn start<K: Into<String>, V: Into<String>>(
        config: impl IntoIterator<Item = (K, V)>,
    ) -> Result<SinkHarness<S>, Error> {
        let config = config_of(config);
        let runtime = Handle::of_task(1);
        let sink = start(&config, &runtime)?;
        Ok(SinkHarness { sink, config, runtime, partitions: BTreeMap::new(), pre_commit: None, changes: None })
    }

    /// Calls [`Commit::pre_commit`], as the runtime does for a sink in the group `commit` of [`export!`](crate::export!).
    /// Without it, all records that `put` has accepted are committed.
    pub fn with_commit(mut self) -> SinkHarness<S>
    where
        S: Commit,
    {
        self.pre_commit = Some(S::pre_commit);
        self
    }

    /// Makes the calls of [`Partitions`], as the runtime does for a sink in the group `partitions` of
    /// [`export!`](crate::export!).
    pub fn with_partitions(mut self) -> SinkHarness<S>
    where
        S: Partitions,
    {
        self.changes = Some(PartitionCalls { assigned: S::assigned, revoked: S::revoked, lost: S::lost });
        self
    }

    /// Makes one of the calls of [`Partitions`], if the sink wants them.
    fn change(
        &mut self,
        call: fn(&PartitionCalls<S>) -> PartitionCall<S>,
        names: &[TopicPartition],
    ) -> Result<(), Error> {
        let Some(call) = self.changes.as_ref().map(call).filter(|_| !names.is_empty()) else { return Ok(()) };
        self.runtime.call(|| call(&mut self.sink, names))
    }

    /// Assigns these partitions to the task, which continues from their committed offsets.
    ///
    /// # Errors
    /// Returns the sink's error.
    pub fn assign(&mut self, partitions: &[(&str, i32)]) -> Result<(), Error> {
        for (topic, partition) in partitions {
            let partition = self.partitions.entry(((*topic).into(), *partition)).or_default();
            partition.assigned = true;
            partition.position = partition.committed;
            partition.taken = partition.committed;
        }
        let names: Vec<TopicPartition> = partitions.iter().map(|(topic, partition)| name(topic, *partition)).collect();
        self.change(|calls| calls.assigned, &names)?;
        self.rewind();
        Ok(())
    }

    /// Adds records to their partitions, and passes all records to the task that it has not accepted yet. Without records
    /// it simulates that time has passed.
    ///
    /// The failures refer to records of this call. After an [`Error::Retriable`] the same records are passed again in the
    /// next call.
    ///
    /// # Errors
    /// Returns the sink's error.
    ///
    /// # Panics
    /// Panics if a record belongs to a partition that was not assigned.
    pub fn put(&mut self, records: &[KafkaRecord]) -> Result<Vec<RecordFailure>, Error> {
        for record in records {
            let partition = self.partitions.get_mut(&(record.topic.clone(), record.partition));
            match partition.filter(|partition| partition.assigned) {
                Some(partition) => partition.records.push(record.clone()),
                None => panic!("{}-{} was not assigned", record.topic, record.partition),
            }
        }
        let paused = self.runtime.with(|runtime| runtime.paused.clone());
        let (batch, positions) = self.batch(&paused)?;
        let failures = self.runtime.call(|| self.sink.put(&batch)).map(RecordFailures::into_list)?;
        for (key, position) in positions {
            if let Some(partition) = self.partitions.get_mut(&key) {
                partition.position = position;
                partition.taken = position;
            }
        }
        self.rewind();
        Ok(failures)
    }

    /// Returns the records that have not been passed to the task yet.
    #[expect(clippy::type_complexity, reason = "used once")]
    fn batch(&self, paused: &[TopicPartition]) -> Result<(SinkBatch, Vec<((String, i32), usize)>), Error> {
        let mut columns =
            BatchBuilder::new(Budget { max_records: u32::MAX, max_bytes: u32::MAX, max_wait: Duration::ZERO }, 0);
        let (mut topic_partitions, mut topic_partition_index, mut offsets) = (Vec::new(), Vec::new(), Vec::new());
        let mut positions = Vec::new();
        for ((topic, number), partition) in self.partitions.iter().filter(|(_, partition)| partition.assigned) {
            let name = name(topic, *number);
            if partition.position == partition.records.len() || paused.contains(&name) {
                continue;
            }
            for (offset, record) in partition.records.iter().enumerate().skip(partition.position) {
                record.push_to(&mut columns);
                topic_partition_index.push(topic_partitions.len() as u32);
                offsets.push(offset as i64);
            }
            topic_partitions.push(name);
            positions.push(((topic.clone(), *number), partition.records.len()));
        }
        let records = columns.finish()?.records;
        let timestamp_types = vec![TimestampType::CreateTime; topic_partitions.len()];
        let batch = wit::SinkBatch { records, topic_partitions, timestamp_types, topic_partition_index, offsets };
        Ok((SinkBatch::new(batch), positions))
    }

    /// Commits the offsets that the sink's `pre_commit` returns, or all of them, and returns them.
    ///
    /// # Errors
    /// Returns the sink's error. The task then goes back to the last committed offsets.
    ///
    /// # Panics
    /// Panics if a returned offset is greater than the requested one, or belongs to a partition that was not requested.
    pub fn commit(&mut self) -> Result<Vec<TopicPartitionOffset>, Error> {
        let asked: Vec<TopicPartitionOffset> = self
            .partitions
            .iter()
            .filter(|(_, partition)| partition.assigned)
            .map(|((topic, number), partition)| offset(topic, *number, partition.taken))
            .collect();
        let committed = match self.pre_commit {
            Some(pre_commit) => self.runtime.call(|| pre_commit(&mut self.sink, asked.clone())),
            None => Ok(asked.clone()),
        };
        let safe = match committed {
            Ok(safe) => safe,
            Err(error) => {
                for partition in self.partitions.values_mut() {
                    partition.position = partition.committed;
                    partition.taken = partition.committed;
                }
                return Err(error);
            }
        };
        for answer in &safe {
            let fits = |asked: &TopicPartitionOffset| {
                (&asked.topic, asked.partition) == (&answer.topic, answer.partition)
                    && (0..=asked.offset).contains(&answer.offset)
            };
            assert!(
                asked.iter().any(fits),
                "{answer:?} is greater than the requested offset, or for another partition: {asked:?}"
            );
            if let Some(partition) = self.partitions.get_mut(&(answer.topic.clone(), answer.partition)) {
                partition.committed = answer.offset as usize;
            }
        }
        Ok(safe)
    }

    /// Revokes these partitions, after a final commit.
    ///
    /// # Errors
    /// Returns the sink's error.
    pub fn revoke(&mut self, partitions: &[(&str, i32)]) -> Result<(), Error> {
        self.commit()?;
        let names = self.take_away(partitions);
        self.change(|calls| calls.revoked, &names)
    }

    /// Simulates that these partitions were lost: there is no commit.
    ///
    /// # Errors
    /// Returns the sink's error.
    pub fn lose(&mut self, partitions: &[(&str, i32)]) -> Result<(), Error> {
        let names = self.take_away(partitions);
        self.change(|calls| calls.lost, &names)
    }

    fn take_away(&mut self, partitions: &[(&str, i32)]) -> Vec<TopicPartition> {
        let names: Vec<TopicPartition> = partitions.iter().map(|(topic, partition)| name(topic, *partition)).collect();
        for name in &names {
            if let Some(partition) = self.partitions.get_mut(&(name.topic.clone(), name.partition)) {
                partition.assigned = false;
            }
        }
        names
    }

    /// Simulates that the worker is killed, and restarts the task with the same partitions from the committed offsets.
    /// The records after them are passed to the next `put`.
    ///
    /// # Errors
    /// See [`start`](SinkHarness::start) and [`assign`](SinkHarness::assign).
    pub fn restart(self) -> Result<SinkHarness<S>, Error> {
        let runtime = Handle::of_task(self.runtime.with(|runtime| runtime.generation) + 1);
        drop(self.sink);
        let sink = start(&self.config, &runtime)?;
        let mut next = SinkHarness { sink, runtime, ..self };
        let assigned: Vec<(String, i32)> =
            next.partitions.iter().filter(|(_, partition)| partition.assigned).map(|(key, _)| key.clone()).collect();
        let names: Vec<(&str, i32)> = assigned.iter().map(|(topic, number)| (topic.as_str(), *number)).collect();
        if !names.is_empty() {
            next.assign(&names)?;
        }
        Ok(next)
    }

    /// Stops the task cleanly: a final commit, `revoked`, `stop`. Returns the committed offsets.
    ///
    /// # Errors
    /// Returns the sink's error.
    pub fn stop(mut self) -> Result<Vec<TopicPartitionOffset>, Error> {
        let assigned: Vec<TopicPartition> = self
            .partitions
            .iter()
            .filter(|(_, partition)| partition.assigned)
            .map(|((topic, number), _)| name(topic, *number))
            .collect();
        let safe = self.commit();
        self.change(|calls| calls.revoked, &assigned)?;
        self.runtime.call(|| self.sink.stop());
        safe
    }

    /// Returns and clears the requests that the sink has made since the last call.
    pub fn take_requests(&mut self) -> Requests {
        self.runtime.with(|runtime| Requests {
            commit: std::mem::take(&mut runtime.commit_requested),
            timeout: runtime.timeout.take().map(|time| Duration::from_millis(time.into())),
        })
    }

    fn rewind(&mut self) {
        for to in self.runtime.with(|runtime| std::mem::take(&mut runtime.rewinds)) {
            match self.partitions.get_mut(&(to.topic.clone(), to.partition)) {
                Some(partition) if partition.assigned => {
                    let offset = usize::try_from(to.offset).unwrap_or(0).min(partition.records.len());
                    partition.position = offset;
                    partition.taken = offset;
                    partition.committed = offset;
                }
                _ => panic!("the task rewinds a partition that is not assigned to it: {to:?}"),
            }
        }
    }

    /// Returns the capabilities that the sink requests with this configuration.
    ///
    /// # Errors
    /// Returns the sink's error.
    pub fn capabilities(&self) -> Result<Vec<Capability>, Error> {
        self.runtime.call(|| S::capabilities(&S::Config::parse(&self.config)?))
    }

    /// Returns the lines that the sink has logged so far.
    pub fn logs(&self) -> Vec<LogLine> {
        self.runtime.with(|runtime| runtime.logs.clone())
    }

    /// Returns the value of one of the sink's counters.
    pub fn counter(&self, name: &str) -> u64 {
        self.runtime.with(|runtime| runtime.counters.get(name).copied().unwrap_or(0))
    }

    /// Returns the value of one of the sink's gauges.
    pub fn gauge(&self, name: &str) -> Option<f64> {
        self.runtime.with(|runtime| runtime.gauges.get(name).copied())
    }

    /// Returns the sink.
    pub fn task(&mut self) -> &mut S {
        &mut self.sink
    }
}

fn start<S: Sink>(config: &ConfigMap, runtime: &Handle) -> Result<S, Error> {
    runtime.call(|| {
        let context = SinkContext::new(config.clone(), Secrets::of::<S::Config>());
        S::start(S::Config::parse(config)?, &context)
    })
}

fn name(topic: &str, partition: i32) -> TopicPartition {
    TopicPartition { topic: topic.into(), partition }
}

fn offset(topic: &str, partition: i32, offset: usize) -> TopicPartitionOffset {
    TopicPartitionOffset { topic: topic.into(), partition, offset: offset as i64 }
}
