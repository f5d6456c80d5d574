//! The instance of a source task.

use std::sync::Arc;

use weir_json::is_flat_object;

use super::call;
use crate::batch::{Acknowledgements, Budget, PluginConfig, Polled, SettledRecords, SourceBatch};
use crate::call::{CallError, Sandbox};
use crate::contract::{Source, SourceAcknowledgements, each};
use crate::metrics::Metrics;
use crate::store::StoredOffsets;

/// The maximum number of bytes of a source partition or offset. Kafka Connect stores them in a topic, where the default limit of a record
/// is 1 MiB.
const MAX_OFFSET_BYTES: usize = 256 << 10;

/// A source task, created by [`Component::source`](crate::Component::source). The calls are in the order of `wit/source.wit`.
pub struct SourceInstance {
    sandbox: Sandbox,
    guest: Source,
    acknowledgements: Option<SourceAcknowledgements>,
}

impl SourceInstance {
    pub(crate) fn new(sandbox: Sandbox, guest: Source, acknowledgements: Option<SourceAcknowledgements>) -> Self {
        Self { sandbox, guest, acknowledgements }
    }

    /// Returns the metrics of the guest, at any time.
    pub fn metrics(&self) -> Arc<Metrics> {
        Arc::clone(self.sandbox.store.data().stats.metrics())
    }

    /// Returns the maximum number of bytes of keys, values and headers in a batch with more than one record.
    pub fn batch_max(&self) -> u64 {
        self.sandbox.batch_max()
    }

    /// Call this once, as the first call. From now on `offsets` provides the result of the guest's `stored-offsets`. Returns which of
    /// [`SourceInstance::settled`] and [`SourceInstance::committed`] must be called.
    ///
    /// # Errors
    ///
    /// The plugin returned an error, or trapped. In both cases the task has failed.
    pub async fn start(
        &mut self,
        config: &PluginConfig,
        offsets: Arc<dyn StoredOffsets>,
    ) -> Result<Acknowledgements, CallError> {
        let state = self.sandbox.store.data_mut();
        state.offsets = offsets;
        let class = state.log.identity().class.clone();
        call!(self.sandbox, "source.start", |store| each!(&self.guest, |guest| guest.start(store, &class, config)))??;
        let Some(guest) = &self.acknowledgements else { return Ok(Acknowledgements::default()) };
        call!(self.sandbox, "source-acknowledgements.wanted", |store| each!(guest, |guest| guest.wanted(store)))
    }

    /// Polls for records. The result was checked: it has at most as many records as the budget allows, each index is in its table, and
    /// partitions and offsets are flat JSON objects.
    ///
    /// # Errors
    ///
    /// A retriable error (call again later), a fatal one, a trap, or a result that violates the contract.
    pub async fn poll(&mut self, budget: Budget) -> Result<Polled, CallError> {
        let guest = &mut self.guest;
        let call = call!(self.sandbox, "source.poll", |store| each!(guest, |guest| guest.poll(store, budget)));
        let boundaries = self.sandbox.store.data_mut().requests.transactions.take();
        let mut polled = call??;
        let checked = match &mut polled.batch {
            Some(batch) => {
                batch.boundaries = boundaries;
                check(batch, &budget)
            }
            None if boundaries.is_empty() => Ok(()),
            None => Err("a transaction was ended in a poll that returned no batch".to_owned()),
        };
        match checked {
            Ok(()) => Ok(polled),
            Err(violation) => Err(self.sandbox.contract_violation("source.poll", violation)),
        }
    }

    /// Reports the outcomes of records. Does nothing if the plugin does not want them.
    ///
    /// # Errors
    ///
    /// An error of the plugin, which is only logged, or a trap.
    pub async fn settled(&mut self, records: SettledRecords) -> Result<(), CallError> {
        let Some(guest) = &self.acknowledgements else { return Ok(()) };
        call!(self.sandbox, "source-acknowledgements.settled", |store| each!(guest, |guest| guest
            .settled(store, records)))?
    }

