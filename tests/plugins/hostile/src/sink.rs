//! A sink that forgets its records after logging how many there are, and returns results that break the contract.

use crate::bindings::exports::weir::connect::sink::SinkBatch;
use crate::bindings::exports::weir::connect::{sink, sink_commit, sink_partitions};
use crate::bindings::weir::connect::data::{ConfigEntry, Fault, RecordFailure, TopicPartition, TopicPartitionOffset};
use crate::bindings::weir::connect::host::{self, Level};
use crate::bindings::weir::connect::sink_context;
use crate::{Hostile, fault, keeper, plan, refusal, set_plan, tell};

impl sink_partitions::Guest for Hostile {
    fn assigned(partitions: Vec<TopicPartition>) -> Result<(), String> {
        if refusal("sink-partitions.assigned")?.as_deref() == Some("rewind") {
            let offset = plan::value("offset").parse().unwrap_or(0);
            let at = partitions.into_iter().map(|TopicPartition { topic, partition }| TopicPartitionOffset {
                topic,
                partition,
                offset,
            });
            sink_context::rewind(&at.collect::<Vec<_>>());
        }
        Ok(())
    }

    fn revoked(_partitions: Vec<TopicPartition>) -> Result<(), String> {
        refusal("sink-partitions.revoked").map(drop)
    }

    fn lost(_partitions: Vec<TopicPartition>) -> Result<(), String> {
        Ok(())
    }
}

impl sink::Guest for Hostile {
    fn start(_class: String, config: Vec<ConfigEntry>) -> Result<(), String> {
        set_plan(&config);
        if refusal("sink.start")?.as_deref() == Some("tell") {
            tell(&config);
        }
        Ok(())
    }

    fn put(batch: SinkBatch) -> Result<Vec<RecordFailure>, Fault> {
        // A `put` without records is not what a test waits for.
        if batch.records.count == 0 {
            return Ok(Vec::new());
        }
        let taken = format!("hostile took {} records", batch.records.count);
        let nowhere = TopicPartitionOffset { topic: "weir-tests-nowhere".into(), partition: 7, offset: 3 };
        let poisoned = keeper::poisoned(&batch.records);
        let deed = if poisoned.as_ref().is_some_and(Vec::is_empty) { None } else { fault("sink.put")? };
        host::log(Level::Info, "hostile", &taken);
        let left_out = if deed.is_some() { poisoned.unwrap_or_default() } else { Vec::new() };
        keeper::hold(&batch.records, &left_out);
        match deed.as_deref() {
            None => Ok(Vec::new()),
            Some("record-failure") if !left_out.is_empty() => Ok(left_out
                .into_iter()
                .map(|index| RecordFailure { index, message: "hostile record".into() })
                .collect()),
            Some("rewind") => {
                let mut starts = Vec::new();
                for at in &batch.topic_partitions {
                    starts.push(TopicPartitionOffset { topic: at.topic.clone(), partition: at.partition, offset: 0 });
                }
                sink_context::rewind(&starts);
                Ok(Vec::new())
            }
            Some("lie-records") => {
                Ok(vec![RecordFailure { index: batch.records.count, message: "a record from nowhere".into() }])
            }
            Some("lie-records-twice") => {
                let failure = RecordFailure { index: 0, message: "a record that failed twice".into() };
                Ok(vec![failure.clone(), failure])
            }
            Some("lie-rewind") => {
                sink_context::rewind(&[nowhere]);
                Ok(Vec::new())
            }
            Some("lie-rewind-negative") => {
                let first = &batch.topic_partitions[0];
                let offset =
                    TopicPartitionOffset { topic: first.topic.clone(), partition: first.partition, offset: -9 };
                sink_context::rewind(&[offset]);
                Ok(Vec::new())
            }
            Some("lie-pause") => {
                sink_context::pause(&[TopicPartition { topic: nowhere.topic, partition: nowhere.partition }]);
                Ok(Vec::new())
            }
            Some("record-failure") => Ok(vec![RecordFailure { index: 0, message: "hostile record".into() }]),
            Some(other) => Err(Fault::Fatal(format!("no such deed: {other}"))),
        }
    }

    fn stop() {
        let _ = refusal("sink.stop");
    }
}

impl sink_commit::Guest for Hostile {
    fn pre_commit(offsets: Vec<TopicPartitionOffset>) -> Result<Vec<TopicPartitionOffset>, String> {
        let mut safe = offsets;
        match refusal("sink-commit.pre-commit")?.as_deref() {
            None => keeper::write(),
            Some("lie-offsets") => safe.iter_mut().for_each(|partition| partition.offset += 1000),
            Some("lie-offsets-negative") => safe.iter_mut().for_each(|partition| partition.offset = -2),
            Some("lie-partition") => {
                safe.push(TopicPartitionOffset { topic: "weir-tests-nowhere".into(), partition: 7, offset: 3 });
            }
            Some("lie-partition-twice") => safe.extend(safe.clone()),
            Some(other) => return Err(format!("no such deed: {other}")),
        }
        Ok(safe)
    }
}
