//! Why a file is not a usable plugin, and what its author or uploader can do about it.

use crate::call::CallError;
use crate::v0_1;

/// A component that cannot be loaded. Every text says what to do.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// Not WebAssembly at all.
    #[error("this is not a WebAssembly component: {reason}. Upload the .wasm file that the build made, unchanged")]
    Garbage {
        /// What is wrong with it.
        reason: String,
    },
    /// A core module.
    #[error(
        "this is a core WebAssembly module, not a component. Build it for wasm32-wasip2, or turn it into one with \
         `wasm-tools component new`"
    )]
    CoreModule,
    /// Made of WebAssembly that this engine does not take.
    #[error("this component cannot be compiled: {reason}. Build it with an SDK of this worker's version")]
    Compile {
        /// What the compiler says.
        reason: String,
    },
    /// A component for something else.
    #[error(
        "this component is no Weir plugin: it exports nothing of weir:connect ({exports}). Build it against a world of \
         weir:connect@{version}, for instance with the weir-sdk crate", version = v0_1::VERSION
    )]
    Foreign {
        /// What it exports, ready to be printed.
        exports: String,
    },
    /// A plugin that lacks `weir:connect/plugin`, or has it and nothing to run.
    #[error("this component exports {exports}, but not weir:connect/plugin@{version}; export a whole world, see wit/worlds.wit", version = v0_1::VERSION)]
    Incomplete {
        /// What it exports, ready to be printed.
        exports: String,
    },
    /// Built against another version of the contract.
    #[error(
        "this plugin was built against {found}; this worker has weir:connect@{known}. Use a newer worker, or build the plugin with \
         an SDK for {known}", known = v0_1::VERSION
    )]
    Version {
        /// The interface and version it names.
        found: String,
    },
    /// Imports that the host does not offer.
    #[error(
        "this plugin needs what no worker offers: {}. Plugins may import weir:connect@{} and wasi:cli/imports@0.2; build it without \
         the feature that needs more", .imports.join(", "), v0_1::VERSION
    )]
    Imports {
        /// The names of the imports.
        imports: Vec<String>,
    },
    /// An import or export has the right name and another type.
    #[error("this plugin differs from weir:connect@{version}: {reason}. Build it against the wit files of that version", version = v0_1::VERSION)]
    Types {
        /// What differs.
        reason: String,
    },
    /// `describe` failed.
    #[error("this plugin cannot say what it contains: {0}")]
    Describe(#[from] CallError),
    /// `describe` gave an answer that cannot be true.
    #[error("this plugin describes itself wrongly: {reason}")]
    Description {
        /// What is wrong, and with which plugin.
        reason: String,
    },
}

impl LoadError {
    /// A code that stays the same when texts change.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Garbage { .. } => "not_wasm",
            Self::CoreModule => "core_module",
            Self::Compile { .. } => "not_compilable",
            Self::Foreign { .. } => "foreign_component",
            Self::Incomplete { .. } => "incomplete",
            Self::Version { .. } => "contract_version",
            Self::Imports { .. } => "unknown_imports",
            Self::Types { .. } => "contract_types",
            Self::Describe(_) => "describe_failed",
            Self::Description { .. } => "description_wrong",
        }
    }
}
