//! `cargo xtask build`: the server and the components, left in `target/dist`.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};
use serde::Deserialize;

use crate::workspace::{Group, Guest, Workspace};
use crate::{component, process, symbols, toolchain};

/// The target of components that may use WASI.
const WITH_WASI: &str = "wasm32-wasip2";

/// The target of components that may not. Nothing of WASI exists there, so nothing can be imported by accident.
const WITHOUT_WASI: &str = "wasm32-unknown-unknown";

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
        // Naming a test, a small one, makes cargo unite features as it does for all tests. Otherwise `cargo test --workspace` would
        // compile wasmtime, librdkafka and most of the rest once more.
        Profile::Dev => cargo.args(["build", "--workspace", "--bin=weir", "--test=java_regex"]),
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
    let mut failed = Vec::new();
    for (target, wasi) in [(WITH_WASI, true), (WITHOUT_WASI, false)] {
        let guests: Vec<_> =
            workspace.guests.iter().filter(|guest| guest.wasi == wasi && groups.contains(&guest.group)).collect();
        if guests.is_empty() {
            continue;
        }
        toolchain::ensure_target(target)?;
        for guest in guests {
            // One that does not build says nothing against the others.
            if let Err(error) =
                compile(workspace, target, guest, profile).and_then(|built| finish(workspace, guest, &built))
            {
                eprintln!("component {}: {error:#}", guest.package);
                failed.push(guest.package.as_str());
            }
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

/// Compiles a crate, and says where the `.wasm` file is.
fn compile(workspace: &Workspace, target: &str, guest: &Guest, profile: Profile) -> anyhow::Result<PathBuf> {
    let mut cargo = workspace.cargo();
    // Flags from outside are meant for the host, and would replace those of .cargo/config.toml.
    cargo.env_remove("RUSTFLAGS").env_remove("CARGO_ENCODED_RUSTFLAGS");
    // One crate type only: Cargo leaves out link-time optimisation for a crate that is to be an rlib too, as those are that
    // have tests of their own.
    cargo.args(["rustc", "--lib", "--crate-type=cdylib", "--message-format=json-render-diagnostics"]);
    match profile {
        Profile::Release => cargo.arg("--profile=plugin"),
        // Not a profile of its own, for which the procedural macros would be compiled once more.
        Profile::Dev => cargo.arg("--config=profile.dev.debug=false"),
    };
    cargo.args([format!("--target={target}"), format!("--package={}", guest.package)]);
    let mut module = None;
    process::run_lines(&mut cargo, |line| {
        if let Some(it) = artifact(line)
            && it.manifest_path == guest.manifest
        {
            module = it.filenames.into_iter().find(|name| name.extension().is_some_and(|end| end == "wasm"));
        }
    })?;
    module.context("cargo built no .wasm file\nnext: a component is a crate with a library")
}

/// Checks a compiled component and leaves it in its place.
fn finish(workspace: &Workspace, guest: &Guest, built: &Path) -> anyhow::Result<()> {
    let bytes = fs::read(built).with_context(|| format!("cannot read {}", built.display()))?;
    component::check(&bytes, &guest.manifest)?;
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

/// What cargo says about something it built (`--message-format=json`).
#[derive(Debug, Deserialize)]
struct Artifact {
    manifest_path: PathBuf,
    target: Target,
    filenames: Vec<PathBuf>,
    executable: Option<PathBuf>,
}

#[derive(Debug, Deserialize)]
struct Target {
    name: String,
    kind: Vec<String>,
}

/// None for a line that is about something else.
fn artifact(line: &str) -> Option<Artifact> {
    line.contains("\"compiler-artifact\"").then(|| serde_json::from_str(line).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_artifact_line_of_cargo_is_understood_and_others_are_passed_over() {
        let line = r#"{"reason":"compiler-artifact","package_id":"x","manifest_path":"/r/connectors/file/Cargo.toml",
            "target":{"name":"weir_file","kind":["cdylib"]},"filenames":["/t/weir_file.wasm","/t/libweir_file.rlib"],"executable":null}"#;
        let it = artifact(line).unwrap();
        assert_eq!(it.manifest_path, Path::new("/r/connectors/file/Cargo.toml"));
        assert_eq!(it.filenames[0], Path::new("/t/weir_file.wasm"));
        assert!(artifact(r#"{"reason":"build-finished","success":true}"#).is_none());
    }

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
