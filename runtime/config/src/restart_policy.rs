//! `weir.restart.*`: how often and when Weir restarts what has failed.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::time::Duration;

/// Most attempts that a worker or a connector may ask for.
pub(super) const MOST_ATTEMPTS: i64 = 1000;

/// When failed tasks and connectors are restarted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RestartPolicy {
    /// Restarts in a row that may fail; 0 = nothing is restarted, as in Kafka Connect.
    pub max_attempts: u32,
    /// Time before the first one.
    pub delay: Duration,
    /// It doubles up to this.
    pub delay_max: Duration,
    /// What has run for this long counts as well again.
    pub reset_after: Duration,
}

impl RestartPolicy {
    /// Time before the attempt of this number, from 1. `who` spreads what failed at the same time over a fifth of the delay,
    /// always in the same way, so that a database that comes back is not met by all tasks at once.
    pub fn delay(&self, attempt: u32, who: impl std::hash::Hash) -> Duration {
        let doubled = self.delay.saturating_mul(2u32.saturating_pow(attempt.saturating_sub(1)));
        let full = doubled.min(self.delay_max.max(self.delay));
        let mut hasher = DefaultHasher::new();
        (who, attempt).hash(&mut hasher);
        let thousandths = u32::try_from(hasher.finish() % 200).unwrap_or_default();
        full - full / 1000 * thousandths
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_double_up_to_a_bound_and_are_spread() {
        let policy = RestartPolicy {
            max_attempts: 5,
            delay: Duration::from_secs(1),
            delay_max: Duration::from_secs(60),
            reset_after: Duration::from_secs(600),
        };
        for (attempt, full) in [(1, 1), (2, 2), (3, 4), (6, 32), (7, 60), (u32::MAX, 60)] {
            let (full, delay) = (Duration::from_secs(full), policy.delay(attempt, "a"));
            assert!(delay <= full && delay > full.mul_f64(0.79), "{attempt}: {delay:?}");
            assert_eq!(delay, policy.delay(attempt, "a"), "always the same");
        }
        let different: std::collections::HashSet<_> = (0..50).map(|task| policy.delay(1, task)).collect();
        assert!(different.len() > 10, "{different:?}");
        let short = RestartPolicy { delay_max: Duration::ZERO, ..policy };
        assert!(short.delay(9, "a") > Duration::from_millis(790), "never shorter than the first");
    }
}
