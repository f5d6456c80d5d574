//! The result of a chain of transforms, as `transformed` in `wit/transform.wit`, and its conversion to a batch.

use crate::check::{
    CheckError, Formats, check_count, check_formats, check_headers, check_not_below, check_topics, check_values,
};
use crate::gather::{pick_or, picked_size};
use crate::records::{Format, Headers, NO_FORMAT, Records, Topics, Values};

/// The maximum number of bytes in the copies of columns that a transform did not change. Without a limit, a transform could name
/// one input record a million times and make the runtime copy it a million times.
pub const MAX_COPIED_BYTES: u64 = 64 << 20;

/// The maximum number of output records per input record, on average over the batch.
pub const MAX_EXPANSION: usize = 64;
/// The number of output records that are always allowed, even for a small batch.
pub const MIN_EXPANSION: usize = 1 << 14;

/// The output of a chain of transforms. A column that is `None` has the values of the input records in `origins`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Transformed {
    /// The index of the input record from which each output record comes. Never decreases.
    pub origins: Vec<u32>,
    /// The topics, if changed.
    pub topics: Option<Topics>,
    /// The Kafka partitions, if changed.
    pub partitions: Option<Vec<i32>>,
    /// The timestamps, if changed.
    pub timestamps: Option<Vec<i64>>,
    /// Formats that follow those of the input.
    pub added_formats: Vec<Format>,
    /// The keys, if changed.
    pub keys: Option<Values>,
    /// The values, if changed.
    pub values: Option<Values>,
    /// The headers, if changed.
    pub headers: Option<Headers>,
    /// Records that failed.
    pub failures: Vec<StepFailure>,
}

/// A record that a step could not process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepFailure {
    /// The index of the record in the input.
    pub index: u32,
    /// The index of the step in the chain.
    pub step: u32,
    /// The error message.
    pub message: String,
    /// Whether the same record may succeed later.
    pub retriable: bool,
}

impl Transformed {
    /// Checks all rules of `wit/transform.wit` for the result of `input`, as [`Records::check`] does for a batch. The `step` of a
    /// failure is not checked, because the length of the chain is not known here.
    ///
    /// # Errors
    /// The first violation found.
    pub fn check(&self, input: &Records) -> Result<(), CheckError> {
        let count = self.origins.len();
        let inputs = input.count as usize;
        check_count("origins", count)?;
        check_expansion("origins", count, inputs)?;
        check_expansion("failures", self.failures.len(), inputs)?;
        let repeats = check_origins(&self.origins, inputs)?;
        check_failures(&self.failures, &self.origins, inputs)?;
        if let Some(topics) = &self.topics {
            check_topics(topics, count)?;
        }
        check_not_below("partitions", self.partitions.as_deref().unwrap_or_default(), count)?;
        check_not_below("timestamps", self.timestamps.as_deref().unwrap_or_default(), count)?;
        check_formats(&self.added_formats, input.formats.len())?;
        let formats = Formats(&input.formats, &self.added_formats);
        if let Some(keys) = &self.keys {
            check_values("keys", keys, count, &formats)?;
        }
        if let Some(values) = &self.values {
            check_values("values", values, count, &formats)?;
        }
        if let Some(headers) = &self.headers {
            check_headers(headers, count, &formats)?;
        }
        if repeats { self.check_copies(input) } else { Ok(()) }
    }

