//! `cargo xtask dist`: the archive that a release consists of, `target/dist/weir-VERSION-TARGET.tar.gz`, its checksum, and its text.
//!
//! The same files give the same archive: their order, owners, modes and times do not depend on the machine. The time is
//! `SOURCE_DATE_EPOCH`, or that of the last commit.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};

use crate::build::{self, Profile};
use crate::workspace::{Group, Workspace};
use crate::{changelog, process, symbols};

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// What the archive contains of the repository, apart from what is built. `docs` includes the files for packagers.
const FILES: [&str; 7] = ["CHANGELOG.md", "LICENSE", "NOTICE", "README.md", "SECURITY.md", "docs", "examples"];

/// The file with the checksum.
const SUMS: &str = "SHA256SUMS";

/// The file with the text of the release.
const NOTES: &str = "RELEASE_NOTES.md";

pub(crate) fn run() -> anyhow::Result<()> {
    let workspace = Workspace::load()?;
    // Before anything is built.
    let notes = changelog::notes(&workspace, VERSION)?;
    build::components(&workspace, &[Group::Plugins], Profile::Release)?;
    let server = build::server(&workspace, Profile::Release)?;
    let archive = pack(&workspace, &server, &workspace.dist())?;
    check(&archive)?;
    let (sums, text) = (archive.with_file_name(SUMS), archive.with_file_name(NOTES));
    fs::write(&text, notes).with_context(|| format!("cannot write {}", text.display()))?;
    println!("{}\n{}\n{}", archive.display(), sums.display(), text.display());
    Ok(())
}

/// Packs a server, its debug symbols if they are next to it, and the components of `target/dist` into an archive in `directory`.
fn pack(workspace: &Workspace, server: &Path, directory: &Path) -> anyhow::Result<PathBuf> {
    let name = format!("weir-{VERSION}-{}", host()?);
    let parent = directory.join("unpacked");
    let root = parent.join(&name);
    if parent.exists() {
        fs::remove_dir_all(&parent).with_context(|| format!("cannot remove {}", parent.display()))?;
    }
    copy(server, &root.join("weir"))?;
    let symbols = symbols::symbols_of(server);
    if symbols.is_file() {
        copy(&symbols, &root.join("weir.debug"))?;
    }
    let plugins = Group::Plugins.folder();
    copy(&workspace.dist().join(plugins), &root.join(plugins))?;
    for file in FILES {
        copy(&workspace.root.join(file), &root.join(file))?;
    }
    let archive = directory.join(format!("{name}.tar.gz"));
    let mut tar = Command::new("tar");
    tar.args([
        "--create",
        "--sort=name",
        "--format=gnu",
        "--owner=0",
        "--group=0",
        "--numeric-owner",
        "--mode=u=rwX,go=rX",
    ]);
    // Without the file's name and time, which gzip would add.
    tar.arg(format!("--mtime=@{}", time(workspace)?)).arg("--use-compress-program=gzip --no-name --best");
    tar.arg("--file").arg(&archive).arg("--directory").arg(&parent).arg(&name);
    process::run(&mut tar).context("next: install GNU tar and gzip; macOS has another tar")?;
    fs::remove_dir_all(&parent).with_context(|| format!("cannot remove {}", parent.display()))?;
    let file = format!("{name}.tar.gz");
    let sum = process::output(Command::new("sha256sum").arg(&file).current_dir(directory))
        .context("sha256sum failed\nnext: install GNU coreutils")?;
    fs::write(directory.join(SUMS), sum).with_context(|| format!("cannot write {SUMS}"))?;
    Ok(archive)
}

/// The files of the example, which run as they are once its directory exists.
const EXAMPLE: [&str; 3] = ["examples/worker.properties", "examples/file-source.json", "examples/file-sink.json"];
/// The directory that these files name.
const EXAMPLE_DIRECTORY: &str = "/tmp/weir";
/// The address of its REST API.
const EXAMPLE_ADDRESS: &str = "127.0.0.1:8083";

