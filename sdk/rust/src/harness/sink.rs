//! A test harness for sinks, with a topic in memory.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use super::runtime::{Handle, LogLine};
use super::{KafkaRecord, config_of};
use crate::batch::{BatchBuilder, Budget};
use crate::bindings::host::weir::connect::data::{RowFailure, TopicPartition, TopicPartitionOffset};
use crate::bindings::sink::interface as wit;
use crate::config::Capability;
use crate::connector::ConnectorContext;
use crate::sink::{RowFailures, Sink, SinkBatch, SinkContext, TimestampType};
use crate::{Config, ConfigMap, Error};

/// The requests that a sink has made since they were last taken. Rewinds are executed immediately and not listed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Requests {
    /// Whether `pre_commit` was requested.
    pub commit: bool,
    /// The time within which a call of `put` was requested.
    pub timeout: Option<Duration>,
}

/// A partition that is or was assigned to the task. Its records are kept when the task restarts.
#[derive(Debug, Default)]
struct Partition {
    open: bool,
    rows: Vec<KafkaRecord>,
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
        let runtime = Handle::default();
        let sink = start(&config, &runtime)?;
        Ok(SinkHarness { sink, config, runtime, partitions: BTreeMap::new() })
    }

    /// Assigns these partitions to the task, which continues from their committed offsets.
    ///
    /// # Errors
    /// Returns the sink's error.
    pub fn open(&mut self, partitions: &[(&str, i32)]) -> Result<(), Error> {
        for (topic, partition) in partitions {
            let partition = self.partitions.entry(((*topic).into(), *partition)).or_default();
            partition.open = true;
            partition.position = partition.committed;
            partition.taken = partition.committed;
        }
        let names: Vec<TopicPartition> = partitions.iter().map(|(topic, partition)| name(topic, *partition)).collect();
        self.runtime.call(|| self.sink.open(&names))?;
        self.rewind();
        Ok(())
    }

    /// Adds records to their partitions, and passes all records to the task that it has not accepted yet. Without records
    /// it simulates that time has passed.
    ///
    /// The failures refer to records of this call. After an [`Error::Retry`] the same records are passed again in the
    /// next call.
    ///
    /// # Errors
    /// Returns the sink's error.
    ///
    /// # Panics
    /// Panics if a record belongs to a partition that was not opened.
    pub fn put(&mut self, rows: &[KafkaRecord]) -> Result<Vec<RowFailure>, Error> {
        for row in rows {
            let partition = self.partitions.get_mut(&(row.topic.clone(), row.partition));
            match partition.filter(|partition| partition.open) {
                Some(partition) => partition.rows.push(row.clone()),
                None => panic!("{}-{} was not opened", row.topic, row.partition),
            }
        }
        let paused = self.runtime.with(|runtime| runtime.paused.clone());
        let (batch, positions) = self.batch(&paused)?;
        let failures = self.runtime.call(|| self.sink.put(&batch)).map(RowFailures::into_list)?;
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
        let mut columns = BatchBuilder::new(Budget { rows: u32::MAX, bytes: u32::MAX, wait: Duration::ZERO }, 0);
        let (mut topic_partitions, mut topic_partition, mut offsets) = (Vec::new(), Vec::new(), Vec::new());
        let mut positions = Vec::new();
        for ((topic, number), partition) in self.partitions.iter().filter(|(_, partition)| partition.open) {
            let name = name(topic, *number);
            if partition.position == partition.rows.len() || paused.contains(&name) {
                continue;
            }
            for (offset, row) in partition.rows.iter().enumerate().skip(partition.position) {
                row.push_to(&mut columns);
                topic_partition.push(topic_partitions.len() as u32);
                offsets.push(offset as i64);
            }
            topic_partitions.push(name);
            positions.push(((topic.clone(), *number), partition.rows.len()));
        }
        let records = columns.finish()?.records;
        let timestamp_types = vec![TimestampType::CreateTime; topic_partitions.len()];
        let batch = wit::SinkBatch { records, topic_partitions, topic_partition, offsets, timestamp_types };
        Ok((SinkBatch::new(batch), positions))
    }

    /// Calls the sink's `pre_commit`, and commits and returns the offsets that it returns.
    ///
    /// # Errors
    /// Returns the sink's error. The task then goes back to the last committed offsets.
    ///
    /// # Panics
    /// Panics if a returned offset is greater than the requested one, or belongs to a partition that was not requested.
    pub fn pre_commit(&mut self) -> Result<Vec<TopicPartitionOffset>, Error> {
        let asked: Vec<TopicPartitionOffset> = self
            .partitions
            .iter()
            .filter(|(_, partition)| partition.open)
            .map(|((topic, number), partition)| offset(topic, *number, partition.taken))
            .collect();
        let safe = match self.runtime.call(|| self.sink.pre_commit(asked.clone())) {
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
                "{answer:?} is above what was asked for, or of another partition: {asked:?}"
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
    pub fn close(&mut self, partitions: &[(&str, i32)]) -> Result<(), Error> {
        self.pre_commit()?;
        self.lose(partitions)
    }

    /// Simulates that these partitions were lost: there is no commit.
    ///
    /// # Errors
    /// Returns the sink's error.
    pub fn lose(&mut self, partitions: &[(&str, i32)]) -> Result<(), Error> {
        let names: Vec<TopicPartition> = partitions.iter().map(|(topic, partition)| name(topic, *partition)).collect();
        for name in &names {
            if let Some(partition) = self.partitions.get_mut(&(name.topic.clone(), name.partition)) {
                partition.open = false;
            }
        }
        self.runtime.call(|| self.sink.close(&names))
    }

    /// Simulates that the worker is killed, and restarts the task with the same partitions from the committed offsets.
    /// The records after them are passed to the next `put`.
    ///
    /// # Errors
    /// See [`start`](SinkHarness::start) and [`open`](SinkHarness::open).
    pub fn restart(self) -> Result<SinkHarness<S>, Error> {
        let runtime = Handle::default();
        drop(self.sink);
        let sink = start(&self.config, &runtime)?;
        let mut next = SinkHarness { sink, config: self.config, runtime, partitions: self.partitions };
        let open: Vec<(String, i32)> =
            next.partitions.iter().filter(|(_, partition)| partition.open).map(|(key, _)| key.clone()).collect();
        let names: Vec<(&str, i32)> = open.iter().map(|(topic, number)| (topic.as_str(), *number)).collect();
        if !names.is_empty() {
            next.open(&names)?;
        }
        Ok(next)
    }

    /// Stops the task cleanly: a final commit, `close`, `stop`. Returns the committed offsets.
    ///
    /// # Errors
    /// Returns the sink's error.
    pub fn stop(mut self) -> Result<Vec<TopicPartitionOffset>, Error> {
        let open: Vec<TopicPartition> = self
            .partitions
            .iter()
            .filter(|(_, partition)| partition.open)
            .map(|((topic, number), _)| name(topic, *number))
            .collect();
        let safe = self.pre_commit();
        if !open.is_empty() {
            self.runtime.call(|| self.sink.close(&open))?;
        }
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
                Some(partition) if partition.open => {
                    let offset = usize::try_from(to.offset).unwrap_or(0).min(partition.rows.len());
                    partition.position = offset;
                    partition.taken = offset;
                    partition.committed = offset;
                }
                _ => panic!("the task rewinds a partition that it does not have: {to:?}"),
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

    /// Returns the task configurations that the connector creates from this configuration.
    ///
    /// # Errors
    /// Returns the connector's error.
    pub fn task_configs(&self, max_tasks: u32) -> Result<Vec<ConfigMap>, Error> {
        let context = ConnectorContext { name: "test".into(), config: self.config.clone() };
        self.runtime.call(|| S::connector(S::Config::parse(&self.config)?, context)?.task_configs(max_tasks))
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
        let context = SinkContext { connector: "test".into(), task: 0, config: config.clone() };
        S::start(S::Config::parse(config)?, &context)
    })
}

fn name(topic: &str, partition: i32) -> TopicPartition {
    TopicPartition { topic: topic.into(), partition }
}

fn offset(topic: &str, partition: i32, offset: usize) -> TopicPartitionOffset {
    TopicPartitionOffset { topic: topic.into(), partition, offset: offset as i64 }
}
