//! Bytes, text and JSON without schemas pass the checks and the converters of a task without an allocation per record: ten times the
//! records cost the same number of allocations, except for the doubling of a buffer.

use std::collections::HashMap;

use weir_config::{ConverterSetting, ConverterSettings};
use weir_data::records::{Column, Encoding, Format, Records, Topics, Values};
use weir_task::convert::{Converters, RawColumns};
use weir_test_support::allocations::{self, Counting};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn converters(class: &str) -> Converters {
    let setting = |class: &str| ConverterSetting {
        class: class.to_owned(),
        settings: HashMap::from([("schemas.enable".to_owned(), "false".to_owned())]),
    };
    let settings =
        ConverterSettings { key: setting(class), value: setting(class), header: setting("SimpleHeaderConverter") };
    Converters::new(&settings).expect("converters that there are")
}

fn column(rows: u32) -> Column {
    Column::from_entries((0..rows).map(|row| Some(format!(r#"{{"id":{row},"name":"Ada"}}"#))))
}

/// Returns the allocations of a batch in checks and converters, to Kafka and from it.
fn allocations(class: &str, encoding: Encoding, rows: u32) -> usize {
    let mut converters = converters(class);
    let outgoing = Records {
        count: rows,
        topics: Topics::all("t"),
        formats: vec![Format::plain(encoding)],
        keys: Values::from_column(column(rows), rows, 0),
        values: Values::from_column(column(rows), rows, 0),
        ..Records::default()
    };
    let mut incoming = Records { count: rows, topics: Topics::all("t"), ..Records::default() };
    let raw = RawColumns { keys: column(rows), values: column(rows), header_values: Column::default() };

    allocations::during(|| {
        outgoing.check().expect("a valid batch");
        let (sent, failures) = converters.to_kafka(outgoing);
        assert!(failures.is_empty());
        assert_eq!(sent.headers().flatten().count(), 0);
        assert_eq!(sent.values.iter(rows).flatten().count(), rows as usize);
        assert!(converters.to_connect(&mut incoming, raw).is_empty());
        incoming.check().expect("a valid batch");
    })
}

#[test]
fn rows_of_bytes_text_and_json_cost_no_allocations() {
    for (class, encoding) in [
        ("StringConverter", Encoding::Utf8),
        ("ByteArrayConverter", Encoding::Bytes),
        ("JsonConverter", Encoding::Json),
    ] {
        let (few, many) = (allocations(class, encoding, 100), allocations(class, encoding, 1_000));
        assert!(many <= few + 16, "{class}: {few} allocations for 100 records, {many} for 1,000");
        assert!((1..100).contains(&few), "{class}: {few} allocations for 100 records");
    }
}
