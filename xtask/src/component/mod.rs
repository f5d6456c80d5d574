//! Builds a crate as a component and checks that it is a plugin. It knows nothing of this repository: the crate may be anywhere, and
//! `build.rs` adds the rules for the components here.

mod surface;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};

use crate::cargo_messages::artifact;
use crate::{process, toolchain};

pub(crate) use surface::Surface;
#[cfg(test)]
pub(crate) use surface::surface;

/// The target of components that may use WASI.
const WITH_WASI: &str = "wasm32-wasip2";

/// The target of components that may not. Nothing of WASI exists there, so nothing can be imported by accident.
const WITHOUT_WASI: &str = "wasm32-unknown-unknown";

/// A crate that becomes a component.
#[derive(Debug)]
pub(crate) struct Source<'a> {
    /// Its name for cargo.
    pub(crate) package: &'a str,
    pub(crate) manifest: &'a Path,
    /// Whether it may import WASI.
    pub(crate) wasi: bool,
}

/// Ensures that the compiler can build components with or without WASI.
pub(crate) fn ensure_target(wasi: bool) -> anyhow::Result<()> {
    toolchain::ensure_target(target(wasi))
}

fn target(wasi: bool) -> &'static str {
    if wasi { WITH_WASI } else { WITHOUT_WASI }
}

/// Builds a component and returns its bytes, with what it imports and exports. `cargo` runs where the crate is found, and `options` select
/// how it is optimised.
pub(crate) fn build(cargo: Command, source: &Source<'_>, options: &[&str]) -> anyhow::Result<(Vec<u8>, Surface)> {
    let built = compile(cargo, source, options)?;
    let bytes = fs::read(&built).with_context(|| format!("cannot read {}", built.display()))?;
    let surface = check(&bytes)?;
    Ok((bytes, surface))
}

/// Compiles a crate, and returns where the `.wasm` file is.
fn compile(mut cargo: Command, source: &Source<'_>, options: &[&str]) -> anyhow::Result<PathBuf> {
    // Flags from outside are meant for the host, and would replace those of .cargo/config.toml.
    cargo.env_remove("RUSTFLAGS").env_remove("CARGO_ENCODED_RUSTFLAGS");
    // One crate type only: Cargo leaves out link-time optimisation for a crate that is to be an rlib too, as those are that
    // have tests of their own.
    cargo.args(["rustc", "--lib", "--crate-type=cdylib", "--message-format=json-render-diagnostics"]).args(options);
    cargo.args([format!("--target={}", target(source.wasi)), format!("--package={}", source.package)]);
    let mut module = None;
    process::run_lines(&mut cargo, |line| {
        if let Some(it) = artifact(line)
            && it.manifest_path == source.manifest
        {
            module = it.filenames.into_iter().find(|name| name.extension().is_some_and(|end| end == "wasm"));
        }
    })?;
    module.context("cargo built no .wasm file\nnext: a component is a crate with a library")
}

/// Checks that a file is a component and exports Weir's contract.
fn check(component: &[u8]) -> anyhow::Result<Surface> {
    let surface = surface::surface(component)?;
    if !surface.has_export("weir:connect/plugin") {
        bail!(
            "it does not export weir:connect/plugin, only {:?}\n\
             next: export its plugins in its lib.rs: `weir_sdk::export!(sources: [MySource])`",
            surface.exports
        );
    }
    Ok(surface)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_and_a_component_that_is_not_a_plugin_are_refused() {
        let module = check(b"\0asm\x01\0\0\0").unwrap_err().to_string();
        assert_eq!(module, "it is a module, not a component");
        let component = check(b"\0asm\x0d\0\x01\0").unwrap_err().to_string();
        assert!(component.starts_with("it does not export weir:connect/plugin, only []\nnext: "), "{component}");
        assert!(check(b"text").is_err());
    }
}
