//! Measures chains of three steps over JSON objects of about 110 bytes, per batch of 500 records; divide by 500 for a record. The code of
//! the guest runs on the host, so WebAssembly and the calls into it are not included. Run: `cargo bench -p weir-transforms`.

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use weir_sdk::bindings::host::weir::connect::data::{
    Column, ConfigEntry, Encoding, Format, HeaderColumns, Records, TopicColumn, TransformBatch, Values,
};
use weir_sdk::bindings::transform::interface::Step;
use weir_sdk::schema::Schema;
use weir_sdk::transform::Transform;
use weir_sdk::transform::{Chain, Plugins, TransformEntry};
use weir_transforms::hoist_field::HoistField;
use weir_transforms::insert_field::InsertField;
use weir_transforms::mask_field::MaskField;
use weir_transforms::regex_router::RegexRouter;
use weir_transforms::replace_field::ReplaceField;
use weir_transforms::side::Value;

const RECORDS: u32 = 500;

fn object(record: u32) -> String {
    format!(
        r#"{{"id":{},"name":"Ada Lovelace","city":"London","active":true,"score":98.25,"tags":["a","b"],"note":"xyz"}}"#,
        123_000 + record
    )
}

fn person() -> Schema {
    Schema::structure("Person")
        .field("id", Schema::int32())
        .field("name", Schema::string().optional())
        .field("city", Schema::string().optional())
        .field("active", Schema::boolean())
        .field("score", Schema::float64())
        .field("tags", Schema::array(Schema::string()))
        .field("note", Schema::string())
        .build()
}

fn batch(encoding: Encoding, schema: Option<Schema>) -> TransformBatch {
    let none = || Values { lengths: vec![], bytes: vec![], format_index: vec![] };
    let records: Vec<String> = (0..RECORDS).map(object).collect();
    let values = Values {
        lengths: records.iter().map(|record| record.len() as i32).collect(),
        bytes: records.concat().into_bytes(),
        format_index: vec![],
    };
    let schema =
        schema.map(|schema| weir_sdk::bindings::host::weir::connect::data::Schema { nodes: schema.nodes().to_vec() });
    let records = Records {
        count: RECORDS,
        topics: TopicColumn { names: vec!["raw-people".into()], name_index: vec![] },
        partitions: vec![0; RECORDS as usize],
        timestamps: (0..i64::from(RECORDS)).map(|record| 1_700_000_000_000 + record).collect(),
        formats: vec![Format { encoding, schema }],
        keys: none(),
        values,
        headers: HeaderColumns { counts: vec![], names: Column { lengths: vec![], bytes: vec![] }, values: none() },
    };
    TransformBatch { records, offsets: (0..i64::from(RECORDS)).collect() }
}

fn step<T: Transform>(config: &[(&str, &str)]) -> (TransformEntry, Step) {
    let config =
        config.iter().map(|(key, value)| ConfigEntry { key: (*key).into(), value: (*value).into(), secret: false });
    let step = Step { alias: "t".into(), class_name: T::CLASS.into(), config: config.collect(), predicate: None };
    (TransformEntry::of::<T>(), step)
}

fn chain(steps: Vec<(TransformEntry, Step)>) -> Chain {
    let (transforms, steps) = steps.into_iter().unzip();
    Chain::new(&Plugins { transforms, predicates: vec![] }, steps).expect("a valid configuration")
}

fn chains(criterion: &mut Criterion) {
    let origin = || step::<InsertField<Value>>(&[("static.field", "origin"), ("static.value", "berlin")]);
    let place = || step::<InsertField<Value>>(&[("topic.field", "topic"), ("timestamp.field", "at")]);
    let route = || step::<RegexRouter>(&[("regex", "raw-(.*)"), ("replacement", "$1")]);
    let hoist = || step::<HoistField<Value>>(&[("field", "payload")]);
    let mask = || step::<MaskField<Value>>(&[("fields", "name")]);
    let replace = || step::<ReplaceField<Value>>(&[("exclude", "note"), ("renames", "city:town")]);
    let pick = || step::<ReplaceField<Value>>(&[("include", "id,name,city")]);
    let mut group = criterion.benchmark_group("chain");
    group.throughput(Throughput::Elements(RECORDS.into()));
    for (name, steps, batch) in [
        ("insert, insert, route: map", vec![origin(), place(), route()], batch(Encoding::Json, None)),
        ("insert, insert, route: struct", vec![origin(), place(), route()], batch(Encoding::Json, Some(person()))),
        ("insert, hoist, insert: map", vec![origin(), hoist(), place()], batch(Encoding::Json, None)),
        ("hoist, insert, insert: text", vec![hoist(), origin(), place()], batch(Encoding::Utf8, None)),
        ("insert, mask, replace: map", vec![origin(), mask(), replace()], batch(Encoding::Json, None)),
        ("insert, mask, replace: struct", vec![origin(), mask(), replace()], batch(Encoding::Json, Some(person()))),
        ("mask: map", vec![mask()], batch(Encoding::Json, None)),
        ("mask: struct", vec![mask()], batch(Encoding::Json, Some(person()))),
        ("replace: map", vec![replace()], batch(Encoding::Json, None)),
        ("replace: struct", vec![replace()], batch(Encoding::Json, Some(person()))),
        ("replace, few stay: map", vec![pick()], batch(Encoding::Json, None)),
        ("replace, few stay: struct", vec![pick()], batch(Encoding::Json, Some(person()))),
        ("insert: map", vec![origin()], batch(Encoding::Json, None)),
        ("route", vec![route()], batch(Encoding::Json, None)),
    ] {
        let mut chain = chain(steps);
        group.bench_function(name, |bencher| {
            let apply = |batch| chain.apply(batch).expect("an answer");
            bencher.iter_batched(|| batch.clone(), apply, BatchSize::SmallInput);
        });
    }
    group.finish();
}

criterion_group!(benches, chains);
criterion_main!(benches);
