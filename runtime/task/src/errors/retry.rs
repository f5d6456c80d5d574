//! The pauses between attempts of an operation that may succeed later: `RetryWithToleranceOperator.execAndRetry` and `backoff`.

use std::hash::{BuildHasher as _, RandomState};
use std::time::Duration;

use tokio::time::Instant;

use crate::control::Stopping;
use weir_config::Errors;

/// The first pause (`RETRIES_DELAY_MIN_MS`).
const FIRST: Duration = Duration::from_millis(300);

/// How often and for how long operations of a task are attempted.
#[derive(Clone)]
pub(crate) struct Retries {
    /// `errors.retry.timeout`; `None` for no limit.
    timeout: Option<Duration>,
    /// `errors.retry.delay.max.ms`.
    longest: Duration,
    stopping: Stopping,
}

/// The result of a pause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pause {
    /// Try again.
    Again,
    /// The time is over: the failure is final.
    Over,
    /// The task is to stop.
    Stopping,
}

/// The tries of one operation.
pub(crate) struct Tries {
    retries: Retries,
    deadline: Option<Instant>,
    failed: u32,
}

impl Retries {
    pub(crate) fn new(errors: &Errors, stopping: Stopping) -> Self {
        Self { timeout: errors.retry_timeout, longest: errors.retry_delay_max, stopping }
    }

    /// Begins the first attempt of an operation, from which its deadline counts.
    pub(crate) fn begin(&self) -> Tries {
        let now = Instant::now();
        // A timeout beyond the range of the clock is unlimited.
        let deadline = self.timeout.and_then(|timeout| now.checked_add(timeout));
        Tries { retries: self.clone(), deadline, failed: 0 }
    }
}

impl Tries {
    /// Waits before the next attempt of an operation that failed and may succeed later, if another attempt is allowed.
    pub(crate) async fn pause(&mut self) -> Pause {
        let Some(delay) = self.next(Instant::now()) else { return Pause::Over };
        tokio::select! {
            biased;
            () = self.retries.stopping.asked() => Pause::Stopping,
            () = tokio::time::sleep(delay) => Pause::Again,
        }
    }

    /// Returns how long to wait before the next attempt; `None` if there is none.
    fn next(&mut self, now: Instant) -> Option<Duration> {
        let mut delay = self.delay();
        if let Some(deadline) = self.deadline {
            let left = deadline.saturating_duration_since(now);
            if left.is_zero() {
                return None;
            }
            delay = delay.min(left);
        }
        self.failed = self.failed.saturating_add(1);
        Some(delay)
    }

    /// Doubles each time; beyond the longest it is any time below that, so that tasks that failed together do not come back
    /// together.
    fn delay(&self) -> Duration {
        let delay = FIRST.saturating_mul(2u32.saturating_pow(self.failed));
        let longest = self.retries.longest;
        if delay <= longest {
            return delay;
        }
        let bound = u64::try_from(longest.as_millis()).unwrap_or(u64::MAX).max(1);
        // Keys of hash tables are random numbers; nothing better is needed here.
        Duration::from_millis(RandomState::new().hash_one(0) % bound)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::Wanted;

    fn retries(timeout: Option<u64>, longest: u64) -> (Retries, tokio::sync::watch::Sender<Wanted>) {
        let (sender, stopping) = Stopping::channel();
        let errors = Errors {
            retry_timeout: timeout.map(Duration::from_millis),
            retry_delay_max: Duration::from_millis(longest),
            ..Errors::default()
        };
        (Retries::new(&errors, stopping), sender)
    }

    /// Returns the lengths of the pauses until there is no further attempt, if only the pauses take time.
    fn pauses(tries: &mut Tries, most: usize) -> Vec<u64> {
        let mut now = Instant::now();
        let mut pauses = Vec::new();
        while pauses.len() < most {
            let Some(pause) = tries.next(now) else { break };
            now += pause;
            pauses.push(u64::try_from(pause.as_millis()).unwrap_or(u64::MAX));
        }
        pauses
    }

    #[test]
    fn pauses_double_and_the_last_one_ends_at_the_deadline() {
        let (retries, _sender) = retries(Some(5000), 60_000);
        let found = pauses(&mut retries.begin(), 99);
        assert_eq!(found[..4], [300, 600, 1200, 2400]);
        assert!(found.len() == 5 && (400..=500).contains(&found[4]), "{found:?}");
    }

    #[test]
    fn without_a_timeout_of_its_own_nothing_is_tried_again() {
        let (retries, _sender) = retries(Some(0), 60_000);
        assert_eq!(retries.begin().next(Instant::now()), None);
    }

    #[test]
    fn pauses_above_the_longest_are_random_below_it_and_never_end_by_themselves() {
        let (retries, _sender) = retries(None, 1000);
        let found = pauses(&mut retries.begin(), 200);
        assert_eq!(found[..2], [300, 600]);
        assert!(found[2..].iter().all(|pause| *pause < 1000), "{found:?}");
        assert!(found[2..].iter().any(|pause| *pause != found[2]), "{found:?}");
    }

    #[test]
    fn a_longest_pause_of_nothing_is_no_pause() {
        let (retries, _sender) = retries(None, 0);
        assert_eq!(pauses(&mut retries.begin(), 3), [0, 0, 0]);
    }

    #[tokio::test]
    async fn a_stop_ends_the_pause() {
        let (retries, sender) = retries(None, u64::MAX);
        let mut tries = retries.begin();
        tries.failed = 30;
        let stop = async {
            tokio::task::yield_now().await;
            sender.send_replace(Wanted::Stopped);
        };
        assert_eq!(futures_util::future::join(tries.pause(), stop).await.0, Pause::Stopping);
    }
}
