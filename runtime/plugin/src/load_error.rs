//! Why a file is not a usable plugin, and what its author or uploader can do about it.

use weir_data::text::{MAX_MESSAGE, bounded, shown};

use crate::call::CallError;
use crate::compile::CompileError;
use crate::contract::newest;

/// Most names of imports that an error lists.
const MAX_LISTED: usize = 20;

/// A component that cannot be loaded. Each text says what to do.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The file is not a WebAssembly component.
    #[error("not a WebAssembly component: {}. Upload the .wasm file that the build created, unchanged", said(.reason))]
    Garbage {
        /// What is wrong with it.
        reason: String,
    },
    /// A core module.
    #[error(
        "not a component but a core WebAssembly module. Build it for the target wasm32-wasip2, or convert it with \
         `wasm-tools component new`"
    )]
    CoreModule,
    /// The engine cannot compile it.
    #[error("the component cannot be compiled: {}. Build it with an SDK of this worker's version", said(.reason))]
    Compile {
        /// What the compiler says.
        reason: String,
    },
    /// A limit of the compiler was exceeded, or nothing can be compiled now.
    #[error(transparent)]
    NotCompiled(#[from] CompileError),
    /// A component for another program.
    #[error(
        "the component is not a Weir plugin: it exports {}, but no interface of weir:connect. In Rust, export its plugins with \
         `weir_sdk::export!` in lib.rs; in other languages, build it with a world of weir:connect@{version}",
        said(.exports), version = newest()
    )]
    Foreign {
        /// Text about its exports.
        exports: String,
    },
    /// A plugin that does not export `weir:connect/plugin`.
    #[error(
        "the component exports {}, but not weir:connect/plugin@{version}. Export all interfaces of a world, see wit/worlds.wit",
        said(.exports), version = newest()
    )]
    Incomplete {
        /// Text about its exports.
        exports: String,
    },
    /// Built against another version of the contract.
    #[error("the plugin was built with {}; this worker has weir:connect@{}. {advice}", shown(.found), newest())]
    Version {
        /// The interface and version it names.
        found: String,
        /// What to do, as a sentence.
        advice: String,
    },
    /// Exports of the contract that this worker cannot use.
    #[error(
        "the plugin exports interfaces that this worker cannot use: {}. Build it without them; converters cannot be plugins yet",
        listed(.exports)
    )]
    Exports {
        /// The names of the exports.
        exports: Vec<String>,
    },
    /// Imports that the host does not offer.
    #[error(
        "the plugin imports interfaces that no worker offers: {}. Plugins may import weir:connect@{} and wasi:cli/imports@0.2; build it \
         without the feature that needs more", listed(.imports), newest()
    )]
    Imports {
        /// The names of the imports.
        imports: Vec<String>,
    },
    /// An import or export has the right name and another type.
    #[error("the types of the plugin differ from weir:connect@{version}: {}. Build it with the WIT files of that version", said(.reason), version = newest())]
    Types {
        /// What differs.
        reason: String,
    },
    /// `describe` failed.
    #[error("the plugin cannot be described: {0}")]
    Describe(#[from] CallError),
    /// `describe` returned an invalid description.
    #[error("the description of the plugin is invalid: {}", said(.reason))]
    Description {
        /// What is wrong, and with which plugin.
        reason: String,
    },
}

impl LoadError {
    /// Returns a code that does not change when texts change.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Garbage { .. } => "not_wasm",
            Self::CoreModule => "core_module",
            Self::Compile { .. } => "not_compilable",
            Self::NotCompiled(error) => error.code(),
            Self::Foreign { .. } => "foreign_component",
            Self::Incomplete { .. } => "incomplete",
            Self::Version { .. } => "contract_version",
            Self::Exports { .. } => "unknown_exports",
            Self::Imports { .. } => "unknown_imports",
            Self::Types { .. } => "contract_types",
            Self::Describe(_) => "describe_failed",
            Self::Description { .. } => "description_wrong",
        }
    }
}

/// Truncates a text from the file, which may be as long as the file.
fn said(text: &str) -> String {
    bounded(text.to_owned(), MAX_MESSAGE)
}

fn listed(names: &[String]) -> String {
    let more = names.len().saturating_sub(MAX_LISTED);
    let mut list = names.iter().take(MAX_LISTED).map(|name| shown(name)).collect::<Vec<_>>().join(", ");
    if more > 0 {
        list.push_str(&format!(" and {more} more"));
    }
    list
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_file_says_about_itself_is_cut() {
        let long = "x".repeat(10 << 20);
        let errors = [
            LoadError::Types { reason: long.clone() },
            LoadError::Compile { reason: long.clone() },
            LoadError::Foreign { exports: long.clone() },
            LoadError::Version { found: long.clone(), advice: String::new() },
            LoadError::Exports { exports: vec![long.clone(); 3] },
            LoadError::Imports { imports: vec![long; 3] },
            LoadError::Imports { imports: (0..100_000).map(|number| format!("a:b/c{number}")).collect() },
        ];
        for error in errors {
            let text = error.to_string();
            assert!(text.len() < 2 * MAX_MESSAGE, "{} bytes: {text:.200}", text.len());
        }
    }
}
