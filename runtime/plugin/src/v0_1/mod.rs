//! Version 0.1 of `weir:connect`: moves columns, maps types and errors, decides nothing. What an answer means and whether it may be
//! believed is decided in `instance/`.

mod connector;
mod data;
mod host;
mod plugin;
mod sink;
mod source;
mod transform;

use wasmtime::Store;
use wasmtime::component::{HasSelf, Instance, InstancePre, Linker};

pub(crate) use connector::Connector;
pub(crate) use plugin::Plugin;
pub(crate) use sink::Sink;
pub(crate) use source::Source;
pub(crate) use transform::{Predicate, Transform};

use crate::stats::HostInterface;
use crate::store::StoreState;

/// The version that a component's imports and exports must name.
pub(crate) const VERSION: &str = "0.1.0";

mod bindings {
    wasmtime::component::bindgen!({
        path: "../../wit",
        inline: "
            package weir:worker;

            /// All that a component may import and export; each component has a part of it.
            world everything {
                include weir:connect/connector-plugin@0.1.0;
                include weir:connect/transform-plugin@0.1.0;
            }
        ",
        imports: { "weir:connect/source-context.stored-offsets": async | trappable, default: trappable },
        exports: { default: async },
    });
}

use bindings::exports::weir::connect as exports;
use bindings::weir::connect as imports;

/// What the host offers to components of this version, besides WASI.
pub(crate) fn add_to_linker(linker: &mut Linker<StoreState>) -> wasmtime::Result<()> {
    type State = HasSelf<StoreState>;
    imports::host::add_to_linker::<_, State>(linker, |state| state.called(HostInterface::Host))?;
    imports::source_context::add_to_linker::<_, State>(linker, |state| state.called(HostInterface::SourceContext))?;
    imports::sink_context::add_to_linker::<_, State>(linker, |state| state.called(HostInterface::SinkContext))?;
    imports::data::add_to_linker::<_, HasSelf<StoreState>>(linker, |state| state)?;
    Ok(())
}

/// Names of the interfaces of this version that the host offers.
pub(crate) const OFFERED: [&str; 4] = ["data", "host", "sink-context", "source-context"];

/// The interfaces that a component exports, found once, before any instance.
#[derive(Clone)]
pub(crate) struct Exports {
    plugin: exports::plugin::GuestIndices,
    connector: Option<exports::connector::GuestIndices>,
    source: Option<exports::source::GuestIndices>,
    sink: Option<exports::sink::GuestIndices>,
    transform: Option<exports::transform::GuestIndices>,
    predicate: Option<exports::predicate::GuestIndices>,
}

impl Exports {
    /// # Errors
    ///
    /// An exported interface lacks a function, or `plugin` is not exported.
    pub(crate) fn find(pre: &InstancePre<StoreState>) -> wasmtime::Result<Self> {
        let has = |interface: &str| {
            pre.component().get_export_index(None, format!("weir:connect/{interface}@{VERSION}")).is_some()
        };
        Ok(Self {
            plugin: exports::plugin::GuestIndices::new(pre)?,
            connector: has("connector").then(|| exports::connector::GuestIndices::new(pre)).transpose()?,
            source: has("source").then(|| exports::source::GuestIndices::new(pre)).transpose()?,
            sink: has("sink").then(|| exports::sink::GuestIndices::new(pre)).transpose()?,
            transform: has("transform").then(|| exports::transform::GuestIndices::new(pre)).transpose()?,
            predicate: has("predicate").then(|| exports::predicate::GuestIndices::new(pre)).transpose()?,
        })
    }

    /// Whether this interface is exported.
    pub(crate) fn has(&self, interface: Interface) -> bool {
        match interface {
            Interface::Connector => self.connector.is_some(),
            Interface::Source => self.source.is_some(),
            Interface::Sink => self.sink.is_some(),
            Interface::Transform => self.transform.is_some(),
            Interface::Predicate => self.predicate.is_some(),
        }
    }

    /// Holds the types of every exported interface against the contract.
    ///
    /// # Errors
    ///
    /// Names the function whose type is another one.
    pub(crate) fn check_types(&self, store: &mut Store<StoreState>, instance: &Instance) -> wasmtime::Result<()> {
        self.plugin.load(&mut *store, instance)?;
        if let Some(connector) = &self.connector {
            connector.load(&mut *store, instance)?;
        }
        if let Some(source) = &self.source {
            source.load(&mut *store, instance)?;
        }
        if let Some(sink) = &self.sink {
            sink.load(&mut *store, instance)?;
        }
        if let Some(transform) = &self.transform {
            transform.load(&mut *store, instance)?;
        }
        if let Some(predicate) = &self.predicate {
            predicate.load(&mut *store, instance)?;
        }
        Ok(())
    }

    pub(crate) fn plugin(&self, store: &mut Store<StoreState>, instance: &Instance) -> wasmtime::Result<Plugin> {
        self.plugin.load(store, instance).map(Plugin)
    }

    pub(crate) fn connector(&self, store: &mut Store<StoreState>, instance: &Instance) -> wasmtime::Result<Connector> {
        exported(&self.connector, Interface::Connector)?.load(store, instance).map(Connector)
    }

    pub(crate) fn source(&self, store: &mut Store<StoreState>, instance: &Instance) -> wasmtime::Result<Source> {
        exported(&self.source, Interface::Source)?.load(store, instance).map(Source::new)
    }

    pub(crate) fn sink(&self, store: &mut Store<StoreState>, instance: &Instance) -> wasmtime::Result<Sink> {
        exported(&self.sink, Interface::Sink)?.load(store, instance).map(Sink::new)
    }

    pub(crate) fn transform(&self, store: &mut Store<StoreState>, instance: &Instance) -> wasmtime::Result<Transform> {
        exported(&self.transform, Interface::Transform)?.load(store, instance).map(Transform::new)
    }

    pub(crate) fn predicate(&self, store: &mut Store<StoreState>, instance: &Instance) -> wasmtime::Result<Predicate> {
        exported(&self.predicate, Interface::Predicate)?.load(store, instance).map(Predicate::new)
    }
}

/// The interfaces that a component may export besides `plugin`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Interface {
    Connector,
    Source,
    Sink,
    Transform,
    Predicate,
}

impl Interface {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Connector => "connector",
            Self::Source => "source",
            Self::Sink => "sink",
            Self::Transform => "transform",
            Self::Predicate => "predicate",
        }
    }
}

fn exported<T>(indices: &Option<T>, interface: Interface) -> wasmtime::Result<&T> {
    indices.as_ref().ok_or_else(|| wasmtime::format_err!("the component does not export {}", interface.name()))
}
