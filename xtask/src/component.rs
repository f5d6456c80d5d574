//! Checks that a built component fits the world that it was built for.

use std::path::Path;

use anyhow::{Context, bail};
use wasmparser::{Encoding, Parser, Payload};

/// Names of the interfaces that a component imports and exports, such as `weir:connect/source@0.2.0`.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Surface {
    pub(crate) imports: Vec<String>,
    pub(crate) exports: Vec<String>,
}

/// Checks that a file is a component, that it exports Weir's contract, and that a transform of this repository imports nothing of WASI, which
/// it has no use for.
pub(crate) fn check(component: &[u8], manifest: &Path) -> anyhow::Result<Surface> {
    let surface = surface(component)?;
    let exports = |interface: &str| surface.exports.iter().any(|name| name.starts_with(interface));
    if !exports("weir:connect/plugin@") {
        bail!(
            "it does not export weir:connect/plugin, only {:?}\n\
             next: export its plugins in its lib.rs: `weir_sdk::export!(sources: [MySource])`",
            surface.exports
        );
    }
    let wasi: Vec<_> = surface.imports.iter().filter(|name| name.starts_with("wasi:")).collect();
    if exports("weir:connect/transform@") && !wasi.is_empty() {
        bail!(
            "it is a transform, and those of this repository do without WASI, but it imports {wasi:?}\n\
             next: build it for wasm32-unknown-unknown: `wasi = false` under `[package.metadata.weir]` in {}",
            manifest.display()
        );
    }
    Ok(surface)
}

/// Returns what a component imports and exports.
pub(crate) fn surface(component: &[u8]) -> anyhow::Result<Surface> {
    let mut surface = Surface::default();
    // How many components and modules that it contains are around what is read.
    let mut depth = 0_usize;
    for payload in Parser::new(0).parse_all(component) {
        match payload.context("it cannot be read as a component")? {
            Payload::Version { encoding: Encoding::Module, .. } if depth == 0 => {
                bail!("it is a module, not a component")
            }
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::ComponentImportSection(imports) if depth == 0 => {
                for import in imports {
                    surface.imports.push(import?.name.name.to_owned());
                }
            }
            Payload::ComponentExportSection(exports) if depth == 0 => {
                for export in exports {
                    surface.exports.push(export?.name.name.to_owned());
                }
            }
            _ => {}
        }
    }
    Ok(surface)
}
