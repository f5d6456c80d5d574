//! How long a task has been in each state, by the rules of Kafka Connect's `StateTracker`.

use parking_lot::Mutex;

use super::clock;
use weir_api::State;

/// The time in each state. A lock is good enough, because a task changes its state only a few times.
#[derive(Debug)]
pub(super) struct StateTimes(Mutex<Times>);

#[derive(Debug, Default)]
struct Times {
    now: Option<(State, u64)>,
    running: u64,
    paused: u64,
    other: u64,
}

/// Shares of a task's lifetime, each from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct StateRatios {
    /// `running-ratio`.
    pub running: f64,
    /// `pause-ratio`.
    pub paused: f64,
}

impl StateTimes {
    pub(super) fn new() -> Self {
        Self(Mutex::default())
    }

    pub(super) fn change(&self, state: State) {
        self.change_at(clock::now(), state);
    }

    pub(super) fn ratios(&self) -> StateRatios {
        self.ratios_at(clock::now())
    }

    fn change_at(&self, at: u64, state: State) {
        let mut times = self.0.lock();
        times.settle(at);
        times.now = Some((state, at));
    }

    fn ratios_at(&self, at: u64) -> StateRatios {
        let mut times = self.0.lock();
        times.settle(at);
        let total = (times.running + times.paused + times.other) as f64;
        if total == 0.0 {
            return StateRatios::default();
        }
        StateRatios { running: times.running as f64 / total, paused: times.paused as f64 / total }
    }
}

impl Times {
    /// Adds the time since the last call to the current state.
    fn settle(&mut self, at: u64) {
        let Some((state, since)) = &mut self.now else { return };
        let passed = at.saturating_sub(*since);
        *since = at;
        match state {
            State::Running => self.running += passed,
            State::Paused => self.paused += passed,
            _ => self.other += passed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shares_are_of_the_whole_time_since_the_first_state() {
        let times = StateTimes::new();
        assert_eq!(times.ratios_at(100), StateRatios::default());
        times.change_at(1000, State::Unassigned);
        times.change_at(1100, State::Running);
        times.change_at(1600, State::Paused);
        assert_eq!(times.ratios_at(1900), StateRatios { running: 500.0 / 900.0, paused: 300.0 / 900.0 });
        times.change_at(2000, State::Failed);
        assert_eq!(times.ratios_at(2000), StateRatios { running: 0.5, paused: 0.4 });
    }
}
