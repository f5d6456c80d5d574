//! Limits lines that a plugin can cause as often as it is called: a few are written, the others are counted.

use std::time::{Duration, Instant};

/// Maximum number of lines in one window. A task that waits longer after each attempt, as Weir does by default, stays below it.
const LINES: u32 = 20;
/// The length of the window.
const WINDOW: Duration = Duration::from_secs(60);

/// Counts the lines of one kind.
#[derive(Debug, Default)]
pub struct Throttle {
    began: Option<Instant>,
    passed: u32,
    suppressed: u64,
}

impl Throttle {
    /// Decides whether to write the next line: returns `Some` with the number of lines that were suppressed before it, or `None`.
    pub fn pass(&mut self) -> Option<u64> {
        self.pass_at(Instant::now())
    }

    /// Whether its window is over, so that it is equivalent to a new throttle.
    pub fn is_over(&self) -> bool {
        self.began.is_none_or(|began| began.elapsed() >= WINDOW)
    }

    fn pass_at(&mut self, now: Instant) -> Option<u64> {
        if self.began.is_none_or(|began| now.saturating_duration_since(began) >= WINDOW) {
            self.began = Some(now);
            self.passed = 0;
        }
        if self.passed == LINES {
            self.suppressed += 1;
            return None;
        }
        self.passed += 1;
        Some(std::mem::take(&mut self.suppressed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_a_few_lines_a_minute_and_a_count() {
        let began = Instant::now();
        let mut throttle = Throttle::default();
        let passed: Vec<u64> =
            (0..180_000).filter_map(|millis| throttle.pass_at(began + Duration::from_millis(millis))).collect();
        let mut expected = vec![0; 60];
        (expected[20], expected[40]) = (59_980, 59_980);
        assert_eq!(passed, expected);
    }
}
