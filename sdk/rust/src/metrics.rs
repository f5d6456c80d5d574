//! Metrics of a task (KIP-877), exposed together with the runtime's metrics.
//!
//! ```
//! weir_sdk::metrics::counter_add("records_skipped", 1);
//! weir_sdk::metrics::gauge_set("lag_seconds", 0.5);
//! ```

use crate::host;

/// Adds to a counter. The name has up to 64 characters of `[a-z0-9_]`. A task can use up to 64 names; any further ones
/// are ignored.
pub fn counter_add(name: &str, value: u64) {
    host::counter_add(name, value);
}

/// Sets a gauge. The rules for names are those of [`counter_add`].
pub fn gauge_set(name: &str, value: f64) {
    host::gauge_set(name, value);
}
