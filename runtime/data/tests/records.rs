//! Compares batches with a simple model, a list of records: each operation on columns is also applied to the list.

use proptest::collection::vec;
use proptest::prelude::*;
use weir_data::records::{Column, Encoding, Format, Headers, Records, Topics, Values};
use weir_data::schema::{Schema, SchemaNode, SchemaType};
use weir_data::transformed::{StepFailure, Transformed};

/// A value, and how it is to be read.
type Cell = (Option<String>, Format);

#[derive(Debug, Clone, PartialEq)]
struct Record {
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

fn record() -> impl Strategy<Value = Record> {
    (
        prop::sample::select(vec!["a", "b", "c"]),
        prop::option::of(0..9_i32),
        prop::option::of(0..9_i64),
        cell(),
        cell(),
        vec(("[a-z]{1,3}", cell()), 0..3),
    )
        .prop_map(|(topic, partition, timestamp, key, value, headers)| Record {
            topic: topic.to_owned(),
            partition,
            timestamp,
            key,
            value,
            headers,
        })
}

/// Generates records, with some columns in which all entries are equal, because those have short forms.
fn records() -> impl Strategy<Value = Vec<Record>> {
    (vec(record(), 0..8), record(), any::<[bool; 6]>()).prop_map(|(mut records, one, same)| {
        for record in &mut records {
            let [topic, partition, timestamp, key, value, headers] = same;
            if topic {
                record.topic.clone_from(&one.topic);
            }
            if partition {
                record.partition = None;
            }
            if timestamp {
                record.timestamp = None;
            }
            if key {
                record.key = (None, Format::plain(Encoding::Bytes));
            }
            if value {
                record.value.1 = one.value.1.clone();
            }
            if headers {
                record.headers.clear();
            }
        }
        records
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

/// Returns the batch of these records, in short forms if `short` is true.
fn batch(records: &[Record], short: bool) -> Records {
    let mut formats = Vec::new();
    let keys = values(records.iter().map(|record| &record.key), &mut formats, short);
    let all = values(records.iter().map(|record| &record.value), &mut formats, short);
    let flat: Vec<_> = records.iter().flat_map(|record| &record.headers).collect();
    let header_values = values(flat.iter().map(|(_, cell)| cell), &mut formats, short);
    let mut topics = Topics::default();
    for record in records {
        let known = topics.names.iter().position(|name| *name == record.topic);
        topics.name_index.push(known.unwrap_or(topics.names.len()) as u32);
        if known.is_none() {
            topics.names.push(record.topic.clone());
        }
    }
    let mut batch = Records {
        count: records.len() as u32,
        topics,
        partitions: records.iter().map(|record| record.partition.unwrap_or(-1)).collect(),
        timestamps: records.iter().map(|record| record.timestamp.unwrap_or(-1)).collect(),
        formats,
        keys,
        values: all,
        headers: Headers {
            counts: records.iter().map(|record| record.headers.len() as u32).collect(),
            names: Column::from_entries(flat.iter().map(|(name, _)| Some(name))),
            values: header_values,
        },
    };
    if short {
        if batch.topics.name_index.iter().all(|&topic| topic == 0) {
            batch.topics.name_index.clear();
        }
        if batch.partitions.iter().all(|&partition| partition < 0) {
            batch.partitions.clear();
        }
        if batch.timestamps.iter().all(|&timestamp| timestamp < 0) {
            batch.timestamps.clear();
        }
        if batch.headers.counts.iter().all(|&own| own == 0) {
            batch.headers.counts.clear();
        }
        // A table with nothing but the format that goes without saying need not be there.
        if batch.formats == [Format::plain(Encoding::Bytes)] {
            batch.formats.clear();
        }
    }
    batch
}

fn cells(values: &Values, count: u32, formats: &[Format]) -> Vec<Cell> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let records = values.iter(count).enumerate();
    records.map(|(record, bytes)| (bytes.map(text), values.format_of(record, formats).clone())).collect()
}

/// Returns the records of a batch.
fn model(batch: &Records) -> Vec<Record> {
    let keys = cells(&batch.keys, batch.count, &batch.formats);
    let values = cells(&batch.values, batch.count, &batch.formats);
    let headers = batch.headers.per_record(batch.count);
    let records = keys.into_iter().zip(values).zip(headers).enumerate();
    records
        .map(|(record, ((key, value), headers))| Record {
            topic: batch.topics.topic(record).to_owned(),
            partition: batch.partition(record),
            timestamp: batch.timestamp(record),
            key,
            value,
            headers: headers
                .map(|header| {
                    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
                    let format = batch.formats.get(header.format).cloned();
                    let format = format.unwrap_or(Format::plain(Encoding::Bytes));
                    (text(header.name), (header.value.map(text), format))
                })
                .collect(),
        })
        .collect()
}

fn picked(records: &[Record], picks: &[u32]) -> Vec<Record> {
    picks.iter().map(|&pick| records[pick as usize].clone()).collect()
}

/// Which columns a transform replaces.
fn transformed(
    origins: Vec<u32>,
    new: &[Record],
    base: usize,
    changes: [bool; 6],
    short: bool,
) -> (Transformed, Records) {
    let mut given = batch(new, short);
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
    fn a_batch_holds_its_records(records in records(), short in any::<bool>()) {
        let batch = batch(&records, short);
        prop_assert_eq!(batch.check(), Ok(()));
        prop_assert_eq!(model(&batch), records);
    }

    #[test]
    fn picking_records_picks_records(records in records(), short in any::<bool>(), picks in vec(any::<prop::sample::Index>(), 0..10)) {
        let picks: Vec<u32> = if records.is_empty() { vec![] } else { picks.iter().map(|pick| pick.index(records.len()) as u32).collect() };
        let selected = batch(&records, short).select(&picks);
        prop_assert_eq!(selected.check(), Ok(()));
        prop_assert_eq!(model(&selected), picked(&records, &picks));
    }

    #[test]
    fn a_slice_is_a_slice(records in records(), short in any::<bool>(), from in 0..9_u32, to in 0..9_u32) {
        let slice = batch(&records, short).slice(from, to);
        prop_assert_eq!(slice.check(), Ok(()));
        let to = (to as usize).min(records.len());
        prop_assert_eq!(model(&slice), records[(from as usize).min(to)..to].to_vec());
    }

    #[test]
    fn two_batches_become_one(one in records(), other in records(), shorts in any::<[bool; 2]>()) {
        let both = batch(&one, shorts[0]).concat(batch(&other, shorts[1]));
        prop_assert_eq!(both.check(), Ok(()));
        prop_assert_eq!(model(&both), [one, other].concat());
    }

    #[test]
    fn parts_are_joined_in_order(records in records(), short in any::<bool>(), mask in any::<[bool; 8]>()) {
        let all = batch(&records, short);
        let (one, other): (Vec<u32>, Vec<u32>) = (0..all.count).partition(|&record| mask[record as usize]);
        let (both, origins) = all.select(&one).interleave(one, all.select(&other), other);
        prop_assert_eq!(both.check(), Ok(()));
        prop_assert_eq!(model(&both), records);
        prop_assert_eq!(origins, (0..all.count).collect::<Vec<_>>());
    }

    #[test]
    fn parts_with_repeated_and_dropped_records_are_joined_in_order(
        records in records(), shorts in any::<[bool; 2]>(), mask in any::<[bool; 8]>(), times in any::<[u8; 8]>()) {
        let all = batch(&records, shorts[0]);
        let (one, other): (Vec<u32>, Vec<u32>) = (0..all.count).partition(|&record| mask[record as usize]);
        let one: Vec<u32> = one.iter().flat_map(|&record| vec![record; (times[record as usize] % 3) as usize]).collect();
        // As a transform would give them: with a table of formats of its own.
        let changed = batch(&picked(&records, &one), shorts[1]);
        let mut origins = [one.clone(), other.clone()].concat();
        origins.sort_unstable();
        let (both, found) = changed.interleave(one, all.select(&other), other);
        prop_assert_eq!(both.check(), Ok(()));
        prop_assert_eq!(model(&both), picked(&records, &origins));
        prop_assert_eq!(found, origins);
    }

    #[test]
    fn a_transform_changes_what_it_changes(
        records in records(), new in vec(record(), 8), shorts in any::<[bool; 2]>(), times in any::<[u8; 8]>(), changes in any::<[bool; 6]>()) {
        let input = batch(&records, shorts[0]);
        let origins: Vec<u32> = (0..input.count).flat_map(|record| vec![record; (times[record as usize] % 4).min(2) as usize]).collect();
        let new: Vec<Record> = origins.iter().enumerate().map(|(at, _)| new[at % 8].clone()).collect();
        let (transformed, _) = transformed(origins.clone(), &new, input.formats.len(), changes, shorts[1]);
        prop_assert_eq!(transformed.check(&input), Ok(()));
        let (output, found, failures) = transformed.into_records(input);
        prop_assert_eq!(output.check(), Ok(()));
        prop_assert_eq!(&found, &origins);
        prop_assert!(failures.is_empty());
        let expected: Vec<Record> = picked(&records, &origins).into_iter().zip(new).map(|(old, new)| Record {
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
    let topics = (vec("[a-z./ ]{0,3}", 0..3), numbers(|n| n as u32))
        .prop_map(|(names, name_index)| Topics { names, name_index });
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
    fn checking_garbage_does_not_panic(batch in garbage()) {
        let _ = batch.check();
    }

    #[test]
    fn checking_a_garbage_transform_does_not_panic(
        input in records(), output in garbage(), origins in numbers(|n| n as u32), failures in numbers(|n| n as u32), some in any::<[bool; 6]>()) {
        let transformed = Transformed {
            origins,
            topics: some[0].then_some(output.topics),
            partitions: some[1].then_some(output.partitions),
            timestamps: some[2].then_some(output.timestamps),
            added_formats: output.formats,
            keys: some[3].then_some(output.keys),
            values: some[4].then_some(output.values),
            headers: some[5].then_some(output.headers),
            failures: failures.into_iter().map(|index| StepFailure { index, step: 0, message: String::new(), retriable: false }).collect(),
        };
        let input = batch(&input, true);
        if transformed.check(&input).is_ok() {
            let (output, ..) = transformed.into_records(input);
            prop_assert_eq!(output.check(), Ok(()));
        }
    }

    #[test]
    fn a_batch_with_one_thing_wrong_is_refused(records in vec(record(), 1..5), which in 0..11, at in any::<prop::sample::Index>()) {
        let mut batch = batch(&records, false);
        let record = at.index(records.len());
        match which {
            0 => batch.count += 1,
            1 => batch.keys.lengths[record] = -2,
            2 => batch.values.bytes.push(b'x'),
            3 => batch.values.formats[record] = batch.formats.len() as u32,
            4 => batch.topics.name_index[record] = batch.topics.names.len() as u32,
            5 => batch.partitions[record] = -2,
            6 => batch.timestamps.push(0),
            7 => batch.headers.counts[record] += 1,
            8 => batch.formats.push(Format::with_schema(Encoding::Bytes, Schema::string().into())),
            9 => batch.formats.push(Format::with_schema(Encoding::Json, Schema { nodes: vec![] }.into())),
            _ => batch.topics = Topics::default(),
        }
        prop_assert!(batch.check().is_err());
    }
}

#[test]
fn any_text_may_be_the_name_of_a_topic() {
    for name in ["dbo.[orders]", "my table", "a/b", "", "..", &"x".repeat(1000)] {
        let batch = Records { count: 1, topics: Topics::all(name), ..Records::default() };
        assert_eq!(batch.check(), Ok(()), "{name}");
    }
}

#[test]
fn a_character_that_continues_in_the_next_record_is_rejected() {
    let format = Format::plain(Encoding::Utf8);
    let values = Values { lengths: vec![1, 1], bytes: "é".into(), formats: vec![] };
    let batch = Records { count: 2, topics: Topics::all("t"), formats: vec![format], values, ..Records::default() };
    assert_eq!(batch.check().unwrap_err().to_string(), "values: entry 0 is not UTF-8");
}

#[test]
fn a_record_that_is_repeated_too_often_is_rejected() {
    let values = Values { lengths: vec![1 << 20], bytes: vec![b'x'; 1 << 20], formats: vec![] };
    let input = Records { count: 1, topics: Topics::all("t"), values, ..Records::default() };
    let transformed = Transformed { origins: vec![0; 1 << 10], ..Transformed::default() };
    assert!(transformed.check(&input).unwrap_err().to_string().contains("copies of repeated input records"));
}

#[test]
fn a_batch_of_too_many_records_is_rejected() {
    let batch = Records { count: u32::MAX, topics: Topics::all("t"), ..Records::default() };
    assert!(batch.check().unwrap_err().to_string().contains("at most 1048576"));
    let input = Records { count: 1, topics: Topics::all("t"), ..Records::default() };
    let transformed = Transformed { origins: vec![0; (1 << 20) + 1], ..Transformed::default() };
    assert!(transformed.check(&input).unwrap_err().to_string().contains("at most 1048576"));
}

#[test]
fn a_transform_returns_a_limited_number_of_records_and_failures() {
    let input = Records { count: 1000, topics: Topics::all("t"), ..Records::default() };
    let origins = |count| Transformed { origins: vec![0; count], ..Transformed::default() };
    assert_eq!(origins(64_000).check(&input), Ok(()));
    let text = origins(64_001).check(&input).unwrap_err().to_string();
    assert_eq!(text, "origins has 64001 entries for a batch of 1000 records; the limit is 64000");
    let failure = StepFailure { index: 0, step: 0, message: String::new(), retriable: false };
    let failures = |count| Transformed { failures: vec![failure.clone(); count], ..Transformed::default() };
    assert_eq!(failures(64_000).check(&input), Ok(()));
    assert!(failures(64_001).check(&input).unwrap_err().to_string().starts_with("failures has 64001"));
    // One record may become many.
    let input = Records { count: 1, topics: Topics::all("t"), ..Records::default() };
    assert_eq!(origins(16_384).check(&input), Ok(()));
    assert!(origins(16_385).check(&input).is_err());
}

#[test]
fn the_schemas_of_a_batch_take_a_limited_amount_of_memory() {
    let documented = |bytes| {
        let mut schema = Schema::string();
        schema.nodes[0].doc = Some("d".repeat(bytes));
        Format::with_schema(Encoding::Utf8, schema.into())
    };
    let with = |formats| Records { formats, ..Records::default() }.check();
    assert_eq!(with(vec![documented(1 << 20); 15]), Ok(()));
    assert!(with(vec![documented(1 << 20); 16]).unwrap_err().to_string().contains("the limit for a batch is 16777216"));
    assert!(with(vec![Format::plain(Encoding::Json); (1 << 20) + 1]).is_err(), "a table of nothing is too large too");
}

#[test]
fn a_schema_with_shared_nodes_is_rejected() {
    let mut nodes: Vec<_> = (0..60)
        .map(|at| SchemaNode {
            children: vec![at + 1, at + 1],
            field_names: vec!["a".to_owned(), "b".to_owned()],
            ..SchemaNode::new(SchemaType::Struct)
        })
        .collect();
    nodes.push(SchemaNode::new(SchemaType::Int8));
    let format = Format::with_schema(Encoding::Json, Schema { nodes }.into());
    let batch = Records { formats: vec![format], ..Records::default() };
    assert!(batch.check().unwrap_err().to_string().contains("a node must have one parent"));
}

#[test]
fn columns_that_did_not_change_are_not_copied() {
    let input = batch(
        &[Record {
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
fn one_record_fails_once() {
    let failure = |index, step| StepFailure { index, step, message: step.to_string(), retriable: false };
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
