//! Where things are: the repository, the target folder, and which crates become components.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use anyhow::{Context, bail};
use serde::Deserialize;

/// The folders whose crates become components, and the folders below `target/dist` that they go to.
const GROUPS: [(&str, Group); 3] =
    [("connectors", Group::Plugins), ("sdk/rust/examples", Group::Examples), ("tests/plugins", Group::TestPlugins)];

/// What a component is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Group {
    /// Shipped with Weir.
    Plugins,
    /// Shows how one is written.
    Examples,
    /// Known only to the tests.
    TestPlugins,
}

impl Group {
    /// The folder below `target/dist`.
    pub(crate) fn folder(self) -> &'static str {
        match self {
            Self::Plugins => "plugins",
            Self::Examples => "examples",
            Self::TestPlugins => "test-plugins",
        }
    }
}

/// A crate that becomes a component.
#[derive(Debug)]
pub(crate) struct Guest {
    /// Its name for cargo.
    pub(crate) package: String,
    /// Its folder's name, which is the name of the `.wasm` file.
    pub(crate) name: String,
    pub(crate) manifest: PathBuf,
    pub(crate) group: Group,
    /// False = built for wasm32-unknown-unknown, so that it cannot import anything of WASI. A crate says so itself, with
    /// `wasi = false` under `[package.metadata.weir]`.
    pub(crate) wasi: bool,
}

/// The repository as cargo sees it.
#[derive(Debug)]
pub(crate) struct Workspace {
    pub(crate) root: PathBuf,
    /// Cargo's target folder, wherever CARGO_TARGET_DIR or a configuration puts it.
    pub(crate) target: PathBuf,
    pub(crate) guests: Vec<Guest>,
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    target_directory: PathBuf,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    manifest_path: PathBuf,
    #[serde(default)]
    metadata: Option<serde_json::Value>,
}

impl Workspace {
    /// Asks cargo.
    pub(crate) fn load() -> anyhow::Result<Self> {
        let root = root();
        let output = cargo(&root)
            .args(["metadata", "--format-version=1", "--no-deps"])
            .output()
            .context("cannot start `cargo metadata`")?;
        if !output.status.success() {
            bail!("`cargo metadata` failed: {}", String::from_utf8_lossy(&output.stderr));
        }
        let metadata: Metadata = serde_json::from_slice(&output.stdout).context("cannot read `cargo metadata`")?;
        let mut guests = Vec::new();
        for (folder, group) in GROUPS {
            for manifest in manifests(&root.join(folder))? {
                guests.push(guest(&metadata, manifest, group)?);
            }
        }
        Ok(Self { root, target: metadata.target_directory, guests })
    }

    /// `target/dist`, where what is built is left.
    pub(crate) fn dist(&self) -> PathBuf {
        self.target.join("dist")
    }

    /// Cargo, to be run in the repository's root.
    pub(crate) fn cargo(&self) -> Command {
        cargo(&self.root)
    }

    /// The file that a component is left in.
    pub(crate) fn component(&self, guest: &Guest) -> PathBuf {
        self.dist().join(guest.group.folder()).join(format!("{}.wasm", guest.name))
    }
}

/// The repository's root, also when called from another folder.
pub(crate) fn root() -> PathBuf {
    // Cargo sets it for `cargo run`; the compiled-in one is for a binary that is started by hand.
    let manifest = env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| env!("CARGO_MANIFEST_DIR").into(), PathBuf::from);
    manifest.parent().map_or(manifest.clone(), Path::to_path_buf)
}

fn cargo(root: &Path) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root);
    // A relative one was meant from where the user stands, and cargo runs in the root here.
    if let Some(folder) = env::var_os("CARGO_TARGET_DIR")
        && let Ok(folder) = std::path::absolute(folder)
    {
        command.env("CARGO_TARGET_DIR", folder);
    }
    command
}

/// The manifests in the folders right below this one, by name. A folder that is not there has none.
fn manifests(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error).with_context(|| format!("cannot list {}", folder.display())),
    };
    let mut manifests = Vec::new();
    for entry in entries {
        let manifest = entry.with_context(|| format!("cannot list {}", folder.display()))?.path().join("Cargo.toml");
        if manifest.is_file() {
            manifests.push(manifest);
        }
    }
    manifests.sort();
    Ok(manifests)
}

fn guest(metadata: &Metadata, manifest: PathBuf, group: Group) -> anyhow::Result<Guest> {
    // A crate that nobody builds would rot unseen.
    let Some(package) = metadata.packages.iter().find(|package| package.manifest_path == manifest) else {
        bail!(
            "{} is not a member of the workspace\nnext: add its folder to `members` in Cargo.toml",
            manifest.display()
        );
    };
    let name = manifest.parent().and_then(Path::file_name).unwrap_or_default().to_string_lossy().into_owned();
    let wasi = package.metadata.as_ref().and_then(|metadata| metadata.pointer("/weir/wasi")?.as_bool()).unwrap_or(true);
    Ok(Guest { package: package.name.clone(), name, manifest, group, wasi })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shipped_plugin_is_a_guest_and_the_transforms_are_built_without_wasi() {
        let workspace = Workspace::load().unwrap();
        let plugins: Vec<_> = workspace
            .guests
            .iter()
            .filter(|guest| guest.group == Group::Plugins)
            .map(|guest| (guest.name.as_str(), guest.wasi))
            .collect();
        assert_eq!(plugins, [("file", true), ("transforms", false)]);
    }
}
