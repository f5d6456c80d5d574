//! Paths of the repository, of the build's target directory and of what `cargo xtask build` writes into it; and free ports.

use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

/// The repository's root.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate lies in the workspace")
}

/// Cargo's target directory: `CARGO_TARGET_DIR`, or `target` in the root.
pub fn target() -> PathBuf {
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(dir) => root().join(dir),
        None => root().join("target"),
    }
}

/// The components that ship with Weir, as `cargo xtask build` leaves them.
pub fn plugins() -> PathBuf {
    target().join("dist/plugins")
}

/// One component that ships with Weir, for example `file`. An error says how to build it.
pub fn plugin(name: &str) -> Result<PathBuf> {
    built(plugins().join(format!("{name}.wasm")))
}

/// The components that are only built for these tests (`tests/plugins/*`).
pub fn test_plugins() -> PathBuf {
    target().join("dist/test-plugins")
}

/// One component that is only built for these tests. An error says how to build it.
pub fn test_plugin(name: &str) -> Result<PathBuf> {
    built(test_plugins().join(format!("{name}.wasm")))
}

/// The components in other languages than Rust, as `cargo xtask languages` leaves them, in a directory for each language.
pub fn languages() -> PathBuf {
    target().join("dist/languages")
}

/// The server under test: the environment variable `WEIR_BIN`, or the one that was built last of those that `cargo xtask build`
/// and `cargo build` leave.
pub fn weir() -> Result<PathBuf> {
    if let Some(path) = std::env::var_os("WEIR_BIN") {
        return Ok(PathBuf::from(path));
    }
    let built = ["dist/weir", "debug/weir", "release/weir"].map(|path| target().join(path));
    let newest = built.into_iter().filter_map(|path| Some((path.metadata().ok()?.modified().ok()?, path))).max();
    match newest {
        Some((_, path)) => Ok(path),
        None => bail!("there is no `weir` in {}: run `cargo xtask build`, or name one in WEIR_BIN", target().display()),
    }
}

/// A binary of this crate, which Cargo builds with the tests.
pub fn helper(name: &str) -> Result<PathBuf> {
    let test = std::env::current_exe().context("where this test lies")?;
    // target/debug/deps/e2e-0123456789abcdef -> target/debug/NAME
    let path = test.parent().and_then(Path::parent).map(|dir| dir.join(name)).filter(|path| path.is_file());
    path.with_context(|| format!("`{name}` is not built: run `cargo build -p weir-tests`"))
}

/// A port of the loopback address that was free a moment ago.
pub fn free_port() -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("a free port")?;
    Ok(listener.local_addr().context("a free port")?.port())
}

fn built(path: PathBuf) -> Result<PathBuf> {
    if !path.is_file() {
        bail!("there is no {}: run `cargo xtask build`", path.display());
    }
    Ok(path)
}
