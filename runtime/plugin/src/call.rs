//! A call of a guest, and the errors with which it can end.

use std::fmt;
use std::time::Duration;

use wasmtime::{Store, WasmBacktrace};
use wasmtime_wasi::I32Exit;
use weir_data::text::{MAX_MESSAGE, bounded};

use crate::clock::{CallTimeout, Deadline, Outcome};
use crate::host_error::{ClassError, HostError};
use crate::limits::Limits;
use crate::log::LoggedTooMuch;
use crate::stats::{Function, TrapKind};
use crate::store::StoreState;

/// Why a call failed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum CallError {
    /// A retriable error: call again later with the same arguments. The instance can still be used.
    #[error("{message}")]
    Retry {
        /// The plugin's error message.
        message: String,
        /// How long to wait, or `None` to use the caller's increasing delay.
        after: Option<Duration>,
    },
    /// A fatal error with the plugin's message. Only `stop` should be called now.
    #[error("{0}")]
    Fatal(String),
    /// The component has no class that can be used as requested. There is no instance.
    #[error(transparent)]
    NoSuchClass(#[from] ClassError),
    /// The worker could not create an instance or could not call it; the plugin did nothing wrong.
    #[error(transparent)]
    Host(#[from] HostError),
    /// The plugin trapped, exceeded a limit or violated the contract. Drop the instance.
    #[error("{0}")]
    Trapped(Trap),
}

impl CallError {
    /// Returns whether the instance cannot be called any more, not even to stop it.
    pub fn is_trap(&self) -> bool {
        matches!(self, Self::Trapped(_))
    }
}

/// The end of an instance. `Display` writes the trace that operators see in the status of a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trap {
    /// The function that was called, such as `sink.put`.
    pub call: &'static str,
    /// The cause, in one line.
    pub cause: String,
    /// The last lines that the plugin wrote to standard error or logged as errors in this call, such as the message of a panic.
    pub output: Vec<String>,
    /// The functions of the guest on the stack that have names, the innermost first.
    pub frames: Vec<String>,
    /// Whether the instance reached its memory limit, so that the same call may succeed with less data.
    pub out_of_memory: bool,
}

/// The maximum number of frames in a trace. Those after them belong to libraries or to the language.
const MAX_FRAMES: usize = 10;
/// The maximum length of a function name in a trace.
const MAX_FRAME: usize = 512;

impl fmt::Display for Trap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The plugin's own output is the most useful part for its author.
        for line in &self.output {
            writeln!(f, "{line}")?;
        }
        write!(f, "in {}: {}", self.call, self.cause)?;
        for frame in self.frames.iter().take(MAX_FRAMES) {
            write!(f, "\n    at {frame}")?;
        }
        match self.frames.len().saturating_sub(MAX_FRAMES) {
            0 => Ok(()),
            more => write!(f, "\n    ... and {more} more"),
        }
    }
}

