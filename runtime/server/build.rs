//! Tells the compiler which commit it compiles, as `WEIR_COMMIT`: what the environment variable of this name says, else what an archive
//! that git made says (`commit.txt`), else what the clone says. Git itself is not needed.

use std::fs;
use std::path::{Path, PathBuf};

fn main() {
    println!("cargo::rerun-if-env-changed=WEIR_COMMIT");
    println!("cargo::rerun-if-changed=build.rs");
    let given = std::env::var("WEIR_COMMIT").ok().filter(|commit| !commit.trim().is_empty());
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let commit = given.or_else(|| of_archive(&folder.join("commit.txt"))).or_else(|| of_clone(&folder.join("../..")));
    println!("cargo::rustc-env=WEIR_COMMIT={}", commit.as_deref().map_or("unknown", str::trim));
}

/// `git archive` replaces the text of this file (`.gitattributes`).
fn of_archive(file: &Path) -> Option<String> {
    watched(file).and_then(|text| hash(&text))
}

fn of_clone(root: &Path) -> Option<String> {
    let git = root.join(".git");
    // In a worktree it is a file that names the folder.
    let git = match fs::read_to_string(&git) {
        Ok(text) => root.join(text.strip_prefix("gitdir:")?.trim()),
        Err(_) => git,
    };
    let common: PathBuf = fs::read_to_string(git.join("commondir")).map_or(git.clone(), |path| git.join(path.trim()));
    let head = watched(&git.join("HEAD"))?;
    let Some(name) = head.strip_prefix("ref:").map(str::trim) else { return hash(&head) };
    // It grows with each commit, also while the branch has no file of its own.
    watched(&git.join("logs/HEAD"));
    let packed = watched(&common.join("packed-refs")).unwrap_or_default();
    let packed = packed.lines().find_map(|line| line.strip_suffix(name)?.strip_suffix(' '));
    watched(&common.join(name)).as_deref().or(packed).and_then(hash)
}

/// The text of a file, whose change calls for another look. Cargo looks each time where it is told of a file that is not there.
fn watched(file: &Path) -> Option<String> {
    let text = fs::read_to_string(file).ok()?;
    println!("cargo::rerun-if-changed={}", file.display());
    Some(text)
}

fn hash(text: &str) -> Option<String> {
    let text = text.trim();
    (text.len() >= 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit())).then(|| text.to_owned())
}
