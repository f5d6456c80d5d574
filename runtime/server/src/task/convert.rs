//! The converters of one task: Connect's values to Kafka's bytes for a source, the other way for a sink. A batch keeps its
//! columns; bytes and text pass through without a copy.

use std::collections::HashMap;

use weir_data::converter::{Converted, Converter, HeaderConverter, converter, header_converter};
use weir_data::records::{Column, Headers, Records};

use super::Error;
use super::errors::{Exception, Failure, Stage};

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

/// A row that could not be converted.
#[derive(Debug, PartialEq, Eq)]
pub struct RowFailure {
    /// Index of the row in the batch.
    pub row: u32,
    /// Which converter could not.
    pub stage: Stage,
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
    /// Full names of the three classes.
    classes: [String; 3],
}

impl RowFailure {
    /// As it is reported. `converters` are those it failed in.
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
    /// Makes them. Settings were checked when the connector's configuration was; an error here is one of that kind.
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

    /// Connect to Kafka. Rows that failed are null in the result and listed, sorted by row, each with the first of its failures:
    /// header, key, value, as Kafka Connect stops there.
    pub fn to_kafka(&mut self, mut records: Records) -> (Outgoing, Vec<RowFailure>) {
        let count = records.count;
        let mut failures = Vec::new();
        let header_values = std::mem::take(&mut records.headers.values);
        let header_count = records.headers.counts.iter().sum();
        let headers = if header_count == 0 {
            Column::default()
        } else {
            let converted = self.header.from_connect(&records.formats, header_values, header_count);
            take(converted, Stage::HeaderConverter, &mut failures, |header| row_of_header(&records.headers, header))
        };
        let keys = std::mem::take(&mut records.keys);
        let keys =
            take(self.key.from_connect(&records.formats, keys, count), Stage::KeyConverter, &mut failures, |row| row);
        let values = std::mem::take(&mut records.values);
        let values = take(
            self.value.from_connect(&records.formats, values, count),
            Stage::ValueConverter,
            &mut failures,
            |row| row,
        );
        first_of_each_row(&mut failures);
        (Outgoing { records, keys, values, header_values: headers }, failures)
    }

    /// Kafka to Connect, into `records`, whose topics, partitions, timestamps and header names are in place. Failures as in
    /// [`Converters::to_kafka`], in the order key, value, header.
    pub fn to_connect(&mut self, records: &mut Records, raw: RawColumns) -> Vec<RowFailure> {
        let count = records.count;
        let mut failures = Vec::new();
        let formats = &mut records.formats;
        records.keys =
            take(self.key.to_connect(raw.keys, count, formats), Stage::KeyConverter, &mut failures, |row| row);
        records.values =
            take(self.value.to_connect(raw.values, count, formats), Stage::ValueConverter, &mut failures, |row| row);
        let header_count = records.headers.counts.iter().sum();
        if header_count > 0 {
            let converted = self.header.to_connect(raw.header_values, header_count, formats);
            let headers = &records.headers;
            let values =
                take(converted, Stage::HeaderConverter, &mut failures, |header| row_of_header(headers, header));
            records.headers.values = values;
        }
        first_of_each_row(&mut failures);
        failures
    }
}

/// Bytes as Kafka has them.
#[derive(Default, Clone)]
pub struct RawColumns {
    /// The keys.
    pub keys: Column,
    /// The values.
    pub values: Column,
    /// The header values, for all headers of all rows.
    pub header_values: Column,
}

fn take<T>(converted: Converted<T>, stage: Stage, failures: &mut Vec<RowFailure>, row: impl Fn(u32) -> u32) -> T {
    failures.extend(converted.failures.into_iter().map(|error| RowFailure {
        row: row(error.row),
        stage,
        message: error.message,
    }));
    converted.output
}

fn first_of_each_row(failures: &mut Vec<RowFailure>) {
    failures.sort_by_key(|failure| failure.row);
    failures.dedup_by_key(|failure| failure.row);
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
