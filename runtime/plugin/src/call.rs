//! One call into a guest: its deadline, its share of the processor, and how it ends when it does not end well.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use wasmtime::{Store, UpdateDeadline, WasmBacktrace};
use wasmtime_wasi::I32Exit;

use crate::limits::Limits;
use crate::store::StoreState;

/// How much later than the deadline a call is cut off from outside. A guest that computes is stopped from inside, with a backtrace;
/// this is for one that waits in the host.
const GRACE: Duration = Duration::from_millis(200);
/// A guest that has computed for this long within one call begins to lose part of its share of the processor.
const FREE_COMPUTING: Duration = Duration::from_secs(1);
/// The longest that a stretch between two ticks counts as computing: after a wait in the host the first tick comes late.
const LONGEST_STRETCH: Duration = Duration::from_millis(20);
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

/// Time within the present call, looked at on every tick of the engine.
#[derive(Debug)]
pub(crate) struct Clock {
    timeout: Duration,
    began: Instant,
    computed: Duration,
    /// When the guest went on after the last pause, in nanoseconds since `began`. Written where the pause ends, which is in a
    /// future that knows nothing of the store.
    resumed: Arc<AtomicU64>,
}

impl Clock {
    pub(crate) fn new(timeout: Duration) -> Self {
        let timeout = timeout.min(FOREVER);
        Self { timeout, began: Instant::now(), computed: Duration::ZERO, resumed: Arc::default() }
    }

    fn begin_call(&mut self) {
        self.began = Instant::now();
        self.computed = Duration::ZERO;
        self.resumed.store(0, Ordering::Relaxed);
    }

    /// What becomes of a guest that was still computing when the engine ticked: the deadline ends it, otherwise other tasks get their
    /// turn first. One that computes for seconds sleeps as long as it ran, later two and three times as long.
    pub(crate) fn tick(&mut self) -> wasmtime::Result<UpdateDeadline> {
        let elapsed = self.began.elapsed();
        if elapsed >= self.timeout {
            return Err(CallTimeout(self.timeout.as_millis()).into());
        }
        let resumed = Duration::from_nanos(self.resumed.load(Ordering::Relaxed));
        let stretch = elapsed.saturating_sub(resumed).min(LONGEST_STRETCH);
        self.computed += stretch;
        let share = u32::try_from(self.computed.as_secs() / FREE_COMPUTING.as_secs()).unwrap_or(u32::MAX).min(3);
        let pause = stretch * share;
        let (began, resumed) = (self.began, Arc::clone(&self.resumed));
        let turn = async move {
            if pause.is_zero() {
                tokio::task::yield_now().await;
            } else {
                tokio::time::sleep(pause).await;
            }
            resumed.store(u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
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
                state.log.begin_call();
                state.limiter.refused = None;
                self.store.set_epoch_deadline(1);
                self.phase = Phase::Calling(call);
                return Ok(Deadline(self.timeout + GRACE));
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
pub(crate) struct Deadline(Duration);

/// How a call went.
pub(crate) enum Outcome<R> {
    Returned(wasmtime::Result<R>),
    TimedOut,
}

impl Deadline {
    /// Runs the call.
    pub(crate) async fn run<R>(self, call: impl Future<Output = wasmtime::Result<R>>) -> Outcome<R> {
        match tokio::time::timeout(self.0, call).await {
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

    #[tokio::test]
    async fn a_guest_that_computes_for_long_is_slowed_down_and_then_ended() {
        let mut clock = Clock::new(Duration::from_millis(100));
        clock.begin_call();
        clock.computed = Duration::from_secs(2);
        let UpdateDeadline::YieldCustom(1, turn) = ({
            std::thread::sleep(Duration::from_millis(10));
            clock.tick().unwrap()
        }) else {
            panic!("a yield was expected");
        };
        let before = Instant::now();
        turn.await;
        assert!(before.elapsed() >= Duration::from_millis(20), "slept {:?}", before.elapsed());
        std::thread::sleep(Duration::from_millis(100));
        assert_eq!(clock.tick().err().unwrap().to_string(), "call timeout of 100 ms (weir.call.timeout.ms)");
    }
}
