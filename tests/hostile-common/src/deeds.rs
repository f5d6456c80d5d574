//! Misbehaviour that needs only a processor and memory.

use std::hint::black_box;

/// How severe a log line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// Says what begins.
    Info,
    /// Part of a flood of lines.
    Error,
}

/// Writes a line to the host's log.
pub type Log = fn(Severity, &str);

/// Does what the deed says and does not return. Returns if the deed is not one of these. The log says when it begins.
pub fn commit(deed: &str, log: Log) {
    log(Severity::Info, &format!("hostile, beginning to {deed}"));
    match deed {
        "spin" => spin(),
        "eat-memory" => eat_memory(),
        "trap" => trap(),
        "panic" => panic!("hostile panic"),
        "recurse" => {
            recurse(0);
        }
        "log-1gb" => flood(log),
        _ => {}
    }
}

fn spin() {
    let mut turns = 0_u64;
    loop {
        turns = black_box(turns.wrapping_add(1));
    }
}

fn eat_memory() {
    let mut eaten = Vec::new();
    loop {
        eaten.push(black_box(vec![1_u8; 1 << 20]));
    }
}

fn trap() {
    #[cfg(target_arch = "wasm32")]
    core::arch::wasm32::unreachable();
    #[cfg(not(target_arch = "wasm32"))]
    panic!("only WebAssembly traps");
}

#[expect(unconditional_recursion, reason = "it is the misbehaviour")]
fn recurse(depth: u64) -> u64 {
    black_box([depth; 64]);
    black_box(recurse(black_box(depth + 1))) + 1
}

fn flood(log: Log) {
    let line = "hostile ".repeat(2048);
    for _ in 0..(1 << 30) / line.len() {
        log(Severity::Error, &line);
    }
}
