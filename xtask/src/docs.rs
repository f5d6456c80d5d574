//! Checks that every path that a document names exists.

use std::path::{Path, PathBuf};
use std::{fs, iter};

/// A word with a slash and one of these endings is a path of this repository.
const ENDINGS: [&str; 8] = [".rs", ".md", ".wit", ".toml", ".json", ".properties", ".sh", "/"];

/// Documents in which every path is checked. In those in docs/ only links are, because they also name the reader's own files.
const DOCUMENTS: [&str; 6] =
    ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md", "wit/README.md", "tests/oracle/README.md"];

#[test]
fn every_path_that_a_document_names_exists() {
    let root = crate::workspace::root();
    let in_docs = ["docs", "docs/operations", "docs/packaging"]
        .into_iter()
        .flat_map(|directory| fs::read_dir(root.join(directory)).unwrap().map(|entry| entry.unwrap().path()));
    let ours = DOCUMENTS.iter().map(|name| (root.join(name), true));
    let mut missing = Vec::new();
    for (document, whole) in ours.chain(in_docs.filter(|path| is_markdown(path)).map(|path| (path, false))) {
        let text = fs::read_to_string(&document).unwrap_or_else(|error| panic!("{}: {error}", document.display()));
        let directory = document.parent().unwrap();
        let in_code = if whole { code_paths(&text, &root).collect() } else { Vec::new() };
        for path in linked_paths(&text, directory).chain(in_code) {
            // `tests/plugins/*` names the directory.
            let path = PathBuf::from(path.to_string_lossy().split('*').next().unwrap());
            if !path.exists() {
                missing.push(format!("{} names {}", document.display(), path.display()));
            }
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
}

#[test]
fn links_and_code_that_looks_like_a_path_are_found_and_other_words_are_not() {
    let root = crate::workspace::root();
    let text = "See [it](../LICENSE#top), [the web](https://a.b/c.md), `runtime/data/src/lib.rs:12`, `runtime/nowhere`,\n\
                `application/json`, `/connectors/{name}`, `target/dist/weir`, `cargo xtask`, `weir:connect/data`.\n\
                ```\nin a/block.rs\n```\n";
    let linked: Vec<_> = linked_paths(text, &root.join("docs")).collect();
    assert_eq!(linked, [root.join("docs/../LICENSE")]);
    let in_code: Vec<_> = code_paths(text, &root).collect();
    assert_eq!(in_code, ["runtime/data/src/lib.rs", "runtime/nowhere"].map(|path| root.join(path)));
}

fn is_markdown(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending == "md")
}

/// Returns the targets of links, relative to the document's directory.
fn linked_paths<'a>(text: &'a str, directory: &'a Path) -> impl Iterator<Item = PathBuf> + use<'a> {
    between(text, "](", ")").filter_map(move |target| {
        let target = target.split('#').next().unwrap_or_default();
        (!target.is_empty() && !target.contains("://")).then(|| directory.join(target))
    })
}

/// Returns the paths in code spans, relative to the root.
fn code_paths<'a>(text: &'a str, root: &'a Path) -> impl Iterator<Item = PathBuf> + use<'a> {
    let mut fenced = false;
    let lines = text.lines().filter(move |line| {
        let fence = line.trim_start().starts_with("```");
        fenced ^= fence;
        !fence && !fenced
    });
    lines.flat_map(|line| between(line, "`", "`")).filter_map(move |span| code_path(span, root))
}

fn code_path(span: &str, root: &Path) -> Option<PathBuf> {
    // `file.rs:12` names a line.
    let span = span.split_once(".rs:").map_or(span, |(path, _)| &span[..path.len() + 3]);
    let (first, _) = span.split_once('/')?;
    let plain = span.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-./*".contains(&byte));
    let built = first == "target";
    let ours = !first.is_empty() && root.join(first).exists() || ENDINGS.iter().any(|ending| span.ends_with(ending));
    (plain && !built && ours && !span.starts_with('/')).then(|| root.join(span))
}

/// Returns the text between each pair of these marks.
fn between<'a>(text: &'a str, open: &'a str, close: &'a str) -> impl Iterator<Item = &'a str> {
    let mut rest = text;
    iter::from_fn(move || {
        let (_, after) = rest.split_once(open)?;
        let (inside, after) = after.split_once(close)?;
        rest = after;
        Some(inside)
    })
}
