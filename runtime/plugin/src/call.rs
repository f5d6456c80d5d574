//! One call into a guest: its deadline, its share of the processor, and how it ends when it does not end well.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use wasmtime::{Store, UpdateDeadline, WasmBacktrace};
use wasmtime_wasi::I32Exit;

use crate::limits::Limits;
use crate::store::StoreState;

/// How much later than the deadline a call is cut off from outside. A guest that computes is stopped from inside, with a backtrace;
/// this is for one that waits in the host.
const GRACE: Duration = Duration::from_millis(500);
/// A guest that has computed for this long within one call begins to lose part of its share of the processor.
const FREE_COMPUTING: Duration = Duration::from_secs(1);
/// A deadline further away than this is none.
const FOREVER: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// Why a call did not do what it was asked.
#[derive(Debug, Clone, thiserror::Error)]
pub enum CallError {
    /// The plugin asks to be called again later, with the same arguments. The instance is as good as before.
    #[error("{message}")]
    Retry {
        /// What went wrong, in the plugin's words.
        message: String,
        /// How long to wait before; none = the caller's own growing delay.
        after: Option<Duration>,
    },
    /// The plugin gave up, in its own words, or could not be started at all. An instance that said so should only be stopped.
    #[error("{0}")]
    Fatal(String),
    /// The plugin trapped, ran into a limit or told a lie. The instance is dead: drop it.
    #[error("{0}")]
    Trapped(Trap),
}

impl CallError {
    /// True = the instance can be called no more, not even to stop it.
    pub fn is_trap(&self) -> bool {
        matches!(self, Self::Trapped(_))
    }
}

/// The end of an instance. `Display` is the trace an operator sees in the status of a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trap {
    /// The function of the contract that was called, such as `sink.put`.
    pub call: &'static str,
    /// What happened, in one line.
    pub cause: String,
    /// The last lines that the plugin wrote to its standard error or logged as errors in this call: a panic's message.
    pub output: Vec<String>,
    /// The stack of the guest, one frame a line; empty where there is none.
    pub backtrace: String,
}

impl fmt::Display for Trap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "plugin failed in {}: {}", self.call, self.cause)?;
        if !self.output.is_empty() {
            f.write_str("\nlast output of the plugin:")?;
            for line in &self.output {
                write!(f, "\n    {line}")?;
            }
        }
        if !self.backtrace.is_empty() {
            write!(f, "\n{}", self.backtrace)?;
        }
        Ok(())
    }
}

/// The deadline has passed while the guest was computing.
#[derive(Debug, thiserror::Error)]
#[error("call timeout of {0} ms (weir.call.timeout.ms)")]
struct CallTimeout(u128);

/// Time that one sandbox spent on a thread, as opposed to waiting. Written where the call is polled, read by the clock inside of the
/// call; that is one thread at a time, so that the order of memory does not matter.
#[derive(Debug)]
struct Meter {
    epoch: Instant,
    /// Nanoseconds of all polls that have returned.
    spent: AtomicU64,
    /// When the present poll began, in nanoseconds since `epoch`.
    entered: AtomicU64,
}

impl Meter {
    fn new() -> Self {
        Self { epoch: Instant::now(), spent: AtomicU64::new(0), entered: AtomicU64::new(0) }
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

    /// All time so far, the present poll included. Only within a poll.
    fn spent(&self) -> Duration {
        let poll = self.now().saturating_sub(self.entered.load(Ordering::Relaxed));
        Duration::from_nanos(self.spent.load(Ordering::Relaxed).saturating_add(poll))
    }
}

/// Time within the present call, looked at on every tick of the engine.
#[derive(Debug)]
pub(crate) struct Clock {
    timeout: Duration,
    began: Instant,
    meter: Arc<Meter>,
    /// What the meter said when the call began, and at the last tick.
    at_begin: Option<Duration>,
    at_tick: Duration,
}

impl Clock {
    pub(crate) fn new(timeout: Duration) -> Self {
        let timeout = timeout.min(FOREVER);
        let meter = Arc::new(Meter::new());
        Self { timeout, began: Instant::now(), meter, at_begin: None, at_tick: Duration::ZERO }
    }

