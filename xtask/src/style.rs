//! Checks what `cargo fmt` and clippy do not: the width of comments and pages, and where modules and unit tests are.

use std::fs;
use std::path::{Path, PathBuf};

use crate::workspace::root;

/// The longest line of a comment, and of a page outside of tables and code, in bytes.
const WIDTH: usize = 140;

/// Pages that are written by programs, from texts that are one line each.
const GENERATED: [&str; 5] = [
    "docs/benchmarks.md",
    "docs/client-settings.md",
    "docs/compatibility.md",
    "docs/configuration.md",
    "docs/metrics.md",
];

/// The directories whose modules have one layout. The SDK and the components keep a module next to the directory of its parts.
const WITH_MOD_RS: [&str; 3] = ["runtime", "tests", "xtask"];

#[test]
fn comments_and_pages_are_wrapped() {
    let mut long = Vec::new();
    for path in files(&root()) {
        let name = path.strip_prefix(root()).unwrap().display().to_string();
        let too_long: fn(&str) -> Vec<usize> = match path.extension().and_then(|ending| ending.to_str()) {
            // Copied from where they are made, as they are.
            Some("wit") if name.starts_with("sdk/wit/deps/wasi-") => continue,
            Some("rs" | "wit") => long_comments,
            Some("md") if !GENERATED.contains(&name.as_str()) => long_lines,
            _ => continue,
        };
        let text = fs::read_to_string(&path).unwrap();
        long.extend(too_long(&text).into_iter().map(|line| format!("{name}:{line}")));
    }
    assert!(long.is_empty(), "longer than {WIDTH}: {long:#?}");
}

/// Returns the numbers of the lines of comments that are too long. The rows of a table cannot be wrapped.
fn long_comments(text: &str) -> Vec<usize> {
    let is_long = |line: &str| {
        let comment = line.trim_start();
        line.len() > WIDTH && comment.starts_with("//") && !comment.trim_start_matches(['/', '!', ' ']).starts_with('|')
    };
    (1..).zip(text.lines()).filter(|(_, line)| is_long(line)).map(|(number, _)| number).collect()
}

/// Returns the numbers of the lines of a page that are too long.
fn long_lines(text: &str) -> Vec<usize> {
    let mut is_code = false;
    let mut long = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let start = line.trim_start();
        is_code ^= start.starts_with("```");
        if line.len() > WIDTH && !is_code && !start.starts_with(['|', '#']) {
            long.push(number);
        }
    }
    long
}

#[test]
fn modules_and_unit_tests_are_where_they_are_expected() {
    let mut wrong = Vec::new();
    for path in WITH_MOD_RS.iter().flat_map(|directory| files(&root().join(directory))) {
        if path.extension().is_none_or(|ending| ending != "rs") {
            continue;
        }
        let name = path.strip_prefix(root()).unwrap().display();
        let parts = path.with_extension("");
        if parts.is_dir() && fs::read_dir(parts).unwrap().any(|entry| entry.unwrap().file_name() != "tests.rs") {
            wrong.push(format!("{name} has parts: move it to mod.rs in their directory"));
        }
        if fs::read_to_string(&path).unwrap().contains("_tests.rs\"]") && !path.ends_with("style.rs") {
            wrong.push(format!(
                "{name} has its tests in another file: move them to tests.rs in a directory of its name"
            ));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Returns the files below a directory that are part of the repository, as far as they are of interest here.
fn files(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy();
        if path.is_dir() && name != "target" && !(name.starts_with('.') && name != ".github") {
            found.extend(files(&path));
        } else if path.is_file() {
            found.push(path);
        }
    }
    found.sort();
    found
}

#[test]
fn long_lines_are_found_where_they_can_be_wrapped() {
    let long = "word ".repeat(40);
    let comment = |start: &str| long_comments(&format!("let x = 1;\n    {start}{long}\n"));
    assert_eq!(comment("/// "), [2]);
    assert_eq!(comment("// "), [2]);
    assert_eq!(comment("//! | "), [0; 0]);
    assert_eq!(comment("let text = "), [0; 0]);
    let page = format!("# {long}\n\n{long}\n\n| {long} |\n\n```sh\n{long}\n```\n- {long}\n");
    assert_eq!(long_lines(&page), [3, 10]);
}
