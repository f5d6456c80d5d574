//! Why a component was not compiled although it may be valid.

use std::io;
use std::time::Duration;

/// A component that could not be compiled now. Each text says what to do.
#[derive(Debug, thiserror::Error)]
pub enum CompileError {
    /// It needs too much memory.
    #[error(
        "compiling this component needs more than {max} bytes of memory. Build it optimised and without debug information, or \
         raise weir.plugin.compile.memory.max"
    )]
    Memory {
        /// The limit.
        max: u64,
    },
    /// It needs too much CPU time.
    #[error(
        "compiling this component needs more than {} ms of processor time. Build it optimised and without debug information, or \
         raise weir.plugin.compile.cpu.ms", .max.as_millis()
    )]
    Cpu {
        /// The limit.
        max: Duration,
    },
    /// It takes too long.
    #[error(
        "compiling this component takes longer than {} ms. Build it optimised and without debug information, or raise \
         weir.plugin.compile.timeout.ms", .max.as_millis()
    )]
    Time {
        /// The limit.
        max: Duration,
    },
    /// The result is too large.
    #[error("the machine code of this component is larger than {max} bytes. Split the component into several")]
    Size {
        /// The limit.
        max: u64,
    },
    /// The compiler ended without a result.
    #[error("the compiler failed ({how}). Build the component with an SDK of this worker's version")]
    Crashed {
        /// How it ended.
        how: String,
    },
    /// Other components are being compiled, and the queue is full.
    #[error(
        "the queue of components to be compiled is full ({waiting}, weir.plugin.compile.queue.max). Try again later"
    )]
    Busy {
        /// The number of uploads in the queue.
        waiting: usize,
    },
    /// Other components were being compiled for longer than an upload may wait.
    #[error(
        "other components were being compiled for {} ms (weir.plugin.compile.queue.timeout.ms). Try again later, or raise \
         weir.plugin.compile.parallel", .max.as_millis()
    )]
    Waited {
        /// The limit.
        max: Duration,
    },
    /// The worker is being stopped.
    #[error("the worker is stopping and does not compile components. Try again after its restart")]
    Stopped,
    /// The child process cannot be used.
    #[error("cannot run the compiler process: {0}. Check the limits of processes and memory of the worker's user")]
    Process(#[source] io::Error),
}

impl CompileError {
    /// Returns a code that does not change when texts change.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Memory { .. } => "compile_memory",
            Self::Cpu { .. } => "compile_cpu",
            Self::Time { .. } => "compile_timeout",
            Self::Size { .. } => "compile_size",
            Self::Crashed { .. } => "compile_crashed",
            Self::Busy { .. } | Self::Waited { .. } => "compile_busy",
            Self::Stopped => "stopping",
            Self::Process(_) => "compile_process",
        }
    }

    /// Whether the error is not about the component, so that the same upload may succeed later.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Busy { .. } | Self::Waited { .. } | Self::Stopped | Self::Process(_))
    }
}
