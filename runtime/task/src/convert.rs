//! The converters of one task: Connect's values to Kafka's bytes for a source, the other way for a sink. A batch keeps its
//! columns; bytes and text pass through without a copy.

use weir_data::converter::{Converted, Converter, HeaderConverter, RowError, converter, header_converter};
use weir_data::records::{Column, Headers, Part, Records, Values};

use super::Error;
use super::errors::{Exception, Failure, Stage};
use weir_config::ConverterSettings;

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

/// Most rows of a piece, unless one record makes more: they are given to the producer in one go.
const PIECE_ROWS: u32 = 1 << 14;

/// Most bytes of a column that the rows made of one record may take.
const RECORD_BYTES: usize = 48 << 20;

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

    /// Whether there is no piece left.
    pub fn is_finished(&self) -> bool {
        self.finished
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
    /// Converts the next piece of a batch; `None` = there is none left. A batch without rows is one piece. `origin` says for a row
    /// which record it was made of, and never decreases: rows of one record stay together.
    pub fn next_piece(&mut self, pieces: &mut Pieces, origin: impl Fn(u32) -> u32) -> Option<Piece> {
        if pieces.finished {
            return None;
        }
        let formats = &pieces.records.formats;
        let first = pieces.at.row;
        let grows = self.value.grows(formats) || self.key.grows(formats) || self.header.grows(formats);
        if first == 0 && pieces.records.count <= PIECE_ROWS && !grows {
            pieces.finished = true;
            let (outgoing, failures) = self.to_kafka(std::mem::take(&mut pieces.records));
            return Some(Piece { first, outgoing, failures });
        }
        let left = pieces.records.count - first;
        let mut columns = self.columns(pieces, left.min(pieces.most).min(PIECE_ROWS), PIECE_BYTES);
        let end = first + columns.rows;
        let own = |row: &u32| origin(*row) == origin(end - 1);
        if columns.rows < left && origin(end) == origin(end - 1) {
            let of_others = (first..end).rev().take_while(own).count() as u32;
            let of_others = columns.rows - of_others;
            if of_others > 0 {
                columns.truncate(of_others, &pieces.records, pieces.at);
            } else {
                // One record makes more than a piece.
                let all = (first..first + left).take_while(own).count() as u32;
                columns = self.columns(pieces, all, RECORD_BYTES);
                columns.pad(all, &pieces.records, pieces.at);
            }
        }
        Some(pieces.take(columns))
    }

    /// Converts up to `most` rows; fewer if a column reaches `limit` bytes before, but at least one.
    fn columns(&mut self, pieces: &Pieces, most: u32, limit: usize) -> Columns {
        let Pieces { records, at, .. } = pieces;
        let formats = &records.formats;
        let part = pieces.values(most);
        let values = self.value.from_connect_part(formats, part, limit);
        let mut rows = rows_of(&values.output, most);
        let keys = self.key.from_connect_part(formats, pieces.keys(rows), limit);
        rows = rows_of(&keys.output, rows);
        let counts = at.counts(records, rows);
        let mut count = counts.iter().sum();
        let mut headers = Converted::<Column>::default();
        if count > 0 {
            headers = self.header.from_connect_part(formats, pieces.header_values(count), limit);
            let converted = rows_of(&headers.output, count);
            if converted < count {
                (rows, count) = whole_rows(counts, converted);
                if rows == 0 {
                    // The headers of one row are larger than a piece.
                    (rows, count) = (1, counts.first().copied().unwrap_or(0));
                    headers = self.header.from_connect_part(formats, pieces.header_values(count), usize::MAX);
                }
            }
        }
        let mut columns = Columns { rows: most, values, keys, headers, header_count: count };
        columns.truncate(rows, records, *at);
        columns
    }
}

/// The converted columns of a piece.
struct Columns {
    rows: u32,
    values: Converted<Column>,
    keys: Converted<Column>,
    headers: Converted<Column>,
    header_count: u32,
}

impl Columns {
    /// Leaves out all but the first rows.
    fn truncate(&mut self, rows: u32, records: &Records, at: Cursor) {
        self.rows = rows;
        self.header_count = at.counts(records, rows).iter().sum();
        truncate(&mut self.values, rows);
        truncate(&mut self.keys, rows);
        truncate(&mut self.headers, self.header_count);
    }

    /// Lets the rows fail that were not converted up to this one.
    fn pad(&mut self, rows: u32, records: &Records, at: Cursor) {
        let missing = self.rows..rows;
        if missing.is_empty() {
            return;
        }
        let message = || format!("the records made of one record take more than {} MiB", RECORD_BYTES >> 20);
        self.values.failures.extend(missing.map(|row| RowError { row, message: message() }));
        self.header_count = at.counts(records, rows).iter().sum();
        for (column, length) in [
            (&mut self.values.output, rows),
            (&mut self.keys.output, rows),
            (&mut self.headers.output, self.header_count),
        ] {
            // An empty column is all nulls as it is.
            if !column.lengths.is_empty() {
                column.lengths.resize(length as usize, -1);
            }
        }
        self.rows = rows;
    }
}

impl Cursor {
    /// The numbers of headers of the next rows.
    fn counts(self, records: &Records, rows: u32) -> &[u32] {
        let from = self.row as usize;
        records.headers.counts.get(from..from + rows as usize).unwrap_or_default()
    }
}

