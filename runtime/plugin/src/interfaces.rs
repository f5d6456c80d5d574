//! Checks what a file is, and whether this worker knows the names of a component's imports and exports. Nothing is compiled, and what is
//! nested in the component is not read. Types are compared later, when the component is linked.

use wasmparser::{Chunk, Parser, Payload};

use crate::contract::{self, Track};
use crate::load_error::LoadError;

/// The package of the contract.
const PACKAGE: &str = "weir:connect/";

/// The interfaces of WASI 0.2 that the host offers: the world `wasi:cli/imports`.
const WASI: [&str; 26] = [
    "wasi:cli/environment",
    "wasi:cli/exit",
    "wasi:cli/stderr",
    "wasi:cli/stdin",
    "wasi:cli/stdout",
    "wasi:cli/terminal-input",
    "wasi:cli/terminal-output",
    "wasi:cli/terminal-stderr",
    "wasi:cli/terminal-stdin",
    "wasi:cli/terminal-stdout",
    "wasi:clocks/monotonic-clock",
    "wasi:clocks/wall-clock",
    "wasi:filesystem/preopens",
    "wasi:filesystem/types",
    "wasi:io/error",
    "wasi:io/poll",
    "wasi:io/streams",
    "wasi:random/insecure",
    "wasi:random/insecure-seed",
    "wasi:random/random",
    "wasi:sockets/instance-network",
    "wasi:sockets/ip-name-lookup",
    "wasi:sockets/network",
    "wasi:sockets/tcp",
    "wasi:sockets/tcp-create-socket",
    "wasi:sockets/udp",
];
/// The last one of them.
const WASI_MORE: &str = "wasi:sockets/udp-create-socket";

/// Checks that the bytes begin like a component.
fn check_form(wasm: &[u8]) -> Result<(), LoadError> {
    let garbage = |reason: &str| Err(LoadError::Garbage { reason: reason.to_owned() });
    match wasm {
        [] => garbage("it is empty"),
        [0x00, b'a', b's', b'm', version_low, version_high, layer_low, layer_high, ..] => {
            match ([*version_low, *version_high], [*layer_low, *layer_high]) {
                (_, [1, 0]) => Ok(()),
                ([1, 0], [0, 0]) => Err(LoadError::CoreModule),
                _ => garbage("it is WebAssembly of an unknown version"),
            }
        }
        [b'(', ..] => garbage("it is text; only the binary form can be loaded"),
        [0x7f, b'E', b'L', b'F', ..] | [0xcf, 0xfa, 0xed, 0xfe, ..] => {
            garbage("it is a native program or library; build it with `--target wasm32-wasip2`")
        }
        [b'!', b'<', b'a', b'r', b'c', b'h', b'>', ..] => garbage(
            "it is a static library, such as an .rlib; in Rust, set `crate-type = [\"cdylib\", \"rlib\"]` in Cargo.toml",
        ),
        _ => garbage("it does not begin with WebAssembly's magic number"),
    }
}

/// The names of a component's imports and exports.
#[derive(Debug, Default)]
struct Names<'a> {
    imports: Vec<&'a str>,
    exports: Vec<&'a str>,
}

impl<'a> Names<'a> {
    /// Reads the sections of a component, and skips the modules and components in it, so that the time does not depend on its size.
    fn read(wasm: &'a [u8]) -> Result<Self, String> {
        let text = |error: wasmparser::BinaryReaderError| error.to_string();
        let (mut names, mut parser, mut rest) = (Self::default(), Parser::new(0), wasm);
        loop {
            let (consumed, payload) = match parser.parse(rest, true).map_err(text)? {
                Chunk::Parsed { consumed, payload } => (consumed, payload),
                // This does not occur with complete input.
                Chunk::NeedMoreData(_) => return Ok(names),
            };
            let mut skipped = consumed;
            match payload {
                Payload::ComponentImportSection(imports) => {
                    for import in imports {
                        names.imports.push(import.map_err(text)?.name.name);
                    }
                }
                Payload::ComponentExportSection(exports) => {
                    for export in exports {
                        names.exports.push(export.map_err(text)?.name.name);
                    }
                }
                Payload::ModuleSection { unchecked_range, .. } | Payload::ComponentSection { unchecked_range, .. } => {
                    skipped = skipped.saturating_add(unchecked_range.len());
                }
                Payload::End(_) => return Ok(names),
                _ => {}
            }
            rest = rest.get(skipped..).ok_or("the file ends within a module")?;
        }
    }
}

/// The result of the check.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Checked {
    /// The imports, sorted.
    pub(crate) imports: Vec<String>,
    /// The track of the contract for which it was built.
    pub(crate) track: Track,
}

