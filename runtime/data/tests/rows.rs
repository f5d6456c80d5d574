//! Batches against the plainest model there is: a list of rows. Whatever is done to columns is done to the rows as well.

use proptest::collection::vec;
use proptest::prelude::*;
use weir_data::records::{Column, Encoding, Format, Headers, Records, Topics, Values};
use weir_data::schema::{Schema, SchemaNode, SchemaType};
use weir_data::transformed::{StepFailure, Transformed};

/// A value, and how it is to be read.
type Cell = (Option<String>, Format);

#[derive(Debug, Clone, PartialEq)]
struct Row {
    topic: String,
    partition: Option<i32>,
    timestamp: Option<i64>,
    key: Cell,
    value: Cell,
    headers: Vec<(String, Cell)>,
}

fn formats() -> Vec<Format> {
    vec![
        Format::plain(Encoding::Bytes),
        Format::plain(Encoding::Utf8),
        Format::plain(Encoding::Json),
        Format::with_schema(Encoding::Utf8, Schema::optional_string().into()),
        Format::with_schema(Encoding::Json, Schema::primitive(SchemaType::Int32).into()),
    ]
}

fn cell() -> impl Strategy<Value = Cell> {
    (prop::option::of("[a-zé]{0,5}"), prop::sample::select(formats()))
}

fn row() -> impl Strategy<Value = Row> {
    (
        prop::sample::select(vec!["a", "b", "c"]),
        prop::option::of(0..9_i32),
        prop::option::of(0..9_i64),
        cell(),
        cell(),
        vec(("[a-z]{1,3}", cell()), 0..3),
    )
        .prop_map(|(topic, partition, timestamp, key, value, headers)| Row {
            topic: topic.to_owned(),
            partition,
            timestamp,
            key,
            value,
            headers,
        })
}

/// Rows of which some columns are the same throughout, because those have short forms.
fn rows() -> impl Strategy<Value = Vec<Row>> {
    (vec(row(), 0..8), row(), any::<[bool; 6]>()).prop_map(|(mut rows, one, same)| {
        for row in &mut rows {
            let [topic, partition, timestamp, key, value, headers] = same;
            if topic {
                row.topic.clone_from(&one.topic);
            }
            if partition {
                row.partition = None;
            }
            if timestamp {
                row.timestamp = None;
            }
            if key {
                row.key = (None, Format::plain(Encoding::Bytes));
            }
            if value {
                row.value.1 = one.value.1.clone();
            }
            if headers {
                row.headers.clear();
            }
        }
        rows
    })
}

fn values<'a>(cells: impl Iterator<Item = &'a Cell>, formats: &mut Vec<Format>, short: bool) -> Values {
    let mut values = Values::default();
    for (bytes, format) in cells {
        values.push_bytes(bytes.as_deref().map(str::as_bytes));
        values.formats.push(format.index_in(formats));
    }
    if short && values.lengths.iter().all(|&length| length < 0) {
        values.lengths.clear();
    }
    if short && values.formats.iter().all(|&format| format == 0) {
        values.formats.clear();
    }
    values
}

/// The batch of these rows, in the short forms where there are any and `short` asks for them.
fn records(rows: &[Row], short: bool) -> Records {
    let mut formats = Vec::new();
    let keys = values(rows.iter().map(|row| &row.key), &mut formats, short);
    let all = values(rows.iter().map(|row| &row.value), &mut formats, short);
    let flat: Vec<_> = rows.iter().flat_map(|row| &row.headers).collect();
    let header_values = values(flat.iter().map(|(_, cell)| cell), &mut formats, short);
    let mut topics = Topics::default();
    for row in rows {
        let known = topics.names.iter().position(|name| *name == row.topic);
        topics.rows.push(known.unwrap_or(topics.names.len()) as u32);
        if known.is_none() {
            topics.names.push(row.topic.clone());
        }
    }
    let mut records = Records {
        count: rows.len() as u32,
        topics,
        partitions: rows.iter().map(|row| row.partition.unwrap_or(-1)).collect(),
        timestamps: rows.iter().map(|row| row.timestamp.unwrap_or(-1)).collect(),
        formats,
        keys,
        values: all,
        headers: Headers {
            counts: rows.iter().map(|row| row.headers.len() as u32).collect(),
            names: Column::from_rows(flat.iter().map(|(name, _)| Some(name))),
            values: header_values,
        },
    };
    if short {
        if records.topics.rows.iter().all(|&topic| topic == 0) {
            records.topics.rows.clear();
        }
        if records.partitions.iter().all(|&partition| partition < 0) {
            records.partitions.clear();
        }
        if records.timestamps.iter().all(|&timestamp| timestamp < 0) {
            records.timestamps.clear();
        }
        if records.headers.counts.iter().all(|&own| own == 0) {
            records.headers.counts.clear();
        }
        // A table with nothing but the format that goes without saying need not be there.
        if records.formats == [Format::plain(Encoding::Bytes)] {
            records.formats.clear();
        }
    }
    records
}

