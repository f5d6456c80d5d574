//! Checks the order of the modules of some crates: each module uses only those before it.

use std::fs;
use std::path::Path;

use crate::files::sources;
use crate::workspace::root;

/// The modules of `runtime/server/src`. What a module uses comes before it.
const ORDER: [&str; 10] = [
    "error_text",
    "version",
    "core_dumps",
    "process_limits",
    "grants",
    "locks",
    "write_check",
    "check",
    "reload",
    "stop",
];

/// The modules that use all others.
const TOP: [&str; 5] = ["worker", "commands", "cli", "lib", "main"];

/// The modules of `runtime/config/src`. What a module uses comes before it.
const CONFIG_ORDER: [&str; 15] = [
    "error",
    "prefix",
    "properties",
    "converter",
    "restart_policy",
    "keys",
    "recorded",
    "providers",
    "for_plugin",
    "client",
    "rest",
    "worker",
    "settings",
    "validation",
    "connector",
];

/// The modules of `runtime/catalogue/src`. What a module uses comes before it.
const CATALOGUE_ORDER: [&str; 10] =
    ["alias", "built_in", "compiler", "store", "files", "incoming", "plugin", "lookup", "shipped", "registry"];

/// The modules of `runtime/rest/src`. What a module uses comes before it.
const REST_ORDER: [&str; 20] = [
    "error",
    "slots",
    "peer",
    "right",
    "audit",
    "request",
    "uri",
    "headers",
    "security",
    "tls",
    "server",
    "internal",
    "loggers",
    "metrics",
    "connectors",
    "connector_plugins",
    "offsets",
    "plugins",
    "root",
    "topics",
];

/// Crates that only some of the sources may name, and the paths of these.
const NAMED_ONLY_IN: [(&str, &[&str]); 5] = [
    ("rdkafka", &["runtime/kafka/"]),
    ("wasmtime", &["runtime/plugin/"]),
    ("wasmtime_wasi", &["runtime/plugin/"]),
    ("axum", &["runtime/rest/"]),
    ("hyper", &["runtime/rest/"]),
];

