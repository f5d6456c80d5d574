//! The code that runs in a child process: reads limits and a component from standard input, and writes machine code to standard output.
//!
//! The input is the magic number, the limits, the length of the component and the component. Then it stays open as long as the parent
//! waits. The output is a byte for its type, followed by the machine code or a text.

use std::io::{self, Read, Write};
use std::process::ExitCode;

use rustix::process::{Resource, Rlimit, setpriority_process, setrlimit};

use super::descriptors::close_inherited;
use crate::engine;

/// The first bytes of the input. The number increases when the protocol changes.
pub(super) const MAGIC: [u8; 16] = *b"weir compile  1\n";
/// The number of bytes of the input before the component.
pub(super) const HEAD: usize = MAGIC.len() + 3 * 8;
/// The first byte of the output if it is machine code.
pub(super) const CODE: u8 = b'C';
/// The first byte of the output if it is an error.
pub(super) const ERROR: u8 = b'E';

/// The niceness, so that the worker's tasks have priority.
const NICE: i32 = 10;
/// The address space in addition to the memory limit: for the program itself, and for memory that is reserved but not used.
const ADDRESS_SPACE: u64 = 1 << 30;
/// The maximum number of open files. No file is opened.
const FILES: u64 = 32;

/// Compiles in a child process. A program that is started for this calls it first, and exits with the result.
#[must_use]
pub fn compile_process() -> ExitCode {
    close_inherited();
    match work() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // The parent may have ended.
            let _ = writeln!(io::stderr(), "weir: cannot compile: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The header of the input.
pub(super) fn head(memory_max: u64, cpu_seconds: u64, length: u64) -> [u8; HEAD] {
    let mut head = [0; HEAD];
    let (magic, numbers) = head.split_at_mut(MAGIC.len());
    magic.copy_from_slice(&MAGIC);
    for (place, number) in numbers.chunks_exact_mut(8).zip([memory_max, cpu_seconds, length]) {
        place.copy_from_slice(&number.to_le_bytes());
    }
    head
}

fn work() -> io::Result<()> {
    let mut magic = [0; MAGIC.len()];
    io::stdin().read_exact(&mut magic)?;
    if magic != MAGIC {
        return Err(io::Error::other("this command is for the worker's own use"));
    }
    let (memory_max, cpu_seconds, length) = (number()?, number()?, number()?);
    limit(memory_max, cpu_seconds)?;
    let length = usize::try_from(length).map_err(io::Error::other)?;
    let mut wasm = Vec::new();
    wasm.try_reserve_exact(length)?;
    wasm.resize(length, 0);
    io::stdin().read_exact(&mut wasm)?;
    std::thread::Builder::new().name("weir-parent".to_owned()).spawn(end_with_parent)?;

    let (kind, answer) = match engine::precompile(&wasm) {
        Ok(code) => (CODE, code),
        Err(error) => (ERROR, format!("{error:#}").into_bytes()),
    };
    let mut out = io::stdout().lock();
    out.write_all(&[kind])?;
    out.write_all(&answer)?;
    out.flush()
}

fn number() -> io::Result<u64> {
    let mut bytes = [0; 8];
    io::stdin().read_exact(&mut bytes)?;
    Ok(u64::from_le_bytes(bytes))
}

/// Ends this process when its parent ends, which closes the input.
fn end_with_parent() {
    // After an error, no process waits either.
    let _ = io::copy(&mut io::stdin(), &mut io::sink());
    std::process::exit(1);
}

/// Sets the limits of this process permanently, before the component is read.
fn limit(memory_max: u64, cpu_seconds: u64) -> io::Result<()> {
    // Neither is needed for safety, and the system may reject either: if the machine runs out of memory, the kernel ends this process
    // first, and this process has a lower priority than the worker.
    let _ = std::fs::write("/proc/self/oom_score_adj", "1000");
    let _ = setpriority_process(None, NICE);
    for (resource, most) in [
        // Memory that was written to, which on Linux is the right measure.
        (Resource::Data, memory_max),
        (Resource::As, memory_max.saturating_add(ADDRESS_SPACE)),
        (Resource::Cpu, cpu_seconds),
        (Resource::Core, 0),
        (Resource::Fsize, 0),
        (Resource::Nofile, FILES),
    ] {
        let lowered = lower(resource, most);
        // macOS rejects memory limits, so on macOS, where plugins are developed, the memory of the compiler is not limited.
        if cfg!(target_os = "linux") || !matches!(resource, Resource::Data | Resource::As) {
            lowered?;
        }
    }
    Ok(())
}

fn lower(resource: Resource, most: u64) -> io::Result<()> {
    let now = rustix::process::getrlimit(resource);
    let least = |known: Option<u64>| Some(known.map_or(most, |known| known.min(most)));
    // At the soft limit of CPU time the kernel ends the process with a signal that names the cause, at the hard limit with one that does
    // not.
    let maximum = match resource {
        Resource::Cpu => now.maximum,
        _ => least(now.maximum),
    };
    Ok(setrlimit(resource, Rlimit { current: least(now.current), maximum })?)
}