    /// Reports that the offsets of all records with a smaller number are stored. Does nothing if the plugin does not want this.
    ///
    /// # Errors
    ///
    /// An error of the plugin, which is only logged, or a trap.
    pub async fn committed(&mut self, number: u64) -> Result<(), CallError> {
        let Some(guest) = &self.acknowledgements else { return Ok(()) };
        call!(self.sandbox, "source-acknowledgements.committed", |store| each!(guest, |guest| guest
            .committed(store, number)))?
    }

    /// Call this once, as the last call, unless the instance trapped.
    ///
    /// # Errors
    ///
    /// It trapped.
    pub async fn stop(&mut self) -> Result<(), CallError> {
        call!(self.sandbox, "source.stop", |store| each!(&self.guest, |guest| guest.stop(store)))
    }
}

/// Why a batch is invalid, for the author of the plugin.
fn check(batch: &SourceBatch, budget: &Budget) -> Result<(), String> {
    let SourceBatch { records, source_partitions, source_partition, source_offsets, boundaries } = batch;
    let count = records.count as usize;
    if records.count > budget.max_records {
        return Err(format!("{count} records, but the budget allows {}", budget.max_records));
    }
    for (table, entries) in [
        ("topics.names", records.topics.names.len()),
        ("source-partitions", source_partitions.len()),
        ("the list of ends of transactions", boundaries.len()),
    ] {
        if entries > count {
            return Err(format!("{table} has {entries} entries for {count} records; return only those that occur"));
        }
    }
    records.check().map_err(|error| error.to_string())?;
    if !source_partition.is_empty() && source_partition.len() != count {
        return Err(format!("source-partition-index has {} entries for {count} records", source_partition.len()));
    }
    if count > 0 && source_partitions.is_empty() {
        return Err("source-partitions is empty, but there are records".to_owned());
    }
    let partitions = source_partitions.len();
    if let Some(record) = source_partition.iter().position(|&index| index as usize >= partitions) {
        let index = source_partition[record];
        return Err(format!(
            "source-partition-index: record {record} has index {index}, but the table has {partitions} entries"
        ));
    }
    if let Some(text) = source_partitions.iter().find(|text| text.len() > MAX_OFFSET_BYTES) {
        return Err(too_long("source partition", text.as_bytes()));
    }
    if let Some(text) = source_partitions.iter().find(|text| !is_flat_object(text.as_bytes())) {
        return Err(format!("source partition {} is not a JSON object of primitive values", shown(text.as_bytes())));
    }
    check_offsets(source_offsets, count)?;
    let mut previous = None;
    for boundary in boundaries {
        let index = boundary.index.map_or(count, |index| index as usize);
        if boundary.index.is_some() && index >= count {
            return Err(format!("a transaction ends after record {index} of a batch of {count}"));
        }
        if previous.is_some_and(|previous| index <= previous) {
            return Err(format!("the ends of transactions are not in order at record {index}"));
        }
        previous = Some(index);
    }
    Ok(())
}

fn check_offsets(offsets: &weir_data::records::Column, count: usize) -> Result<(), String> {
    let weir_data::records::Column { lengths, bytes } = offsets;
    if lengths.is_empty() && bytes.is_empty() {
        return Ok(());
    }
    if lengths.len() != count {
        return Err(format!("source-offsets has {} entries for {count} records", lengths.len()));
    }
    let mut rest = bytes.as_slice();
    for (record, &length) in lengths.iter().enumerate() {
        if length == -1 {
            continue;
        }
        let split = usize::try_from(length).ok().and_then(|length| rest.split_at_checked(length));
        let Some((offset, after)) = split else {
            return Err(format!("source-offsets: record {record} has length {length}, {} bytes are left", rest.len()));
        };
        if offset.len() > MAX_OFFSET_BYTES {
            return Err(too_long("source offset", offset));
        }
        if !is_flat_object(offset) {
            return Err(format!(
                "source offset {} of record {record} is not a JSON object of primitive values",
                shown(offset)
            ));
        }
        rest = after;
    }
    if rest.is_empty() {
        Ok(())
    } else {
        Err(format!("source-offsets: {} bytes do not belong to a record", rest.len()))
    }
}

