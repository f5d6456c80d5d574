//! Compares documents with the code and the contract.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("cannot read {}: {error}", path.display()))
}

/// Returns the blocks of code in this language.
fn blocks(document: &str, language: &str) -> Vec<String> {
    let (begin, mut blocks, mut block) = (format!("```{language}"), Vec::new(), None);
    for line in document.lines() {
        block = match block {
            None => (line == begin).then(String::new),
            Some(text) if line == "```" => {
                blocks.push(text);
                None
            }
            Some(text) => Some(text + line + "\n"),
        };
    }
    blocks
}

#[test]
fn the_first_connector_is_the_example() {
    let blocks = blocks(&read("docs/first-connector.md"), "rust");
    assert!(blocks.len() > 3, "the document shows the code piece by piece");
    let example = read("sdk/rust/examples/counter/src/lib.rs");
    assert_eq!(blocks.join("\n"), example, "docs/first-connector.md and the example's lib.rs are not the same");
    assert!(example.lines().count() <= 80);
}

/// Returns the `.wit` files of a directory with their texts.
fn wit_files(directory: &Path) -> BTreeMap<String, String> {
    let entries = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    let wit = entries.filter(|path| path.extension().is_some_and(|ending| ending == "wit"));
    wit.map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), fs::read_to_string(&path).unwrap()))
        .collect()
}

/// Compares a copy of the contract with the original. `WEIR_BLESS=1` copies it.
fn is_the_contract(copy: &str) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let contract = wit_files(&root.join("wit"));
    assert!(contract.len() >= 9);
    for (name, text) in &contract {
        weir_test_support::bless(&format!("{copy}/{name}"), text);
    }
    assert_eq!(
        wit_files(&root.join(copy)).len(),
        contract.len(),
        "{copy} has files that wit does not have; remove them"
    );
}

/// The crate is published without the repository.
#[test]
fn the_crate_has_the_contract_of_the_repository() {
    is_the_contract("sdk/rust/wit");
}

/// Authors of other languages copy this directory.
#[test]
fn the_directory_that_authors_copy_has_the_contract_of_the_repository() {
    is_the_contract("sdk/wit/deps/weir-connect");
}

#[test]
fn the_worlds_that_authors_copy_name_every_optional_interface() {
    let worlds = read("sdk/wit/plugin.wit");
    let readme = read("wit/README.md");
    let table = readme.split("| Optional interface |").nth(1).and_then(|rest| rest.split("\n\n").next()).unwrap();
    let mut found = 0;
    for interface in table.lines().skip(2).flat_map(|line| line.split('|').nth(1)).flat_map(|cell| cell.split(", ")) {
        let interface = interface.trim().trim_matches('`');
        assert!(
            worlds.contains(&format!("export weir:connect/{interface}@")),
            "sdk/wit/plugin.wit does not name {interface}"
        );
        found += 1;
    }
    assert!(found >= 10, "only {found} optional interfaces were found");
}

const INTERFACES: [&str; 20] = [
    "plugin",
    "validation",
    "capabilities",
    "connector",
    "connector-check",
    "source",
    "source-acknowledgements",
    "source-transactions",
    "source-offsets",
    "sink",
    "sink-commit",
    "sink-partitions",
    "sink-offsets",
    "transform",
    "predicate",
    "host",
    "context",
    "connector-context",
    "source-context",
    "sink-context",
];

#[test]
fn the_contract_has_every_call_that_its_readme_names() {
    let readme = read("wit/README.md");
    let contract: String = ["connector", "data", "host", "plugin", "sink", "source", "transform"]
        .map(|file| read(&format!("wit/{file}.wit")))
        .concat();
    let mut found = 0;
    for interface in INTERFACES {
        let body = contract.split(&format!("\ninterface {interface} {{")).nth(1).expect("the interface is there");
        let body = body.split("\n}").next().unwrap_or_default();
        for (at, _) in readme.match_indices(&format!("{interface}.")) {
            // Skips `data.wit`, and `sink.` as part of another word.
            let before = readme[..at].chars().next_back().unwrap_or(' ');
            let call: String = readme[at + interface.len() + 1..]
                .chars()
                .take_while(|c| c.is_ascii_lowercase() || *c == '-')
                .collect();
            if before.is_ascii_alphanumeric()
                || "-_".contains(before)
                || call == "wit"
                || call.is_empty()
                || call == "wasm"
            {
                continue;
            }
            assert!(body.contains(&format!("    {call}: func(")), "wit/README.md names {interface}.{call}");
            found += 1;
        }
        // Each call must be named, too.
        for line in body.lines().filter_map(|line| line.strip_prefix("    ")) {
            if let Some((call, _)) = line.split_once(": func(") {
                assert!(
                    readme.contains(&format!("{interface}.{call}")),
                    "wit/README.md does not name {interface}.{call}"
                );
            }
        }
    }
    assert!(found > 30, "only {found} names of calls were found");
}