fn cells(values: &Values, count: u32, formats: &[Format]) -> Vec<Cell> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let rows = values.iter(count).enumerate();
    rows.map(|(row, bytes)| (bytes.map(text), values.format_of(row, formats).clone())).collect()
}

/// The rows of a batch.
fn model(records: &Records) -> Vec<Row> {
    let keys = cells(&records.keys, records.count, &records.formats);
    let values = cells(&records.values, records.count, &records.formats);
    let headers = records.headers.rows(records.count);
    let rows = keys.into_iter().zip(values).zip(headers).enumerate();
    rows.map(|(row, ((key, value), headers))| Row {
        topic: records.topics.topic(row).to_owned(),
        partition: records.partition(row),
        timestamp: records.timestamp(row),
        key,
        value,
        headers: headers
            .map(|header| {
                let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
                let format = records.formats.get(header.format).cloned();
                let format = format.unwrap_or(Format::plain(Encoding::Bytes));
                (text(header.name), (header.value.map(text), format))
            })
            .collect(),
    })
    .collect()
}

fn picked(rows: &[Row], picks: &[u32]) -> Vec<Row> {
    picks.iter().map(|&pick| rows[pick as usize].clone()).collect()
}

/// Which columns a transform replaces.
fn transformed(origins: Vec<u32>, new: &[Row], base: usize, changes: [bool; 6], short: bool) -> (Transformed, Records) {
    let mut given = records(new, short);
    // The format that goes without saying does so only in a table that has no other.
    if given.formats.is_empty() && base > 0 {
        given.formats.push(Format::plain(Encoding::Bytes));
    }
    let shift = |mut values: Values, count: usize| {
        // An empty list means the first format of the whole table, which is another one now.
        if values.formats.is_empty() && !given.formats.is_empty() {
            values.formats = vec![0; count];
        }
        values.formats.iter_mut().for_each(|format| *format += base as u32);
        values
    };
    let [topics, partitions, timestamps, keys, all, headers] = changes;
    let total = given.headers.names.lengths.len();
    let transformed = Transformed {
        origins,
        topics: topics.then(|| given.topics.clone()),
        partitions: partitions.then(|| given.partitions.clone()),
        timestamps: timestamps.then(|| given.timestamps.clone()),
        added_formats: given.formats.clone(),
        keys: keys.then(|| shift(given.keys.clone(), new.len())),
        values: all.then(|| shift(given.values.clone(), new.len())),
        headers: headers
            .then(|| Headers { values: shift(given.headers.values.clone(), total), ..given.headers.clone() }),
        failures: Vec::new(),
    };
    (transformed, given)
}

