//! Starts a child process that compiles a component, and determines from its end what happened.

use std::io;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};

use super::process::{CODE, ERROR, head};
use super::{CompileChild, CompileError};
use crate::load_error::LoadError;

/// The maximum number of bytes of machine code, which stays in memory as long as the component is loaded.
const MAX_CODE: u64 = 256 << 20;
/// The maximum number of bytes of the compiler's message about a component.
const MAX_REASON: usize = 4096;
/// The number of bytes of standard error that are searched.
const MAX_STDERR: u64 = 4096;
/// The number of threads that compile. Each has a stack and a function in memory, which count towards the memory limit.
const THREADS: usize = 4;
/// The messages of the standard library, bump allocators and the system when memory is exhausted.
const OUT_OF_MEMORY: [&str; 3] = ["memory allocation of", "out of memory", "Cannot allocate memory"];

/// Compiles in a child process, which ends when this future is dropped.
pub(super) async fn compile(child: &CompileChild, wasm: &[u8]) -> Result<Vec<u8>, LoadError> {
    let max = child.limits.timeout;
    match tokio::time::timeout(max, run(child, wasm)).await {
        Ok(compiled) => compiled,
        Err(_) => Err(CompileError::Time { max }.into()),
    }
}

async fn run(child: &CompileChild, wasm: &[u8]) -> Result<Vec<u8>, LoadError> {
    let limits = &child.limits;
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(THREADS);
    let mut command = Command::new(&child.program);
    command
        .args(&child.arguments)
        // The worker's environment may contain secrets, and its working directory may be on a file system that does not respond.
        .env_clear()
        .env("RAYON_NUM_THREADS", threads.to_string())
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    let mut process = Running(Some(command.spawn().map_err(CompileError::Process)?));
    let Some((input, output, errors)) = process.streams() else {
        return Err(CompileError::Process(io::Error::other("it has no standard streams")).into());
    };
    let head = head(limits.memory_max, seconds(limits.cpu_max), wasm.len() as u64);
    let feed = async { Ok(feed(input, &head, wasm).await) };
    let errors = async { Ok(first(errors, MAX_STDERR).await.unwrap_or_default()) };
    let (input, answer, errors) = tokio::try_join!(feed, answer(output), errors)?;
    let status = process.wait().await.map_err(CompileError::Process)?;
    // Closed only now, because the process ends when its input is closed.
    drop(input);
    match answer {
        Some((CODE, code)) if status.success() => Ok(code),
        Some((ERROR, reason)) if status.success() => Err(LoadError::Compile { reason: text(&reason, MAX_REASON) }),
        _ => Err(ended(child, status, &text(&errors, MAX_REASON)).into()),
    }
}

/// A process that is killed when this is dropped, and then waited for. Without this, tokio would wait for it only at the next signal of a
/// child, and until then the process would count towards the limit of the worker's user.
struct Running(Option<Child>);

impl Running {
    fn streams(&mut self) -> Option<(ChildStdin, ChildStdout, ChildStderr)> {
        let child = self.0.as_mut()?;
        Some((child.stdin.take()?, child.stdout.take()?, child.stderr.take()?))
    }

    async fn wait(&mut self) -> io::Result<ExitStatus> {
        match &mut self.0 {
            Some(child) => child.wait().await,
            None => Err(io::Error::other("it was waited for already")),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let Some(mut child) = self.0.take() else { return };
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                // It has ended already, or is ending.
                let _ = child.kill().await;
            });
        }
    }
}

/// Writes the input of the process. If the process does not read it, its output shows that.
async fn feed(mut input: ChildStdin, head: &[u8], wasm: &[u8]) -> ChildStdin {
    if input.write_all(head).await.is_ok() {
        let _ = input.write_all(wasm).await;
    }
    input
}

/// Reads the output of the process: the byte for its type, and the rest. Returns `None` if there is none.
async fn answer(mut output: impl AsyncRead + Unpin) -> Result<Option<(u8, Vec<u8>)>, CompileError> {
    let kind = match output.read_u8().await {
        Ok(kind) => kind,
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(error) => return Err(CompileError::Process(error)),
    };
    let mut rest = Vec::new();
    let length = output.take(MAX_CODE + 1).read_to_end(&mut rest).await.map_err(CompileError::Process)?;
    match length as u64 > MAX_CODE {
        true => Err(CompileError::Size { max: MAX_CODE }),
        false => Ok(Some((kind, rest))),
    }
}

/// Returns the first bytes of a stream. The rest is read and discarded, because a full pipe would stop the process.
async fn first(mut stream: impl AsyncRead + Unpin, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    (&mut stream).take(most).read_to_end(&mut bytes).await?;
    tokio::io::copy(&mut stream, &mut tokio::io::sink()).await?;
    Ok(bytes)
}

/// Returns why a process has no result.
fn ended(child: &CompileChild, status: ExitStatus, errors: &str) -> CompileError {
    let limits = &child.limits;
    if OUT_OF_MEMORY.iter().any(|words| errors.contains(words)) {
        return CompileError::Memory { max: limits.memory_max };
    }
    if by_cpu_limit(status) {
        return CompileError::Cpu { max: limits.cpu_max };
    }
    // The last line of a panic is a hint that does not help here.
    let last = errors.lines().map(str::trim).rfind(|line| !line.is_empty() && !line.starts_with("note: "));
    CompileError::Crashed { how: last.map_or_else(|| status.to_string(), |last| format!("{status}: {last}")) }
}

fn by_cpu_limit(status: ExitStatus) -> bool {
    use std::os::unix::process::ExitStatusExt as _;
    status.signal() == Some(rustix::process::Signal::XCPU.as_raw())
}

/// Whole seconds, at least one.
fn seconds(time: Duration) -> u64 {
    time.as_millis().div_ceil(1000).clamp(1, u128::from(u32::MAX)) as u64
}

fn text(bytes: &[u8], most: usize) -> String {
    String::from_utf8_lossy(&bytes[..bytes.len().min(most)]).into_owned()
}
