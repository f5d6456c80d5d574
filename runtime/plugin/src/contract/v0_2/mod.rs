//! Version 0.2 of `weir:connect`: only moves columns and converts types and errors.

mod connector;
mod data;
mod host;
mod plugin;
mod sink;
mod source;
mod transform;

use wasmtime::Store;
use wasmtime::component::{HasSelf, Instance, InstancePre, Linker};

pub(crate) use connector::{Connector, ConnectorCheck};
pub(crate) use plugin::{Capabilities, Plugin, Validation};
pub(crate) use sink::{Sink, SinkCommit, SinkOffsets, SinkPartitions};
pub(crate) use source::{Source, SourceAcknowledgements, SourceOffsets, SourceTransactions};
pub(crate) use transform::{Predicate, Transform};

use super::Interface;
use crate::stats::HostInterface;
use crate::store::StoreState;

mod bindings {
    wasmtime::component::bindgen!({
        path: "../../wit",
        inline: "
            package weir:worker;

            /// All imports and exports of components. Each component has a part of them.
            world everything {
                include weir:connect/source-plugin@0.2.0;
                include weir:connect/sink-plugin@0.2.0;
                include weir:connect/transform-plugin@0.2.0;
                include weir:connect/predicate-plugin@0.2.0;
                export weir:connect/validation@0.2.0;
                export weir:connect/capabilities@0.2.0;
                export weir:connect/connector@0.2.0;
                export weir:connect/connector-check@0.2.0;
                export weir:connect/source-acknowledgements@0.2.0;
                export weir:connect/source-transactions@0.2.0;
                export weir:connect/source-offsets@0.2.0;
                export weir:connect/sink-commit@0.2.0;
                export weir:connect/sink-partitions@0.2.0;
                export weir:connect/sink-offsets@0.2.0;
            }
        ",
        imports: { "weir:connect/source-context.stored-offsets": async | trappable, default: trappable },
        exports: { default: async },
    });
}

use bindings::exports::weir::connect as exports;
use bindings::weir::connect as imports;

/// The version that the bindings name. With it, wasmtime also finds the same interface of an earlier version of the track.
const VERSION: &str = "0.2.0";

/// Links what the host offers to components of this version, apart from WASI.
pub(crate) fn add_to_linker(linker: &mut Linker<StoreState>) -> wasmtime::Result<()> {
    type State = HasSelf<StoreState>;
    imports::data::add_to_linker::<_, State>(linker, |state| state)?;
    imports::host::add_to_linker::<_, State>(linker, |state| state.called(HostInterface::Host))?;
    imports::context::add_to_linker::<_, State>(linker, |state| state.called(HostInterface::Context))?;
    imports::connector_context::add_to_linker::<_, State>(linker, |state| {
        state.called(HostInterface::ConnectorContext)
    })?;
    imports::source_context::add_to_linker::<_, State>(linker, |state| state.called(HostInterface::SourceContext))?;
    imports::sink_context::add_to_linker::<_, State>(linker, |state| state.called(HostInterface::SinkContext))?;
    Ok(())
}

/// The names of the interfaces of this version that the host offers.
pub(crate) const OFFERED: [&str; 6] =
    ["data", "host", "context", "connector-context", "sink-context", "source-context"];

/// The exported interfaces of a component: the indexes of their functions, and how each is wrapped.
macro_rules! exports {
    ($($field:ident: $interface:ident, $wrap:expr;)+) => {
        /// The exported interfaces of a component, found once, before an instance is created.
        #[derive(Clone)]
        pub(crate) struct Exports {
            plugin: exports::plugin::GuestIndices,
            $($field: Option<exports::$field::GuestIndices>,)+
        }

        impl Exports {
            pub(crate) fn find(pre: &InstancePre<StoreState>) -> wasmtime::Result<Self> {
                let has = |interface: Interface| {
                    let name = format!("weir:connect/{}@{VERSION}", interface.name());
                    pre.component().get_export_index(None, name).is_some()
                };
                Ok(Self {
                    plugin: exports::plugin::GuestIndices::new(pre)?,
                    $($field: has(Interface::$interface)
                        .then(|| exports::$field::GuestIndices::new(pre))
                        .transpose()?,)+
                })
            }

            pub(crate) fn has(&self, interface: Interface) -> bool {
                match interface {
                    $(Interface::$interface => self.$field.is_some(),)+
                }
            }

            pub(crate) fn check_types(
                &self,
                store: &mut Store<StoreState>,
                instance: &Instance,
            ) -> wasmtime::Result<()> {
                self.plugin.load(&mut *store, instance)?;
                $(if let Some(indices) = &self.$field {
                    indices.load(&mut *store, instance)?;
                })+
                Ok(())
            }

            pub(crate) fn plugin(
                &self,
                store: &mut Store<StoreState>,
                instance: &Instance,
            ) -> wasmtime::Result<Plugin> {
                self.plugin.load(store, instance).map(Plugin)
            }

            $(
                pub(crate) fn $field(
                    &self,
                    store: &mut Store<StoreState>,
                    instance: &Instance,
                ) -> wasmtime::Result<Option<$interface>> {
                    Ok(self.$field.as_ref().map(|indices| indices.load(store, instance)).transpose()?.map($wrap))
                }
            )+
        }

        /// Returns whether the host can call this interface.
        pub(crate) fn uses(interface: &str) -> bool {
            interface == "plugin" || [$(Interface::$interface),+].iter().any(|known| known.name() == interface)
        }
    };
}

exports! {
    source: Source, Source::new;
    source_acknowledgements: SourceAcknowledgements, SourceAcknowledgements;
    source_transactions: SourceTransactions, SourceTransactions;
    source_offsets: SourceOffsets, SourceOffsets;
    sink: Sink, Sink::new;
    sink_commit: SinkCommit, SinkCommit;
    sink_partitions: SinkPartitions, SinkPartitions;
    sink_offsets: SinkOffsets, SinkOffsets;
    connector: Connector, Connector;
    connector_check: ConnectorCheck, ConnectorCheck;
    validation: Validation, Validation;
    capabilities: Capabilities, Capabilities;
    transform: Transform, Transform::new;
    predicate: Predicate, Predicate::new;
}
