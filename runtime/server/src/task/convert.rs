//! The converters of one task: Connect's values to Kafka's bytes for a source, the other way for a sink. A batch keeps its
//! columns; bytes and text pass through without a copy.

use std::collections::HashMap;

use weir_data::converter::{Converted, Converter, HeaderConverter, converter, header_converter};
use weir_data::records::{Column, Headers, Records};

use super::Error;

/// A converter's class and settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConverterSetting {
    /// Full class name or alias.
    pub class: String,
    /// Its settings, without the prefix.
    pub settings: HashMap<String, String>,
}

/// The three converters of a task.
#[derive(Debug, Clone)]
pub struct ConverterSettings {
    /// `key.converter`.
    pub key: ConverterSetting,
    /// `value.converter`.
    pub value: ConverterSetting,
    /// `header.converter`.
    pub header: ConverterSetting,
}

/// Kafka Connect's names of the stages, in error reports.
const KEY: &str = "KEY_CONVERTER";
const VALUE: &str = "VALUE_CONVERTER";
const HEADER: &str = "HEADER_CONVERTER";

/// A row that could not be converted.
#[derive(Debug, PartialEq, Eq)]
pub struct Failure {
    /// Index of the row in the batch.
    pub row: u32,
    /// Kafka Connect's name of the stage.
    pub stage: &'static str,
    /// What is wrong with the row.
    pub message: String,
}

/// A batch in Kafka's bytes. `records` keeps what is not bytes: topics, partitions, timestamps, header names.
pub struct Outgoing {
    /// The batch, without keys, values and header values.
    pub records: Records,
    /// The keys' bytes.
    pub keys: Column,
    /// The values' bytes.
    pub values: Column,
    /// The header values' bytes, for all headers of all rows.
    pub header_values: Column,
}

/// The headers of one row.
pub type RowHeaders<'a> = Vec<(&'a str, Option<&'a [u8]>)>;

impl Outgoing {
    /// For each row its headers; `None` for a row without any. A row without headers allocates nothing.
    pub fn headers(&self) -> impl Iterator<Item = Option<RowHeaders<'_>>> {
        let headers = &self.records.headers;
        let total: u32 = headers.counts.iter().sum();
        let mut names = headers.names.iter(total);
        let mut values = self.header_values.iter(total);
        (0..self.records.count as usize).map(move |row| match headers.counts.get(row).copied().unwrap_or(0) {
            0 => None,
            count => Some(
                (0..count)
                    .map(|_| {
                        let name = names.next().flatten().and_then(|name| std::str::from_utf8(name).ok());
                        (name.unwrap_or_default(), values.next().flatten())
                    })
                    .collect(),
            ),
        })
    }
}

/// A task's converters, ready to work.
pub struct Converters {
    key: Box<dyn Converter>,
    value: Box<dyn Converter>,
    header: Box<dyn HeaderConverter>,
}

impl Converters {
    /// Makes them. Settings were checked when the connector's configuration was; an error here is one of that kind.
    pub fn new(settings: &ConverterSettings) -> Result<Self, Error> {
        let config = |error: weir_data::converter::ConfigError| Error::Config(error.to_string());
        Ok(Self {
            key: converter(&settings.key.class, &settings.key.settings, true).map_err(config)?,
            value: converter(&settings.value.class, &settings.value.settings, false).map_err(config)?,
            header: header_converter(&settings.header.class, &settings.header.settings).map_err(config)?,
        })
    }

    /// Connect to Kafka. Rows that failed are null in the result and listed, sorted by row, a row once for each of its
    /// failures.
    pub fn to_kafka(&mut self, mut records: Records) -> (Outgoing, Vec<Failure>) {
        let count = records.count;
        let mut failures = Vec::new();
        let header_values = std::mem::take(&mut records.headers.values);
        let header_count = records.headers.counts.iter().sum();
        let headers = if header_count == 0 {
            Column::default()
        } else {
            let converted = self.header.from_connect(&records.formats, header_values, header_count);
            take(converted, HEADER, &mut failures, |header| row_of_header(&records.headers, header))
        };
        let keys = std::mem::take(&mut records.keys);
        let keys = take(self.key.from_connect(&records.formats, keys, count), KEY, &mut failures, |row| row);
        let values = std::mem::take(&mut records.values);
        let values = take(self.value.from_connect(&records.formats, values, count), VALUE, &mut failures, |row| row);
        failures.sort_by_key(|failure| failure.row);
        (Outgoing { records, keys, values, header_values: headers }, failures)
    }

    /// Kafka to Connect, into `records`, whose topics, partitions, timestamps and header names are in place. Failures as in
    /// [`Converters::to_kafka`].
    pub fn to_connect(&mut self, records: &mut Records, raw: RawColumns) -> Vec<Failure> {
        let count = records.count;
        let mut failures = Vec::new();
        let formats = &mut records.formats;
        records.keys = take(self.key.to_connect(raw.keys, count, formats), KEY, &mut failures, |row| row);
        records.values = take(self.value.to_connect(raw.values, count, formats), VALUE, &mut failures, |row| row);
        let header_count = records.headers.counts.iter().sum();
        if header_count > 0 {
            let converted = self.header.to_connect(raw.header_values, header_count, formats);
            let headers = &records.headers;
            let values = take(converted, HEADER, &mut failures, |header| row_of_header(headers, header));
            records.headers.values = values;
        }
        failures.sort_by_key(|failure| failure.row);
        failures
    }
}

/// Bytes as Kafka has them.
#[derive(Default)]
pub struct RawColumns {
    /// The keys.
    pub keys: Column,
    /// The values.
    pub values: Column,
    /// The header values, for all headers of all rows.
    pub header_values: Column,
}

fn take<T>(converted: Converted<T>, stage: &'static str, failures: &mut Vec<Failure>, row: impl Fn(u32) -> u32) -> T {
    failures.extend(converted.failures.into_iter().map(|error| Failure {
        row: row(error.row),
        stage,
        message: error.message,
    }));
    converted.output
}

/// The row that the header of this number belongs to.
fn row_of_header(headers: &Headers, header: u32) -> u32 {
    let mut below = 0;
    headers
        .counts
        .iter()
        .position(|count| {
            below += count;
            header < below
        })
        .map_or(0, |row| u32::try_from(row).unwrap_or(u32::MAX))
}
