//! The counters and gauges of a guest, from the `host` interface. They can be read while the guest updates them, without waiting.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;

/// The maximum number of metrics of an instance. Further names are ignored.
const MAX_METRICS: usize = 64;
/// The maximum length of a name.
const MAX_NAME: usize = 64;

/// The value of a metric.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum MetricValue {
    /// The sum so far. Wraps at 2^64.
    Counter(u64),
    /// The last value.
    Gauge(f64),
}

/// The metrics of an instance, or of successive instances of one owner. The worker may read them at any time, also during a call.
#[derive(Debug)]
pub struct Metrics {
    /// Entries are only appended.
    entries: Box<[OnceLock<Entry>]>,
    /// Locked while a guest adds a name, so that two names never get the same entry.
    adding: Mutex<()>,
}

#[derive(Debug)]
struct Entry {
    name: String,
    counter: bool,
    /// The count, or the bits of an `f64`.
    value: AtomicU64,
}

impl Default for Metrics {
    fn default() -> Self {
        Self { entries: (0..MAX_METRICS).map(|_| OnceLock::new()).collect(), adding: Mutex::new(()) }
    }
}

impl Metrics {
    /// Returns the current names and values, in the order in which the names were added.
    pub fn snapshot(&self) -> Vec<(String, MetricValue)> {
        self.iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    /// Like [`Metrics::snapshot`], without copies.
    pub fn iter(&self) -> impl Iterator<Item = (&str, MetricValue)> {
        self.entries.iter().map_while(OnceLock::get).map(|entry| {
            let value = entry.value.load(Ordering::Relaxed);
            let value =
                if entry.counter { MetricValue::Counter(value) } else { MetricValue::Gauge(f64::from_bits(value)) };
            (entry.name.as_str(), value)
        })
    }

    pub(crate) fn add(&self, name: String, value: u64) {
        // A name that is a gauge already remains a gauge.
        if let Some(entry) = self.entry(name, true).filter(|entry| entry.counter) {
            entry.value.fetch_add(value, Ordering::Relaxed);
        }
    }

    pub(crate) fn set(&self, name: String, value: f64) {
        if let Some(entry) = self.entry(name, false).filter(|entry| !entry.counter) {
            entry.value.store(value.to_bits(), Ordering::Relaxed);
        }
    }

    fn entry(&self, name: String, counter: bool) -> Option<&Entry> {
        if let Some(known) = self.find(&name) {
            return Some(known);
        }
        let valid = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        if name.is_empty() || name.len() > MAX_NAME || !name.bytes().all(valid) {
            return None;
        }
        let _adding = self.adding.lock();
        if let Some(known) = self.find(&name) {
            return Some(known);
        }
        let free = self.entries.iter().find(|entry| entry.get().is_none())?;
        Some(free.get_or_init(|| Entry { name, counter, value: AtomicU64::new(0) }))
    }

    fn find(&self, name: &str) -> Option<&Entry> {
        self.entries.iter().map_while(OnceLock::get).find(|entry| entry.name == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_add_and_gauges_set() {
        let metrics = Metrics::default();
        metrics.add("records".into(), 2);
        metrics.add("records".into(), 3);
        metrics.set("lag".into(), 1.5);
        metrics.set("lag".into(), 2.5);
        metrics.set("records".into(), 9.0);
        let expected = vec![("records".into(), MetricValue::Counter(5)), ("lag".into(), MetricValue::Gauge(2.5))];
        assert_eq!(metrics.snapshot(), expected);
    }

    #[test]
    fn names_are_bounded_in_form_and_number() {
        let metrics = Metrics::default();
        for name in ["", "Upper", "with-dash", &"x".repeat(65)] {
            metrics.add(name.into(), 1);
        }
        assert!(metrics.snapshot().is_empty());
        for index in 0..1000 {
            metrics.add(format!("n{index}"), 1);
        }
        assert_eq!(metrics.snapshot().len(), MAX_METRICS);
    }
}