#[test]
fn each_module_of_the_worker_uses_only_those_before_it() {
    let wrong = uses_of_later_modules("runtime/server/src", &ORDER, &TOP);
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn each_module_of_the_configuration_uses_only_those_before_it() {
    let wrong = uses_of_later_modules("runtime/config/src", &CONFIG_ORDER, &["lib"]);
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn each_module_of_the_catalogue_uses_only_those_before_it() {
    let wrong = uses_of_later_modules("runtime/catalogue/src", &CATALOGUE_ORDER, &["loading", "lib"]);
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn each_module_of_the_rest_api_uses_only_those_before_it() {
    let wrong =
        uses_of_later_modules("runtime/rest/src", &REST_ORDER, &["lib", "tests", "fuzz_tests", "operations_tests"]);
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Returns the files of a crate that use a module which does not come before their own. Files of `top` may use all, and tests too.
fn uses_of_later_modules(source: &str, order: &[&str], top: &[&str]) -> Vec<String> {
    let source = root().join(source);
    let mut wrong = Vec::new();
    for file in sources(&source) {
        let path = file.strip_prefix(&source).unwrap();
        if path.file_name().is_some_and(|name| name == "tests.rs") {
            continue;
        }
        let first = path.components().next().unwrap().as_os_str().to_string_lossy().into_owned();
        let module = first.trim_end_matches(".rs");
        if top.contains(&module) {
            continue;
        }
        let place = |module: &str| order.iter().position(|known| *known == module);
        let own = place(module).unwrap_or_else(|| panic!("{module} is not in the order"));
        let text = fs::read_to_string(&file).unwrap();
        for used in code(&text).flat_map(|line| names_after(line, "crate::")) {
            if used != module && place(used).is_none_or(|other| other >= own) {
                wrong.push(format!("{} uses {used}", path.display()));
            }
        }
        // Names after `super::` may also be of functions, in the tests of a file.
        let root = root_from(path);
        for used in code(&text).flat_map(|line| names_after(line, &root)) {
            if used != module && place(used).is_some_and(|other| other >= own) {
                wrong.push(format!("{} uses {used}", path.display()));
            }
        }
    }
    wrong.dedup();
    wrong
}

/// Returns the path from a file of a crate to the root of the crate: `super::` for `a.rs` and `a/mod.rs`, `super::super::` for `a/b.rs`.
fn root_from(file: &Path) -> String {
    let is_directory = file.file_name().is_some_and(|name| name == "mod.rs");
    "super::".repeat(file.components().count() - usize::from(is_directory))
}

#[test]
fn each_crate_is_named_only_where_it_belongs() {
    let mut wrong = Vec::new();
    for file in sources(&root().join("runtime")) {
        let path = file.strip_prefix(root()).unwrap().to_string_lossy().into_owned();
        let text = fs::read_to_string(&file).unwrap();
        for (name, places) in NAMED_ONLY_IN {
            let is_allowed = places.iter().any(|place| path.starts_with(place));
            if !is_allowed && code(&text).any(|line| uses_crate(line, name)) {
                wrong.push(format!("{path} names {name}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Returns the lines that are not comments.
fn code(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter(|line| !line.trim_start().starts_with("//"))
}

/// Returns the names that follow the beginning of a path: `a` for `crate::a::b`, and `a` and `b` for `crate::{a, b::c}`.
fn names_after<'a>(line: &'a str, start: &str) -> impl Iterator<Item = &'a str> {
    line.match_indices(start).flat_map(move |(at, _)| {
        let is_path = !line[..at].ends_with(|letter: char| letter.is_alphanumeric() || letter == '_' || letter == ':');
        let rest = if is_path { &line[at + start.len()..] } else { "" };
        let names: Vec<&str> = match rest.strip_prefix('{') {
            Some(group) => group.split(',').map(name).collect(),
            None => vec![name(rest)],
        };
        names.into_iter().filter(|name| name.starts_with(|letter: char| letter.is_ascii_lowercase()))
    })
}

fn name(text: &str) -> &str {
    let text = text.trim_start();
    let end = text.find(|letter: char| !letter.is_alphanumeric() && letter != '_').unwrap_or(text.len());
    &text[..end]
}

/// Whether a line has a path that begins with the crate's name.
fn uses_crate(line: &str, name: &str) -> bool {
    line.match_indices(name).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let is_start =
            before.is_none_or(|letter| !letter.is_alphanumeric() && !matches!(letter, '_' | ':' | '"' | '`'));
        is_start && line[at + name.len()..].starts_with("::")
    })
}

#[test]
fn names_are_found_in_paths_and_in_groups_and_nowhere_else() {
    let found = |line| names_after(line, "crate::").collect::<Vec<_>>();
    assert_eq!(found("use crate::config::Error;"), ["config"]);
    assert_eq!(found("use crate::{check, rest::tls, Error};"), ["check", "rest"]);
    assert_eq!(found("pub(in crate::kafka) fn x(a: crate::api::State)"), ["kafka", "api"]);
    assert_eq!(found("$crate::x, other_crate::y"), ["x"]);
    let found = |file: &str, line| names_after(line, &root_from(Path::new(file))).collect::<Vec<_>>();
    assert_eq!(found("a.rs", "use super::b::C;"), ["b"]);
    assert_eq!(found("a/mod.rs", "use super::{b, D};"), ["b"]);
    assert_eq!(found("a/c.rs", "use super::d::E;"), [""; 0]);
    assert_eq!(found("a/c.rs", "use super::super::b::C;"), ["b"]);
    assert!(uses_crate("use rdkafka::error::KafkaError;", "rdkafka"));
    assert!(uses_crate("fn f(cause: &rdkafka::Error)", "rdkafka"));
    assert!(!uses_crate("librdkafka::x crate::rdkafka::y \"rdkafka::z\" rdkafka.", "rdkafka"));
}
