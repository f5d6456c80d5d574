//! The limit on the log output of a connector's plugins over time. `log.rs` limits the output of one call, but a plugin that is called
//! repeatedly could still fill a disk.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::log::Identity;

/// A connector that did not log for this time may log as much at once as it may in this time.
const BURST_SECONDS: u64 = 16;
/// The number of bytes that are always enough for a line.
const MIN_BURST: u64 = 64 << 10;
/// The time between two reports of dropped lines.
const REPORT_EVERY: Duration = Duration::from_secs(10);
/// The number of budgets at which unused ones are removed.
const MANY: usize = 1024;

/// Dropped lines.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Dropped {
    pub(crate) lines: u64,
    pub(crate) bytes: u64,
}

/// The decision about a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Verdict {
    /// Whether the line is written.
    pub(crate) written: bool,
    /// The lines dropped since the last report, if it is time for a report.
    pub(crate) report: Option<Dropped>,
}

/// The budget of a connector: a token bucket that fills at a constant rate. Successive instances share it, so that restarts do not increase
/// it.
#[derive(Debug)]
pub(crate) struct LogBudget {
    /// Bytes per second (`weir.plugin.log.bytes.per.second`).
    rate: u64,
    bucket: Mutex<Bucket>,
}

#[derive(Debug)]
struct Bucket {
    left: u64,
    /// The time at which `left` was computed.
    at: Instant,
    dropped: Dropped,
    reported: Option<Instant>,
}

impl LogBudget {
    pub(crate) fn new(rate: u64, now: Instant) -> Self {
        let bucket = Bucket { left: burst(rate), at: now, dropped: Dropped::default(), reported: None };
        Self { rate, bucket: Mutex::new(bucket) }
    }

    /// Requests a line of this size.
    pub(crate) fn spend(&self, bytes: u64, now: Instant) -> Verdict {
        let mut bucket = self.bucket.lock();
        bucket.fill(self.rate, now);
        let written = match bucket.left.checked_sub(bytes) {
            Some(left) => {
                bucket.left = left;
                true
            }
            None => {
                bucket.dropped.lines += 1;
                bucket.dropped.bytes += bytes;
                false
            }
        };
        let due = bucket.reported.is_none_or(|reported| now.saturating_duration_since(reported) >= REPORT_EVERY);
        let report = if due { bucket.report(now) } else { None };
        Verdict { written, report }
    }

    /// Returns the lines dropped since the last report, for the case that there is no next line.
    pub(crate) fn rest(&self, now: Instant) -> Option<Dropped> {
        self.bucket.lock().report(now)
    }

    /// Returns whether the budget is full, like a new one.
    fn is_full(&self, now: Instant) -> bool {
        let mut bucket = self.bucket.lock();
        bucket.fill(self.rate, now);
        bucket.left == burst(self.rate)
    }
}

impl Bucket {
    fn fill(&mut self, rate: u64, now: Instant) {
        let passed = now.saturating_duration_since(self.at);
        let more = u64::try_from(u128::from(rate) * passed.as_millis() / 1000).unwrap_or(u64::MAX);
        // A fraction of a byte is kept for the next time.
        if more > 0 {
            self.left = self.left.saturating_add(more).min(burst(rate));
            self.at = now;
        }
    }

    fn report(&mut self, now: Instant) -> Option<Dropped> {
        if self.dropped.lines == 0 {
            return None;
        }
        self.reported = Some(now);
        Some(std::mem::take(&mut self.dropped))
    }
}

fn burst(rate: u64) -> u64 {
    rate.saturating_mul(BURST_SECONDS).max(MIN_BURST)
}

/// The budgets of all connectors of an engine.
#[derive(Debug, Default)]
pub(crate) struct LogBudgets(Mutex<HashMap<String, Arc<LogBudget>>>);

impl LogBudgets {
    /// Returns the budget of an instance: that of its connector, or that of its class if there is no connector yet.
    pub(crate) fn of(&self, identity: &Identity, rate: u64) -> Arc<LogBudget> {
        let owner = match identity.connector.as_str() {
            // A connector's name cannot begin with a slash and a class. If one did, both would share a budget.
            "" => format!("/{}", identity.class),
            connector => connector.to_owned(),
        };
        let now = Instant::now();
        let mut budgets = self.0.lock();
        if budgets.len() >= MANY && !budgets.contains_key(&owner) {
            budgets.retain(|_, budget| Arc::strong_count(budget) > 1 || !budget.is_full(now));
        }
        Arc::clone(budgets.entry(owner).or_insert_with(|| Arc::new(LogBudget::new(rate, now))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: u64 = 10_000;

    fn after(began: Instant, millis: u64) -> Instant {
        began + Duration::from_millis(millis)
    }

    #[test]
    fn a_flood_is_cut_to_the_burst_and_then_to_the_rate() {
        let began = Instant::now();
        let budget = LogBudget::new(RATE, began);
        // A line of 1,000 bytes each millisecond for a minute: 60 MB.
        let written: u64 = (0..60_000).map(|millis| u64::from(budget.spend(1000, after(began, millis)).written)).sum();
        let most = (burst(RATE) + 60 * RATE) / 1000;
        assert!((most - 10..=most).contains(&written), "{written} of {most}");
    }

    #[test]
    fn what_is_dropped_is_reported_at_once_then_from_time_to_time_and_at_the_end() {
        let began = Instant::now();
        let budget = LogBudget::new(RATE, began);
        let mut reports = Vec::new();
        for millis in 0..25_000 {
            let verdict = budget.spend(1000, after(began, millis));
            reports.extend(verdict.report.map(|dropped| (millis, dropped)));
        }
        let (first, dropped) = reports[0];
        assert_eq!(dropped, Dropped { lines: 1, bytes: 1000 });
        let times: Vec<u64> = reports.iter().map(|(millis, _)| millis - first).collect();
        assert_eq!(times, [0, 10_000, 20_000]);
        let rest = budget.rest(after(began, 25_000)).expect("lines were dropped since");
        assert_eq!(budget.rest(after(began, 25_000)), None);
        let lines: u64 = reports.iter().map(|(_, dropped)| dropped.lines).sum::<u64>() + rest.lines;
        let written = (burst(RATE) + 25 * RATE) / 1000;
        assert!((25_000 - written..25_000 - written + 10).contains(&lines), "{lines} and {written}");
    }

    #[test]
    fn a_connector_has_one_budget_whatever_its_instances() {
        let budgets = LogBudgets::default();
        let of = |connector: &str, class: &str| {
            let identity = Identity { connector: connector.into(), task: None, class: class.into() };
            budgets.of(&identity, RATE)
        };
        let first = of("a", "A");
        first.spend(burst(RATE), Instant::now());
        drop(first);
        assert!(!of("a", "B").spend(RATE, Instant::now()).written, "the next instance begins where the last one ended");
        assert!(of("b", "A").spend(RATE, Instant::now()).written);
        assert!(!Arc::ptr_eq(&of("", "A"), &of("", "B")));
        for number in 0..5 * MANY {
            of(&format!("gone-{number}"), "");
        }
        assert!(budgets.0.lock().len() <= MANY + 1);
        assert!(!of("a", "A").spend(RATE, Instant::now()).written, "what is not full is kept");
    }
}
