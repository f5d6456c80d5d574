//! Builds plugins with the SDK as its users have it: packaged as for publishing, outside of the repository.

mod errors;
mod page;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::component::Surface;
use crate::workspace::Workspace;
use crate::{component, process};

/// The crates that authors depend on, in the order in which they are published.
pub(crate) const CRATES: [&str; 2] = ["weir-sdk-macros", "weir-sdk"];

/// The manifest of a plugin.
const MANIFEST: &str = r#"[package]
name = "^"
version = "0.1.0"
edition = "2024"

[lib]
crate-type = ["cdylib", "rlib"]

[dependencies]
log = "0.4"
weir-sdk = "0.1"
"#;

/// A directory outside of the repository with the packaged SDK. Removed when it is dropped.
struct Outside {
    directory: PathBuf,
    /// The directory for build results. It remains, so that dependencies are built once.
    target: PathBuf,
    crates: Vec<PathBuf>,
    lock: PathBuf,
}

impl Drop for Outside {
    fn drop(&mut self) {
        // What remains in the directory for temporary files is removed by the system.
        let _ = fs::remove_dir_all(&self.directory);
    }
}

impl Outside {
    /// Packages the crates and unpacks them.
    fn new() -> anyhow::Result<Self> {
        let workspace = Workspace::load()?;
        let directory = std::env::temp_dir().join(format!("weir-outside-{}", std::process::id()));
        let mut outside = Self {
            target: workspace.target.join("outside"),
            lock: workspace.root.join("Cargo.lock"),
            crates: Vec::new(),
            directory,
        };
        outside.crates = package(&workspace, &outside.directory)?;
        // With the compiler that has the target.
        fs::copy(workspace.root.join("rust-toolchain.toml"), outside.directory.join("rust-toolchain.toml"))?;
        Ok(outside)
    }

    /// Creates a crate with this code and returns its directory.
    fn create(&self, name: &str, code: &str) -> anyhow::Result<PathBuf> {
        let directory = self.directory.join(name);
        fs::create_dir_all(directory.join("src"))?;
        let mut manifest = MANIFEST.replace('^', name);
        manifest.push_str("\n[patch.crates-io]\n");
        for (name, directory) in CRATES.iter().zip(&self.crates) {
            manifest.push_str(&format!("{name} = {{ path = {directory:?} }}\n"));
        }
        fs::write(directory.join("Cargo.toml"), manifest)?;
        fs::write(directory.join("src/lib.rs"), code)?;
        self.lock(&directory)?;
        Ok(directory)
    }

    /// Gives a crate the same dependencies as the repository, which have been downloaded already.
    fn lock(&self, directory: &Path) -> anyhow::Result<()> {
        fs::copy(&self.lock, directory.join("Cargo.lock"))?;
        Ok(())
    }

    /// Returns the command that builds the component of a crate.
    fn build(&self, directory: &Path) -> Command {
        let mut cargo = cargo(directory);
        cargo.args(["build", "--offline", "--target=wasm32-wasip2", "--target-dir"]).arg(&self.target);
        cargo
    }

    /// Returns the component that was built.
    fn component(&self, profile: &str, name: &str) -> anyhow::Result<Vec<u8>> {
        Ok(fs::read(self.target.join(format!("wasm32-wasip2/{profile}/{name}.wasm")))?)
    }
}

/// The SDK is packaged once for all steps, because its path is part of what cargo builds.
#[test]
fn plugins_are_built_outside_of_the_repository_with_the_packaged_sdk() {
    let outside = Outside::new().unwrap();
    page::follow(&outside);
    let code = fs::read_to_string(crate::workspace::root().join("sdk/rust/examples/uppercase/src/lib.rs")).unwrap();
    let directory = outside.create("uppercase", &code).unwrap();
    process::run(&mut outside.build(&directory)).unwrap();
    has_interface(&outside.component("debug", "uppercase").unwrap(), "transform");
    errors::check(&outside);
}

/// Checks that a component exports this interface and those of each component, and that it imports nothing else than it may.
fn has_interface(component: &[u8], interface: &str) {
    let Surface { imports, mut exports } = component::surface(component).unwrap();
    // Each group of `export!` exports one interface.
    let mut expected = ["capabilities", "plugin", "validation", interface];
    expected.sort_unstable();
    exports.sort();
    assert_eq!(exports, expected.map(|name| format!("weir:connect/{name}@0.2.0")));
    let is_foreign = |name: &&String| !name.starts_with("weir:connect/") && !name.starts_with("wasi:");
    assert_eq!(imports.iter().find(is_foreign), None);
}

/// Packages the crates, unpacks them below `outside`, and returns the directory of each.
fn package(workspace: &Workspace, outside: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let target = outside.join("target");
    let mut cargo = cargo(&workspace.root);
    // The test is about the content of the package, not about whether it is committed. It is compiled later.
    cargo.args(["package", "--offline", "--no-verify", "--allow-dirty", "--target-dir"]).arg(&target);
    cargo.args(CRATES.map(|name| format!("--package={name}")));
    process::run(&mut cargo)?;
    let mut unpacked = Vec::new();
    for name in CRATES {
        let directory = format!("{name}-{}", env!("CARGO_PKG_VERSION"));
        let file = target.join(format!("package/{directory}.crate"));
        process::run(Command::new("tar").arg("-xzf").arg(&file).arg("-C").arg(outside))?;
        unpacked.push(outside.join(directory));
    }
    Ok(unpacked)
}

fn cargo(directory: &Path) -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    without_settings(&mut cargo);
    cargo.current_dir(directory);
    cargo
}

/// Removes the flags and directories that are for the repository.
fn without_settings(command: &mut Command) {
    for variable in ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_TARGET_DIR", "CARGO_BUILD_TARGET"] {
        command.env_remove(variable);
    }
}
