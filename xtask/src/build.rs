//! `cargo xtask build`: the server and the components, left in `target/dist`.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};

use crate::cargo_messages::{Artifact, artifact};
use crate::component::{self, Source};
use crate::workspace::{Group, Guest, Workspace};
use crate::{process, symbols};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Builds the server without optimisation: it compiles faster and runs slower. Components are always optimised.
    #[arg(long)]
    debug: bool,
    /// Builds the components only.
    #[arg(long)]
    components: bool,
}

/// How much a build is optimised.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Profile {
    /// For speed.
    Release,
    /// For a short build: the profile of the tests.
    Dev,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let workspace = Workspace::load()?;
    components(&workspace, &[Group::Plugins, Group::Examples, Group::TestPlugins], Profile::Release)?;
    if !args.components {
        server(&workspace, if args.debug { Profile::Dev } else { Profile::Release })?;
    }
    Ok(())
}

/// Builds the server and returns where it was left.
pub(crate) fn server(workspace: &Workspace, profile: Profile) -> anyhow::Result<PathBuf> {
    let mut cargo = workspace.cargo();
    match profile {
        Profile::Release => cargo.args(["build", "--package=weir", "--bin=weir", "--release"]),
        // Naming a test makes cargo unite features as it does for all tests. Otherwise `cargo test --workspace` would compile wasmtime,
        // librdkafka and most of the rest once more. The crate of this test has no dependencies.
        Profile::Dev => cargo.args(["build", "--workspace", "--bin=weir", "--test=jars"]),
    };
    let built = executables(&mut cargo)?.remove("weir").context("cargo built no `weir`")?;
    let binary = workspace.dist().join("weir");
    let symbols = symbols::symbols_of(&binary);
    if profile == Profile::Release {
        fs::create_dir_all(workspace.dist()).with_context(|| format!("cannot make {}", workspace.dist().display()))?;
        let fresh = binary.with_extension("fresh");
        symbols::separate(&built, &fresh, &symbols)?;
        fs::rename(&fresh, &binary).with_context(|| format!("cannot write {}", binary.display()))?;
    } else {
        leave(&fs::read(&built).with_context(|| format!("cannot read {}", built.display()))?, &binary)?;
        // Those of another build would be of no use.
        let _ = fs::remove_file(symbols);
    }
    make_executable(&binary)?;
    println!("{}", binary.display());
    Ok(binary)
}

/// Runs a `cargo build` and says where the binaries lie that it built, by name.
pub(crate) fn executables(cargo: &mut Command) -> anyhow::Result<HashMap<String, PathBuf>> {
    cargo.arg("--message-format=json-render-diagnostics");
    let mut built = HashMap::new();
    process::run_lines(cargo, |line| {
        if let Some(Artifact { executable: Some(file), target, .. }) = artifact(line)
            && target.kind == ["bin"]
            // The same binary as a test of itself has a hash in its name.
            && file.file_stem().is_some_and(|stem| stem == target.name.as_str())
        {
            built.insert(target.name, file);
        }
    })?;
    Ok(built)
}

/// Builds the components of these groups.
pub(crate) fn components(workspace: &Workspace, groups: &[Group], profile: Profile) -> anyhow::Result<()> {
    let guests = || workspace.guests.iter().filter(|guest| groups.contains(&guest.group));
    for wasi in [true, false] {
        if guests().any(|guest| guest.wasi == wasi) {
            component::ensure_target(wasi)?;
        }
    }
    let mut failed = Vec::new();
    for guest in guests() {
        // One that does not build says nothing against the others.
        if let Err(error) = build_guest(workspace, guest, profile) {
            eprintln!("component {}: {error:#}", guest.package);
            failed.push(guest.package.as_str());
        }
    }
    for group in groups {
        sweep(workspace, *group)?;
    }
    if !failed.is_empty() {
        bail!("{} could not be built, see above", failed.join(", "));
    }
    Ok(())
}

/// Builds a component, checks it, and leaves it in its place.
fn build_guest(workspace: &Workspace, guest: &Guest, profile: Profile) -> anyhow::Result<()> {
    let options: &[&str] = match profile {
        Profile::Release => &["--profile=plugin"],
        // Not a profile of its own, for which the procedural macros would be compiled once more.
        Profile::Dev => &["--config=profile.dev.debug=false"],
    };
    let source = Source { package: &guest.package, manifest: &guest.manifest, wasi: guest.wasi };
    let (bytes, surface) = component::build(workspace.cargo(), &source, options)?;
    let wasi: Vec<_> = surface.imports.iter().filter(|name| name.starts_with("wasi:")).collect();
    if surface.has_export("weir:connect/transform") && !wasi.is_empty() {
        bail!(
            "it is a transform, and those of this repository do without WASI, but it imports {wasi:?}\n\
             next: build it for wasm32-unknown-unknown: `wasi = false` under `[package.metadata.weir]` in {}",
            guest.manifest.display()
        );
    }
    let file = workspace.component(guest);
    leave(&bytes, &file)?;
    println!("{} ({} KiB)", file.display(), bytes.len().div_ceil(1024));
    Ok(())
}

/// Removes components whose crates are gone, so that no test or demo runs one by mistake.
fn sweep(workspace: &Workspace, group: Group) -> anyhow::Result<()> {
    let Ok(entries) = fs::read_dir(workspace.dist().join(group.folder())) else { return Ok(()) };
    for entry in entries.flatten() {
        let file = entry.path();
        if file.extension().is_some_and(|end| end == "wasm")
            && !workspace.guests.iter().any(|guest| guest.group == group && workspace.component(guest) == file)
        {
            fs::remove_file(&file).with_context(|| format!("cannot remove {}", file.display()))?;
        }
    }
    Ok(())
}

/// Replaces a file as a whole: the old one may be running, or be read, at this moment.
fn leave(bytes: &[u8], file: &Path) -> anyhow::Result<()> {
    let fresh = file.with_extension("fresh");
    let folder = file.parent().context("a file lies in a folder")?;
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(&fresh, bytes))
        .and_then(|()| fs::rename(&fresh, file))
        .with_context(|| format!("cannot write {}", file.display()))
}

#[cfg(unix)]
fn make_executable(file: &Path) -> anyhow::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(file, fs::Permissions::from_mode(0o755))
        .with_context(|| format!("cannot make {} executable", file.display()))
}

#[cfg(not(unix))]
fn make_executable(_: &Path) -> anyhow::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leaving_a_file_replaces_it_and_leaves_nothing_else() {
        let folder = std::env::temp_dir().join(format!("weir-xtask-leave-{}", std::process::id()));
        let file = folder.join("deep/a.wasm");
        leave(b"one", &file).unwrap();
        leave(b"two", &file).unwrap();
        assert_eq!(fs::read(&file).unwrap(), b"two");
        assert_eq!(fs::read_dir(file.parent().unwrap()).unwrap().count(), 1);
        fs::remove_dir_all(folder).unwrap();
    }
}
