//! Checks that no test guest is unused: a test names each of its plugin classes, and each hook, deed and command that it knows.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::workspace::{Group, Workspace};

/// A crate whose code is searched for what it can be told to do, and the directories of the tests that tell it.
struct Told {
    guest: &'static str,
    tests: &'static [&'static str],
}

const TOLD: [Told; 4] = [
    Told { guest: "tests/plugins/hostile", tests: &["tests/tests/e2e"] },
    Told { guest: "tests/plugins/hostile-transform", tests: &["tests/tests/e2e"] },
    Told { guest: "tests/hostile-common", tests: &["tests/tests/e2e"] },
    Told { guest: "runtime/plugin/tests/guest", tests: &["runtime/plugin/tests/it", "runtime/plugin/benches"] },
];

/// Where the tests of guests are, and the benchmarks, which use one.
const TESTS: [&str; 5] = ["tests/tests", "tests/bench/src", "tests/src", "runtime/plugin/tests/it", "xtask/src"];

#[test]
fn every_guest_is_used_by_a_test() {
    let workspace = Workspace::load().unwrap();
    let mut tests = String::new();
    for directory in TESTS {
        tests.push_str(&text(&workspace.root.join(directory)));
    }
    let mut unused = Vec::new();
    for guest in workspace.guests.iter().filter(|guest| guest.group != Group::Plugins) {
        let code = text(&guest.manifest.parent().unwrap().join("src"));
        let classes = classes(&code);
        assert!(!classes.is_empty(), "no class is found in {}", guest.name);
        let is_named = |name: &str| tests.contains(&format!("{name}\""));
        // What shows how a plugin is written is built by its name; of a test's own guest, each class is used.
        let is_used = match guest.group {
            Group::Examples => is_named(&guest.name),
            _ => classes.iter().all(|class| is_named(class)),
        };
        if !is_used {
            unused.push(format!("{}: {classes:?}", guest.name));
        }
    }
    assert!(unused.is_empty(), "no test names all classes of\n{}", unused.join("\n"));
}

#[test]
fn everything_that_a_guest_can_be_told_to_do_is_tested() {
    let root = crate::workspace::root();
    let mut unused = Vec::new();
    for Told { guest, tests } in TOLD {
        let tests: String = tests.iter().map(|directory| text(&root.join(directory))).collect();
        let words = words(&tests);
        let told = told(&text(&root.join(guest).join("src")));
        assert!(told.len() > 5, "hardly anything is found in {guest}: {told:?}");
        unused.extend(told.iter().filter(|word| !words.contains(word.as_str())).map(|word| format!("{guest}: {word}")));
    }
    assert!(unused.is_empty(), "no test tells the guest to do it\n{}", unused.join("\n"));
}

#[test]
fn commands_and_classes_are_found_and_other_strings_are_not() {
    let code = r#"
        // "comment" => 1
        match deed { "spin" => spin(), Some("lie-a") if x => {} "one" | "two" => {} other => panic!("other") }
        if describe::lies("lie-b") || lie == Some("lie-c") || deed == "lie-d" || setting("key") == "value-e" {}
        fault("sink.put")?; plan::deed("validation.validate"); refusal("sink.stop"); host::log("text"); "" => 0; "weir.tests.A" => 0;
        const CLASS: &'static str = "org.example.B"; [("weir.tests.C", "source")]; info("d.E", "sink"); ("needs.read", "read-directory");
    "#;
    let expected = [
        "lie-a",
        "lie-b",
        "lie-c",
        "lie-d",
        "one",
        "sink.put",
        "sink.stop",
        "spin",
        "two",
        "validation.validate",
        "value-e",
    ];
    assert_eq!(told(code).iter().map(String::as_str).collect::<Vec<_>>(), expected);
    assert_eq!(classes(code).iter().map(String::as_str).collect::<Vec<_>>(), ["d.E", "org.example.B", "weir.tests.C"]);
    let used = words(r#"("sink.put", "one,two", "compute 300") // "comment""#);
    assert!(["sink.put", "one", "two", "compute"].iter().all(|word| used.contains(*word)), "{used:?}");
    assert!(!used.contains("comment"));
}

/// Returns the Rust code in a directory and those below it.
fn text(directory: &Path) -> String {
    let mut text = String::new();
    let mut paths: Vec<PathBuf> = fs::read_dir(directory)
        .unwrap_or_else(|error| panic!("{}: {error}", directory.display()))
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            text.push_str(&self::text(&path));
        } else if path.extension().is_some_and(|ending| ending == "rs") && !path.ends_with("xtask/src/guests.rs") {
            text.push_str(&fs::read_to_string(&path).unwrap());
        }
    }
    text
}

/// A string literal, and the code before and after it.
struct Literal<'a> {
    before: &'a str,
    text: &'a str,
    after: &'a str,
}

/// Returns the string literals of each line. Those that contain a quotation mark are not needed here.
fn literals(code: &str) -> impl Iterator<Item = Literal<'_>> {
    code.lines().flat_map(|line| {
        let code = line.split(" //").next().unwrap_or_default();
        let code = if code.trim_start().starts_with("//") { "" } else { code };
        let quotes: Vec<usize> = code.match_indices('"').map(|(at, _)| at).collect();
        let pairs: Vec<(usize, usize)> = quotes.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect();
        pairs.into_iter().map(move |(begin, end)| Literal {
            before: code[..begin].trim_end(),
            text: &code[begin + 1..end],
            after: code[end + 1..].trim_start(),
        })
    })
}

/// Returns what a guest compares with a name of a hook, a deed or a command: patterns, and arguments of functions that compare.
fn told(code: &str) -> BTreeSet<String> {
    let is_name = |text: &str| {
        let is_letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        !text.is_empty()
            && match text.split_once('.') {
                Some((interface, hook)) => interface.bytes().all(is_letter) && hook.bytes().all(is_letter),
                None => text.bytes().all(is_letter),
            }
    };
    let is_told = |literal: &Literal<'_>| {
        let after = literal.after.trim_start_matches(')').trim_start();
        let is_pattern = after.starts_with("=>") || after.starts_with('|') || after.starts_with("if ");
        let asks = ["== Some(", "==", "lies(", "fault(", "refusal(", "deed("];
        is_pattern || asks.iter().any(|asks| literal.before.ends_with(asks))
    };
    literals(code)
        .filter(|literal| is_name(literal.text) && is_told(literal))
        .map(|literal| literal.text.into())
        .collect()
}

/// The kinds of plugins, as `describe` returns them.
const KINDS: [&str; 4] = ["source", "sink", "transformation", "predicate"];

/// Returns the class names of a guest's plugins.
fn classes(code: &str) -> BTreeSet<String> {
    let is_before_kind = |literal: &Literal<'_>| {
        let next = literal.after.strip_prefix(", \"").and_then(|next| next.split('"').next());
        next.is_some_and(|next| KINDS.contains(&next)) && literal.text.contains('.')
    };
    let is_class =
        |literal: &Literal<'_>| literal.before.ends_with("const CLASS: &'static str =") || is_before_kind(literal);
    literals(code).filter(is_class).map(|literal| literal.text.into()).collect()
}

/// Returns the words in string literals. A test may name several deeds in one, or add an argument.
fn words(code: &str) -> BTreeSet<&str> {
    literals(code).flat_map(|literal| literal.text.split([' ', ','])).collect()
}
