//! What a component imports and exports.

use anyhow::{Context, bail};
use wasmparser::{Encoding, Parser, Payload};

/// Names of the interfaces that a component imports and exports, such as `weir:connect/source@0.2.0`.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Surface {
    pub(crate) imports: Vec<String>,
    pub(crate) exports: Vec<String>,
}

impl Surface {
    /// Whether it exports an interface, in any version: `weir:connect/plugin`.
    pub(crate) fn has_export(&self, interface: &str) -> bool {
        self.exports.iter().any(|name| name.strip_prefix(interface).is_some_and(|rest| rest.starts_with('@')))
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interface_is_exported_in_any_version_and_under_its_whole_name() {
        let surface = Surface { imports: Vec::new(), exports: vec!["weir:connect/plugin@0.1.0".to_owned()] };
        assert!(surface.has_export("weir:connect/plugin"));
        assert!(!surface.has_export("weir:connect/plug") && !surface.has_export("weir:connect/source"));
    }
}
