//! Compiles components, and limits how many are compiled at once and how many wait.
//!
//! A small component can take a compiler any amount of memory and time, so a worker compiles in child processes with limits (`child.rs`
//! starts them, `process.rs` runs in them).

mod child;
mod descriptors;
mod error;
mod process;

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::Semaphore;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

pub use error::CompileError;
pub use process::compile_process;

use crate::load_error::LoadError;

/// Where components are compiled.
#[derive(Debug, Clone)]
pub enum Compile {
    /// In this process, without limits: for tests and benchmarks, which trust what they load.
    InProcess,
    /// In a child process for each component.
    Child(CompileChild),
}

/// The child processes that compile.
#[derive(Debug, Clone)]
pub struct CompileChild {
    /// A program that only calls [`compile_process`] when it is started with these arguments.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<OsString>,
    /// The limits of the process.
    pub limits: CompileLimits,
}

/// The limits of compilations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CompileLimits {
    /// Bytes of memory of one child process (`weir.plugin.compile.memory.max`).
    pub memory_max: u64,
    /// CPU time of one child process, with all its threads (`weir.plugin.compile.cpu.ms`).
    pub cpu_max: Duration,
    /// The maximum duration for one component (`weir.plugin.compile.timeout.ms`).
    pub timeout: Duration,
    /// The maximum number of child processes (`weir.plugin.compile.parallel`).
    pub parallel: usize,
    /// The maximum number of uploads in the queue (`weir.plugin.compile.queue.max`).
    pub queue_max: usize,
    /// The maximum time of an upload in the queue (`weir.plugin.compile.queue.timeout.ms`).
    pub queue_timeout: Duration,
}

impl Default for CompileLimits {
    fn default() -> Self {
        Self {
            memory_max: 1 << 30,
            cpu_max: Duration::from_secs(120),
            timeout: Duration::from_secs(60),
            parallel: 1,
            queue_max: 8,
            queue_timeout: Duration::from_secs(30),
        }
    }
}

/// What a load does while other components are being compiled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    /// It enters the queue, and is rejected if the queue is full or if it waits too long.
    Queued { until: Instant },
    /// It waits without a limit: for components in the worker's own directories.
    Patient,
}

/// Compiles for one engine.
#[derive(Debug)]
pub(crate) struct Compiler {
    child: Option<CompileChild>,
    /// One permit for each component that is being compiled, granted in the order of requests.
    running: Semaphore,
    /// One permit for each upload in the queue.
    queue: Semaphore,
    stop: CancellationToken,
}

impl Compiler {
    pub(crate) fn new(how: Compile) -> Self {
        let permits = |count: usize| count.min(Semaphore::MAX_PERMITS);
        let (child, running, queue) = match how {
            Compile::InProcess => (None, Semaphore::MAX_PERMITS, Semaphore::MAX_PERMITS),
            Compile::Child(child) => {
                let CompileLimits { parallel, queue_max, .. } = child.limits;
                (Some(child), permits(parallel.max(1)), permits(queue_max))
            }
        };
        Self { child, running: Semaphore::new(running), queue: Semaphore::new(queue), stop: CancellationToken::new() }
    }

    /// Cancels all loads, and rejects new ones.
    pub(crate) fn stop(&self) {
        self.stop.cancel();
    }

    /// Waits for the stop.
    pub(crate) async fn stopped(&self) -> CompileError {
        self.stop.cancelled().await;
        CompileError::Stopped
    }

    /// Enters the queue with an upload.
    pub(crate) fn queued(&self) -> Turn {
        Turn::Queued { until: Instant::now() + self.limits().queue_timeout }
    }

    fn limits(&self) -> CompileLimits {
        self.child.as_ref().map(|child| child.limits).unwrap_or_default()
    }

    /// Waits in the queue for other compilations.
    ///
    /// # Errors
    ///
    /// The queue is full, or the time limit is exceeded.
    pub(crate) async fn wait<T>(&self, turn: Turn, others: impl Future<Output = T>) -> Result<T, CompileError> {
        let Turn::Queued { until } = turn else { return Ok(others.await) };
        let CompileLimits { queue_max, queue_timeout, .. } = self.limits();
        let Ok(_place) = self.queue.try_acquire() else { return Err(CompileError::Busy { waiting: queue_max }) };
        let waited = tokio::time::timeout_at(until, others).await;
        waited.map_err(|_| CompileError::Waited { max: queue_timeout })
    }

    /// Returns the compiled form of a component. Dropping the future ends the compilation.
    ///
    /// # Errors
    ///
    /// The component is invalid, a limit was exceeded, or the queue is full.
    pub(crate) async fn compile(
        &self,
        engine: &wasmtime::Engine,
        wasm: &Bytes,
        turn: Turn,
    ) -> Result<Vec<u8>, LoadError> {
        // The semaphore is never closed, so a permit is always granted.
        let _running = match self.running.try_acquire() {
            Ok(permit) => Some(permit),
            Err(_) => self.wait(turn, self.running.acquire()).await?.ok(),
        };
        match &self.child {
            Some(child) => child::compile(child, wasm).await,
            None => in_process(engine.clone(), wasm.clone()).await,
        }
    }
}

async fn in_process(engine: wasmtime::Engine, wasm: Bytes) -> Result<Vec<u8>, LoadError> {
    let work = move || engine.precompile_component(&wasm);
    let compiled = tokio::task::spawn_blocking(work).await;
    let compiled = compiled.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()));
    compiled.map_err(|error| LoadError::Compile { reason: format!("{error:#}") })
}