impl Pieces {
    fn keys(&self, rows: u32) -> Part<'_> {
        part(&self.records.keys, self.at.row, self.at.key_byte, rows)
    }

    fn values(&self, rows: u32) -> Part<'_> {
        part(&self.records.values, self.at.row, self.at.value_byte, rows)
    }

    fn header_values(&self, headers: u32) -> Part<'_> {
        part(&self.records.headers.values, self.at.header, self.at.header_value_byte, headers)
    }

    /// Takes the rows of these columns off.
    fn take(&mut self, columns: Columns) -> Piece {
        let Columns { rows, values, keys, headers, header_count } = columns;
        let at = self.at;
        let mut failures = Vec::new();
        let of_row = rows_of_headers(at.counts(&self.records, rows));
        let header_values = take(headers, Stage::HeaderConverter, &mut failures, of_row);
        let keys = take(keys, Stage::KeyConverter, &mut failures, |row| row);
        let values = take(values, Stage::ValueConverter, &mut failures, |row| row);
        first_of_each_row(&mut failures);

        let (from, to) = (at.header as usize, (at.header + header_count) as usize);
        let names = self.records.headers.names.lengths.get(from..to).unwrap_or_default();
        let next = Cursor {
            row: at.row + rows,
            key_byte: at.key_byte + self.keys(rows).bytes.len(),
            value_byte: at.value_byte + self.values(rows).bytes.len(),
            header: at.header + header_count,
            name_byte: at.name_byte + size(names),
            header_value_byte: at.header_value_byte + self.header_values(header_count).bytes.len(),
        };
        self.finished = next.row >= self.records.count;
        let records = if at.row == 0 && self.finished {
            let mut records = std::mem::take(&mut self.records);
            (records.keys, records.values, records.headers.values) = Default::default();
            records.formats = Vec::new();
            records
        } else {
            let cut = self.cut(rows, header_count);
            if self.finished {
                self.records = Records::default();
            }
            cut
        };
        self.at = next;
        self.most = rows.saturating_mul(2).max(1);
        Piece { first: at.row, outgoing: Outgoing { records, keys, values, header_values }, failures }
    }
}

/// Some rows of `values`, from a place on.
fn part(values: &Values, row: u32, byte: usize, rows: u32) -> Part<'_> {
    let row = row as usize;
    let mut rest = Part {
        lengths: values.lengths.get(row..).unwrap_or_default(),
        bytes: values.bytes.get(byte..).unwrap_or_default(),
        formats: values.formats.get(row..).unwrap_or_default(),
        count: rows,
    };
    rest.split_off(rows)
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

    use std::collections::HashMap;

    use super::*;
    use weir_config::ConverterSetting;

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
            while let Some(piece) = converters.next_piece(&mut pieces, |row| row) {
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
    fn rows_of_one_record_stay_together_and_are_bounded() {
        let pieces_of = |rows, doc, origin: &dyn Fn(u32) -> u32| {
            let (mut converters, mut pieces) = (converters("JsonConverter"), Pieces::new(documented(rows, doc)));
            let mut found = Vec::new();
            while let Some(piece) = converters.next_piece(&mut pieces, origin) {
                assert_eq!(rows_of(&piece.outgoing.values, piece.outgoing.records.count), piece.outgoing.records.count);
                found.push((piece.outgoing.records.count, piece.failures));
            }
            found
        };
        // Four rows reach the limit, and three make a record.
        let counts: Vec<u32> =
            pieces_of(10, PIECE_BYTES / 3, &|row| row / 3).into_iter().map(|(rows, _)| rows).collect();
        assert_eq!(counts, [3, 3, 4]);
        // Five make a record: more than a piece.
        let counts: Vec<u32> =
            pieces_of(10, PIECE_BYTES / 3, &|row| row / 5).into_iter().map(|(rows, _)| rows).collect();
        assert_eq!(counts, [5, 5]);
        // Twenty make a record that is too large.
        let found = pieces_of(21, PIECE_BYTES / 2, &|row| row / 20);
        assert_eq!(found.iter().map(|(rows, _)| *rows).collect::<Vec<_>>(), [20, 1]);
        let last = found[0].1.last().expect("a failure");
        assert_eq!((last.row, last.message.as_str()), (19, "the records made of one record take more than 48 MiB"));
        assert!(found[0].1.iter().all(|failure| failure.row % 3 == 2 || failure.row >= 17));
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
        let piece = converters.next_piece(&mut pieces, |row| row).expect("a piece");
        assert_eq!((piece.outgoing.records.count, piece.outgoing.values.bytes.as_ptr()), (20, address));
        assert!(converters.next_piece(&mut pieces, |row| row).is_none());
    }

    #[test]
    fn many_rows_are_several_pieces() {
        let values = Values::from_column(Column::from_rows((0..40_000).map(|row| Some(row.to_string()))), 40_000, 0);
        let records = Records { count: 40_000, topics: Topics::all("t"), values: values.clone(), ..Records::default() };
        let mut converters = converters("ByteArrayConverter");
        let mut pieces = Pieces::new(records);
        let (mut rows, mut bytes) = (Vec::new(), Vec::new());
        while let Some(piece) = converters.next_piece(&mut pieces, |row| row) {
            rows.push(piece.outgoing.records.count);
            bytes.extend(piece.outgoing.values.bytes);
        }
        assert_eq!((rows, bytes == values.bytes), (vec![16_384, 16_384, 7_232], true));
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
