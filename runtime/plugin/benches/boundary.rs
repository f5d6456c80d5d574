//! Measures passing 500 records of 100 bytes to a guest and back, with all checks that a task makes. The goal is at most 60 ns per record.
//!
//! Run: `cargo bench -p weir-plugin`

#[path = "../tests/common/guest.rs"]
mod guest;

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use weir_data::records::{Column, Encoding, Format, Records, Topics, Values};
use weir_plugin::{
    Budget, Grants, Limits, NoStoredOffsets, SinkBatch, Step, TimestampType, TopicPartition, TransformInstance,
};

use guest::{component, config, identity};

const RECORDS: u32 = 500;

fn records(encoding: Encoding) -> Records {
    let value = [b'x'; 100];
    let column = Column::from_entries((0..RECORDS).map(|_| Some(value)));
    Records {
        count: RECORDS,
        topics: Topics::all("topic"),
        timestamps: (0..i64::from(RECORDS)).collect(),
        formats: vec![Format::plain(encoding)],
        values: Values::from_column(column, RECORDS, 0),
        ..Records::default()
    }
}

async fn transform(what: &str) -> TransformInstance {
    let identity = identity("test.Transform");
    let component = component().await;
    let mut transform = component.transform(identity, &Limits::default(), &Grants::none()).await.expect("an instance");
    let config = config(&[("do", what), ("columns", "keys,values,headers")]);
    let step = Step { alias: "t".into(), class: "test.Transform".into(), config, predicate: None };
    transform.configure(&[step]).await.expect("a valid configuration");
    transform
}

fn boundary(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let mut group = criterion.benchmark_group("boundary");
    group.throughput(Throughput::Elements(RECORDS.into()));

    for (name, what, encoding) in [
        ("transform, bytes there and back", "values", Encoding::Bytes),
        ("transform, text there and back", "values", Encoding::Utf8),
        ("transform, every column back", "all", Encoding::Bytes),
        ("transform, nothing back", "keep", Encoding::Bytes),
    ] {
        let mut transform = runtime.block_on(transform(what));
        let mut batch = Some(records(encoding));
        let mut offsets: Vec<i64> = (0..i64::from(RECORDS)).collect();
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let mut records = batch.take().unwrap_or_else(|| records(encoding));
                runtime.block_on(async {
                    let transformed = transform.apply(&mut records, &mut offsets).await.expect("an answer");
                    let mut records = transformed.into_records(records).0;
                    // Otherwise the table would grow with each round, which does not occur in a task.
                    records.formats.truncate(1);
                    records.values.formats.clear();
                    records.keys.formats.clear();
                    batch = Some(black_box(records));
                });
            });
        });
    }

    let mut sink = runtime.block_on(async {
        let component = component().await;
        let mut sink =
            component.sink(identity("test.Sink"), &Limits::default(), &Grants::none()).await.expect("an instance");
        sink.start(&config(&[("do", "take")])).await.expect("a start");
        sink
    });
    let mut batch = SinkBatch {
        records: records(Encoding::Utf8),
        topic_partitions: vec![TopicPartition { topic: "topic".into(), partition: 0 }],
        topic_partition: vec![],
        offsets: (0..i64::from(RECORDS)).collect(),
        timestamp_types: vec![TimestampType::CreateTime],
    };
    group.bench_function("sink, put", |bencher| {
        bencher.iter(|| runtime.block_on(sink.put(&mut batch)).expect("taken"));
    });

    let mut source = runtime.block_on(async {
        let component = component().await;
        let limits = Limits::default();
        let mut source =
            component.source(identity("test.Source"), &limits, &Grants::none()).await.expect("an instance");
        source.start(&config(&[("do", "records")]), Arc::new(NoStoredOffsets)).await.expect("a start");
        source
    });
    let budget = Budget { max_records: RECORDS, max_bytes: 1 << 20, max_wait: Duration::ZERO };
    // Most of this time is the guest writing its records and their offsets.
    group.bench_function("source, poll", |bencher| {
        bencher.iter(|| black_box(runtime.block_on(source.poll(budget)).expect("records")));
    });
    group.finish();

    criterion.bench_function("instance, made and dropped", |bencher| {
        let component = runtime.block_on(component());
        bencher.iter(|| {
            runtime.block_on(async {
                let identity = identity("test.Transform");
                component.transform(identity, &Limits::default(), &Grants::none()).await.expect("an instance")
            })
        });
    });
}

criterion_group!(benches, boundary);
criterion_main!(benches);