proptest! {
    #[test]
    fn a_batch_holds_its_rows(rows in rows(), short in any::<bool>()) {
        let records = records(&rows, short);
        prop_assert_eq!(records.check(), Ok(()));
        prop_assert_eq!(model(&records), rows);
    }

    #[test]
    fn picking_rows_picks_rows(rows in rows(), short in any::<bool>(), picks in vec(any::<prop::sample::Index>(), 0..10)) {
        let picks: Vec<u32> = if rows.is_empty() { vec![] } else { picks.iter().map(|pick| pick.index(rows.len()) as u32).collect() };
        let selected = records(&rows, short).select(&picks);
        prop_assert_eq!(selected.check(), Ok(()));
        prop_assert_eq!(model(&selected), picked(&rows, &picks));
    }

    #[test]
    fn a_slice_is_a_slice(rows in rows(), short in any::<bool>(), from in 0..9_u32, to in 0..9_u32) {
        let slice = records(&rows, short).slice(from, to);
        prop_assert_eq!(slice.check(), Ok(()));
        let to = (to as usize).min(rows.len());
        prop_assert_eq!(model(&slice), rows[(from as usize).min(to)..to].to_vec());
    }

    #[test]
    fn two_batches_become_one(one in rows(), other in rows(), shorts in any::<[bool; 2]>()) {
        let both = records(&one, shorts[0]).concat(records(&other, shorts[1]));
        prop_assert_eq!(both.check(), Ok(()));
        prop_assert_eq!(model(&both), [one, other].concat());
    }

    #[test]
    fn what_was_taken_apart_comes_together_in_order(rows in rows(), short in any::<bool>(), mask in any::<[bool; 8]>()) {
        let all = records(&rows, short);
        let (one, other): (Vec<u32>, Vec<u32>) = (0..all.count).partition(|&row| mask[row as usize]);
        let (both, origins) = all.select(&one).interleave(one, all.select(&other), other);
        prop_assert_eq!(both.check(), Ok(()));
        prop_assert_eq!(model(&both), rows);
        prop_assert_eq!(origins, (0..all.count).collect::<Vec<_>>());
    }

    #[test]
    fn rows_that_multiplied_or_went_come_together_in_order(
        rows in rows(), shorts in any::<[bool; 2]>(), mask in any::<[bool; 8]>(), times in any::<[u8; 8]>()) {
        let all = records(&rows, shorts[0]);
        let (one, other): (Vec<u32>, Vec<u32>) = (0..all.count).partition(|&row| mask[row as usize]);
        let one: Vec<u32> = one.iter().flat_map(|&row| vec![row; (times[row as usize] % 3) as usize]).collect();
        // As a transform would give them: with a table of formats of its own.
        let changed = records(&picked(&rows, &one), shorts[1]);
        let mut origins = [one.clone(), other.clone()].concat();
        origins.sort_unstable();
        let (both, found) = changed.interleave(one, all.select(&other), other);
        prop_assert_eq!(both.check(), Ok(()));
        prop_assert_eq!(model(&both), picked(&rows, &origins));
        prop_assert_eq!(found, origins);
    }

    #[test]
    fn a_transform_changes_what_it_changes(
        rows in rows(), new in vec(row(), 8), shorts in any::<[bool; 2]>(), times in any::<[u8; 8]>(), changes in any::<[bool; 6]>()) {
        let input = records(&rows, shorts[0]);
        let origins: Vec<u32> = (0..input.count).flat_map(|row| vec![row; (times[row as usize] % 4).min(2) as usize]).collect();
        let new: Vec<Row> = origins.iter().enumerate().map(|(at, _)| new[at % 8].clone()).collect();
        let (transformed, _) = transformed(origins.clone(), &new, input.formats.len(), changes, shorts[1]);
        prop_assert_eq!(transformed.check(&input), Ok(()));
        let (output, found, failures) = transformed.into_records(input);
        prop_assert_eq!(output.check(), Ok(()));
        prop_assert_eq!(&found, &origins);
        prop_assert!(failures.is_empty());
        let expected: Vec<Row> = picked(&rows, &origins).into_iter().zip(new).map(|(old, new)| Row {
            topic: if changes[0] { new.topic } else { old.topic },
            partition: if changes[1] { new.partition } else { old.partition },
            timestamp: if changes[2] { new.timestamp } else { old.timestamp },
            key: if changes[3] { new.key } else { old.key },
            value: if changes[4] { new.value } else { old.value },
            headers: if changes[5] { new.headers } else { old.headers },
        }).collect();
        prop_assert_eq!(model(&output), expected);
    }
}

/// Numbers that are now and then the ones at which something overflows.
fn number() -> impl Strategy<Value = i64> {
    prop_oneof![6 => -2..6_i64, 1 => Just(i64::from(i32::MAX)), 1 => Just(i64::from(i32::MIN)), 1 => Just(i64::MAX), 1 => any::<i64>()]
}

fn numbers<T: Copy + std::fmt::Debug + 'static>(narrow: fn(i64) -> T) -> impl Strategy<Value = Vec<T>> {
    vec(number().prop_map(narrow), 0..6)
}

fn garbage_column() -> impl Strategy<Value = Column> {
    (numbers(|n| n as i32), vec(any::<u8>(), 0..12)).prop_map(|(lengths, bytes)| Column { lengths, bytes })
}

fn garbage_values() -> impl Strategy<Value = Values> {
    (garbage_column(), numbers(|n| n as u32)).prop_map(|(column, formats)| Values {
        lengths: column.lengths,
        bytes: column.bytes,
        formats,
    })
}

