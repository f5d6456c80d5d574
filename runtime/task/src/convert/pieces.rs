//! Converts a batch piece by piece, to limit the memory of converted records that wait for the producer.

use weir_data::converter::{Converted, EntryError};
use weir_data::records::{Column, Headers, Part, Records, Values};

use super::{Converters, Outgoing, RecordFailure, first_of_each_record, records_of_headers, take};
use crate::errors::Stage;

/// Bytes of one column after which a piece of a batch ends, if its values grow. Converted records wait for the producer, so this limits
/// the memory of a task.
pub const PIECE_BYTES: usize = 8 << 20;

/// Maximum number of records of a piece, unless one record of the source became more: they are passed to the producer without a pause.
const PIECE_RECORDS: u32 = 1 << 14;

/// Maximum number of bytes of a column for the records that transforms made of one record of the source.
const RECORD_BYTES: usize = 48 << 20;

/// A batch that is converted piece by piece. A piece is the whole batch unless its values grow.
pub struct Pieces {
    records: Records,
    at: Cursor,
    /// Records that the next piece is tried with: all at first, then twice as many as the last piece had. So no record is converted more
    /// than a few times.
    most: u32,
    finished: bool,
}

/// Where a piece begins.
#[derive(Clone, Copy, Default)]
struct Cursor {
    record: u32,
    key_byte: usize,
    value_byte: usize,
    header: u32,
    name_byte: usize,
    header_value_byte: usize,
}

/// Consecutive records of a batch, converted.
pub struct Piece {
    /// Index of its first record in the batch.
    pub first: u32,
    /// The records in Kafka's bytes.
    pub outgoing: Outgoing,
    /// The records that failed, as [`Converters::to_kafka`] returns them, counted from the first of the piece.
    pub failures: Vec<RecordFailure>,
}

impl Pieces {
    /// Begins to convert a batch.
    pub fn new(records: Records) -> Self {
        Self { most: records.count, records, at: Cursor::default(), finished: false }
    }

    /// Returns how many records are not converted yet.
    pub fn records_left(&self) -> u32 {
        if self.finished { 0 } else { self.records.count - self.at.record }
    }

    /// Whether the whole batch is converted.
    pub fn is_finished(&self) -> bool {
        self.finished
    }

    /// Returns the next records without keys, values and header values.
    fn cut(&self, count: u32, headers: u32) -> Records {
        let (from, to) = (self.at.record as usize, (self.at.record + count) as usize);
        let Records { topics, partitions, timestamps, headers: all, .. } = &self.records;
        let (first, last) = (self.at.header as usize, (self.at.header + headers) as usize);
        let lengths = all.names.lengths.get(first..last).unwrap_or_default().to_vec();
        let size = size(&lengths);
        let bytes = all.names.bytes.get(self.at.name_byte..self.at.name_byte + size).unwrap_or_default().to_vec();
        Records {
            count,
            topics: topics.part(from..to),
            partitions: partitions.get(from..to).unwrap_or_default().to_vec(),
            timestamps: timestamps.get(from..to).unwrap_or_default().to_vec(),
            headers: Headers {
                counts: all.counts.get(from..to).unwrap_or_default().to_vec(),
                names: Column { lengths, bytes },
                values: Values::default(),
            },
            ..Records::default()
        }
    }
}

impl Converters {
    /// Converts the next piece of a batch; `None` if there is none left. A batch without records is one piece. `origin` returns which
    /// record of the source a record was made of, and never decreases: records made of one stay together.
    pub fn next_piece(&mut self, pieces: &mut Pieces, origin: impl Fn(u32) -> u32) -> Option<Piece> {
        if pieces.finished {
            return None;
        }
        let formats = &pieces.records.formats;
        let first = pieces.at.record;
        let grows = self.value.grows(formats) || self.key.grows(formats) || self.header.grows(formats);
        if first == 0 && pieces.records.count <= PIECE_RECORDS && !grows {
            pieces.finished = true;
            let (outgoing, failures) = self.to_kafka(std::mem::take(&mut pieces.records));
            return Some(Piece { first, outgoing, failures });
        }
        let left = pieces.records.count - first;
        let mut columns = self.columns(pieces, left.min(pieces.most).min(PIECE_RECORDS), PIECE_BYTES);
        let end = first + columns.count;
        let own = |record: &u32| origin(*record) == origin(end - 1);
        if columns.count < left && origin(end) == origin(end - 1) {
            let of_others = (first..end).rev().take_while(own).count() as u32;
            let of_others = columns.count - of_others;
            if of_others > 0 {
                columns.truncate(of_others, &pieces.records, pieces.at);
            } else {
                // One record of the source became more than a piece.
                let all = (first..first + left).take_while(own).count() as u32;
                columns = self.columns(pieces, all, RECORD_BYTES);
                columns.pad(all, &pieces.records, pieces.at);
            }
        }
        Some(pieces.take(columns))
    }

    /// Converts up to `most` records; fewer if a column reaches `limit` bytes before, but at least one.
    fn columns(&mut self, pieces: &Pieces, most: u32, limit: usize) -> Columns {
        let Pieces { records, at, .. } = pieces;
        let formats = &records.formats;
        let part = pieces.values(most);
        let values = self.value.from_connect_part(formats, part, limit);
        let mut done = entries(&values.output, most);
        let keys = self.key.from_connect_part(formats, pieces.keys(done), limit);
        done = entries(&keys.output, done);
        let counts = at.counts(records, done);
        let mut header_count = counts.iter().sum();
        let mut headers = Converted::<Column>::default();
        if header_count > 0 {
            headers = self.header.from_connect_part(formats, pieces.header_values(header_count), limit);
            let converted = entries(&headers.output, header_count);
            if converted < header_count {
                (done, header_count) = whole_records(counts, converted);
                if done == 0 {
                    // The headers of one record are larger than a piece.
                    (done, header_count) = (1, counts.first().copied().unwrap_or(0));
                    headers = self.header.from_connect_part(formats, pieces.header_values(header_count), usize::MAX);
                }
            }
        }
        let mut columns = Columns { count: most, values, keys, headers, header_count };
        columns.truncate(done, records, *at);
        columns
    }
}

