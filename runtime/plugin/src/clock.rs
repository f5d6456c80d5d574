//! The time of a call: its deadline, and its share of the CPU.
//!
//! A guest that computes is checked at each tick of the engine, from inside: it yields to other tasks, and ends with a backtrace after its
//! deadline. A guest that waits in the host is ended from outside, a little later.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};
use wasmtime::UpdateDeadline;

use crate::stats::GuestStats;

/// The time after the deadline when a call is ended from outside. A guest that computes is ended from inside, with a backtrace; this is for
/// one that waits in the host.
const GRACE: Duration = Duration::from_millis(500);
/// The time after which a guest that computes in one call gets a smaller share of the CPU.
const FREE_COMPUTING: Duration = Duration::from_secs(1);
/// The longest deadline. A later one counts as no deadline.
const FOREVER: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// The deadline has passed.
#[derive(Debug, thiserror::Error)]
#[error("call timeout of {0} ms (weir.call.timeout.ms)")]
pub(crate) struct CallTimeout(u128);

/// The time that a sandbox ran on a thread, without waiting. It is written where the call is polled, and read by the clock inside the call.
/// Only one thread at a time does this, so that memory ordering does not matter.
#[derive(Debug)]
struct Meter {
    epoch: Instant,
    /// Nanoseconds of all polls that returned.
    spent: AtomicU64,
    /// The beginning of the current poll, in nanoseconds since `epoch`.
    entered: AtomicU64,
    stats: Arc<GuestStats>,
}

impl Meter {
    fn new(stats: Arc<GuestStats>) -> Self {
        Self { epoch: Instant::now(), spent: AtomicU64::new(0), entered: AtomicU64::new(0), stats }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.epoch.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    fn enter(&self) {
        self.entered.store(self.now(), Ordering::Relaxed);
    }

    fn leave(&self) {
        self.spent.store(self.spent().as_nanos() as u64, Ordering::Relaxed);
    }

    /// Returns the total time, including the current poll. Call this only in a poll.
    fn spent(&self) -> Duration {
        let poll = self.now().saturating_sub(self.entered.load(Ordering::Relaxed));
        Duration::from_nanos(self.spent.load(Ordering::Relaxed).saturating_add(poll))
    }
}

/// The time in the current call, checked at each tick of the engine.
#[derive(Debug)]
pub(crate) struct Clock {
    timeout: Duration,
    began: Instant,
    meter: Arc<Meter>,
    /// The value of the meter at the beginning of the call, and at the last tick.
    at_begin: Option<Duration>,
    at_tick: Duration,
}

impl Clock {
    pub(crate) fn new(timeout: Duration, stats: Arc<GuestStats>) -> Self {
        let timeout = timeout.min(FOREVER);
        let meter = Arc::new(Meter::new(stats));
        Self { timeout, began: Instant::now(), meter, at_begin: None, at_tick: Duration::ZERO }
    }

    /// Begins a call.
    pub(crate) fn begin_call(&mut self) -> Deadline {
        self.began = Instant::now();
        self.at_begin = None;
        Deadline { after: self.timeout + GRACE, meter: Arc::clone(&self.meter) }
    }

    /// Returns the duration of the current call.
    pub(crate) fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    /// Returns the error after the deadline.
    pub(crate) fn timeout(&self) -> CallTimeout {
        CallTimeout(self.timeout.as_millis())
    }

    /// Handles a tick of the engine while the guest computes: after the deadline the guest ends, before it other tasks run first.
    pub(crate) fn tick(&mut self) -> wasmtime::Result<UpdateDeadline> {
        let pause = self.pause()?;
        let turn = async move {
            if pause.is_zero() {
                tokio::task::yield_now().await;
            } else {
                tokio::time::sleep(pause).await;
            }
        };
        Ok(UpdateDeadline::YieldCustom(1, Box::pin(turn)))
    }