    /// Returns the output as a batch, the origins of its records, and the failures, at most one for each record. If each input
    /// record became one output record, unchanged columns are moved, not copied.
    ///
    /// Call [`check`](Self::check) first: if it returns an error, the batch is wrong, too.
    pub fn into_records(self, mut input: Records) -> (Records, Vec<u32>, Vec<StepFailure>) {
        let origins = self.origins;
        let same_records =
            origins.len() == input.count as usize && origins.iter().zip(0..).all(|(&origin, record)| origin == record);
        // Columns that will be replaced are not copied.
        if self.topics.is_some() {
            input.topics = Topics::default();
        }
        if self.keys.is_some() {
            input.keys = Values::default();
        }
        if self.values.is_some() {
            input.values = Values::default();
        }
        if self.headers.is_some() {
            input.headers = Headers::default();
        }
        let formats = std::mem::take(&mut input.formats);
        let mut records = if same_records { input } else { input.select(&origins) };
        records.formats = formats;
        add_formats(&mut records, self.added_formats);
        records.topics = self.topics.unwrap_or(records.topics);
        records.partitions = self.partitions.unwrap_or(records.partitions);
        records.timestamps = self.timestamps.unwrap_or(records.timestamps);
        records.keys = self.keys.unwrap_or(records.keys);
        records.values = self.values.unwrap_or(records.values);
        records.headers = self.headers.unwrap_or(records.headers);

        let mut failures = self.failures;
        failures.sort_by_key(|failure| failure.index);
        failures.dedup_by_key(|failure| failure.index);
        (records, origins, failures)
    }

    fn check_copies(&self, input: &Records) -> Result<(), CheckError> {
        let mut bytes = 0;
        for (changed, values) in [(self.keys.is_some(), &input.keys), (self.values.is_some(), &input.values)] {
            if !changed {
                bytes += picked_size(&values.lengths, &self.origins);
            }
        }
        if self.headers.is_none() && !input.headers.counts.is_empty() {
            // The sizes of the headers are computed once for each input record, not for each output record.
            let mut sizes = Vec::with_capacity(input.count as usize);
            let mut all = input.headers.all();
            for &own in &input.headers.counts {
                let headers = all.by_ref().take(own as usize);
                sizes.push(headers.map(|h| 8 + h.name.len() + h.value.map_or(0, <[u8]>::len)).sum::<usize>() as u64);
            }
            bytes += pick_or(&sizes, &self.origins, 0).iter().sum::<u64>();
        }
        if bytes > MAX_COPIED_BYTES {
            return Err(CheckError::TooLarge { bytes, max: MAX_COPIED_BYTES });
        }
        Ok(())
    }
}

/// Appends formats. If the table was empty, unchanged columns get the index of the format that an empty table stands for.
fn add_formats(records: &mut Records, added: Vec<Format>) {
    let was_empty = records.formats.is_empty();
    records.formats.extend(added);
    if !was_empty || records.formats.is_empty() {
        return;
    }
    let plain = NO_FORMAT.index_in(&mut records.formats);
    if plain == 0 {
        return;
    }
    records.keys.formats = vec![plain; records.count as usize];
    records.values.formats = vec![plain; records.count as usize];
    records.headers.values.formats = vec![plain; records.headers.names.lengths.len()];
}

fn check_expansion(column: &'static str, found: usize, inputs: usize) -> Result<(), CheckError> {
    let most = inputs.saturating_mul(MAX_EXPANSION).max(MIN_EXPANSION);
    if found > most { Err(CheckError::Expansion { column, found, inputs, most }) } else { Ok(()) }
}

/// Returns whether an input record occurs more than once.
fn check_origins(origins: &[u32], inputs: usize) -> Result<bool, CheckError> {
    if let Some(entry) = origins.iter().position(|&origin| origin as usize >= inputs) {
        return Err(CheckError::Index { column: "origins", entry, index: origins[entry], len: inputs });
    }
    if let Some(record) = origins.windows(2).position(|pair| pair[1] < pair[0]) {
        return Err(CheckError::Order { record: record + 1, origin: origins[record + 1], previous: origins[record] });
    }
    Ok(origins.windows(2).any(|pair| pair[0] == pair[1]))
}

fn check_failures(failures: &[StepFailure], origins: &[u32], inputs: usize) -> Result<(), CheckError> {
    for (index, failure) in failures.iter().enumerate() {
        if failure.index as usize >= inputs {
            return Err(CheckError::Index { column: "failures", entry: index, index: failure.index, len: inputs });
        }
        if origins.binary_search(&failure.index).is_ok() {
            return Err(CheckError::FailedYetReturned { record: failure.index });
        }
    }
    Ok(())
}
