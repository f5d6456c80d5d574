//! One call into a guest, and how it ends when it does not end well.

use std::fmt;
use std::time::Duration;

use wasmtime::{Store, WasmBacktrace};
use wasmtime_wasi::I32Exit;
use weir_data::text::{MAX_MESSAGE, bounded};

use crate::clock::{CallTimeout, Deadline, Outcome};
use crate::limits::Limits;
use crate::log::LoggedTooMuch;
use crate::stats::{Function, TrapKind};
use crate::store::StoreState;

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

/// Whether a sandbox may be called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Ready,
    /// Within a call; seen by another call only if the future of this one was dropped.
    Calling(&'static str),
    Dead(&'static str),
}

/// Of what wasmtime says when a call hands over more than `set_hostcall_fuel` allows; there is no type for it.
const HOSTCALL_FUEL: &str = "fuel allocated for hostcalls";

/// A store together with the rules of calling into it.
pub(crate) struct Sandbox {
    pub(crate) store: Store<StoreState>,
    memory_max: u64,
    phase: Phase,
    /// Of the counts, when the present call began.
    cpu_at_begin: Duration,
}

impl Sandbox {
    pub(crate) fn new(store: Store<StoreState>, limits: &Limits) -> Self {
        Self { store, memory_max: limits.memory_max, phase: Phase::Ready, cpu_at_begin: Duration::ZERO }
    }

    /// Opens a call; [`Sandbox::end`] closes it.
    ///
    /// # Errors
    ///
    /// The instance is dead, or an earlier call was abandoned half-way and left it in an unknown state.
    pub(crate) fn begin(&mut self, function: Function) -> Result<Deadline, CallError> {
        let call = function.name();
        let cause = match self.phase {
            Phase::Ready => {
                let state = self.store.data_mut();
                let deadline = state.clock.begin_call();
                state.log.begin_call();
                state.limiter.refused = None;
                state.trouble().forget();
                state.stats.begin_call(function);
                self.cpu_at_begin = state.stats.cpu();
                self.store.set_epoch_deadline(1);
                self.phase = Phase::Calling(call);
                return Ok(deadline);
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
    pub(crate) fn end<R>(&mut self, function: Function, outcome: Outcome<R>) -> Result<R, CallError> {
        let state = self.store.data();
        state.stats.end_call(function, state.clock.elapsed());
        state.living.spent(state.stats.cpu().saturating_sub(self.cpu_at_begin));
        match outcome {
            Outcome::Returned(Ok(answer)) => {
                self.phase = Phase::Ready;
                Ok(answer)
            }
            Outcome::Returned(Err(error)) => {
                let (kind, cause) = (self.kind(&error), self.cause(&error));
                let backtrace = error.downcast_ref::<WasmBacktrace>().map(backtrace).unwrap_or_default();
                Err(self.trap(kind, cause, backtrace))
            }
            Outcome::TimedOut => {
                let timeout = self.store.data().clock.timeout();
                let cause = format!("{timeout}: it was waiting in a call of the host");
                Err(self.trap(TrapKind::Timeout, cause, String::new()))
            }
        }
    }

    /// The instance returned something that its contract forbids: that is the end of it.
    pub(crate) fn lie(&mut self, call: &'static str, what: impl fmt::Display) -> CallError {
        self.phase = Phase::Calling(call);
        self.trap(TrapKind::Contract, format!("the answer breaks the contract: {what}"), String::new())
    }

    fn trap(&mut self, kind: TrapKind, cause: String, backtrace: String) -> CallError {
        let state = self.store.data();
        state.stats.trapped(kind);
        state.living.trapped(kind);
        let call = match self.phase {
            Phase::Calling(call) | Phase::Dead(call) => call,
            Phase::Ready => "a call",
        };
        self.phase = Phase::Dead(call);
        // Names of functions, and what an error quotes of an answer, are the guest's.
        let (cause, backtrace) = (bounded(cause, MAX_MESSAGE), bounded(backtrace, MAX_MESSAGE));
        CallError::Trapped(Trap { call, cause, output: self.store.data().log.last_words(), backtrace })
    }

    fn kind(&self, error: &wasmtime::Error) -> TrapKind {
        if error.is::<CallTimeout>() {
            return TrapKind::Timeout;
        }
        let handed_over_too_much = || error.chain().any(|cause| cause.to_string().contains(HOSTCALL_FUEL));
        if self.store.data().limiter.refused.is_some() || error.is::<LoggedTooMuch>() || handed_over_too_much() {
            return TrapKind::Limit;
        }
        if error.is::<I32Exit>() {
            return TrapKind::Exit;
        }
        match error.downcast_ref() {
            Some(wasmtime::Trap::UnreachableCodeReached) => TrapKind::Unreachable,
            Some(wasmtime::Trap::StackOverflow) => TrapKind::StackOverflow,
            Some(wasmtime::Trap::MemoryOutOfBounds | wasmtime::Trap::TableOutOfBounds) => TrapKind::OutOfBounds,
            _ => TrapKind::Other,
        }
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
        if cause.contains(HOSTCALL_FUEL) {
            let max = self.memory_max;
            return format!(
                "handed over more than {max} bytes in one call, which is all it may have (weir.task.memory.max)"
            );
        }
        match &self.store.data().limiter.refused {
            Some(limit) => format!("{limit} reached: {cause}"),
            None => self.store.data().trouble().explain(cause),
        }
    }
}

fn backtrace(backtrace: &WasmBacktrace) -> String {
    backtrace.to_string().replacen("error while executing at wasm backtrace:", "wasm backtrace:", 1)
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
}
