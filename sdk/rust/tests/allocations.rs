//! Records of bytes and text cost no allocation each, neither when they are written nor when they are read: only columns grow.

use std::time::Duration;

use weir_sdk::batch::{BatchBuilder, Budget};
use weir_sdk::record::RecordIter;
use weir_sdk::schema::Schema;
use weir_sdk::source::SourcePartition;
use weir_test_support::allocations::{self, Counting};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn records_cost_no_allocation_each() {
    const RECORDS: u64 = 20_000;
    let files = ["a", "b"].map(|name| SourcePartition::new().with("filename", name));
    let schema = Schema::string().build();
    let mut batch =
        BatchBuilder::new(Budget { max_records: u32::MAX, max_bytes: u32::MAX, max_wait: Duration::ZERO }, 0);
    let writing = allocations::during(|| {
        for number in 0..RECORDS {
            batch
                .record(if number % 3 == 0 { "one-topic" } else { "another-topic" })
                .key_bytes(&number.to_be_bytes())
                .value_text("a line of text that is long enough to be one")
                .value_schema(&schema)
                .header_text("origin", "here")
                .timestamp(1)
                .offset(&files[(number % 2) as usize], |offset| offset.set("position", number))
                .push();
        }
    });
    let batch = batch.finish().expect("the records are in order");
    // Some twenty columns, each of which grows some fifteen times.
    assert!((1..400).contains(&writing), "{writing} allocations for {RECORDS} records");

    let mut bytes = 0;
    let reading = allocations::during(|| {
        for record in RecordIter::new(&batch.records) {
            bytes += record.topic().len() + record.value().as_bytes().map_or(0, <[u8]>::len);
            bytes += record.headers().map(|header| header.name.len()).sum::<usize>();
        }
    });
    assert!(bytes > 1_000_000);
    assert_eq!(reading, 0);
}
