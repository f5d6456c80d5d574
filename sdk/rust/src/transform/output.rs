//! Writes the output records of a chain. A column is written only from the first record in which it changed: the part
//! before that is then copied from the input, and an unchanged column is not written at all.

use super::formats::Formats;
use super::input::{Input, format, next, topic};
use super::record::State;
use crate::bindings::host::weir::connect::data::{Column, HeaderColumns, TopicColumn, Values};
use crate::value::Value;

/// The changed columns, and the input record of each output record.
#[derive(Debug)]
pub(super) struct Output<'b> {
    input: &'b Input,
    pub(super) origins: Vec<u32>,
    topics: Option<Vec<u32>>,
    partitions: Option<Vec<i32>>,
    timestamps: Option<Vec<i64>>,
    keys: Option<Written>,
    values: Option<Written>,
    headers: Option<WrittenHeaders>,
}

#[derive(Debug, Default)]
struct Written {
    lengths: Vec<i32>,
    bytes: Vec<u8>,
    formats: Vec<u32>,
}

#[derive(Debug, Default)]
struct WrittenHeaders {
    counts: Vec<u32>,
    name_lengths: Vec<i32>,
    name_bytes: Vec<u8>,
    values: Written,
}

/// The finished columns of an output.
#[derive(Debug)]
pub(super) struct Columns {
    pub(super) origins: Vec<u32>,
    pub(super) topics: Option<Vec<u32>>,
    pub(super) partitions: Option<Vec<i32>>,
    pub(super) timestamps: Option<Vec<i64>>,
    pub(super) keys: Option<Values>,
    pub(super) values: Option<Values>,
    pub(super) headers: Option<HeaderColumns>,
}

impl<'b> Output<'b> {
    pub(super) fn new(input: &'b Input) -> Output<'b> {
        Output {
            input,
            origins: Vec::with_capacity(input.count as usize),
            topics: None,
            partitions: None,
            timestamps: None,
            keys: None,
            values: None,
            headers: None,
        }
    }

    /// Returns the number of records.
    pub(super) fn len(&self) -> usize {
        self.origins.len()
    }

    /// Adds a record.
    #[inline]
    pub(super) fn push(&mut self, origin: u32, state: &State<'_>, formats: &mut Formats) {
        let (input, origins) = (self.input, &self.origins);
        if self.topics.is_some() || state.changed.topic {
            let before = || origins.iter().map(|record| topic(&input.topic_index, *record as usize)).collect();
            self.topics.get_or_insert_with(before).push(state.topic);
        }
        if self.partitions.is_some() || state.changed.partition {
            let before =
                || origins.iter().map(|record| *input.partitions.get(*record as usize).unwrap_or(&-1)).collect();
            self.partitions.get_or_insert_with(before).push(state.partition);
        }
        if self.timestamps.is_some() || state.changed.timestamp {
            let before =
                || origins.iter().map(|record| *input.timestamps.get(*record as usize).unwrap_or(&-1)).collect();
            self.timestamps.get_or_insert_with(before).push(state.timestamp);
        }
        if self.keys.is_some() || state.key.is_changed() {
            self.keys.get_or_insert_with(|| Written::before(&input.keys, origins)).push(&state.key, formats);
        }
        if self.values.is_some() || state.value.is_changed() {
            self.values.get_or_insert_with(|| Written::before(&input.values, origins)).push(&state.value, formats);
        }
        if self.headers.is_some() || state.headers.changed {
            let headers = self.headers.get_or_insert_with(|| WrittenHeaders::before(&input.headers, origins));
            headers.counts.push(state.headers.entries.len() as u32);
            for header in &state.headers.entries {
                push(&mut headers.name_lengths, &mut headers.name_bytes, Some(&header.name));
                let format = formats.index(header.encoding, header.schema.as_ref());
                headers.values.push_bytes(header.value.as_deref(), format);
            }
        }
        self.origins.push(origin);
    }

    /// Removes the last records so that `records` are left.
    pub(super) fn truncate(&mut self, records: usize) {
        if records == self.origins.len() {
            return;
        }
        self.origins.truncate(records);
        self.topics.iter_mut().for_each(|topics| topics.truncate(records));
        self.partitions.iter_mut().for_each(|partitions| partitions.truncate(records));
        self.timestamps.iter_mut().for_each(|timestamps| timestamps.truncate(records));
        self.keys.iter_mut().for_each(|keys| keys.truncate(records));
        self.values.iter_mut().for_each(|values| values.truncate(records));
        if let Some(headers) = &mut self.headers {
            headers.counts.truncate(records);
            let left = headers.counts.iter().map(|count| *count as usize).sum();
            truncate(&mut headers.name_lengths, &mut headers.name_bytes, left);
            headers.values.truncate(left);
        }
    }

    pub(super) fn finish(self) -> Columns {
        Columns {
            origins: self.origins,
            topics: self.topics,
            partitions: self.partitions,
            timestamps: self.timestamps,
            keys: self.keys.map(Written::finish),
            values: self.values.map(Written::finish),
            headers: self.headers.map(|headers| HeaderColumns {
                counts: headers.counts,
                names: Column { lengths: headers.name_lengths, bytes: headers.name_bytes },
                values: headers.values.finish(),
            }),
        }
    }
}

impl Written {
    /// Copies the unchanged records before the first change, with capacity for the others.
    fn before(input: &Values, origins: &[u32]) -> Written {
        let mut written = Written::default();
        written.lengths.reserve(input.lengths.len());
        written.formats.reserve(input.lengths.len());
        // What transforms add is seldom more than this.
        written.bytes.reserve(input.bytes.len() * 3 / 2 + input.lengths.len() * 16);
        let (mut at, mut record) = (0, 0);
        let mut bytes = None;
        for origin in origins {
            while record <= *origin as usize {
                bytes = next(&input.lengths, &input.bytes, &mut at, record);
                record += 1;
            }
            written.push_bytes(bytes, format(input, *origin as usize));
        }
        written
    }

