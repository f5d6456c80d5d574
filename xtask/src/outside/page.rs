//! Follows docs/first-connector.md: the crate is made of its blocks, and its commands run exactly as shown.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::{Outside, has_interface, without_settings};
use crate::process;
use crate::workspace::root;

/// Follows the page up to the component.
pub(super) fn follow(outside: &Outside) {
    let page = fs::read_to_string(root().join("docs/first-connector.md")).unwrap();
    let shown = commands(section(&page, "A crate"));
    let (create, add) = shown.split_at(2);
    assert!(create[0].starts_with("cargo new ") && add[0] == "cargo add weir-sdk", "{shown:?}");
    for command in create {
        // Each command runs in a shell of its own.
        let in_crate = if command.starts_with("cargo new ") { "" } else { "counter" };
        run(outside, &outside.directory.join(in_crate), command);
    }
    let crate_directory = outside.directory.join("counter");
    // The way of the page that needs neither crates.io nor the repository.
    let manifest = crate_directory.join("Cargo.toml");
    let [patch, crate_type] = &blocks(section(&page, "A crate"), "toml")[..] else {
        panic!("the page has other blocks")
    };
    let dependency = section(&page, "A crate").split('`').find(|code| code.starts_with("weir-sdk = ")).unwrap();
    let text = fs::read_to_string(&manifest).unwrap();
    assert!(text.contains("[dependencies]\n"), "{text}");
    let text = text.replace("[dependencies]\n", &format!("[dependencies]\n{dependency}\n"));
    fs::write(&manifest, format!("{text}\n{patch}\n{crate_type}")).unwrap();
    fs::write(crate_directory.join("src/lib.rs"), blocks(section(&page, "The code"), "rust").join("\n")).unwrap();
    outside.lock(&crate_directory).unwrap();

    let build = commands(section(&page, "Test and build"));
    assert!(build.iter().any(|command| command == "cargo test"), "{build:?}");
    for command in &build {
        run(outside, &crate_directory, command);
    }
    has_interface(&outside.component("release", "counter").unwrap(), "source");
}

/// Runs a command of the page.
fn run(outside: &Outside, directory: &Path, command: &str) {
    let mut shell = Command::new("sh");
    without_settings(&mut shell);
    shell.current_dir(directory).env("CARGO_NET_OFFLINE", "true").env("CARGO_TARGET_DIR", &outside.target);
    process::run(shell.args(["-c", command])).unwrap();
}

/// Returns the section with this heading.
fn section<'a>(page: &'a str, heading: &str) -> &'a str {
    let after = page.split(&format!("\n## {heading}\n")).nth(1);
    let after = after.unwrap_or_else(|| panic!("the page has no section {heading}"));
    after.split("\n## ").next().unwrap_or_default()
}

/// Returns the blocks of code in this language.
fn blocks(text: &str, language: &str) -> Vec<String> {
    let fence = format!("\n```{language}\n");
    let parts = text.split(&fence).skip(1);
    parts.map(|part| part.split("\n```").next().unwrap_or_default().to_owned() + "\n").collect()
}

/// Returns the commands of the blocks that show a terminal. `a && b` is two commands.
fn commands(text: &str) -> Vec<String> {
    let lines = blocks(text, "console");
    let lines = lines.iter().flat_map(|block| block.lines()).filter_map(|line| line.strip_prefix("$ "));
    lines.flat_map(|line| line.split(" && ")).filter(|command| !command.starts_with("cd ")).map(str::to_owned).collect()
}

#[test]
fn the_parts_of_a_page_are_found() {
    let page = "# P\n\n## A\n\n```console\n$ a b && cd c\nout\n$ d\n```\n\n## B\n\n```toml\n[x]\n```\n";
    assert_eq!(commands(section(page, "A")), ["a b", "d"]);
    assert_eq!(blocks(section(page, "B"), "toml"), ["[x]\n"]);
    assert!(blocks(section(page, "A"), "toml").is_empty());
}
