//! A loaded component: what is in it, and the way to its instances.

use std::fmt;
use std::sync::Arc;

use sha2::{Digest, Sha256};
use wasmtime::component::{Instance, InstancePre};

use crate::answers;
use crate::batch::{OffsetChange, PluginConfig};
use crate::cache::hex;
use crate::call::{CallError, Sandbox};
use crate::contract::{Exports, Interface, each};
use crate::cost::Cost;
use crate::grants::{Capability, Grants};
use crate::host_error::{ClassError, HostError};
use crate::info::{ConfigValue, PluginInfo, PluginKind};
use crate::instance::{ConnectorInstance, PredicateInstance, SinkInstance, SourceInstance, TransformInstance, call};
use crate::limits::Limits;
use crate::log::{Guest, Identity};
use crate::room::Room;
use crate::stats::EngineStats;
use crate::store::{StoreState, StoredOffsets, store};

/// The sha256 of a component's bytes: what the REST API calls a plugin's id. Prints as 64 hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ComponentId {
    bytes: [u8; 32],
    text: String,
}

impl ComponentId {
    /// The id of these bytes.
    pub fn of(wasm: &[u8]) -> Self {
        let bytes = Sha256::digest(wasm).into();
        Self { bytes, text: hex(&bytes) }
    }

    /// The 64 digits.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }
}

impl fmt::Display for ComponentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// A component that was compiled, linked and described. Instances are made from it in microseconds; they share nothing but the code.
pub struct Component {
    id: ComponentId,
    plugins: Vec<PluginInfo>,
    imports: Vec<String>,
    instances: Instances,
    exports: Exports,
}

impl fmt::Debug for Component {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let classes: Vec<_> = self.plugins.iter().map(|plugin| &plugin.class).collect();
        f.debug_struct("Component").field("id", &self.id.as_str()).field("plugins", &classes).finish_non_exhaustive()
    }
}

impl Component {
    pub(crate) fn new(
        id: ComponentId,
        plugins: Vec<PluginInfo>,
        imports: Vec<String>,
        instances: Instances,
        exports: Exports,
    ) -> Self {
        Self { id, plugins, imports, instances, exports }
    }

    /// Its id.
    pub fn id(&self) -> &ComponentId {
        &self.id
    }

    /// What it contains, in its own order. Never empty.
    pub fn plugins(&self) -> &[PluginInfo] {
        &self.plugins
    }

    /// The plugin of this class.
    pub fn plugin(&self, class: &str) -> Option<&PluginInfo> {
        self.plugins.iter().find(|plugin| plugin.class == class)
    }

    /// The interfaces it imports, with versions: what it could use at the most.
    pub fn imports(&self) -> &[String] {
        &self.imports
    }

    /// The plugin's own check of a configuration, in an instance of its own. To be called after the definition's checks passed.
    ///
    /// # Errors
    ///
    /// There is no such class, or the plugin trapped.
    pub async fn validate(
        &self,
        class: &str,
        config: &PluginConfig,
        limits: &Limits,
        grants: &Grants,
    ) -> Result<Vec<ConfigValue>, CallError> {
        self.known(class)?;
        if !self.exports.has(Interface::Validation) {
            return Ok(Vec::new());
        }
        let (mut sandbox, instance) = self.instance(unnamed(class), limits, grants).await?;
        let Some(guest) = self.exports.validation(&mut sandbox.store, &instance).map_err(unexpected)? else {
            return Ok(Vec::new());
        };
        let answer =
            call!(sandbox, "validation.validate", |store| each!(&guest, |guest| guest.validate(store, class, config)));
        answer.map(answers::bounded)
    }

