//! A loaded component: its plugins, and their instances.

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

/// The SHA-256 of a component, which is the plugin id in the REST API. It is printed as 64 hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ComponentId {
    bytes: [u8; 32],
    text: String,
}

impl ComponentId {
    /// Computes the id of these bytes.
    pub fn of(wasm: &[u8]) -> Self {
        let bytes = Sha256::digest(wasm).into();
        Self { bytes, text: hex(&bytes) }
    }

    /// Parses the 64 digits.
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

/// A component that was compiled, linked and described. Creating an instance takes microseconds; instances share only the code.
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

    /// Returns its id.
    pub fn id(&self) -> &ComponentId {
        &self.id
    }

    /// Returns its plugins, in the order of the component. There is at least one.
    pub fn plugins(&self) -> &[PluginInfo] {
        &self.plugins
    }

    /// Returns the plugin with this class.
    pub fn plugin(&self, class: &str) -> Option<&PluginInfo> {
        self.plugins.iter().find(|plugin| plugin.class == class)
    }

    /// Returns the interfaces that it imports, with versions.
    pub fn imports(&self) -> &[String] {
        &self.imports
    }

    /// Calls the plugin's own check of a configuration, in a separate instance. Call it after the checks of the definition.
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

    /// Returns the capabilities that the plugin needs with this configuration, from a separate instance without capabilities. Empty if the
    /// component does not export `capabilities`.
    ///
    /// # Errors
    ///
    /// [`CallError::Fatal`] if the plugin reports an error in the configuration, or requests a capability that this worker does not know;
    /// [`CallError::NoSuchClass`]. Otherwise the plugin trapped.
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
            Err(fault) => Err(sandbox.contract_violation("capabilities.required", fault)),
        }
    }

    /// Returns whether a source with this configuration supports exactly-once delivery, from a separate instance.
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

    /// Returns whether a source with this configuration can define the boundaries of transactions, from a separate instance.
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

    /// Asks, in a separate instance, whether the offsets of a stopped connector may be replaced. Returns false if the plugin does not
    /// handle offset changes.
    ///
    /// # Errors
    ///
    /// [`CallError::Fatal`] if the plugin rejects the change, or [`CallError::NoSuchClass`]. Otherwise it trapped.
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

    /// Returns whether the component divides the work of its connectors into tasks. If not, a connector has no instance.
    pub fn divides_work(&self) -> bool {
        self.exports.has(Interface::Connector)
    }

    /// Creates the instance of a connector, which is not started. `offsets` provides the result of its `stored-offsets`.
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

    /// Creates the instance of a source task, which is not started.
    ///
    /// # Errors
    ///
    /// See [`Component::connector`].
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

    /// Creates the instance of a sink task, which is not started.
    ///
    /// # Errors
    ///
    /// See [`Component::connector`].
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

    /// Creates the instance of a chain of transforms of this component, which is not configured. `identity.class` is the class of the first
    /// step.
    ///
    /// # Errors
    ///
    /// See [`Component::connector`].
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

    /// Creates the instance of a predicate, which is not configured.
    ///
    /// # Errors
    ///
    /// See [`Component::connector`].
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

    /// Returns the memory that an instance for this class needs according to its description. The instance of a chain, which is requested
    /// with its first class, gets the largest value of its classes.
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

/// Everything that is needed to create instances of a component.
pub(crate) struct Instances {
    pub(crate) pre: InstancePre<StoreState>,
    pub(crate) cost: Cost,
    pub(crate) room: Arc<Room>,
    pub(crate) stats: Arc<EngineStats>,
}

impl Instances {
    /// Creates a sandbox with a new instance. This runs code of the guest, so the limits already apply.
    ///
    /// # Errors
    ///
    /// The worker has no room for it, it costs more than the limit, or it trapped.
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

/// The identity for calls that do not belong to a connector.
fn unnamed(class: &str) -> Guest {
    Identity { connector: String::new(), task: None, class: class.to_owned() }.into()
}

/// Returns an interface that was checked when the component was loaded, or by the caller.
fn exported_by<T>(interface: Interface, found: wasmtime::Result<Option<T>>) -> Result<T, CallError> {
    found.map_err(unexpected)?.ok_or_else(|| {
        CallError::Fatal(format!("the plugin's component does not export weir:connect/{}", interface.name()))
    })
}

/// The types were checked when the component was loaded, so this error is a bug in the worker.
fn unexpected(error: wasmtime::Error) -> CallError {
    HostError::Engine { reason: format!("{error:#}") }.into()
}