/// The converted columns of a piece.
struct Columns {
    count: u32,
    values: Converted<Column>,
    keys: Converted<Column>,
    headers: Converted<Column>,
    header_count: u32,
}

impl Columns {
    /// Leaves out all but the first records.
    fn truncate(&mut self, count: u32, records: &Records, at: Cursor) {
        self.count = count;
        self.header_count = at.counts(records, count).iter().sum();
        truncate(&mut self.values, count);
        truncate(&mut self.keys, count);
        truncate(&mut self.headers, self.header_count);
    }

    /// Lets the records fail that were not converted, up to this many.
    fn pad(&mut self, count: u32, records: &Records, at: Cursor) {
        let missing = self.count..count;
        if missing.is_empty() {
            return;
        }
        let message = || format!("the records made of one record take more than {} MiB", RECORD_BYTES >> 20);
        self.values.failures.extend(missing.map(|index| EntryError { index, message: message() }));
        self.header_count = at.counts(records, count).iter().sum();
        for (column, length) in [
            (&mut self.values.output, count),
            (&mut self.keys.output, count),
            (&mut self.headers.output, self.header_count),
        ] {
            // An empty column already means that all values are null.
            if !column.lengths.is_empty() {
                column.lengths.resize(length as usize, -1);
            }
        }
        self.count = count;
    }
}

impl Cursor {
    /// Returns the numbers of headers of the next records.
    fn counts(self, records: &Records, count: u32) -> &[u32] {
        let from = self.record as usize;
        records.headers.counts.get(from..from + count as usize).unwrap_or_default()
    }
}

impl Pieces {
    fn keys(&self, count: u32) -> Part<'_> {
        part(&self.records.keys, self.at.record, self.at.key_byte, count)
    }

    fn values(&self, count: u32) -> Part<'_> {
        part(&self.records.values, self.at.record, self.at.value_byte, count)
    }

    fn header_values(&self, headers: u32) -> Part<'_> {
        part(&self.records.headers.values, self.at.header, self.at.header_value_byte, headers)
    }

    /// Removes the records of these columns from the batch.
    fn take(&mut self, columns: Columns) -> Piece {
        let Columns { count, values, keys, headers, header_count } = columns;
        let at = self.at;
        let mut failures = Vec::new();
        let of_record = records_of_headers(at.counts(&self.records, count));
        let header_values = take(headers, Stage::HeaderConverter, &mut failures, of_record);
        let keys = take(keys, Stage::KeyConverter, &mut failures, |record| record);
        let values = take(values, Stage::ValueConverter, &mut failures, |record| record);
        first_of_each_record(&mut failures);

        let (from, to) = (at.header as usize, (at.header + header_count) as usize);
        let names = self.records.headers.names.lengths.get(from..to).unwrap_or_default();
        let next = Cursor {
            record: at.record + count,
            key_byte: at.key_byte + self.keys(count).bytes.len(),
            value_byte: at.value_byte + self.values(count).bytes.len(),
            header: at.header + header_count,
            name_byte: at.name_byte + size(names),
            header_value_byte: at.header_value_byte + self.header_values(header_count).bytes.len(),
        };
        self.finished = next.record >= self.records.count;
        let records = if at.record == 0 && self.finished {
            let mut records = std::mem::take(&mut self.records);
            (records.keys, records.values, records.headers.values) = Default::default();
            records.formats = Vec::new();
            records
        } else {
            let cut = self.cut(count, header_count);
            if self.finished {
                self.records = Records::default();
            }
            cut
        };
        self.at = next;
        self.most = count.saturating_mul(2).max(1);
        Piece { first: at.record, outgoing: Outgoing { records, keys, values, header_values }, failures }
    }
}

/// Returns some of `values`, from an index and its byte on.
fn part(values: &Values, index: u32, byte: usize, count: u32) -> Part<'_> {
    let index = index as usize;
    let mut rest = Part {
        lengths: values.lengths.get(index..).unwrap_or_default(),
        bytes: values.bytes.get(byte..).unwrap_or_default(),
        formats: values.formats.get(index..).unwrap_or_default(),
        count,
    };
    rest.split_off(count)
}

/// Returns how many of `asked` entries a column has. An empty one has all of them, as nulls.
fn entries(column: &Column, asked: u32) -> u32 {
    if column.lengths.is_empty() { asked } else { u32::try_from(column.lengths.len()).unwrap_or(asked).min(asked) }
}

/// Returns how many records have all of their headers among the first `headers`, and the number of these headers.
fn whole_records(counts: &[u32], headers: u32) -> (u32, u32) {
    let (mut records, mut total) = (0, 0);
    for count in counts {
        if total + count > headers {
            break;
        }
        total += count;
        records += 1;
    }
    (records, total)
}

fn truncate(converted: &mut Converted<Column>, count: u32) {
    let Column { lengths, bytes } = &mut converted.output;
    if lengths.len() > count as usize {
        lengths.truncate(count as usize);
        bytes.truncate(size(lengths));
        converted.failures.retain(|failure| failure.index < count);
    }
}

/// Returns the bytes of entries with these lengths.
fn size(lengths: &[i32]) -> usize {
    lengths.iter().map(|&length| usize::try_from(length).unwrap_or(0)).sum()
}

#[cfg(test)]
mod tests;
