//! Builds plugins with the SDK as its users have it: packaged as for publishing, outside of the repository.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::component::Surface;
use crate::workspace::Workspace;
use crate::{component, process};

/// In the order in which they are published.
const CRATES: [&str; 2] = ["weir-sdk-macros", "weir-sdk"];

/// The manifest that docs/first-connector.md shows.
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

#[test]
fn plugins_are_built_outside_of_the_repository_with_the_packaged_sdk() {
    let workspace = Workspace::load().unwrap();
    let outside = std::env::temp_dir().join(format!("weir-outside-{}", std::process::id()));
    let built = package(&workspace, &outside).and_then(|crates| {
        // With the compiler that has the target.
        fs::copy(workspace.root.join("rust-toolchain.toml"), outside.join("rust-toolchain.toml"))?;
        let build = |example| build(&workspace, &outside, &crates, example);
        Ok([build("counter")?, build("uppercase")?])
    });
    fs::remove_dir_all(&outside).unwrap();
    let [source, transform] = built.unwrap();
    // Each group of `export!` exports one interface, and these are those of every component.
    let common = ["capabilities", "plugin", "validation"];
    for (mut surface, interface) in [(source, "source"), (transform, "transform")] {
        let mut exports = [&common[..], &[interface]].concat();
        exports.sort();
        surface.exports.sort();
        assert_eq!(
            surface.exports,
            exports.iter().map(|name| format!("weir:connect/{name}@0.2.0")).collect::<Vec<_>>()
        );
        let foreign = |name: &&String| !name.starts_with("weir:connect/") && !name.starts_with("wasi:");
        assert_eq!(surface.imports.iter().find(foreign), None);
    }
}

fn build(workspace: &Workspace, outside: &Path, crates: &[PathBuf], example: &str) -> anyhow::Result<Surface> {
    let directory = outside.join(example);
    fs::create_dir_all(directory.join("src"))?;
    let mut manifest = MANIFEST.replace('^', example);
    manifest.push_str("\n[patch.crates-io]\n");
    for (name, directory) in CRATES.iter().zip(crates) {
        manifest.push_str(&format!("{name} = {{ path = {directory:?} }}\n"));
    }
    fs::write(directory.join("Cargo.toml"), manifest)?;
    let code = workspace.root.join("sdk/rust/examples").join(example).join("src/lib.rs");
    fs::copy(code, directory.join("src/lib.rs"))?;
    // The same dependencies as here, which have been downloaded already.
    fs::copy(workspace.root.join("Cargo.lock"), directory.join("Cargo.lock"))?;
    let target = workspace.target.join("outside");
    let mut cargo = cargo(&directory);
    cargo.args(["build", "--offline", "--target=wasm32-wasip2", "--target-dir"]).arg(&target);
    process::run(&mut cargo)?;
    component::surface(&fs::read(target.join(format!("wasm32-wasip2/debug/{example}.wasm")))?)
}

/// Packages the crates, unpacks them below `outside`, and returns where each is.
fn package(workspace: &Workspace, outside: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let target = outside.join("target");
    let mut cargo = cargo(&workspace.root);
    // The content of the package is tested, not whether it is committed; it is compiled below.
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
    // Flags and directories that are meant for the repository.
    for variable in ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_TARGET_DIR", "CARGO_BUILD_TARGET"] {
        cargo.env_remove(variable);
    }
    cargo.current_dir(directory);
    cargo
}
