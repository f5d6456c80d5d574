//! For lines that a plugin can cause as often as it is called: a few get through, the others are counted.

use std::time::{Duration, Instant};

/// Lines that get through in one window. A task that waits longer from try to try, as Weir does by itself, writes no more.
const LINES: u32 = 20;
/// Its length.
const WINDOW: Duration = Duration::from_secs(60);

/// Counts lines of one place.
#[derive(Debug, Default)]
pub struct Throttle {
    began: Option<Instant>,
    passed: u32,
    left_out: u64,
}

impl Throttle {
    /// Whether the next line is to be written: `Some` with the number of lines that were left out before it.
    pub fn pass(&mut self) -> Option<u64> {
        self.pass_at(Instant::now())
    }

    /// Whether its window has passed, so that it counts as a new one.
    pub fn is_over(&self) -> bool {
        self.began.is_none_or(|began| began.elapsed() >= WINDOW)
    }

    fn pass_at(&mut self, now: Instant) -> Option<u64> {
        if self.began.is_none_or(|began| now.saturating_duration_since(began) >= WINDOW) {
            self.began = Some(now);
            self.passed = 0;
        }
        if self.passed == LINES {
            self.left_out += 1;
            return None;
        }
        self.passed += 1;
        Some(std::mem::take(&mut self.left_out))
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
