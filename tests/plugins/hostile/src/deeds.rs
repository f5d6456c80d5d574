//! The harm that needs nothing but a processor and memory. Also a part of `hostile-transform`.

use std::hint::black_box;

use crate::bindings::weir::connect::host::{self, Level};

/// Does it and does not come back; comes back when it is none of those here. The log says when it begins.
pub(crate) fn commit(deed: &str) {
    host::log(Level::Info, "hostile", &format!("hostile, beginning to {deed}"));
    match deed {
        "spin" => spin(),
        "eat-memory" => eat_memory(),
        "trap" => trap(),
        "panic" => panic!("hostile panic"),
        "recurse" => {
            recurse(0);
        }
        "log-1gb" => log(),
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

#[expect(unconditional_recursion, reason = "that is the harm")]
fn recurse(depth: u64) -> u64 {
    black_box([depth; 64]);
    black_box(recurse(black_box(depth + 1))) + 1
}

fn log() {
    let line = "hostile ".repeat(2048);
    for _ in 0..(1 << 30) / line.len() {
        host::log(Level::Error, "hostile", &line);
    }
}
