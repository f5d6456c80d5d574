//! Bytes, text and JSON without schemas pass the checks and the converters of a task without an allocation per row: ten times the
//! rows cost the same number of allocations, but for the doubling of a buffer.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::collections::HashMap;

use weir_config::{ConverterSetting, ConverterSettings};
use weir_data::records::{Column, Encoding, Format, Records, Topics, Values};
use weir_task::convert::{Converters, RawColumns};

/// Counts this thread's allocations.
struct Counting;

thread_local! {
    static COUNT: Cell<usize> = const { Cell::new(0) };
}

#[expect(unsafe_code, reason = "an allocator cannot be written without")]
// SAFETY: every call goes to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.set(COUNT.get() + 1);
        // SAFETY: the caller keeps to the same rules.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps to the same rules.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        COUNT.set(COUNT.get() + 1);
        // SAFETY: the caller keeps to the same rules.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

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
    Column::from_rows((0..rows).map(|row| Some(format!(r#"{{"id":{row},"name":"Ada"}}"#))))
}

/// Allocations of a batch's way through checks and converters, to Kafka and from it.
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

    COUNT.set(0);
    outgoing.check().expect("a valid batch");
    let (sent, failures) = converters.to_kafka(outgoing);
    assert!(failures.is_empty());
    assert_eq!(sent.headers().flatten().count(), 0);
    assert_eq!(sent.values.iter(rows).flatten().count(), rows as usize);
    assert!(converters.to_connect(&mut incoming, raw).is_empty());
    incoming.check().expect("a valid batch");
    COUNT.get()
}

#[test]
fn rows_of_bytes_text_and_json_cost_no_allocations() {
    for (class, encoding) in [
        ("StringConverter", Encoding::Utf8),
        ("ByteArrayConverter", Encoding::Bytes),
        ("JsonConverter", Encoding::Json),
    ] {
        let (few, many) = (allocations(class, encoding, 100), allocations(class, encoding, 1_000));
        assert!(many <= few + 16, "{class}: {few} allocations for 100 rows, {many} for 1,000");
        assert!(few < 100, "{class}: {few} allocations for 100 rows");
    }
}
