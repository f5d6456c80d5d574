//! The tools that the examples in other languages are built with: what the machine must have, and what is downloaded.

use std::ffi::OsString;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, bail};
use serde::Deserialize;

use super::{WASM_TOOLS, WIT_BINDGEN};
use crate::process;

/// The version of Wasmtime whose adapter from WASI 0.1 to 0.2 Go's components contain.
pub(super) const ADAPTER: &str = "50.0.1";

/// The crate that contains it.
const ADAPTER_CRATE: &str = "wasi-preview1-component-adapter-provider";
/// The crate that contains the Go package that the bindings of its version use.
const GO_CRATE: &str = "wit-bindgen-go";

pub(super) fn missing_node() -> Option<String> {
    let there = ["node", "npm"].iter().all(|program| runs(Command::new(program).arg("--version")));
    (!there).then(|| "node and npm are missing. Debian and Ubuntu: `apt install nodejs npm`".to_owned())
}

pub(super) fn missing_python() -> Option<String> {
    let check = "import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 10))";
    let there = runs(Command::new("python3").args(["-c", check]));
    (!there)
        .then(|| "python3 3.10 or newer with venv is missing. Debian and Ubuntu: `apt install python3-venv`".to_owned())
}

pub(super) fn missing_clang() -> Option<String> {
    (!compiles()).then(|| {
        "clang cannot build for wasm32-wasi. Debian and Ubuntu: \
         `apt install clang lld wasi-libc libclang-rt-dev-wasm32`"
            .to_owned()
    })
}

/// Compiles a program, because whether the parts of clang are installed cannot be asked.
fn compiles() -> bool {
    let mut clang = Command::new("clang");
    clang.args(["--target=wasm32-wasi", "-mexec-model=reactor", "-x", "c", "-", "-o", "/dev/null"]);
    let spawned = clang.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    let Ok(mut child) = spawned else { return false };
    let written = child.stdin.take().is_some_and(|mut stdin| {
        stdin.write_all(b"#include <stdlib.h>\nvoid *f(size_t n) { return malloc(n); }\n").is_ok()
    });
    child.wait().is_ok_and(|status| written && status.success())
}

pub(super) fn missing_go() -> Option<String> {
    // 1.21 was the first that gets the version that go.mod names.
    let version = process::output(Command::new("go").arg("version"));
    let there = version.as_deref().and_then(minor_of_go).is_some_and(|minor| minor >= 21);
    (!there).then(|| "go 1.21 or newer is missing. Debian and Ubuntu: `apt install golang`".to_owned())
}

/// Returns the second number of the version in `go version go1.26.8 linux/amd64`.
fn minor_of_go(text: &str) -> Option<u32> {
    let version = text.split_whitespace().find_map(|word| word.strip_prefix("go1."))?;
    version.split(|sign: char| !sign.is_ascii_digit()).next()?.parse().ok()
}

fn runs(command: &mut Command) -> bool {
    process::output(command).is_some()
}

/// Returns the search path for programs, with those that [`install`] has built first.
pub(super) fn path(base: &Path) -> anyhow::Result<OsString> {
    let own = std::env::var_os("PATH").unwrap_or_default();
    let all = std::iter::once(base.join("tools/bin")).chain(std::env::split_paths(&own));
    std::env::join_paths(all).context("target/languages cannot be part of PATH")
}

pub(super) fn for_c(base: &Path) -> anyhow::Result<Vec<(&'static str, PathBuf)>> {
    install(base)?;
    Ok(Vec::new())
}

/// Gets the adapter, and the Go package that the bindings use from the crate that generates them, so that both have the same version.
pub(super) fn for_go(base: &Path) -> anyhow::Result<Vec<(&'static str, PathBuf)>> {
    install(base)?;
    let [adapter, bindings] = crates(&base.join("crates"))?;
    let directory = base.join("examples/go");
    let name = "wasi_snapshot_preview1.reactor.wasm";
    fs::copy(adapter.join("artefacts").join(name), directory.join(name))
        .with_context(|| format!("cannot copy the adapter out of {}", adapter.display()))?;
    let module = fs::read_to_string(directory.join("go.mod")).context("cannot read the example's go.mod")?;
    let package = bindings.join("src/pkg");
    let module = format!("{module}\nreplace go.bytecodealliance.org/pkg => {}\n", package.display());
    let file = base.join("go.mod");
    fs::write(&file, module).with_context(|| format!("cannot write {}", file.display()))?;
    let go = base.join("go");
    // The downloaded modules are read-only otherwise, and removing `target` would fail.
    let flags = format!("-modcacherw -buildvcs=false -modfile={}", file.display());
    Ok(vec![("GOTOOLCHAIN", "auto".into()), ("GOFLAGS", flags.into()), ("GOCACHE", go.join("cache")), ("GOPATH", go)])
}

/// Builds the tools that are written in Rust, with no more of them than the examples use, because the rest takes minutes.
fn install(base: &Path) -> anyhow::Result<()> {
    for (tool, features) in [(WIT_BINDGEN, "c,go"), (WASM_TOOLS, "component")] {
        let mut cargo = cargo(base);
        cargo.args(["install", tool, "--quiet", "--locked", "--debug"]);
        cargo.args(["--no-default-features", "--features", features]);
        cargo.arg("--root").arg(base.join("tools")).arg("--target-dir").arg(base.join("tools/build"));
        process::run(cargo.env("CARGO_PROFILE_DEV_DEBUG", "0"))?;
    }
    Ok(())
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    manifest_path: PathBuf,
}

/// Downloads the crates whose files the example in Go needs, and returns their directories.
fn crates(directory: &Path) -> anyhow::Result<[PathBuf; 2]> {
    let (_, version) = WIT_BINDGEN.split_once('@').context("a version")?;
    let manifest = format!(
        "[package]\nname = \"crates\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[lib]\npath = \"lib.rs\"\n\n[workspace]\n\n\
         [dependencies]\n{ADAPTER_CRATE} = \"={ADAPTER}\"\n{GO_CRATE} = \"={version}\"\n"
    );
    fs::create_dir_all(directory)
        .and_then(|()| fs::write(directory.join("Cargo.toml"), manifest))
        .and_then(|()| fs::write(directory.join("lib.rs"), ""))
        .with_context(|| format!("cannot write {}", directory.display()))?;
    let output = cargo(directory).args(["metadata", "--format-version=1"]).stderr(Stdio::inherit()).output()?;
    if !output.status.success() {
        bail!("`cargo metadata` in {} failed, see above", directory.display());
    }
    let metadata: Metadata = serde_json::from_slice(&output.stdout).context("cannot read `cargo metadata`")?;
    let find = |name: &str| {
        let package = metadata.packages.iter().find(|package| package.name == name);
        package.and_then(|package| package.manifest_path.parent()).map(Path::to_path_buf)
    };
    Ok([find(ADAPTER_CRATE).context("the adapter's crate")?, find(GO_CRATE).context("the crate with the Go package")?])
}

/// Cargo, without the flags and directories that are meant for the repository.
fn cargo(directory: &Path) -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    for variable in ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_TARGET_DIR", "CARGO_BUILD_TARGET"] {
        cargo.env_remove(variable);
    }
    cargo.current_dir(directory);
    cargo
}

#[cfg(test)]
mod tests {
    use super::minor_of_go;

    #[test]
    fn versions_of_go_are_read() {
        assert_eq!(minor_of_go("go version go1.26.8 linux/amd64"), Some(26));
        assert_eq!(minor_of_go("go version go1.27rc1 linux/amd64"), Some(27));
        assert_eq!(minor_of_go("no go here"), None);
    }
}