    fn begin_call(&mut self) {
        self.began = Instant::now();
        self.at_begin = None;
    }

    /// What becomes of a guest that was still computing when the engine ticked: the deadline ends it, otherwise other tasks get their
    /// turn first. One that computes for seconds sleeps as long as it ran, later two and three times as long.
    pub(crate) fn tick(&mut self) -> wasmtime::Result<UpdateDeadline> {
        if self.began.elapsed() >= self.timeout {
            return Err(CallTimeout(self.timeout.as_millis()).into());
        }
        let spent = self.meter.spent();
        let at_begin = *self.at_begin.get_or_insert(spent);
        let stretch = spent.saturating_sub(self.at_tick.max(at_begin));
        self.at_tick = spent;
        let computed = spent.saturating_sub(at_begin);
        let pause = stretch * u32::try_from(computed.as_secs() / FREE_COMPUTING.as_secs()).unwrap_or(3).min(3);
        let turn = async move {
            if pause.is_zero() {
                tokio::task::yield_now().await;
            } else {
                tokio::time::sleep(pause).await;
            }
        };
        Ok(UpdateDeadline::YieldCustom(1, Box::pin(turn)))
    }
}

/// Whether a sandbox may be called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Ready,
    /// Within a call; seen by another call only if the future of this one was dropped.
    Calling(&'static str),
    Dead(&'static str),
}

/// A store together with the rules of calling into it.
pub(crate) struct Sandbox {
    pub(crate) store: Store<StoreState>,
    timeout: Duration,
    memory_max: u64,
    phase: Phase,
}

impl Sandbox {
    pub(crate) fn new(store: Store<StoreState>, limits: &Limits) -> Self {
        Self { store, timeout: limits.call_timeout.min(FOREVER), memory_max: limits.memory_max, phase: Phase::Ready }
    }

    /// Opens a call; [`Sandbox::end`] closes it.
    ///
    /// # Errors
    ///
    /// The instance is dead, or an earlier call was abandoned half-way and left it in an unknown state.
    pub(crate) fn begin(&mut self, call: &'static str) -> Result<Deadline, CallError> {
        let cause = match self.phase {
            Phase::Ready => {
                let state = self.store.data_mut();
                state.clock.begin_call();
                let meter = Arc::clone(&state.clock.meter);
                state.log.begin_call();
                state.limiter.refused = None;
                self.store.set_epoch_deadline(1);
                self.phase = Phase::Calling(call);
                return Ok(Deadline { after: self.timeout + GRACE, meter });
            }
            Phase::Calling(earlier) => format!("not called: {earlier} was given up before it returned"),
            Phase::Dead(earlier) => format!("not called: the instance died in {earlier}"),
        };
        Err(CallError::Trapped(Trap { call, cause, output: Vec::new(), backtrace: String::new() }))
    }

    /// Closes the call that is open.
    ///
    /// # Errors
    ///
    /// It trapped; the instance is dead.
    pub(crate) fn end<R>(&mut self, outcome: Outcome<R>) -> Result<R, CallError> {
        match outcome {
            Outcome::Returned(Ok(answer)) => {
                self.phase = Phase::Ready;
                Ok(answer)
            }
            Outcome::Returned(Err(error)) => {
                let cause = self.cause(&error);
                let backtrace = error.downcast_ref::<WasmBacktrace>().map(backtrace).unwrap_or_default();
                Err(self.trap(cause, backtrace))
            }
            Outcome::TimedOut => {
                let timeout = CallTimeout(self.timeout.as_millis());
                Err(self.trap(format!("{timeout}: it was waiting in a call of the host"), String::new()))
            }
        }
    }

    /// The instance returned something that its contract forbids: that is the end of it.
    pub(crate) fn lie(&mut self, call: &'static str, what: impl fmt::Display) -> CallError {
        self.phase = Phase::Calling(call);
        self.trap(format!("the answer breaks the contract: {what}"), String::new())
    }

    fn trap(&mut self, cause: String, backtrace: String) -> CallError {
        let call = match self.phase {
            Phase::Calling(call) | Phase::Dead(call) => call,
            Phase::Ready => "a call",
        };
        self.phase = Phase::Dead(call);
        CallError::Trapped(Trap { call, cause, output: self.store.data().log.last_words(), backtrace })
    }

    /// One line: the limit that was hit if there was one, then what the engine says.
    fn cause(&self, error: &wasmtime::Error) -> String {
        if let Some(I32Exit(status)) = error.downcast_ref() {
            return format!("the plugin exited with status {status}");
        }
        let mut causes: Vec<String> = Vec::new();
        for cause in error.chain() {
            // The backtrace is an error in the chain as well; it has its own place.
            let text = cause.to_string();
            if !text.starts_with("error while executing at wasm backtrace") && !causes.contains(&text) {
                causes.push(text);
            }
        }
        let cause = causes.join(": ");
        if cause.contains("fuel allocated for hostcalls") {
            let max = self.memory_max;
            return format!(
                "handed over more than {max} bytes in one call, which is all it may have (weir.task.memory.max)"
            );
        }
        match &self.store.data().limiter.refused {
            Some(limit) => format!("{limit} reached: {cause}"),
            None => cause,
        }
    }
}

fn backtrace(backtrace: &WasmBacktrace) -> String {
    backtrace.to_string().replacen("error while executing at wasm backtrace:", "wasm backtrace:", 1)
}

/// How long an open call may go on.
#[must_use]
pub(crate) struct Deadline {
    after: Duration,
    meter: Arc<Meter>,
}

/// How a call went.
pub(crate) enum Outcome<R> {
    Returned(wasmtime::Result<R>),
    TimedOut,
}

impl Deadline {
    /// Runs the call.
    pub(crate) async fn run<R>(self, call: impl Future<Output = wasmtime::Result<R>>) -> Outcome<R> {
        let meter = self.meter;
        let mut call = pin!(call);
        let metered = poll_fn(|context| {
            meter.enter();
            let polled = call.as_mut().poll(context);
            meter.leave();
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

    #[test]
    fn a_trace_reads_from_the_call_to_the_stack() {
        let trap = Trap {
            call: "sink.put",
            cause: "wasm trap: unreachable".into(),
            output: vec!["panicked at src/lib.rs:1:2:".into(), "boom".into()],
            backtrace: "wasm backtrace:\n    0: f".into(),
        };
        let expected = "plugin failed in sink.put: wasm trap: unreachable\nlast output of the plugin:\n    \
                        panicked at src/lib.rs:1:2:\n    boom\nwasm backtrace:\n    0: f";
        assert_eq!(CallError::Trapped(trap).to_string(), expected);
    }

    /// Ticks once after computing for a while, and says how long the guest has to pause.
    async fn pause_after(clock: &mut Clock, computing: Duration) -> Duration {
        clock.meter.enter();
        std::thread::sleep(computing);
        let Ok(UpdateDeadline::YieldCustom(1, turn)) = clock.tick() else { panic!("a turn was expected") };
        clock.meter.leave();
        let before = Instant::now();
        turn.await;
        before.elapsed()
    }

    #[tokio::test]
    async fn a_guest_that_computes_for_long_is_slowed_down_and_then_ended() {
        let stretch = Duration::from_millis(20);
        let mut clock = Clock::new(Duration::from_millis(200));
        clock.begin_call();
        pause_after(&mut clock, Duration::ZERO).await;
        assert!(pause_after(&mut clock, stretch).await < stretch, "the first second is free");
        clock.meter.spent.fetch_add(2_000_000_000, Ordering::Relaxed);
        clock.at_tick += Duration::from_secs(2);
        assert!(pause_after(&mut clock, stretch).await >= 2 * stretch, "the third second is not");
        std::thread::sleep(Duration::from_millis(200));
        assert_eq!(clock.tick().err().unwrap().to_string(), "call timeout of 200 ms (weir.call.timeout.ms)");
    }

    #[tokio::test]
    async fn waiting_is_not_computing() {
        let mut clock = Clock::new(Duration::from_secs(60));
        clock.meter.spent.store(5_000_000_000, Ordering::Relaxed);
        clock.begin_call();
        for _ in 0..3 {
            tokio::time::sleep(Duration::from_millis(30)).await;
            assert!(pause_after(&mut clock, Duration::ZERO).await < Duration::from_millis(20));
        }
    }
}
