//! The counters and gauges that a guest keeps through the `host` interface.

use indexmap::IndexMap;
use parking_lot::Mutex;

/// Most metrics of one instance; further names are ignored.
const MAX_METRICS: usize = 64;
/// Longest name of a metric.
const MAX_NAME: usize = 64;

/// The value of a metric.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum MetricValue {
    /// What was added up so far. Wraps at 2^64.
    Counter(u64),
    /// What was set last.
    Gauge(f64),
}

/// The metrics of one instance. Shared with the embedder, which may read them at any time, also during a call.
#[derive(Debug, Default)]
pub struct Metrics(Mutex<IndexMap<String, MetricValue>>);

impl Metrics {
    /// Names and values as they are now, in the order in which the names came up.
    pub fn snapshot(&self) -> Vec<(String, MetricValue)> {
        self.0.lock().iter().map(|(name, value)| (name.clone(), *value)).collect()
    }

    pub(crate) fn add(&self, name: String, value: u64) {
        self.update(name, MetricValue::Counter(0), |metric| {
            // A name that is a gauge already stays one.
            if let MetricValue::Counter(count) = metric {
                *count = count.wrapping_add(value);
            }
        });
    }

    pub(crate) fn set(&self, name: String, value: f64) {
        self.update(name, MetricValue::Gauge(0.0), |metric| {
            if let MetricValue::Gauge(gauge) = metric {
                *gauge = value;
            }
        });
    }

    fn update(&self, name: String, new: MetricValue, change: impl FnOnce(&mut MetricValue)) {
        let valid = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        if name.is_empty() || name.len() > MAX_NAME || !name.bytes().all(valid) {
            return;
        }
        let mut metrics = self.0.lock();
        if metrics.len() < MAX_METRICS || metrics.contains_key(&name) {
            change(metrics.entry(name).or_insert(new));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_add_and_gauges_set() {
        let metrics = Metrics::default();
        metrics.add("rows".into(), 2);
        metrics.add("rows".into(), 3);
        metrics.set("lag".into(), 1.5);
        metrics.set("lag".into(), 2.5);
        metrics.set("rows".into(), 9.0);
        let expected = vec![("rows".into(), MetricValue::Counter(5)), ("lag".into(), MetricValue::Gauge(2.5))];
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