/// Whether a sandbox can be called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Ready,
    /// A call is in progress. Another call sees this only if the future of the first one was dropped.
    Calling(&'static str),
    Dead(&'static str),
}

/// Part of wasmtime's message for a call that passes more data than `set_hostcall_fuel` allows. There is no type for it.
const HOSTCALL_FUEL: &str = "fuel allocated for hostcalls";

/// A store with the rules for calls into it.
pub(crate) struct Sandbox {
    pub(crate) store: Store<StoreState>,
    limits: Limits,
    phase: Phase,
    /// The counts at the beginning of the current call.
    cpu_at_begin: Duration,
}

impl Sandbox {
    pub(crate) fn new(store: Store<StoreState>, limits: &Limits) -> Self {
        Self { store, limits: *limits, phase: Phase::Ready, cpu_at_begin: Duration::ZERO }
    }

    /// Begins a call; [`Sandbox::end`] ends it.
    ///
    /// # Errors
    ///
    /// The instance trapped earlier, or an earlier call was abandoned and left the instance in an unknown state.
    pub(crate) fn begin(&mut self, function: Function) -> Result<Deadline, CallError> {
        let call = function.name();
        let cause = match self.phase {
            Phase::Ready => {
                let state = self.store.data_mut();
                let deadline = state.clock.begin_call();
                state.log.begin_call();
                state.limiter.begin_call();
                state.trouble().forget();
                state.stats.begin_call(function);
                self.cpu_at_begin = state.stats.cpu();
                self.store.set_epoch_deadline(1);
                self.phase = Phase::Calling(call);
                return Ok(deadline);
            }
            Phase::Calling(earlier) => format!("not called: {earlier} was abandoned before it returned"),
            Phase::Dead(earlier) => format!("not called: the instance trapped earlier in {earlier}"),
        };
        Err(CallError::Trapped(Trap { call, cause, output: Vec::new(), frames: Vec::new(), out_of_memory: false }))
    }

    /// Ends the current call.
    ///
    /// # Errors
    ///
    /// It trapped.
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
                let frames = error.downcast_ref::<WasmBacktrace>().map(frames).unwrap_or_default();
                let out_of_memory = self.store.data().limiter.out_of_memory || handed_over_too_much(&error);
                Err(self.trap(kind, cause, frames, out_of_memory))
            }
            Outcome::TimedOut => {
                let timeout = self.store.data().clock.timeout();
                let cause = format!("{timeout}: it was waiting in a call of the host");
                Err(self.trap(TrapKind::Timeout, cause, Vec::new(), false))
            }
        }
    }

    /// Returns the maximum number of bytes of keys, values and headers in a batch.
    pub(crate) fn batch_max(&self) -> u64 {
        self.limits.batch_max()
    }

    /// Ends the instance, because its result violates the contract.
    pub(crate) fn contract_violation(&mut self, call: &'static str, what: impl fmt::Display) -> CallError {
        self.phase = Phase::Calling(call);
        self.trap(TrapKind::Contract, format!("the result violates the contract: {what}"), Vec::new(), false)
    }

    fn trap(&mut self, kind: TrapKind, cause: String, frames: Vec<String>, out_of_memory: bool) -> CallError {
        let state = self.store.data();
        state.stats.trapped(kind);
        state.living.trapped(kind);
        let call = match self.phase {
            Phase::Calling(call) | Phase::Dead(call) => call,
            Phase::Ready => "a call",
        };
        self.phase = Phase::Dead(call);
        // Quotes in the error come from the guest.
        let (cause, output) = (bounded(cause, MAX_MESSAGE), self.store.data().log.last_words());
        CallError::Trapped(Trap { call, cause, output, frames, out_of_memory })
    }

    fn kind(&self, error: &wasmtime::Error) -> TrapKind {
        if error.is::<CallTimeout>() {
            return TrapKind::Timeout;
        }
        let refused = self.store.data().limiter.refused.is_some();
        if refused || error.is::<LoggedTooMuch>() || handed_over_too_much(error) {
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

    /// Returns one line: the limit that was exceeded, if any, then the engine's message.
    fn cause(&self, error: &wasmtime::Error) -> String {
        if let Some(I32Exit(status)) = error.downcast_ref() {
            return format!("the plugin exited with status {status}");
        }
        let mut causes: Vec<String> = Vec::new();
        for cause in error.chain() {
            // The chain of errors also contains the backtrace, which is written separately.
            let text = cause.to_string();
            if !text.starts_with("error while executing at wasm backtrace") && !causes.contains(&text) {
                causes.push(text);
            }
        }
        let cause = causes.join(": ");
        if cause.contains(HOSTCALL_FUEL) {
            return format!("one call passed more than the {} to the host", self.limits.memory_limit());
        }
        match &self.store.data().limiter.refused {
            Some(limit) => format!("{limit} reached: {cause}"),
            None => self.store.data().trouble().explain(cause),
        }
    }
}

fn handed_over_too_much(error: &wasmtime::Error) -> bool {
    error.chain().any(|cause| cause.to_string().contains(HOSTCALL_FUEL))
}

/// Returns the frames that have names. wasmtime prints `<unknown>` for a module and `<wasm function 7>` for a function without a name,
/// which do not help. Only its printed form has the names without the parts that the compiler added.
fn frames(backtrace: &WasmBacktrace) -> Vec<String> {
    named_frames(&backtrace.to_string())
}

fn named_frames(backtrace: &str) -> Vec<String> {
    let frames = backtrace.lines().filter_map(|line| line.split_once(" - ")).map(|(_, frame)| frame.trim());
    let frames = frames.filter_map(|frame| {
        let (module, function) = frame.split_once('!')?;
        let is_named = !function.is_empty() && !function.starts_with("<wasm function");
        is_named.then(|| bounded(if module == "<unknown>" { function } else { frame }.to_owned(), MAX_FRAME))
    });
    frames.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_reads_from_what_the_plugin_said_to_the_stack() {
        let mut trap = Trap {
            call: "sink.put",
            cause: "wasm trap: unreachable".into(),
            output: vec!["panicked at src/lib.rs:1:2:".into(), "boom".into()],
            frames: vec!["my_sink!f".into()],
            out_of_memory: false,
        };
        let expected = "panicked at src/lib.rs:1:2:\nboom\nin sink.put: wasm trap: unreachable\n    at my_sink!f";
        assert_eq!(trap.to_string(), expected);
        trap.output.clear();
        trap.frames = (0..12).map(|number| format!("f{number}")).collect();
        let text = trap.to_string();
        assert!(text.starts_with("in sink.put: wasm trap: unreachable\n    at f0\n    at f1\n"), "{text}");
        assert!(text.ends_with("    at f9\n    ... and 2 more"), "{text}");
    }

    #[test]
    fn frames_without_names_are_left_out() {
        let backtrace = "error while executing at wasm backtrace:\n    0:    0x10 - <unknown>!abort\n    \
                         1:    0x20 - sink.wasm!<wasm function 7>\n    2:   0x30 - sink.wasm!core::panic\n    \
                         3:    0x40 - <unknown>!<wasm function 8>";
        assert_eq!(named_frames(backtrace), ["abort", "sink.wasm!core::panic"]);
    }
}
