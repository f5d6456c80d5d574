//! The contract with plugins (`wit/`), independent of its version. The rest of this crate uses only the names in this module.
//!
//! Each served track has a directory here, which only converts between its types and those of this crate. `instance/` determines the
//! meaning of results, checks them, and handles missing optional interfaces. A new track is a new directory, a new variant of [`Served`]
//! and a new entry in the table of `version.rs`.

#[cfg(test)]
mod released_tests;
mod v0_2;
mod version;

use wasmtime::Store;
use wasmtime::component::{Instance, InstancePre, Linker};

use crate::store::StoreState;

pub(crate) use version::{Track, newest, served};

/// A type that each track has.
#[derive(Clone)]
pub(crate) enum Served<V0_2> {
    V0_2(V0_2),
}

/// Calls the guest of any track: `each!(guest, |guest| guest.poll(store, budget))` is a future.
macro_rules! each {
    ($guest:expr, |$name:ident| $call:expr) => {
        async {
            match $guest {
                $crate::contract::Served::V0_2($name) => $call.await,
            }
        }
    };
}
pub(crate) use each;

/// Links what the host offers to components of all tracks, apart from WASI. The names of the interfaces contain the version, so one linker
/// can contain all of them.
pub(crate) fn add_to_linker(linker: &mut Linker<StoreState>) -> wasmtime::Result<()> {
    v0_2::add_to_linker(linker)
}

/// Returns whether the host offers this interface of the package to components of this track.
pub(crate) fn offers(track: Track, interface: &str) -> bool {
    match track {
        Track::V0_2 => v0_2::OFFERED.contains(&interface),
    }
}

/// Returns whether the host uses this interface of the package if a component of this track exports it.
pub(crate) fn uses(track: Track, interface: &str) -> bool {
    match track {
        Track::V0_2 => v0_2::uses(interface),
    }
}

/// The exported interfaces of a component, found once, before an instance is created.
pub(crate) type Exports = Served<v0_2::Exports>;

impl Exports {
    /// # Errors
    ///
    /// A function is missing in an exported interface, or `plugin` is not exported.
    pub(crate) fn find(track: Track, pre: &InstancePre<StoreState>) -> wasmtime::Result<Self> {
        match track {
            Track::V0_2 => v0_2::Exports::find(pre).map(Self::V0_2),
        }
    }

    /// Returns whether this interface is exported.
    pub(crate) fn has(&self, interface: Interface) -> bool {
        match self {
            Self::V0_2(exports) => exports.has(interface),
        }
    }

    /// Compares the types of all exported interfaces with the contract.
    ///
    /// # Errors
    ///
    /// The function whose type differs.
    pub(crate) fn check_types(&self, store: &mut Store<StoreState>, instance: &Instance) -> wasmtime::Result<()> {
        match self {
            Self::V0_2(exports) => exports.check_types(store, instance),
        }
    }
}

/// The interface that describes a component.
pub(crate) type Plugin = Served<v0_2::Plugin>;

impl Exports {
    pub(crate) fn plugin(&self, store: &mut Store<StoreState>, instance: &Instance) -> wasmtime::Result<Plugin> {
        match self {
            Self::V0_2(exports) => exports.plugin(store, instance).map(Served::V0_2),
        }
    }
}

/// The interfaces that a component may export apart from `plugin`. Each is a type, and a method of [`Exports`] that finds it in an
/// instance, or returns `None` if the component does not export it.
macro_rules! interfaces {
    ($($interface:ident = $name:literal, $method:ident;)+) => {
        /// The interfaces that a component may export apart from `plugin`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Interface {
            $($interface,)+
        }

        impl Interface {
            #[cfg(test)]
            pub(crate) const ALL: &[Self] = &[$(Self::$interface),+];

            pub(crate) fn name(self) -> &'static str {
                match self {
                    $(Self::$interface => $name,)+
                }
            }
        }

        $(pub(crate) type $interface = Served<v0_2::$interface>;)+

        impl Exports {
            $(
                pub(crate) fn $method(
                    &self,
                    store: &mut Store<StoreState>,
                    instance: &Instance,
                ) -> wasmtime::Result<Option<$interface>> {
                    match self {
                        Self::V0_2(exports) => Ok(exports.$method(store, instance)?.map(Served::V0_2)),
                    }
                }
            )+
        }
    };
}

interfaces! {
    Source = "source", source;
    SourceAcknowledgements = "source-acknowledgements", source_acknowledgements;
    SourceTransactions = "source-transactions", source_transactions;
    SourceOffsets = "source-offsets", source_offsets;
    Sink = "sink", sink;
    SinkCommit = "sink-commit", sink_commit;
    SinkPartitions = "sink-partitions", sink_partitions;
    SinkOffsets = "sink-offsets", sink_offsets;
    Connector = "connector", connector;
    ConnectorCheck = "connector-check", connector_check;
    Validation = "validation", validation;
    Capabilities = "capabilities", capabilities;
    Transform = "transform", transform;
    Predicate = "predicate", predicate;
}