    /// What the plugin needs with this configuration, in an instance of its own that was granted nothing. Nothing, unless the component
    /// says what its sources and sinks need.
    ///
    /// # Errors
    ///
    /// [`CallError::Fatal`] is an error of the configuration in the plugin's words, or something that this worker does not know; or there
    /// is no such class, or it trapped.
    pub async fn capabilities(
        &self,
        class: &str,
        config: &PluginConfig,
        limits: &Limits,
    ) -> Result<Vec<Capability>, CallError> {
        let is_connector = matches!(self.known(class)?.kind, PluginKind::Source | PluginKind::Sink);
        if !is_connector || !self.exports.has(Interface::Capabilities) {
            return Ok(Vec::new());
        }
        let (mut sandbox, instance) = self.instance(unnamed(class), limits, &Grants::none()).await?;
        let Some(guest) = self.exports.capabilities(&mut sandbox.store, &instance).map_err(unexpected)? else {
            return Ok(Vec::new());
        };
        let needed = call!(sandbox, "capabilities.required", |store| each!(&guest, |guest| guest
            .required(store, class, config)))??;
        match answers::check_size(&needed) {
            Ok(()) => answers::capabilities(needed).map_err(CallError::Fatal),
            Err(fault) => Err(sandbox.lie("capabilities.required", fault)),
        }
    }

    /// Whether a source with this configuration can deliver exactly once, in an instance of its own.
    ///
    /// # Errors
    ///
    /// There is no such connector, or it trapped.
    pub async fn supports_exactly_once(
        &self,
        class: &str,
        config: &PluginConfig,
        limits: &Limits,
        grants: &Grants,
    ) -> Result<bool, CallError> {
        self.expect(class, &[PluginKind::Source, PluginKind::Sink])?;
        if !self.exports.has(Interface::SourceTransactions) {
            return Ok(false);
        }
        let (mut sandbox, instance) = self.instance(unnamed(class), limits, grants).await?;
        let Some(guest) = self.exports.source_transactions(&mut sandbox.store, &instance).map_err(unexpected)? else {
            return Ok(false);
        };
        call!(sandbox, "source-transactions.supports-exactly-once", |store| each!(&guest, |guest| guest
            .supports_exactly_once(store, class, config)))
    }

    /// Whether a source with this configuration can say where transactions end, in an instance of its own.
    ///
    /// # Errors
    ///
    /// There is no such connector, or it trapped.
    pub async fn can_define_transactions(
        &self,
        class: &str,
        config: &PluginConfig,
        limits: &Limits,
        grants: &Grants,
    ) -> Result<bool, CallError> {
        self.expect(class, &[PluginKind::Source, PluginKind::Sink])?;
        if !self.exports.has(Interface::SourceTransactions) {
            return Ok(false);
        }
        let (mut sandbox, instance) = self.instance(unnamed(class), limits, grants).await?;
        let Some(guest) = self.exports.source_transactions(&mut sandbox.store, &instance).map_err(unexpected)? else {
            return Ok(false);
        };
        call!(sandbox, "source-transactions.can-define-transactions", |store| each!(&guest, |guest| guest
            .can_define_transactions(store, class, config)))
    }

    /// Asks whether the offsets of a stopped connector may be replaced, in an instance of its own. False = the plugin has nothing to
    /// say about it.
    ///
    /// # Errors
    ///
    /// [`CallError::Fatal`] is the plugin's refusal; or there is no such connector, or it trapped.
    pub async fn alter_offsets(
        &self,
        identity: Identity,
        config: &PluginConfig,
        change: &OffsetChange,
        limits: &Limits,
        grants: &Grants,
    ) -> Result<bool, CallError> {
        self.expect(&identity.class, &[PluginKind::Source, PluginKind::Sink])?;
        let class = identity.class.clone();
        let asked = match change {
            OffsetChange::Source(_) => Interface::SourceOffsets,
            OffsetChange::Sink(_) => Interface::SinkOffsets,
        };
        if !self.exports.has(asked) {
            return Ok(false);
        }
        let (mut sandbox, instance) = self.instance(identity.into(), limits, grants).await?;
        match change {
            OffsetChange::Source(offsets) => {
                let guest = self.exports.source_offsets(&mut sandbox.store, &instance).map_err(unexpected)?;
                let Some(guest) = guest else { return Ok(false) };
                call!(sandbox, "source-offsets.alter", |store| each!(&guest, |guest| guest
                    .alter(store, &class, config, offsets)))?
            }
            OffsetChange::Sink(offsets) => {
                let guest = self.exports.sink_offsets(&mut sandbox.store, &instance).map_err(unexpected)?;
                let Some(guest) = guest else { return Ok(false) };
                call!(sandbox, "sink-offsets.alter", |store| each!(&guest, |guest| guest
                    .alter(store, &class, config, offsets)))?
            }
        }
    }