/// Checks the names and versions of imports and exports, before anything is compiled.
pub(crate) fn check(wasm: &[u8]) -> Result<Checked, LoadError> {
    check_form(wasm)?;
    let Names { imports, exports } = Names::read(wasm).map_err(|reason| LoadError::Compile { reason })?;

    let ours: Vec<&str> = exports.iter().copied().filter(|name| name.starts_with(PACKAGE)).collect();
    let Some(first) = ours.first() else {
        let exports = if exports.is_empty() { "nothing".to_owned() } else { list(&exports) };
        return Err(LoadError::Foreign { exports });
    };
    let track = track(first)?;
    for name in ours.iter().chain(imports.iter().filter(|name| name.starts_with(PACKAGE))) {
        if self::track(name)? != track {
            let found = format!("{name} and {first}");
            return Err(LoadError::Version { found, advice: "Build it against one version".to_owned() });
        }
    }
    if !ours.iter().any(|name| split(name).0 == "weir:connect/plugin") {
        return Err(LoadError::Incomplete { exports: list(&ours) });
    }
    let unused = |name: &&&str| split(name).0.strip_prefix(PACKAGE).is_some_and(|name| !contract::uses(track, name));
    let unused: Vec<String> = ours.iter().filter(unused).map(|name| (*name).to_owned()).collect();
    if !unused.is_empty() {
        return Err(LoadError::Exports { exports: unused });
    }
    let unknown = imports.iter().copied().filter(|name| !offered(track, name));
    let unknown: Vec<String> = unknown.map(str::to_owned).collect();
    if !unknown.is_empty() {
        return Err(LoadError::Imports { imports: unknown });
    }
    let mut imports: Vec<String> = imports.into_iter().map(str::to_owned).collect();
    imports.sort();
    Ok(Checked { imports, track })
}

fn track(name: &str) -> Result<Track, LoadError> {
    contract::served(split(name).1).map_err(|advice| LoadError::Version { found: name.to_owned(), advice })
}

fn offered(track: Track, name: &str) -> bool {
    let (interface, version) = split(name);
    match interface.strip_prefix(PACKAGE) {
        Some(interface) => contract::offers(track, interface),
        None => version.starts_with("0.2.") && (WASI.contains(&interface) || interface == WASI_MORE),
    }
}

/// Splits `a:b/c@1.0.0` into `a:b/c` and `1.0.0`.
fn split(name: &str) -> (&str, &str) {
    name.split_once('@').unwrap_or((name, ""))
}

fn list(names: &[&str]) -> String {
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_bytes_tell_what_a_file_is() {
        assert!(check_form(&wat::parse_str("(component)").unwrap()).is_ok());
        assert!(matches!(check_form(&wat::parse_str("(module)").unwrap()), Err(LoadError::CoreModule)));
        for bytes in [&b""[..], b"\0as", b"(module)", b"PK\x03\x04 a zip file", b"\0asm\x02\0\0\0"] {
            assert!(matches!(check_form(bytes), Err(LoadError::Garbage { .. })), "{bytes:?}");
        }
    }

    #[test]
    fn only_what_is_at_the_outside_counts() {
        let wasm = wat::parse_str(
            r#"(component
                (import "wasi:cli/exit@0.2.0" (instance))
                (core module (import "env" "inner" (func)) (func (export "inner-export")))
                (component (import "inner" (func)) (export "inner-export" (func 0)))
                (instance)
                (export "weir:connect/plugin@0.2.0" (instance 1)))"#,
        )
        .unwrap();
        let names = Names::read(&wasm).unwrap();
        assert_eq!((names.imports, names.exports), (vec!["wasi:cli/exit@0.2.0"], vec!["weir:connect/plugin@0.2.0"]));
        let imports = vec!["wasi:cli/exit@0.2.0".to_owned()];
        assert_eq!(check(&wasm).unwrap(), Checked { imports, track: Track::V0_2 });
        for end in 8..wasm.len() {
            assert!(check(&wasm[..end]).is_err(), "cut at {end}");
        }
    }

    #[test]
    fn another_version_and_an_export_that_cannot_be_used_are_refused_by_name() {
        let component = |names: &[&str]| {
            let exports: String = names.iter().map(|name| format!("(export {name:?} (instance 0))")).collect();
            wat::parse_str(format!("(component (instance) {exports})")).unwrap()
        };
        for (exports, expected) in [
            (vec!["weir:connect/plugin@0.2.1"], "weir:connect/plugin@0.2.1; this worker has weir:connect@0.2.0. Use a"),
            (vec!["weir:connect/plugin@0.1.0"], "weir:connect/plugin@0.1.0; this worker has weir:connect@0.2.0. Use a"),
            (vec!["weir:connect/plugin@0.2.0", "weir:connect/sink@0.3.0"], "weir:connect/sink@0.3.0; this worker"),
            (vec!["weir:connect/plugin@0.2.0", "weir:connect/converter@0.2.0"], "use: weir:connect/converter@0.2.0."),
            (vec!["weir:connect/sink@0.2.0"], "not weir:connect/plugin@0.2.0"),
        ] {
            let error = check(&component(&exports)).unwrap_err().to_string();
            assert!(error.contains(expected), "{expected:?} in {error:?}");
        }
    }

    #[test]
    fn what_is_not_offered_is_known_by_name_and_version() {
        for name in ["wasi:http/types@0.2.0", "wasi:cli/environment@0.3.0", "weir:connect/other@0.2.0", "env", "a:b/c"]
        {
            assert!(!offered(Track::V0_2, name), "{name}");
        }
    }
}
