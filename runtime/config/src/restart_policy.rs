//! `weir.restart.*`: how often and when Weir restarts failed tasks and connectors.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::time::Duration;

/// Maximum value of `weir.restart.max.attempts`.
pub(super) const MOST_ATTEMPTS: i64 = 1000;

/// When failed tasks and connectors are restarted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RestartPolicy {
    /// Maximum number of consecutive restarts; 0 disables restarts, as in Kafka Connect.
    pub max_attempts: u32,
    /// Delay before the first restart.
    pub delay: Duration,
    /// Maximum delay. The delay doubles with each further restart.
    pub delay_max: Duration,
    /// How long a task or connector must run without failing before its attempts are counted from the start.
    pub reset_after: Duration,
}

impl RestartPolicy {
    /// The delay before an attempt, counted from 1. Tasks that fail at the same time are spread over a fifth of the delay,
    /// depending on `who`, so that they do not all connect to a recovering system at the same moment.
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