fn too_long(what: &str, text: &[u8]) -> String {
    format!("{what} {}... has {} bytes; the limit is {MAX_OFFSET_BYTES}", shown(text), text.len())
}

/// Returns the beginning of a text, for a message.
fn shown(text: &[u8]) -> String {
    format!("{:?}", String::from_utf8_lossy(&text[..text.len().min(100)]))
}

#[cfg(test)]
mod tests {
    use weir_data::records::{Column, Records, Topics, Values};

    use super::*;
    use crate::batch::TransactionBoundary;

    const BUDGET: Budget = Budget { max_records: 10, max_bytes: 1000, max_wait: std::time::Duration::ZERO };

    fn batch() -> SourceBatch {
        SourceBatch {
            records: Records {
                count: 2,
                topics: Topics::all("t"),
                values: Values { lengths: vec![1, -1], bytes: b"x".to_vec(), formats: vec![] },
                ..Records::default()
            },
            source_partitions: vec![r#"{"filename":"a"}"#.to_owned()],
            source_partition: vec![],
            source_offsets: Column::from_entries([Some(r#"{"position":1}"#), None]),
            boundaries: vec![],
        }
    }

    /// Returns an object that exceeds the limit by one byte.
    fn large() -> String {
        format!(r#"{{"a":"{}"}}"#, "x".repeat(MAX_OFFSET_BYTES + 1 - 8))
    }

    #[test]
    fn an_honest_batch_passes_and_so_does_none_at_all() {
        assert_eq!(check(&batch(), &BUDGET), Ok(()));
        assert_eq!(check(&SourceBatch::default(), &BUDGET), Ok(()));
    }

    #[test]
    fn every_lie_is_found() {
        type Violate = fn(&mut SourceBatch);
        let violations: [(&str, Violate); 19] = [
            ("budget", |batch| batch.records.count = 11),
            ("has 2 entries, but 3 are", |batch| batch.records.count = 3),
            ("topics.names has 3 entries for 2", |batch| batch.records.topics.names = vec!["t".into(); 3]),
            ("source-partitions has 3 entries", |batch| batch.source_partitions = vec!["{}".into(); 3]),
            ("ends of transactions has 3 entries", |batch| {
                batch.boundaries = vec![TransactionBoundary { index: None, abort: false }; 3];
            }),
            ("source partition", |batch| batch.source_partitions = vec![large()]),
            ("the limit is 262144", |batch| batch.source_offsets = Column::from_entries([Some(large()), None])),
            ("source-partition-index has 1", |batch| batch.source_partition = vec![0]),
            ("index 1", |batch| batch.source_partition = vec![0, 1]),
            ("source-partitions is empty", |batch| batch.source_partitions.clear()),
            ("not a JSON object", |batch| batch.source_partitions[0] = "[]".into()),
            ("not a JSON object", |batch| batch.source_partitions[0] = r#"{"a":{}}"#.into()),
            ("not a JSON object", |batch| batch.source_offsets = Column::from_entries([Some("7"), None])),
            ("has 1 entries", |batch| batch.source_offsets = Column::from_entries([Some("{}")])),
            ("has length -2", |batch| batch.source_offsets.lengths[1] = -2),
            ("has length 15", |batch| batch.source_offsets.lengths[0] = 15),
            ("do not belong to a record", |batch| batch.source_offsets.bytes.push(b' ')),
            ("after record 2", |batch| batch.boundaries = vec![TransactionBoundary { index: Some(2), abort: false }]),
            ("not in order", |batch| batch.boundaries = vec![TransactionBoundary { index: Some(0), abort: false }; 2]),
        ];
        for (expected, violate) in violations {
            let mut batch = batch();
            violate(&mut batch);
            let found = check(&batch, &BUDGET).expect_err(expected);
            assert!(found.contains(expected), "{expected:?} in {found:?}");
        }
    }
}
