//! What a file is, and whether the names of a component's imports and exports are ones that this worker knows. Types are compared
//! later, by linking.

use wasmtime::component::Component;

use crate::load_error::LoadError;
use crate::v0_1;

/// The package of the contract.
const PACKAGE: &str = "weir:connect/";

/// What the host offers of WASI 0.2: the world `wasi:cli/imports`.
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
/// The rest of it.
const WASI_MORE: &str = "wasi:sockets/udp-create-socket";

/// Whether these bytes begin as a component does. Everything behind that is the compiler's to judge.
pub(crate) fn check_form(wasm: &[u8]) -> Result<(), LoadError> {
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
        _ => garbage("it does not begin with WebAssembly's magic number"),
    }
}

/// Checks names and versions of imports and exports.
///
/// # Returns
///
/// The imports, sorted.
pub(crate) fn check(component: &Component) -> Result<Vec<String>, LoadError> {
    let kind = component.component_type();
    let engine = component.engine();
    let exports: Vec<&str> = kind.exports(engine).map(|(name, _)| name).collect();
    let imports: Vec<&str> = kind.imports(engine).map(|(name, _)| name).collect();

    let ours: Vec<&str> = exports.iter().copied().filter(|name| name.starts_with(PACKAGE)).collect();
    if ours.is_empty() {
        let exports = if exports.is_empty() { "it exports nothing at all".to_owned() } else { list(&exports) };
        return Err(LoadError::Foreign { exports });
    }
    for name in ours.iter().chain(imports.iter().filter(|name| name.starts_with(PACKAGE))) {
        if split(name).1 != v0_1::VERSION {
            return Err(LoadError::Version { found: (*name).to_owned() });
        }
    }
    if !ours.iter().any(|name| split(name).0 == "weir:connect/plugin") {
        return Err(LoadError::Incomplete { exports: list(&ours) });
    }
    let unknown: Vec<String> = imports.iter().copied().filter(|name| !offered(name)).map(str::to_owned).collect();
    if !unknown.is_empty() {
        return Err(LoadError::Imports { imports: unknown });
    }
    let mut imports: Vec<String> = imports.into_iter().map(str::to_owned).collect();
    imports.sort();
    Ok(imports)
}

fn offered(name: &str) -> bool {
    let (interface, version) = split(name);
    match interface.strip_prefix(PACKAGE) {
        Some(interface) => v0_1::OFFERED.contains(&interface),
        None => version.starts_with("0.2.") && (WASI.contains(&interface) || interface == WASI_MORE),
    }
}

/// `a:b/c@1.0.0` is `a:b/c` and `1.0.0`.
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
    fn what_is_not_offered_is_known_by_name_and_version() {
        for name in ["wasi:http/types@0.2.0", "wasi:cli/environment@0.3.0", "weir:connect/other@0.1.0", "env", "a:b/c"]
        {
            assert!(!offered(name), "{name}");
        }
    }
}
