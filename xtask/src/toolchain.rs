//! What a machine must have, and how to get it.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, bail};

use crate::process;

/// Makes sure that the standard library of a WebAssembly target is there, through rustup where it is not.
pub(crate) fn ensure_target(target: &str) -> anyhow::Result<()> {
    if has_target(target)? {
        return Ok(());
    }
    eprintln!("The Rust target {target} is missing; rustup adds it.");
    if let Err(error) = process::run(Command::new("rustup").args(["target", "add", target])) {
        bail!(
            "the Rust target {target} is missing and could not be added: {error:#}\n\
             next: with rustup (https://rustup.rs) and a network, run `rustup target add {target}` in this folder; \
             behind a mirror set RUSTUP_DIST_SERVER first; with a Rust from your system's packages, install its \
             package for this target (Debian: libstd-rust-dev-wasm32)"
        );
    }
    if !has_target(target)? {
        bail!(
            "rustup added {target}, but not to the toolchain that builds this project\n\
             next: check with `rustup show` that the toolchain of rust-toolchain.toml is active in this folder \
             (RUSTUP_TOOLCHAIN overrides it)"
        );
    }
    Ok(())
}

/// Looks into the toolchain itself, so that it works without rustup as well.
fn has_target(target: &str) -> anyhow::Result<bool> {
    let sysroot = process::output(Command::new("rustc").args(["--print", "sysroot"]))
        .context("`rustc --print sysroot` failed\nnext: install Rust with rustup, https://rustup.rs")?;
    Ok(Path::new(sysroot.trim()).join("lib/rustlib").join(target).join("lib").is_dir())
}