/// Unpacks an archive elsewhere, and runs the server that it contains with its example.
fn check(archive: &Path) -> anyhow::Result<()> {
    let directory = std::env::temp_dir().join(format!("weir-dist-{}", std::process::id()));
    fs::create_dir_all(&directory).with_context(|| format!("cannot make {}", directory.display()))?;
    let checked = unpacked(archive, &directory);
    fs::remove_dir_all(&directory).with_context(|| format!("cannot remove {}", directory.display()))?;
    checked.with_context(|| format!("{} is not usable", archive.display()))
}

fn unpacked(archive: &Path, directory: &Path) -> anyhow::Result<()> {
    let sums = archive.with_file_name(SUMS);
    let place = archive.parent().context("an archive is in a directory")?;
    process::run(Command::new("sha256sum").args(["--check", "--quiet"]).arg(&sums).current_dir(place))?;
    process::run(Command::new("tar").arg("-xzf").arg(archive).arg("-C").arg(directory))?;
    let root = directory.join(archive.file_name().unwrap_or_default().to_string_lossy().trim_end_matches(".tar.gz"));
    let server = root.join("weir");
    let version = process::output(Command::new(&server).arg("--version")).context("`weir --version` failed")?;
    if !version.starts_with(&format!("weir {VERSION}")) {
        bail!("`weir --version` prints {version:?}");
    }
    // The examples name directories that their user creates. Here they are below the one that is removed at the end, and the worker gets
    // any free port.
    let data = directory.join("example");
    fs::create_dir_all(data.join("data")).with_context(|| format!("cannot make {}", data.display()))?;
    for name in EXAMPLE {
        let path = root.join(name);
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let text = text.replace(EXAMPLE_DIRECTORY, &data.to_string_lossy()).replace(EXAMPLE_ADDRESS, "127.0.0.1:0");
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
    }
    process::run(Command::new(&server).args(["standalone", "--check"]).args(EXAMPLE).current_dir(&root))
}

/// Copies a file, or a directory with everything in it.
fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    if from.is_dir() {
        let entries = fs::read_dir(from).with_context(|| format!("cannot list {}", from.display()))?;
        return entries.into_iter().try_for_each(|entry| {
            let entry = entry.with_context(|| format!("cannot list {}", from.display()))?;
            copy(&entry.path(), &to.join(entry.file_name()))
        });
    }
    let made = to.parent().map_or(Ok(()), fs::create_dir_all);
    made.and_then(|()| fs::copy(from, to))
        .map(drop)
        .with_context(|| format!("cannot copy {} to {}", from.display(), to.display()))
}

/// The time of the archive's files, in seconds since 1970.
fn time(workspace: &Workspace) -> anyhow::Result<u64> {
    let text = match std::env::var("SOURCE_DATE_EPOCH") {
        Ok(text) => text,
        Err(_) => process::output(Command::new("git").args(["log", "-1", "--format=%ct"]).current_dir(&workspace.root))
            .context("the time of the last commit is not known\nnext: set SOURCE_DATE_EPOCH")?,
    };
    text.trim().parse().with_context(|| format!("SOURCE_DATE_EPOCH: {text:?} is not a valid number of seconds"))
}

/// The target triple of the server.
fn host() -> anyhow::Result<String> {
    let text = process::output(Command::new("rustc").arg("-vV")).context("`rustc -vV` failed")?;
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).context("`rustc -vV` names no host")
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    /// With the server that `cargo xtask test` has built, or the one in `target/dist`.
    #[test]
    fn the_archive_is_the_same_each_time_and_its_server_accepts_the_example() {
        let workspace = Workspace::load().unwrap();
        let server = std::env::var_os("WEIR_BIN").map_or_else(|| workspace.dist().join("weir"), PathBuf::from);
        if std::env::var_os("WEIR_BIN").is_none() && !server.is_file() {
            eprintln!("not checked, because nothing is built: {}", server.display());
            return;
        }
        let directory = std::env::temp_dir().join(format!("weir-xtask-dist-{}", std::process::id()));
        fs::create_dir_all(&directory).unwrap();
        let first = fs::read(pack(&workspace, &server, &directory).unwrap()).unwrap();
        let archive = pack(&workspace, &server, &directory).unwrap();
        assert!(first == fs::read(&archive).unwrap(), "two archives differ");
        check(&archive).unwrap();
        fs::write(&archive, "something else").unwrap();
        assert!(check(&archive).is_err());
        fs::remove_dir_all(directory).unwrap();
    }
}