    #[inline]
    fn push(&mut self, value: &Value<'_>, formats: &mut Formats) {
        let begin = self.bytes.len();
        value.write(&mut self.bytes);
        self.lengths.push(if value.is_absent() { -1 } else { length(self.bytes.len() - begin) });
        self.formats.push(formats.index(value.encoding(), value.schema()));
    }

    fn push_bytes(&mut self, bytes: Option<&[u8]>, format: u32) {
        push(&mut self.lengths, &mut self.bytes, bytes);
        self.formats.push(format);
    }

    fn truncate(&mut self, records: usize) {
        truncate(&mut self.lengths, &mut self.bytes, records);
        self.formats.truncate(records);
    }

    /// Finishes the column, in the short form if there is only one format.
    fn finish(mut self) -> Values {
        if self.formats.iter().all(|format| *format == 0) {
            self.formats.clear();
        }
        Values { lengths: self.lengths, bytes: self.bytes, format_index: self.formats }
    }
}

impl WrittenHeaders {
    fn before(input: &HeaderColumns, origins: &[u32]) -> WrittenHeaders {
        let mut written = WrittenHeaders::default();
        let (mut names_at, mut values_at, mut header, mut record) = (0, 0, 0, 0);
        // Where the headers of the record before begin, for an origin that occurs twice.
        let mut begin = (0, 0, 0);
        for origin in origins {
            if record > *origin as usize {
                (names_at, values_at, header) = begin;
                record = *origin as usize;
            }
            while record <= *origin as usize {
                begin = (names_at, values_at, header);
                let count = input.counts.get(record).copied().unwrap_or(0);
                for _ in 0..count {
                    let name = next(&input.names.lengths, &input.names.bytes, &mut names_at, header);
                    let value = next(&input.values.lengths, &input.values.bytes, &mut values_at, header);
                    if record == *origin as usize {
                        push(&mut written.name_lengths, &mut written.name_bytes, name);
                        written.values.push_bytes(value, format(&input.values, header));
                    }
                    header += 1;
                }
                if record == *origin as usize {
                    written.counts.push(count);
                }
                record += 1;
            }
        }
        written
    }
}

#[inline]
fn push(lengths: &mut Vec<i32>, bytes: &mut Vec<u8>, value: Option<&[u8]>) {
    match value {
        Some(value) => {
            bytes.extend_from_slice(value);
            lengths.push(length(value.len()));
        }
        None => lengths.push(-1),
    }
}

fn truncate(lengths: &mut Vec<i32>, bytes: &mut Vec<u8>, records: usize) {
    let gone: usize =
        lengths.drain(records.min(lengths.len())..).map(|length| usize::try_from(length).unwrap_or(0)).sum();
    bytes.truncate(bytes.len() - gone);
}

/// Converts a length. A record whose length does not fit in an `i32` cannot exist in a guest's memory.
#[inline]
fn length(length: usize) -> i32 {
    i32::try_from(length).unwrap_or(i32::MAX)
}

/// Creates the topic column from the names and the indexes of the records, in the shortest form.
pub(super) fn topic_column(names: Vec<String>, name_index: Vec<u32>) -> TopicColumn {
    match name_index.first() {
        Some(first) if name_index.iter().all(|index| index == first) => {
            let name = names.into_iter().nth(*first as usize);
            TopicColumn { names: name.into_iter().collect(), name_index: Vec::new() }
        }
        _ => TopicColumn { names, name_index },
    }
}
