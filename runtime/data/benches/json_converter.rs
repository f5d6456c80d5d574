//! JsonConverter, per batch of 500 records of about 110 bytes; divide by 500 for a record. Run: `cargo bench -p weir-data`.
//!
//! `check` compares the JSON check with serde_json's way of skipping a value, over the same records and with the same check
//! for UTF-8 before it.

use std::collections::HashMap;
use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use weir_data::converter::{Converter, converter};
use weir_data::records::{Column, Encoding, Format, Records, Topics, Values};
use weir_json::check_strict;

const RECORDS: u32 = 500;

const SCHEMA: &str = concat!(
    r#"{"type":"struct","fields":[{"type":"int32","optional":false,"field":"id"},"#,
    r#"{"type":"string","optional":true,"field":"name"},{"type":"string","optional":true,"field":"city"},"#,
    r#"{"type":"boolean","optional":false,"field":"active"},{"type":"double","optional":false,"field":"score"},"#,
    r#"{"type":"array","items":{"type":"string","optional":false},"optional":false,"field":"tags"},"#,
    r#"{"type":"string","optional":false,"field":"note"}],"optional":false,"name":"Person"}"#
);

fn object(record: u32) -> String {
    format!(
        r#"{{"id":{},"name":"Ada Lovelace","city":"London","active":true,"score":98.25,"tags":["a","b"],"note":"xyz"}}"#,
        123_000 + record
    )
}

fn column(record: impl Fn(u32) -> String) -> Column {
    Column::from_entries((0..RECORDS).map(|number| Some(record(number))))
}

fn json(schemas: bool) -> Box<dyn Converter> {
    let settings = HashMap::from([("schemas.enable".to_owned(), schemas.to_string())]);
    converter("JsonConverter", &settings, false).expect("a converter")
}

fn check(criterion: &mut Criterion) {
    let records: Vec<String> = (0..RECORDS).map(object).collect();
    let mut group = criterion.benchmark_group("check");
    group.throughput(Throughput::Elements(RECORDS.into()));
    group.bench_function("own", |bencher| {
        bencher.iter(|| records.iter().all(|record| check_strict(black_box(record.as_bytes())).is_ok()));
    });
    group.bench_function("serde_json", |bencher| {
        let ignored = |record: &str| serde_json::from_str::<serde::de::IgnoredAny>(record).is_ok();
        bencher.iter(|| records.iter().all(|record| ignored(black_box(record))));
    });
    group.finish();
}

fn convert(criterion: &mut Criterion) {
    let plain = column(object);
    let enveloped = column(|record| format!(r#"{{"schema":{SCHEMA},"payload":{}}}"#, object(record)));
    let mut group = criterion.benchmark_group("convert");
    group.throughput(Throughput::Elements(RECORDS.into()));
    for (name, schemas, column) in [("schemaless", false, &plain), ("with schema", true, &enveloped)] {
        let mut converter = json(schemas);
        group.bench_function(format!("{name}, to connect"), |bencher| {
            bencher.iter_batched(
                || column.clone(),
                |column| converter.to_connect(column, RECORDS, &mut Vec::new()),
                BatchSize::LargeInput,
            );
        });
        let mut formats = Vec::new();
        let values = converter.to_connect(column.clone(), RECORDS, &mut formats).output;
        group.bench_function(format!("{name}, from connect"), |bencher| {
            bencher.iter_batched(
                || values.clone(),
                |values| converter.from_connect(&formats, values, RECORDS),
                BatchSize::LargeInput,
            );
        });
    }
    group.finish();
}

fn records(criterion: &mut Criterion) {
    let Column { lengths, bytes } = column(object);
    let records = Records {
        count: RECORDS,
        topics: Topics::all("topic"),
        formats: vec![Format::plain(Encoding::Json)],
        values: Values { lengths, bytes, formats: Vec::new() },
        ..Records::default()
    };
    let every_second: Vec<u32> = (0..RECORDS).step_by(2).collect();
    let mut group = criterion.benchmark_group("records");
    group.throughput(Throughput::Elements(RECORDS.into()));
    group.bench_function("check", |bencher| bencher.iter(|| black_box(&records).check()));
    group.bench_function("select every second", |bencher| bencher.iter(|| black_box(&records).select(&every_second)));
    group.finish();
}

criterion_group!(benches, check, convert, records);
criterion_main!(benches);