fn garbage_format() -> impl Strategy<Value = Format> {
    let kind = prop::sample::select(vec![
        SchemaType::Int8,
        SchemaType::String,
        SchemaType::Bytes,
        SchemaType::Array,
        SchemaType::Map,
        SchemaType::Struct,
    ]);
    let node = (kind, numbers(|n| n as u32), vec("[ab]?", 0..3), prop::option::of("[{}\\[\\]\"1a:,]{0,4}")).prop_map(
        |(kind, children, field_names, default)| SchemaNode { children, field_names, default, ..SchemaNode::new(kind) },
    );
    let encoding = prop::sample::select(vec![Encoding::Bytes, Encoding::Utf8, Encoding::Json]);
    (encoding, prop::option::of(vec(node, 0..4)))
        .prop_map(|(encoding, nodes)| Format { encoding, schema: nodes.map(|nodes| Schema { nodes }.into()) })
}

fn garbage() -> impl Strategy<Value = Records> {
    let topics = (vec("[a-z./ ]{0,3}", 0..3), numbers(|n| n as u32)).prop_map(|(names, rows)| Topics { names, rows });
    let headers = (numbers(|n| n as u32), garbage_column(), garbage_values())
        .prop_map(|(counts, names, values)| Headers { counts, names, values });
    (
        number(),
        topics,
        numbers(|n| n as i32),
        numbers(|n| n),
        vec(garbage_format(), 0..3),
        garbage_values(),
        garbage_values(),
        headers,
    )
        .prop_map(|(count, topics, partitions, timestamps, formats, keys, values, headers)| Records {
            count: count as u32,
            topics,
            partitions,
            timestamps,
            formats,
            keys,
            values,
            headers,
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn checking_garbage_does_not_panic(records in garbage()) {
        let _ = records.check();
    }

    #[test]
    fn checking_a_garbage_transform_does_not_panic(
        input in rows(), output in garbage(), origins in numbers(|n| n as u32), failures in numbers(|n| n as u32), some in any::<[bool; 6]>()) {
        let transformed = Transformed {
            origins,
            topics: some[0].then_some(output.topics),
            partitions: some[1].then_some(output.partitions),
            timestamps: some[2].then_some(output.timestamps),
            added_formats: output.formats,
            keys: some[3].then_some(output.keys),
            values: some[4].then_some(output.values),
            headers: some[5].then_some(output.headers),
            failures: failures.into_iter().map(|row| StepFailure { row, step: 0, message: String::new(), retry: false }).collect(),
        };
        let input = records(&input, true);
        if transformed.check(&input).is_ok() {
            let (output, ..) = transformed.into_records(input);
            prop_assert_eq!(output.check(), Ok(()));
        }
    }

    #[test]
    fn a_batch_with_one_thing_wrong_is_refused(rows in vec(row(), 1..5), which in 0..11, at in any::<prop::sample::Index>()) {
        let mut records = records(&rows, false);
        let row = at.index(rows.len());
        match which {
            0 => records.count += 1,
            1 => records.keys.lengths[row] = -2,
            2 => records.values.bytes.push(b'x'),
            3 => records.values.formats[row] = records.formats.len() as u32,
            4 => records.topics.rows[row] = records.topics.names.len() as u32,
            5 => records.partitions[row] = -2,
            6 => records.timestamps.push(0),
            7 => records.headers.counts[row] += 1,
            8 => records.formats.push(Format::with_schema(Encoding::Bytes, Schema::string().into())),
            9 => records.formats.push(Format::with_schema(Encoding::Json, Schema { nodes: vec![] }.into())),
            _ => records.topics = Topics::default(),
        }
        prop_assert!(records.check().is_err());
    }
}

#[test]
fn any_text_may_be_the_name_of_a_topic() {
    for name in ["dbo.[orders]", "my table", "a/b", "", "..", &"x".repeat(1000)] {
        let records = Records { count: 1, topics: Topics::all(name), ..Records::default() };
        assert_eq!(records.check(), Ok(()), "{name}");
    }
}

#[test]
fn characters_that_two_rows_share_are_refused() {
    let format = Format::plain(Encoding::Utf8);
    let values = Values { lengths: vec![1, 1], bytes: "é".into(), formats: vec![] };
    let records = Records { count: 2, topics: Topics::all("t"), formats: vec![format], values, ..Records::default() };
    assert_eq!(records.check().unwrap_err().to_string(), "values: row 0 is not UTF-8");
}

#[test]
fn a_row_repeated_without_end_is_refused() {
    let values = Values { lengths: vec![1 << 20], bytes: vec![b'x'; 1 << 20], formats: vec![] };
    let input = Records { count: 1, topics: Topics::all("t"), values, ..Records::default() };
    let transformed = Transformed { origins: vec![0; 1 << 10], ..Transformed::default() };
    assert!(transformed.check(&input).unwrap_err().to_string().contains("repeating input rows"));
}

#[test]
fn a_batch_of_too_many_rows_is_refused() {
    let records = Records { count: u32::MAX, topics: Topics::all("t"), ..Records::default() };
    assert!(records.check().unwrap_err().to_string().contains("at most 1048576"));
    let input = Records { count: 1, topics: Topics::all("t"), ..Records::default() };
    let transformed = Transformed { origins: vec![0; (1 << 20) + 1], ..Transformed::default() };
    assert!(transformed.check(&input).unwrap_err().to_string().contains("at most 1048576"));
}

#[test]
fn a_transform_makes_a_bounded_number_of_rows_and_failures() {
    let input = Records { count: 1000, topics: Topics::all("t"), ..Records::default() };
    let origins = |count| Transformed { origins: vec![0; count], ..Transformed::default() };
    assert_eq!(origins(64_000).check(&input), Ok(()));
    let text = origins(64_001).check(&input).unwrap_err().to_string();
    assert_eq!(text, "origins has 64001 entries for a batch of 1000 records; at most 64000 can come of so many");
    let failure = StepFailure { row: 0, step: 0, message: String::new(), retry: false };
    let failures = |count| Transformed { failures: vec![failure.clone(); count], ..Transformed::default() };
    assert_eq!(failures(64_000).check(&input), Ok(()));
    assert!(failures(64_001).check(&input).unwrap_err().to_string().starts_with("failures has 64001"));
    // One row may become many.
    let input = Records { count: 1, topics: Topics::all("t"), ..Records::default() };
    assert_eq!(origins(16_384).check(&input), Ok(()));
    assert!(origins(16_385).check(&input).is_err());
}

#[test]
fn the_schemas_of_a_batch_take_a_bounded_amount_of_memory() {
    let documented = |bytes| {
        let mut schema = Schema::string();
        schema.nodes[0].doc = Some("d".repeat(bytes));
        Format::with_schema(Encoding::Utf8, schema.into())
    };
    let with = |formats| Records { formats, ..Records::default() }.check();
    assert_eq!(with(vec![documented(1 << 20); 15]), Ok(()));
    assert!(
        with(vec![documented(1 << 20); 16]).unwrap_err().to_string().contains("those of a batch may take 16777216")
    );
    assert!(with(vec![Format::plain(Encoding::Json); (1 << 20) + 1]).is_err(), "a table of nothing is too large too");
}

#[test]
fn a_schema_that_grows_without_end_is_refused() {
    let mut nodes: Vec<_> = (0..60)
        .map(|at| SchemaNode {
            children: vec![at + 1, at + 1],
            field_names: vec!["a".to_owned(), "b".to_owned()],
            ..SchemaNode::new(SchemaType::Struct)
        })
        .collect();
    nodes.push(SchemaNode::new(SchemaType::Int8));
    let format = Format::with_schema(Encoding::Json, Schema { nodes }.into());
    let records = Records { formats: vec![format], ..Records::default() };
    assert!(records.check().unwrap_err().to_string().contains("each node has one parent"));
}

#[test]
fn columns_that_did_not_change_are_not_copied() {
    let input = records(
        &[Row {
            topic: "t".to_owned(),
            partition: None,
            timestamp: None,
            key: (None, Format::plain(Encoding::Bytes)),
            value: (Some("value".to_owned()), Format::plain(Encoding::Utf8)),
            headers: Vec::new(),
        }],
        true,
    );
    let bytes = input.values.bytes.as_ptr();
    let transformed = Transformed { origins: vec![0], topics: Some(Topics::all("u")), ..Transformed::default() };
    let (output, ..) = transformed.into_records(input);
    assert_eq!(output.values.bytes.as_ptr(), bytes);
    assert_eq!(output.topics.topic(0), "u");
}

#[test]
fn one_row_fails_once() {
    let failure = |row, step| StepFailure { row, step, message: step.to_string(), retry: false };
    let input = Records { count: 3, topics: Topics::all("t"), ..Records::default() };
    let transformed = Transformed {
        origins: vec![1],
        failures: vec![failure(2, 0), failure(0, 1), failure(2, 5)],
        ..Transformed::default()
    };
    assert_eq!(transformed.check(&input), Ok(()));
    let (.., failures) = transformed.into_records(input);
    assert_eq!(failures, [failure(0, 1), failure(2, 0)]);
}
