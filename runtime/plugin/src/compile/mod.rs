//! Compiles components, with a bound on how many are compiled at once and how many wait.
//!
//! A small component can cost a compiler any amount of memory and time, so a worker compiles in child processes that have limits
//! (`child.rs` starts them, `process.rs` is what runs in them).

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
    /// In this process, without a limit: for tests and benchmarks, which trust what they load.
    InProcess,
    /// In a child process for each component.
    Child(CompileChild),
}

/// The child processes that compile.
#[derive(Debug, Clone)]
pub struct CompileChild {
    /// A program that, with these arguments, does nothing but call [`compile_process`].
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<OsString>,
    /// What bounds it.
    pub limits: CompileLimits,
}

/// What compiling may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CompileLimits {
    /// Bytes of memory of one child process (`weir.plugin.compile.memory.max`).
    pub memory_max: u64,
    /// Processor time of one child process, all of its threads together (`weir.plugin.compile.cpu.ms`).
    pub cpu_max: Duration,
    /// Time that one component may take (`weir.plugin.compile.timeout.ms`).
    pub timeout: Duration,
    /// Child processes at once (`weir.plugin.compile.parallel`).
    pub parallel: usize,
    /// Uploads that may wait until others are compiled (`weir.plugin.compile.queue.max`).
    pub queue_max: usize,
    /// How long an upload may wait (`weir.plugin.compile.queue.timeout.ms`).
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

/// How a load behaves when others are being compiled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    /// It takes a place in the queue, and is refused if there is none, or if it has not come to its turn by then.
    Queued { until: Instant },
    /// It waits in any case: for components that the worker's own directories hold.
    Patient,
}

/// Compiles for one engine.
#[derive(Debug)]
pub(crate) struct Compiler {
    child: Option<CompileChild>,
    /// A permit for each component that is being compiled. In the order in which they were asked for.
    running: Semaphore,
    /// A permit for each upload that waits.
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

    /// Ends what is being loaded, and refuses whatever comes later.
    pub(crate) fn stop(&self) {
        self.stop.cancel();
    }

    /// Waits for the stop.
    pub(crate) async fn stopped(&self) -> CompileError {
        self.stop.cancelled().await;
        CompileError::Stopped
    }

    /// The turn of an upload that arrives now.
    pub(crate) fn queued(&self) -> Turn {
        Turn::Queued { until: Instant::now() + self.limits().queue_timeout }
    }

    fn limits(&self) -> CompileLimits {
        self.child.as_ref().map(|child| child.limits).unwrap_or_default()
    }

    /// Waits for what others hold, in the queue.
    ///
    /// # Errors
    ///
    /// The queue is full, or the time for it is over.
    pub(crate) async fn wait<T>(&self, turn: Turn, others: impl Future<Output = T>) -> Result<T, CompileError> {
        let Turn::Queued { until } = turn else { return Ok(others.await) };
        let CompileLimits { queue_max, queue_timeout, .. } = self.limits();
        let Ok(_place) = self.queue.try_acquire() else { return Err(CompileError::Busy { waiting: queue_max }) };
        let waited = tokio::time::timeout_at(until, others).await;
        waited.map_err(|_| CompileError::Waited { max: queue_timeout })
    }

    /// The compiled form of a component. If this future is dropped, compiling ends.
    ///
    /// # Errors
    ///
    /// The component is invalid, a limit was reached, or the queue is full.
    pub(crate) async fn compile(
        &self,
        engine: &wasmtime::Engine,
        wasm: &Bytes,
        turn: Turn,
    ) -> Result<Vec<u8>, LoadError> {
        // It is never closed, so that there is a permit in any case.
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
