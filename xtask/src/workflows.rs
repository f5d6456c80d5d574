//! Checks the commands of continuous integration and of releases.

use std::fs;
use std::path::PathBuf;

use crate::outside::CRATES;
use crate::workspace::root;

/// The scripts and workflows.
fn files() -> Vec<(PathBuf, String)> {
    let workflows = fs::read_dir(root().join(".github/workflows")).unwrap().map(|entry| entry.unwrap().path());
    let paths = workflows.chain([root().join(".ci/run")]);
    paths.map(|path| (path.clone(), fs::read_to_string(path).unwrap())).collect()
}

/// The commands of cargo in a file. `cargo xtask` is none of them: it is preceded by one that checks Cargo.lock.
fn commands(text: &str) -> impl Iterator<Item = &str> {
    let lines = text.lines().map(str::trim).filter(|line| !line.starts_with('#'));
    let commands = lines.filter_map(|line| line.find("cargo ").map(|at| &line[at..]));
    commands.filter(|command| {
        let word = command.split(' ').nth(1).unwrap_or_default();
        word != "xtask" && word.starts_with(|letter: char| letter.is_ascii_alphabetic())
    })
}

#[test]
fn every_command_of_cargo_uses_the_dependencies_of_the_lock_file() {
    for (path, text) in files() {
        for command in commands(&text) {
            assert!(command.contains("--locked") || command.contains("--version"), "{}: {command}", path.display());
        }
        let xtask = text.find("cargo xtask");
        let checked = text.find("cargo metadata --locked");
        assert!(xtask.is_none_or(|xtask| checked.is_some_and(|checked| checked < xtask)), "{}", path.display());
    }
}

#[test]
fn a_release_publishes_the_crates_of_the_sdk_in_their_order_and_tries_that_before() {
    let release = fs::read_to_string(root().join(".github/workflows/release.yml")).unwrap();
    let packages = CRATES.map(|name| format!("--package {name}")).join(" ");
    let published: Vec<_> = commands(&release).filter(|command| command.starts_with("cargo publish")).collect();
    assert_eq!(
        published,
        [format!("cargo publish --locked --dry-run {packages}"), format!("cargo publish --locked {packages}")]
    );
}