    /// Whether the component itself divides the work of its sources and sinks into tasks. If not, there is no instance for a connector.
    pub fn divides_work(&self) -> bool {
        self.exports.has(Interface::Connector)
    }

    /// A connector, not started yet. `offsets` answers its `stored-offsets`.
    ///
    /// # Errors
    ///
    /// There is no such connector, a granted directory cannot be opened, the component does not divide work
    /// ([`Component::divides_work`]), or it cannot be instantiated within the limits.
    pub async fn connector(
        &self,
        guest: impl Into<Guest>,
        limits: &Limits,
        grants: &Grants,
        offsets: Arc<dyn StoredOffsets>,
    ) -> Result<ConnectorInstance, CallError> {
        let guest = guest.into();
        self.expect(&guest.identity.class, &[PluginKind::Source, PluginKind::Sink])?;
        let (mut sandbox, instance) = self.instance(guest, limits, grants).await?;
        sandbox.store.data_mut().offsets = offsets;
        let exported = self.exports.connector(&mut sandbox.store, &instance);
        let exported = exported_by(Interface::Connector, exported)?;
        let check = self.exports.connector_check(&mut sandbox.store, &instance).map_err(unexpected)?;
        Ok(ConnectorInstance::new(sandbox, exported, check))
    }

    /// A source task, not started yet.
    ///
    /// # Errors
    ///
    /// As for [`Component::connector`].
    pub async fn source(
        &self,
        guest: impl Into<Guest>,
        limits: &Limits,
        grants: &Grants,
    ) -> Result<SourceInstance, CallError> {
        let guest = guest.into();
        self.expect(&guest.identity.class, &[PluginKind::Source])?;
        let (mut sandbox, instance) = self.instance(guest, limits, grants).await?;
        let exported = exported_by(Interface::Source, self.exports.source(&mut sandbox.store, &instance))?;
        let acknowledgements = self.exports.source_acknowledgements(&mut sandbox.store, &instance);
        Ok(SourceInstance::new(sandbox, exported, acknowledgements.map_err(unexpected)?))
    }

    /// A sink task, not started yet.
    ///
    /// # Errors
    ///
    /// As for [`Component::connector`].
    pub async fn sink(
        &self,
        guest: impl Into<Guest>,
        limits: &Limits,
        grants: &Grants,
    ) -> Result<SinkInstance, CallError> {
        let guest = guest.into();
        self.expect(&guest.identity.class, &[PluginKind::Sink])?;
        let (mut sandbox, instance) = self.instance(guest, limits, grants).await?;
        let exported = exported_by(Interface::Sink, self.exports.sink(&mut sandbox.store, &instance))?;
        let commit = self.exports.sink_commit(&mut sandbox.store, &instance).map_err(unexpected)?;
        let partitions = self.exports.sink_partitions(&mut sandbox.store, &instance).map_err(unexpected)?;
        Ok(SinkInstance::new(sandbox, exported, commit, partitions))
    }

    /// A chain of this component's transforms, not configured yet. `identity.class` is the class of the first step.
    ///
    /// # Errors
    ///
    /// As for [`Component::connector`].
    pub async fn transform(
        &self,
        guest: impl Into<Guest>,
        limits: &Limits,
        grants: &Grants,
    ) -> Result<TransformInstance, CallError> {
        let guest = guest.into();
        self.expect(&guest.identity.class, &[PluginKind::Transformation])?;
        let (mut sandbox, instance) = self.instance(guest, limits, grants).await?;
        let exported = exported_by(Interface::Transform, self.exports.transform(&mut sandbox.store, &instance))?;
        Ok(TransformInstance::new(sandbox, exported))
    }

