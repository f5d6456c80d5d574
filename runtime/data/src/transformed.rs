//! What a chain of transforms gives back, and how it becomes a batch again: host twin of `transformed` in
//! `wit/transform.wit`.

use crate::check::{
    CheckError, Formats, check_formats, check_headers, check_not_below, check_rows, check_topics, check_values,
};
use crate::gather::{pick_or, picked_size};
use crate::records::{Format, Headers, NO_FORMAT, Records, Topics, Values};

/// Most bytes that the columns a transform left alone may take once its output rows have their copies. A transform that
/// names one input row a million times would otherwise have the runtime copy that row a million times.
pub const MAX_COPIED_BYTES: u64 = 64 << 20;

/// Most rows that a transform may make of each row of a batch, the rows of the batch taken together.
pub const MAX_EXPANSION: usize = 64;
/// What may come of a batch however few rows it has.
pub const MIN_EXPANSION: usize = 1 << 14;

/// The rows that a chain of transforms leaves. What is `None` is as it was in the input, row for row of `origins`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Transformed {
    /// For each output row the input row it came from; never decreasing.
    pub origins: Vec<u32>,
    /// The topics, if changed.
    pub topics: Option<Topics>,
    /// The Kafka partitions, if changed.
    pub partitions: Option<Vec<i32>>,
    /// The timestamps, if changed.
    pub timestamps: Option<Vec<i64>>,
    /// Formats to add behind those of the input.
    pub added_formats: Vec<Format>,
    /// The keys, if changed.
    pub keys: Option<Values>,
    /// The values, if changed.
    pub values: Option<Values>,
    /// The headers, if changed.
    pub headers: Option<Headers>,
    /// Rows that failed.
    pub failures: Vec<StepFailure>,
}

/// A row that a step could not handle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepFailure {
    /// Index of the row in the input.
    pub row: u32,
    /// Index of the step in the chain.
    pub step: u32,
    /// Why.
    pub message: String,
    /// Whether the same row may succeed later.
    pub retry: bool,
}

impl Transformed {
    /// Checks every promise of `wit/transform.wit` about the answer to `input`, as [`Records::check`] does for a batch.
    /// `step` of a failure is not looked at: the length of the chain is not known here.
    ///
    /// # Errors
    /// The first broken promise found.
    pub fn check(&self, input: &Records) -> Result<(), CheckError> {
        let count = self.origins.len();
        let inputs = input.count as usize;
        check_rows("origins", count)?;
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

    /// The output as a batch, where each of its rows came from, and the rows that failed, at most one failure a row.
    /// Where every input row became one output row, columns that did not change are moved, not copied.
    ///
    /// Call [`check`](Self::check) first: on an answer it refuses, the batch is wrong too.
    pub fn into_records(self, mut input: Records) -> (Records, Vec<u32>, Vec<StepFailure>) {
        let origins = self.origins;
        let same_rows =
            origins.len() == input.count as usize && origins.iter().zip(0..).all(|(&origin, row)| origin == row);
        // Columns that are about to be replaced need not be picked from.
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
        let mut records = if same_rows { input } else { input.select(&origins) };
        records.formats = formats;
        add_formats(&mut records, self.added_formats);
        records.topics = self.topics.unwrap_or(records.topics);
        records.partitions = self.partitions.unwrap_or(records.partitions);
        records.timestamps = self.timestamps.unwrap_or(records.timestamps);
        records.keys = self.keys.unwrap_or(records.keys);
        records.values = self.values.unwrap_or(records.values);
        records.headers = self.headers.unwrap_or(records.headers);

        let mut failures = self.failures;
        failures.sort_by_key(|failure| failure.row);
        failures.dedup_by_key(|failure| failure.row);
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
            // The bytes of one row's headers, found once for each input row rather than for each output row.
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

/// Puts `added` behind the formats. Columns that are left as they were keep their meaning also where the table was empty
/// and "the first format" now is one of the added.
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

/// Whether some input row occurs more than once.
fn check_origins(origins: &[u32], inputs: usize) -> Result<bool, CheckError> {
    if let Some(row) = origins.iter().position(|&origin| origin as usize >= inputs) {
        return Err(CheckError::Index { column: "origins", row, index: origins[row], len: inputs });
    }
    if let Some(row) = origins.windows(2).position(|pair| pair[1] < pair[0]) {
        return Err(CheckError::Order { row: row + 1, origin: origins[row + 1], previous: origins[row] });
    }
    Ok(origins.windows(2).any(|pair| pair[0] == pair[1]))
}

fn check_failures(failures: &[StepFailure], origins: &[u32], inputs: usize) -> Result<(), CheckError> {
    for (index, failure) in failures.iter().enumerate() {
        if failure.row as usize >= inputs {
            return Err(CheckError::Index { column: "failures", row: index, index: failure.row, len: inputs });
        }
        if origins.binary_search(&failure.row).is_ok() {
            return Err(CheckError::FailedYetThere { row: failure.row });
        }
    }
    Ok(())
}
