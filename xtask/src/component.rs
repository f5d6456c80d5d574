//! Core modules become components, and components are held to the world they were built for.

use std::path::Path;

use anyhow::{Context, bail};
use wit_component::{ComponentEncoder, DecodedWasm};

/// What a component imports and exports: the names of the interfaces, such as `weir:connect/source@0.1.0`.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Surface {
    pub(crate) imports: Vec<String>,
    pub(crate) exports: Vec<String>,
}

/// Turns a core module built for wasm32-unknown-unknown into a component, by the types that its bindings put into it.
pub(crate) fn encode(module: &[u8]) -> anyhow::Result<Vec<u8>> {
    ComponentEncoder::default()
        .validate(true)
        .module(module)
        .and_then(|encoder| encoder.encode())
        .context("the module cannot be turned into a component")
}

/// Checks a built component: it is one, it exports Weir's contract, and a transform of this repository imports nothing of WASI, which it
/// has no use for.
pub(crate) fn check(component: &[u8], manifest: &Path) -> anyhow::Result<Surface> {
    let surface = surface(component)?;
    let exports = |interface: &str| surface.exports.iter().any(|name| name.starts_with(interface));
    if !exports("weir:connect/plugin@") {
        bail!(
            "it does not export weir:connect/plugin, only {:?}\nnext: export its plugins with the SDK's macro",
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

/// What it imports and exports.
pub(crate) fn surface(component: &[u8]) -> anyhow::Result<Surface> {
    let (resolve, world) = match wit_component::decode(component).context("it cannot be read as a component")? {
        DecodedWasm::Component(resolve, world) => (resolve, world),
        DecodedWasm::WitPackage(..) => bail!("it is a WIT package, not a component"),
    };
    let world = &resolve.worlds[world];
    let names = |keys: Vec<_>| keys.into_iter().map(|key| resolve.name_world_key(key)).collect();
    Ok(Surface { imports: names(world.imports.keys().collect()), exports: names(world.exports.keys().collect()) })
}
