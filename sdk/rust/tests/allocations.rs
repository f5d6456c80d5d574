//! Rows of bytes and text cost no allocation each, neither written nor read: columns grow, and that is all.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use weir_sdk::batch::{BatchBuilder, Budget};
use weir_sdk::record::Rows;
use weir_sdk::schema::Schema;
use weir_sdk::source::SourcePartition;

struct Counting;

static ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call goes to the system's allocator unchanged.
#[expect(unsafe_code, reason = "an allocator cannot be written without")]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// The only test of its process: another would be counted with it.
#[test]
fn rows_cost_no_allocation_each() {
    const ROWS: u64 = 20_000;
    let files = ["a", "b"].map(|name| SourcePartition::new().with("filename", name));
    let schema = Schema::string().build();
    let before = ALLOCATIONS.load(Ordering::Relaxed);
    let mut batch = BatchBuilder::new(Budget { rows: u32::MAX, bytes: u32::MAX, wait: Duration::ZERO }, 0);
    for row in 0..ROWS {
        batch
            .record(if row % 3 == 0 { "one-topic" } else { "another-topic" })
            .key_bytes(&row.to_be_bytes())
            .value_text("a line of text that is long enough to be one")
            .value_schema(&schema)
            .header_text("origin", "here")
            .timestamp(1)
            .offset(&files[(row % 2) as usize], |offset| offset.set("position", row))
            .push();
    }
    let batch = batch.finish().expect("the rows are in order");
    let writing = ALLOCATIONS.load(Ordering::Relaxed) - before;
    // Some twenty columns, each of which grows some fifteen times.
    assert!(writing < 400, "{writing} allocations for {ROWS} rows");

    let before = ALLOCATIONS.load(Ordering::Relaxed);
    let mut bytes = 0;
    for record in Rows::new(&batch.records) {
        bytes += record.topic().len() + record.value().as_bytes().map_or(0, <[u8]>::len);
        bytes += record.headers().map(|header| header.name.len()).sum::<usize>();
    }
    assert!(bytes > 1_000_000);
    assert_eq!(ALLOCATIONS.load(Ordering::Relaxed) - before, 0);
}