    /// Returns how long the guest sleeps at this tick. A guest that has computed for seconds sleeps as long as it ran since the last tick,
    /// and later two and three times as long.
    fn pause(&mut self) -> Result<Duration, CallTimeout> {
        if self.began.elapsed() >= self.timeout {
            return Err(self.timeout());
        }
        let spent = self.meter.spent();
        let at_begin = *self.at_begin.get_or_insert(spent);
        let stretch = spent.saturating_sub(self.at_tick.max(at_begin));
        self.at_tick = spent;
        let computed = spent.saturating_sub(at_begin);
        Ok(stretch * u32::try_from(computed.as_secs() / FREE_COMPUTING.as_secs()).unwrap_or(3).min(3))
    }
}

/// Returns the remaining time of a call.
#[must_use]
pub(crate) struct Deadline {
    after: Duration,
    meter: Arc<Meter>,
}

/// Returns the CPU time of this thread. This is a system call, which takes some tenths of a microsecond.
fn thread_cpu() -> Duration {
    // It is never negative.
    Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).unwrap_or_default()
}

/// The result of a call.
pub(crate) enum Outcome<R> {
    Returned(wasmtime::Result<R>),
    TimedOut,
}

impl Deadline {
    /// Makes the call.
    pub(crate) async fn run<R>(self, call: impl Future<Output = wasmtime::Result<R>>) -> Outcome<R> {
        let meter = self.meter;
        let mut call = pin!(call);
        let metered = poll_fn(|context| {
            // The guest stays on one thread during a poll, but the next poll may be on another one.
            let cpu = thread_cpu();
            meter.enter();
            let polled = call.as_mut().poll(context);
            meter.leave();
            meter.stats.spent(thread_cpu().saturating_sub(cpu));
            polled
        });
        match tokio::time::timeout(self.after, metered).await {
            Ok(returned) => Outcome::Returned(returned),
            Err(_) => Outcome::TimedOut,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Computes for a while, ticks once, and returns how long the guest must sleep.
    fn pause_after(clock: &mut Clock, computing: Duration) -> Duration {
        clock.meter.enter();
        std::thread::sleep(computing);
        let pause = clock.pause().expect("the call has time left");
        clock.meter.leave();
        pause
    }

    #[tokio::test]
    async fn a_guest_that_computes_for_long_is_slowed_down_and_then_ended() {
        let stretch = Duration::from_millis(20);
        let mut clock = Clock::new(Duration::from_secs(60), Arc::default());
        let _ = clock.begin_call();
        pause_after(&mut clock, Duration::ZERO);
        assert_eq!(pause_after(&mut clock, stretch), Duration::ZERO, "the first second is free");
        clock.meter.spent.fetch_add(2_000_000_000, Ordering::Relaxed);
        clock.at_tick += Duration::from_secs(2);
        assert!(pause_after(&mut clock, stretch) >= 2 * stretch, "the third second is not");

        // The guest sleeps, and the deadline applies.
        clock.meter.enter();
        std::thread::sleep(stretch);
        let Ok(UpdateDeadline::YieldCustom(1, turn)) = clock.tick() else { panic!("a turn was expected") };
        let before = Instant::now();
        turn.await;
        assert!(before.elapsed() >= 2 * stretch, "{:?}", before.elapsed());
        clock.timeout = Duration::from_millis(1);
        assert_eq!(clock.tick().err().unwrap().to_string(), "call timeout of 1 ms (weir.call.timeout.ms)");
    }

    #[test]
    fn waiting_is_not_computing() {
        let mut clock = Clock::new(Duration::from_secs(60), Arc::default());
        // Of earlier calls.
        clock.meter.spent.store(5_000_000_000, Ordering::Relaxed);
        let _ = clock.begin_call();
        let stretch = Duration::from_millis(1);
        pause_after(&mut clock, stretch);
        // Longer than a guest may compute without a pause.
        std::thread::sleep(FREE_COMPUTING + Duration::from_millis(100));
        assert_eq!(pause_after(&mut clock, stretch), Duration::ZERO);
    }
}