    /// A predicate, not configured yet.
    ///
    /// # Errors
    ///
    /// As for [`Component::connector`].
    pub async fn predicate(
        &self,
        guest: impl Into<Guest>,
        limits: &Limits,
        grants: &Grants,
    ) -> Result<PredicateInstance, CallError> {
        let guest = guest.into();
        self.expect(&guest.identity.class, &[PluginKind::Predicate])?;
        let (mut sandbox, instance) = self.instance(guest, limits, grants).await?;
        let exported = exported_by(Interface::Predicate, self.exports.predicate(&mut sandbox.store, &instance))?;
        Ok(PredicateInstance::new(sandbox, exported))
    }

    async fn instance(&self, guest: Guest, limits: &Limits, grants: &Grants) -> Result<(Sandbox, Instance), CallError> {
        let limits = limits.for_need(self.memory(&guest.identity.class));
        self.instances.make(guest, &limits, grants).await
    }

    /// What an instance of this class states as the memory that it needs. A chain has an instance for several classes, and is asked for by
    /// the first: it gets what the class with the greatest need says.
    fn memory(&self, class: &str) -> Option<u64> {
        let in_chains = |kind| matches!(kind, PluginKind::Transformation | PluginKind::Predicate);
        let plugin = self.plugin(class)?;
        match in_chains(plugin.kind) {
            true => {
                self.plugins.iter().filter(|plugin| in_chains(plugin.kind)).filter_map(|plugin| plugin.memory).max()
            }
            false => plugin.memory,
        }
    }

    fn known(&self, class: &str) -> Result<&PluginInfo, ClassError> {
        self.plugin(class).ok_or_else(|| ClassError::Unknown {
            component: self.id.to_string(),
            class: class.to_owned(),
            classes: self.plugins.iter().map(|plugin| plugin.class.clone()).collect(),
        })
    }

    fn expect(&self, class: &str, expected: &'static [PluginKind]) -> Result<(), ClassError> {
        let kind = self.known(class)?.kind;
        if expected.contains(&kind) {
            Ok(())
        } else {
            Err(ClassError::Kind { class: class.to_owned(), kind, expected })
        }
    }
}

/// What instances of a component are made from.
pub(crate) struct Instances {
    pub(crate) pre: InstancePre<StoreState>,
    pub(crate) cost: Cost,
    pub(crate) room: Arc<Room>,
    pub(crate) stats: Arc<EngineStats>,
}

impl Instances {
    /// A sandbox with a fresh instance in it. Starting one runs code of the guest, so that the limits are in force already.
    ///
    /// # Errors
    ///
    /// The worker has no room for it, it costs more than it may, or it trapped.
    pub(crate) async fn make(
        &self,
        guest: Guest,
        limits: &Limits,
        grants: &Grants,
    ) -> Result<(Sandbox, Instance), CallError> {
        limits.allow(self.cost).map_err(HostError::Memory)?;
        let place = self.room.take(self.cost).map_err(HostError::Room)?;
        let living = self.stats.instance();
        let mut state = StoreState::new(guest, limits, grants, living, place).map_err(HostError::Sockets)?;
        state.limiter.begin(self.cost).map_err(HostError::Memory)?;
        let mut sandbox = Sandbox::new(store(self.pre.engine(), state, limits), limits);
        let instance = call!(sandbox, "instantiate", |store| self.pre.instantiate_async(store))?;
        Ok((sandbox, instance))
    }
}

/// For calls that belong to no connector yet.
fn unnamed(class: &str) -> Guest {
    Identity { connector: String::new(), task: None, class: class.to_owned() }.into()
}

/// An interface without which the class would have been refused when the component was loaded, or that the caller asked for.
fn exported_by<T>(interface: Interface, found: wasmtime::Result<Option<T>>) -> Result<T, CallError> {
    found.map_err(unexpected)?.ok_or_else(|| {
        CallError::Fatal(format!("the plugin's component does not export weir:connect/{}", interface.name()))
    })
}

/// The types were checked when the component was loaded, so this is a fault of the worker and not of the plugin.
fn unexpected(error: wasmtime::Error) -> CallError {
    HostError::Engine { reason: format!("{error:#}") }.into()
}
