//! Pieces together are the whole batch, and none is larger than it has to be.

use std::sync::Arc;

use weir_data::records::{Encoding, Format, Topics};
use weir_data::schema::{Schema, SchemaType};

use super::*;
use crate::convert::RecordFailure;
use crate::convert::testing::converters;

/// Records with a schema of this much documentation; each third is not what the schema says.
fn documented(count: u32, doc: usize) -> Records {
    let mut schema = Schema::structure([("id".to_owned(), Schema::primitive(SchemaType::Int32))]);
    schema.nodes[0].doc = Some("d".repeat(doc));
    let header = Schema::structure([("h".to_owned(), Schema::string().optional())]);
    let text = |index: u32| if index % 3 == 2 { "7".to_owned() } else { format!(r#"{{"id":{index}}}"#) };
    let values = Column::from_entries((0..count).map(|index| Some(text(index))));
    let keys = Column::from_entries((0..count).map(|index| (index % 2 == 0).then(|| index.to_string())));
    let counts: Vec<u32> = (0..count).map(|index| index % 3).collect();
    let headers: u32 = counts.iter().sum();
    let names = Column::from_entries((0..headers).map(|header| Some(format!("n{header}"))));
    let header_values = Column::from_entries((0..headers).map(|_| Some("{}")));
    Records {
        count,
        topics: Topics { names: vec!["a".into(), "b".into()], name_index: (0..count).map(|index| index % 2).collect() },
        partitions: (0..count as i32).collect(),
        timestamps: (0..i64::from(count)).collect(),
        formats: vec![
            Format::plain(Encoding::Utf8),
            Format::with_schema(Encoding::Json, Arc::new(schema)),
            Format::with_schema(Encoding::Json, Arc::new(header)),
        ],
        keys: Values::from_column(keys, count, 0),
        values: Values::from_column(values, count, 1),
        headers: Headers { counts, names, values: Values::from_column(header_values, headers, 2) },
    }
}

type Record = (String, i32, i64, Option<Vec<u8>>, Option<Vec<u8>>, Vec<(String, Option<Vec<u8>>)>);

fn records(outgoing: &Outgoing) -> Vec<Record> {
    let records = &outgoing.records;
    let bytes = |bytes: Option<&[u8]>| bytes.map(<[u8]>::to_vec);
    let (mut keys, mut values) = (outgoing.keys.iter(records.count), outgoing.values.iter(records.count));
    let mut headers = outgoing.headers();
    (0..records.count as usize)
        .map(|index| {
            let own = headers.next().flatten().unwrap_or_default();
            (
                records.topics.topic(index).to_owned(),
                records.partitions[index],
                records.timestamps[index],
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
        while let Some(piece) = converters.next_piece(&mut pieces, |record| record) {
            assert_eq!(piece.first as usize, found.len());
            assert!(piece.outgoing.values.bytes.len() <= PIECE_BYTES + doc + 1000);
            failures.extend(
                piece
                    .failures
                    .into_iter()
                    .map(|failure| RecordFailure { index: piece.first + failure.index, ..failure }),
            );
            found.extend(records(&piece.outgoing));
            number += 1;
        }
        assert_eq!((found, failures), (records(&whole), failed), "{count} records, {doc} bytes");
        assert_eq!(pieces.records_left(), 0);
        let expected = if doc < 1000 { 1..=1 } else { 1..=count.max(1) };
        assert!(expected.contains(&number), "{number} pieces");
    }
}

#[test]
fn records_made_of_one_stay_together_and_are_bounded() {
    let pieces_of = |count, doc, origin: &dyn Fn(u32) -> u32| {
        let (mut converters, mut pieces) = (converters("JsonConverter"), Pieces::new(documented(count, doc)));
        let mut found = Vec::new();
        while let Some(piece) = converters.next_piece(&mut pieces, origin) {
            assert_eq!(entries(&piece.outgoing.values, piece.outgoing.records.count), piece.outgoing.records.count);
            found.push((piece.outgoing.records.count, piece.failures));
        }
        found
    };
    // Four records reach the limit, and three were one.
    let counts: Vec<u32> =
        pieces_of(10, PIECE_BYTES / 3, &|index| index / 3).into_iter().map(|(count, _)| count).collect();
    assert_eq!(counts, [3, 3, 4]);
    // Five were one: more than a piece.
    let counts: Vec<u32> =
        pieces_of(10, PIECE_BYTES / 3, &|index| index / 5).into_iter().map(|(count, _)| count).collect();
    assert_eq!(counts, [5, 5]);
    // Twenty were one: together they are too large.
    let found = pieces_of(21, PIECE_BYTES / 2, &|index| index / 20);
    assert_eq!(found.iter().map(|(count, _)| *count).collect::<Vec<_>>(), [20, 1]);
    let last = found[0].1.last().expect("a failure");
    assert_eq!((last.index, last.message.as_str()), (19, "the records made of one record take more than 48 MiB"));
    assert!(found[0].1.iter().all(|failure| failure.index % 3 == 2 || failure.index >= 17));
}

#[test]
fn text_and_json_without_schemas_are_one_piece_that_is_not_copied() {
    let values = Column::from_entries(vec![Some("x".repeat(1 << 20)); 20]);
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
    let piece = converters.next_piece(&mut pieces, |record| record).expect("a piece");
    assert_eq!((piece.outgoing.records.count, piece.outgoing.values.bytes.as_ptr()), (20, address));
    assert!(converters.next_piece(&mut pieces, |record| record).is_none());
}

#[test]
fn many_records_are_several_pieces() {
    let values = Values::from_column(Column::from_entries((0..40_000).map(|index| Some(index.to_string()))), 40_000, 0);
    let records = Records { count: 40_000, topics: Topics::all("t"), values: values.clone(), ..Records::default() };
    let mut converters = converters("ByteArrayConverter");
    let mut pieces = Pieces::new(records);
    let (mut counts, mut bytes) = (Vec::new(), Vec::new());
    while let Some(piece) = converters.next_piece(&mut pieces, |record| record) {
        counts.push(piece.outgoing.records.count);
        bytes.extend(piece.outgoing.values.bytes);
    }
    assert_eq!((counts, bytes == values.bytes), (vec![16_384, 16_384, 7_232], true));
}
