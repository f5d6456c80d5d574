//! How long a task has been in which state, by the rules of Kafka Connect's `StateTracker`.

use parking_lot::Mutex;

use super::clock;
use weir_api::State;

/// Time in each state. A task changes its state a few times in its life, which is what the lock is for.
#[derive(Debug)]
pub(super) struct StateTimes(Mutex<Times>);

#[derive(Debug, Default)]
struct Times {
    now: Option<(State, u64)>,
    running: u64,
    paused: u64,
    other: u64,
}

/// Shares of a task's time, each from 0 to 1.
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
    /// Adds the time since the last call to the present state's.
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
    fn the_shares_are_those_of_all_time_since_the_first_state() {
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
