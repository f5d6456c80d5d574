//! The converters of one task: Connect's values to Kafka's bytes for a source, the other way for a sink. A batch keeps its
//! columns; bytes and text pass through without a copy.

use std::collections::HashMap;

use weir_data::converter::{Converted, Converter, HeaderConverter, converter, header_converter};
use weir_data::records::{Column, Headers, Part, Records, Values};

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

/// Bytes of one column after which a piece of a batch ends, if its values grow. What is converted waits for the producer, so it
/// bounds what a task holds.
pub const PIECE_BYTES: usize = 8 << 20;

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
            take(converted, Stage::HeaderConverter, &mut failures, rows_of_headers(&records.headers.counts))
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
            let row = rows_of_headers(&records.headers.counts);
            records.headers.values = take(converted, Stage::HeaderConverter, &mut failures, row);
        }
        first_of_each_row(&mut failures);
        failures
    }
}

/// A batch that is converted piece by piece. A piece is the whole batch unless its values grow.
pub struct Pieces {
    records: Records,
    at: Cursor,
    /// Rows that the next piece is tried with: those of a batch all at first, then twice as many as the last piece had. So no row
    /// is looked at more than a few times.
    most: u32,
    finished: bool,
}

/// Where a piece begins.
#[derive(Clone, Copy, Default)]
struct Cursor {
    row: u32,
    key_byte: usize,
    value_byte: usize,
    header: u32,
    name_byte: usize,
    header_value_byte: usize,
}

/// Some neighbouring rows of a batch, converted.
pub struct Piece {
    /// Index of its first row in the batch.
    pub first: u32,
    /// The rows in Kafka's bytes.
    pub outgoing: Outgoing,
    /// The rows that failed, as [`Converters::to_kafka`] gives them, counted from the first of the piece.
    pub failures: Vec<RowFailure>,
}

impl Pieces {
    /// Nothing is converted yet.
    pub fn new(records: Records) -> Self {
        Self { most: records.count, records, at: Cursor::default(), finished: false }
    }

    /// Rows that are not converted yet.
    pub fn rows_left(&self) -> u32 {
        if self.finished { 0 } else { self.records.count - self.at.row }
    }

