//! A task's own metrics (KIP-877), shown beside the runtime's.
//!
//! ```
//! weir_sdk::metrics::counter_add("rows_skipped", 1);
//! weir_sdk::metrics::gauge_set("lag_seconds", 0.5);
//! ```

use crate::host;

/// Adds to a counter. The name is up to 64 characters of `[a-z0-9_]`; the first 64 names of a task count.
pub fn counter_add(name: &str, value: u64) {
    host::counter_add(name, value);
}

/// Sets a gauge. Names as above.
pub fn gauge_set(name: &str, value: f64) {
    host::gauge_set(name, value);
}
