//! Starts a child process that compiles one component, and tells from its end what happened.

use std::io;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};

use super::process::{CODE, ERROR, head};
use super::{CompileChild, CompileError};
use crate::load_error::LoadError;

/// Most bytes of machine code that are taken: they stay in memory for as long as the component is loaded.
const MAX_CODE: u64 = 256 << 20;
/// Most bytes of what the compiler says against a component.
const MAX_REASON: usize = 4096;
/// Bytes of standard error that are looked at.
const MAX_STDERR: u64 = 4096;
/// Threads that compile. Each has a stack and a function at hand, which counts against the limit of memory.
const THREADS: usize = 4;
/// How the standard library, bump allocators and the system say that there is no memory.
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
        // The worker's environment may hold secrets, and the working directory may be on a file system that hangs.
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
    // Only now: a process whose input is closed ends.
    drop(input);
    match answer {
        Some((CODE, code)) if status.success() => Ok(code),
        Some((ERROR, reason)) if status.success() => Err(LoadError::Compile { reason: text(&reason, MAX_REASON) }),
        _ => Err(ended(child, status, &text(&errors, MAX_REASON)).into()),
    }
}

/// A process that is killed, and waited for, when this is dropped. Left to itself tokio waits for it only when the next signal of a
/// child comes, and until then it would be counted among the processes of the worker's user.
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
                // It has ended already, or does now.
                let _ = child.kill().await;
            });
        }
    }
}

/// Gives the process its work. That it does not take it shows in its answer.
async fn feed(mut input: ChildStdin, head: &[u8], wasm: &[u8]) -> ChildStdin {
    if input.write_all(head).await.is_ok() {
        let _ = input.write_all(wasm).await;
    }
    input
}

/// What the process says: the byte that tells its kind, and the rest. `None` if it says nothing.
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

/// The first bytes of a stream, whose rest is read and forgotten: a full pipe would stop the process.
async fn first(mut stream: impl AsyncRead + Unpin, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    (&mut stream).take(most).read_to_end(&mut bytes).await?;
    tokio::io::copy(&mut stream, &mut tokio::io::sink()).await?;
    Ok(bytes)
}

/// Why a process gave no result.
fn ended(child: &CompileChild, status: ExitStatus, errors: &str) -> CompileError {
    let limits = &child.limits;
    if OUT_OF_MEMORY.iter().any(|words| errors.contains(words)) {
        return CompileError::Memory { max: limits.memory_max };
    }
    if by_cpu_limit(status) {
        return CompileError::Cpu { max: limits.cpu_max };
    }
    // A panic ends with a hint that helps nobody here.
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