    /// The rows of a piece, without keys, values and header values.
    fn cut(&self, rows: u32, headers: u32) -> Records {
        let (from, to) = (self.at.row as usize, (self.at.row + rows) as usize);
        let Records { topics, partitions, timestamps, headers: all, .. } = &self.records;
        let (first, last) = (self.at.header as usize, (self.at.header + headers) as usize);
        let lengths = all.names.lengths.get(first..last).unwrap_or_default().to_vec();
        let size = size(&lengths);
        let bytes = all.names.bytes.get(self.at.name_byte..self.at.name_byte + size).unwrap_or_default().to_vec();
        Records {
            count: rows,
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
    /// Converts the next piece of a batch; `None` = there is none left. A batch without rows is one piece.
    pub fn next_piece(&mut self, pieces: &mut Pieces) -> Option<Piece> {
        if pieces.finished {
            return None;
        }
        let formats = &pieces.records.formats;
        let is_first = pieces.at.row == 0;
        if is_first && !self.value.grows(formats) && !self.key.grows(formats) && !self.header.grows(formats) {
            pieces.finished = true;
            let (outgoing, failures) = self.to_kafka(std::mem::take(&mut pieces.records));
            return Some(Piece { first: 0, outgoing, failures });
        }
        let Pieces { records, at, .. } = &*pieces;
        let from = at.row as usize;
        let left = records.count - at.row;

        // Each column may end the piece earlier.
        let mut all_values = rest(&records.values, from, at.value_byte, left);
        let part = all_values.split_off(left.min(pieces.most));
        let mut values = self.value.from_connect_part(formats, part, PIECE_BYTES);
        let mut rows = rows_of(&values.output, part.count);
        let part = rest(&records.keys, from, at.key_byte, left).split_off(rows);
        let mut keys = self.key.from_connect_part(formats, part, PIECE_BYTES);
        rows = rows_of(&keys.output, rows);
        let counts = records.headers.counts.get(from..from + rows as usize).unwrap_or_default();
        let mut count = counts.iter().sum();
        let headers_left = records.headers.total() - at.header;
        let all_headers =
            rest(&records.headers.values, at.header as usize, at.header_value_byte, headers_left).split_off(count);
        let mut headers = Converted::<Column>::default();
        if count > 0 {
            headers = self.header.from_connect_part(formats, all_headers, PIECE_BYTES);
            let converted = rows_of(&headers.output, count);
            if converted < count {
                (rows, count) = whole_rows(counts, converted);
                if rows == 0 {
                    // The headers of one row are larger than a piece.
                    (rows, count) = (1, counts.first().copied().unwrap_or(0));
                    let own = { all_headers }.split_off(count);
                    headers = self.header.from_connect_part(formats, own, usize::MAX);
                }
            }
        }
        truncate(&mut values, rows);
        truncate(&mut keys, rows);
        truncate(&mut headers, count);

        let mut failures = Vec::new();
        let header_values = take(headers, Stage::HeaderConverter, &mut failures, rows_of_headers(counts));
        let keys = take(keys, Stage::KeyConverter, &mut failures, |row| row);
        let values = take(values, Stage::ValueConverter, &mut failures, |row| row);
        first_of_each_row(&mut failures);

        let first = at.row;
        let next = Cursor {
            row: first + rows,
            key_byte: at.key_byte + rest(&records.keys, from, at.key_byte, left).split_off(rows).bytes.len(),
            value_byte: at.value_byte + rest(&records.values, from, at.value_byte, left).split_off(rows).bytes.len(),
            header: at.header + count,
            name_byte: at.name_byte
                + size(
                    records
                        .headers
                        .names
                        .lengths
                        .get(at.header as usize..(at.header + count) as usize)
                        .unwrap_or_default(),
                ),
            header_value_byte: at.header_value_byte + { all_headers }.split_off(count).bytes.len(),
        };
        pieces.finished = next.row >= records.count;
        let records = if is_first && pieces.finished {
            let mut records = std::mem::take(&mut pieces.records);
            (records.keys, records.values, records.headers.values) = Default::default();
            records.formats = Vec::new();
            records
        } else {
            let cut = pieces.cut(rows, count);
            if pieces.finished {
                pieces.records = Records::default();
            }
            cut
        };
        pieces.at = next;
        pieces.most = rows.saturating_mul(2).max(1);
        Some(Piece { first, outgoing: Outgoing { records, keys, values, header_values }, failures })
    }
}

/// The rows of `values` from a place on.
fn rest(values: &Values, row: usize, byte: usize, count: u32) -> Part<'_> {
    Part {
        lengths: values.lengths.get(row..).unwrap_or_default(),
        bytes: values.bytes.get(byte..).unwrap_or_default(),
        formats: values.formats.get(row..).unwrap_or_default(),
        count,
    }
}

/// How many of `asked` rows a column has. An empty one is all of them, as nulls.
fn rows_of(column: &Column, asked: u32) -> u32 {
    if column.lengths.is_empty() { asked } else { u32::try_from(column.lengths.len()).unwrap_or(asked).min(asked) }
}

/// The rows whose headers are all among the first `headers`, and the number of their headers.
fn whole_rows(counts: &[u32], headers: u32) -> (u32, u32) {
    let (mut rows, mut total) = (0, 0);
    for count in counts {
        if total + count > headers {
            break;
        }
        total += count;
        rows += 1;
    }
    (rows, total)
}

fn truncate(converted: &mut Converted<Column>, rows: u32) {
    let Column { lengths, bytes } = &mut converted.output;
    if lengths.len() > rows as usize {
        lengths.truncate(rows as usize);
        bytes.truncate(size(lengths));
        converted.failures.retain(|failure| failure.row < rows);
    }
}

/// The bytes of rows with these lengths.
fn size(lengths: &[i32]) -> usize {
    lengths.iter().map(|&length| usize::try_from(length).unwrap_or(0)).sum()
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

fn take<T>(
    converted: Converted<T>,
    stage: Stage,
    failures: &mut Vec<RowFailure>,
    mut row: impl FnMut(u32) -> u32,
) -> T {
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

/// Says which row a header belongs to. To be asked in the order of the headers: all questions together are one pass.
fn rows_of_headers(counts: &[u32]) -> impl FnMut(u32) -> u32 + '_ {
    let (mut row, mut end) = (0, counts.first().copied().unwrap_or(0));
    move |header| {
        while header >= end {
            row += 1;
            let Some(count) = counts.get(row as usize) else { break };
            end += count;
        }
        row
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use weir_data::records::{Encoding, Format, Topics};
    use weir_data::schema::{Schema, SchemaType};

    use super::*;

    fn converters(value: &str) -> Converters {
        let setting = |class: &str| ConverterSetting { class: class.to_owned(), settings: HashMap::new() };
        let settings = ConverterSettings {
            key: setting("StringConverter"),
            value: setting(value),
            header: setting("SimpleHeaderConverter"),
        };
        Converters::new(&settings).expect("converters that there are")
    }

    /// Rows with a schema of so much documentation; each third is not what the schema says.
    fn documented(rows: u32, doc: usize) -> Records {
        let mut schema = Schema::structure([("id".to_owned(), Schema::primitive(SchemaType::Int32))]);
        schema.nodes[0].doc = Some("d".repeat(doc));
        let header = Schema::structure([("h".to_owned(), Schema::string().optional())]);
        let text = |row: u32| if row % 3 == 2 { "7".to_owned() } else { format!(r#"{{"id":{row}}}"#) };
        let values = Column::from_rows((0..rows).map(|row| Some(text(row))));
        let keys = Column::from_rows((0..rows).map(|row| (row % 2 == 0).then(|| row.to_string())));
        let counts: Vec<u32> = (0..rows).map(|row| row % 3).collect();
        let headers: u32 = counts.iter().sum();
        let names = Column::from_rows((0..headers).map(|header| Some(format!("n{header}"))));
        let header_values = Column::from_rows((0..headers).map(|_| Some("{}")));
        Records {
            count: rows,
            topics: Topics { names: vec!["a".into(), "b".into()], rows: (0..rows).map(|row| row % 2).collect() },
            partitions: (0..rows as i32).collect(),
            timestamps: (0..i64::from(rows)).collect(),
            formats: vec![
                Format::plain(Encoding::Utf8),
                Format::with_schema(Encoding::Json, Arc::new(schema)),
                Format::with_schema(Encoding::Json, Arc::new(header)),
            ],
            keys: Values::from_column(keys, rows, 0),
            values: Values::from_column(values, rows, 1),
            headers: Headers { counts, names, values: Values::from_column(header_values, headers, 2) },
        }
    }

    type Row = (String, i32, i64, Option<Vec<u8>>, Option<Vec<u8>>, Vec<(String, Option<Vec<u8>>)>);

    fn rows(outgoing: &Outgoing) -> Vec<Row> {
        let records = &outgoing.records;
        let bytes = |bytes: Option<&[u8]>| bytes.map(<[u8]>::to_vec);
        let (mut keys, mut values) = (outgoing.keys.iter(records.count), outgoing.values.iter(records.count));
        let mut headers = outgoing.headers();
        (0..records.count as usize)
            .map(|row| {
                let own = headers.next().flatten().unwrap_or_default();
                (
                    records.topics.topic(row).to_owned(),
                    records.partitions[row],
                    records.timestamps[row],
                    bytes(keys.next().flatten()),
                    bytes(values.next().flatten()),
                    own.into_iter().map(|(name, value)| (name.to_owned(), bytes(value))).collect(),
                )
            })
            .collect()
    }

    #[test]
    fn pieces_together_are_what_the_whole_batch_is() {
        for (count, doc) in [(0, 10), (1, PIECE_BYTES * 2), (50, 10), (50, PIECE_BYTES / 7), (9, PIECE_BYTES + 1)] {
            let (whole, failed) = converters("JsonConverter").to_kafka(documented(count, doc));
            let mut converters = converters("JsonConverter");
            let mut pieces = Pieces::new(documented(count, doc));
            let (mut found, mut failures, mut number) = (Vec::new(), Vec::new(), 0);
            while let Some(piece) = converters.next_piece(&mut pieces) {
                assert_eq!(piece.first as usize, found.len());
                assert!(piece.outgoing.values.bytes.len() <= PIECE_BYTES + doc + 1000);
                failures.extend(
                    piece.failures.into_iter().map(|failure| RowFailure { row: piece.first + failure.row, ..failure }),
                );
                found.extend(rows(&piece.outgoing));
                number += 1;
            }
            assert_eq!((found, failures), (rows(&whole), failed), "{count} rows, {doc} bytes");
            assert_eq!(pieces.rows_left(), 0);
            let expected = if doc < 1000 { 1..=1 } else { 1..=count.max(1) };
            assert!(expected.contains(&number), "{number} pieces");
        }
    }

    #[test]
    fn text_and_json_without_schemas_are_one_piece_that_is_not_copied() {
        let values = Column::from_rows(vec![Some("x".repeat(1 << 20)); 20]);
        let address = values.bytes.as_ptr();
        let records = Records {
            count: 20,
            topics: Topics::all("t"),
            formats: vec![Format::plain(Encoding::Utf8)],
            values: Values::from_column(values, 20, 0),
            ..Records::default()
        };
        let mut converters = converters("StringConverter");
        let mut pieces = Pieces::new(records);
        let piece = converters.next_piece(&mut pieces).expect("a piece");
        assert_eq!((piece.outgoing.records.count, piece.outgoing.values.bytes.as_ptr()), (20, address));
        assert!(converters.next_piece(&mut pieces).is_none());
    }

    #[test]
    fn headers_that_fail_are_found_in_one_pass() {
        // A look from the start for each would take minutes.
        let count = 300_000;
        let counts = vec![1; count as usize];
        let names = Column::from_rows((0..count).map(|_| Some("n")));
        let values = Values::from_column(Column::from_rows((0..count).map(|_| Some("no JSON"))), count, 1);
        let records = Records {
            count,
            topics: Topics::all("t"),
            formats: vec![Format::plain(Encoding::Bytes), Format::plain(Encoding::Json)],
            headers: Headers { counts, names, values },
            ..Records::default()
        };
        let (_, failures) = converters("ByteArrayConverter").to_kafka(records);
        assert!(failures.iter().map(|failure| failure.row).eq(0..count));
    }

    #[test]
    fn a_header_belongs_to_the_row_that_has_it() {
        let row = rows_of_headers(&[0, 2, 0, 0, 1]);
        assert_eq!([0, 1, 1, 2].map(row), [1, 1, 1, 4]);
    }
}
