//! The converters of one task: Connect's values to Kafka's bytes for a source, the other way for a sink. A batch keeps its
//! columns; bytes and text pass through without a copy. `pieces.rs` converts a large batch of a source piece by piece.

mod outgoing;
mod pieces;
#[cfg(test)]
pub(crate) mod testing;

use weir_data::converter::{Converted, Converter, HeaderConverter, converter, header_converter};
use weir_data::records::{Column, Records};

use super::Error;
use super::errors::{Exception, Failure, Stage};
use weir_config::ConverterSettings;

pub use outgoing::{Outgoing, RecordHeaders};
pub use pieces::{PIECE_BYTES, Piece, Pieces};

/// A record that could not be converted.
#[derive(Debug, PartialEq, Eq)]
pub struct RecordFailure {
    /// Index of the record in the batch.
    pub index: u32,
    /// The converter that failed.
    pub stage: Stage,
    /// Why the record could not be converted.
    pub message: String,
}

/// The converters of a task.
pub struct Converters {
    key: Box<dyn Converter>,
    value: Box<dyn Converter>,
    header: Box<dyn HeaderConverter>,
    /// Full names of the three classes.
    classes: [String; 3],
}

impl RecordFailure {
    /// Returns the failure as it is reported. `converters` are those that the record failed in.
    pub(super) fn into_failure(self, converters: &Converters) -> Failure {
        let [key, value, header] = &converters.classes;
        let class = match self.stage {
            Stage::KeyConverter => key,
            Stage::HeaderConverter => header,
            _ => value,
        };
        Failure { stage: self.stage, class: class.clone(), exception: Exception::of_converter(self.message) }
    }
}

impl Converters {
    /// Opens the converters with their settings.
    ///
    /// # Errors
    ///
    /// A setting is not valid, although the connector's configuration was validated.
    pub fn new(settings: &ConverterSettings) -> Result<Self, Error> {
        let config = |error: weir_data::converter::ConfigError| Error::Config(error.to_string());
        Ok(Self {
            key: converter(&settings.key.class, &settings.key.settings, true).map_err(config)?,
            value: converter(&settings.value.class, &settings.value.settings, false).map_err(config)?,
            header: header_converter(&settings.header.class, &settings.header.settings).map_err(config)?,
            classes: [&settings.key, &settings.value, &settings.header]
                .map(|setting| weir_data::converter::full_name(&setting.class)),
        })
    }

    /// Converts from Connect to Kafka. Records that failed are null in the result and listed, in their order, each with the first of its
    /// failures: header, key, value, as Kafka Connect stops there.
    pub fn to_kafka(&mut self, mut records: Records) -> (Outgoing, Vec<RecordFailure>) {
        let count = records.count;
        let mut failures = Vec::new();
        let header_values = std::mem::take(&mut records.headers.values);
        let header_count = records.headers.counts.iter().sum();
        let headers = if header_count == 0 {
            Column::default()
        } else {
            let converted = self.header.from_connect(&records.formats, header_values, header_count);
            take(converted, Stage::HeaderConverter, &mut failures, records_of_headers(&records.headers.counts))
        };
        let keys = std::mem::take(&mut records.keys);
        let keys =
            take(self.key.from_connect(&records.formats, keys, count), Stage::KeyConverter, &mut failures, |record| {
                record
            });
        let values = std::mem::take(&mut records.values);
        let values = take(
            self.value.from_connect(&records.formats, values, count),
            Stage::ValueConverter,
            &mut failures,
            |record| record,
        );
        first_of_each_record(&mut failures);
        (Outgoing { records, keys, values, header_values: headers }, failures)
    }

    /// Converts from Kafka to Connect, into `records`, whose topics, partitions, timestamps and header names are in place. Failures as in
    /// [`Converters::to_kafka`], in the order key, value, header.
    pub fn to_connect(&mut self, records: &mut Records, raw: RawColumns) -> Vec<RecordFailure> {
        let count = records.count;
        let mut failures = Vec::new();
        let formats = &mut records.formats;
        records.keys =
            take(self.key.to_connect(raw.keys, count, formats), Stage::KeyConverter, &mut failures, |record| record);
        records.values =
            take(self.value.to_connect(raw.values, count, formats), Stage::ValueConverter, &mut failures, |record| {
                record
            });
        let header_count = records.headers.counts.iter().sum();
        if header_count > 0 {
            let converted = self.header.to_connect(raw.header_values, header_count, formats);
            let record = records_of_headers(&records.headers.counts);
            records.headers.values = take(converted, Stage::HeaderConverter, &mut failures, record);
        }
        first_of_each_record(&mut failures);
        failures
    }
}

/// The columns of consumed records, as Kafka has them.
#[derive(Default, Clone)]
pub struct RawColumns {
    /// The keys.
    pub keys: Column,
    /// The values.
    pub values: Column,
    /// The header values, for all headers of all records.
    pub header_values: Column,
}

fn take<T>(
    converted: Converted<T>,
    stage: Stage,
    failures: &mut Vec<RecordFailure>,
    mut record: impl FnMut(u32) -> u32,
) -> T {
    failures.extend(converted.failures.into_iter().map(|error| RecordFailure {
        index: record(error.index),
        stage,
        message: error.message,
    }));
    converted.output
}

fn first_of_each_record(failures: &mut Vec<RecordFailure>) {
    failures.sort_by_key(|failure| failure.index);
    failures.dedup_by_key(|failure| failure.index);
}

/// Returns which record a header belongs to. Call it in the order of the headers: all calls together are one pass.
fn records_of_headers(counts: &[u32]) -> impl FnMut(u32) -> u32 + '_ {
    let (mut record, mut end) = (0, counts.first().copied().unwrap_or(0));
    move |header| {
        while header >= end {
            record += 1;
            let Some(count) = counts.get(record as usize) else { break };
            end += count;
        }
        record
    }
}

#[cfg(test)]
mod tests {
    use weir_data::records::{Encoding, Format, Headers, Topics, Values};

    use super::testing::converters;
    use super::*;

    #[test]
    fn headers_that_fail_are_found_in_one_pass() {
        // Searching from the start for each record would take minutes.
        let count = 300_000;
        let counts = vec![1; count as usize];
        let names = Column::from_entries((0..count).map(|_| Some("n")));
        let values = Values::from_column(Column::from_entries((0..count).map(|_| Some("no JSON"))), count, 1);
        let records = Records {
            count,
            topics: Topics::all("t"),
            formats: vec![Format::plain(Encoding::Bytes), Format::plain(Encoding::Json)],
            headers: Headers { counts, names, values },
            ..Records::default()
        };
        let (_, failures) = converters("ByteArrayConverter").to_kafka(records);
        assert!(failures.iter().map(|failure| failure.index).eq(0..count));
    }

    #[test]
    fn a_header_belongs_to_the_record_that_has_it() {
        let record = records_of_headers(&[0, 2, 0, 0, 1]);
        assert_eq!([0, 1, 1, 2].map(record), [1, 1, 1, 4]);
    }
}
