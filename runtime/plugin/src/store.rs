//! The host's state of an instance, and its restrictions: no environment, no arguments, no standard input, and only granted files and
//! hosts. Standard output and standard error go to the log.

use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;

use wasmtime::Store;
use wasmtime::component::ResourceTable;
use wasmtime_wasi::p2::bindings::filesystem::{preopens, types};
use wasmtime_wasi::p2::bindings::sockets::{ip_name_lookup, tcp_create_socket};
use wasmtime_wasi::sockets::{SocketAddrUse, WasiSocketsCtxView};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

use crate::blocking::Blocking;
use crate::clock::Clock;
use crate::contract;
use crate::files::{Files, HasFiles, OpenFiles, Trouble};
use crate::grants::{Grants, Hosts};
use crate::limits::{Limiter, Limits};
use crate::log::{Guest, GuestLog, LogStream, Stream, TaskFacts};
use crate::lookup::{HasNameLookup, NameLookup};
use crate::preopens::{HasPreopens, Preopens};
use crate::requests::Requests;
use crate::room::Place;
use crate::sockets::{HasNewSockets, NewSockets, OpenSockets};
use crate::stats::{GuestStats, HostInterface, Living};

/// The maximum number of handles (files, streams, timers) of an instance. Their cost is part of the cost of each instance.
const MAX_HANDLES: usize = 2048;
/// The maximum number of handles of resources between the parts of a component.
const MAX_OWN_HANDLES: usize = 10_000;
/// The maximum number of bytes of a request for random bytes.
const MAX_RANDOM: u64 = 1 << 20;

/// The result of [`StoredOffsets`]: one entry for each requested partition, in order, or an error message.
pub type OffsetsFuture<'a> = Pin<Box<dyn Future<Output = Result<Vec<Option<String>>, String>> + Send + 'a>>;

/// Provides the result of `source-context.stored-offsets`.
pub trait StoredOffsets: Send + Sync + 'static {
    /// Returns the offsets that are stored for these source partitions, one entry for each, in order; each is a JSON object. Guests call
    /// this in `start` or later, and so does the connector's instance. It must not take longer than the deadline of a call.
    ///
    /// # Errors
    ///
    /// The call ends with a trap with this text, because a guest must not start from the beginning if the store cannot be read.
    fn stored_offsets(&self, partitions: Vec<String>) -> OffsetsFuture<'_>;
}

/// A store without offsets.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoStoredOffsets;

impl StoredOffsets for NoStoredOffsets {
    fn stored_offsets(&self, partitions: Vec<String>) -> OffsetsFuture<'_> {
        Box::pin(async move { Ok(vec![None; partitions.len()]) })
    }
}

/// The host's state of an instance.
pub(crate) struct StoreState {
    wasi: WasiCtx,
    table: ResourceTable,
    grants: Grants,
    blocking: Blocking,
    files: OpenFiles,
    sockets: OpenSockets,
    pub(crate) limiter: Limiter,
    pub(crate) log: GuestLog,
    pub(crate) stats: Arc<GuestStats>,
    pub(crate) living: Living,
    _place: Place,
    pub(crate) clock: Clock,
    pub(crate) requests: Requests,
    pub(crate) task: TaskFacts,
    pub(crate) offsets: Arc<dyn StoredOffsets>,
}

impl StoreState {
    /// # Errors
    ///
    /// The worker has no descriptor left for its sockets.
    pub(crate) fn new(
        guest: Guest,
        limits: &Limits,
        grants: &Grants,
        living: Living,
        place: Place,
    ) -> Result<Self, String> {
        let Guest { identity, stats, task } = guest;
        let blocking = grants.blocking(&identity);
        let limiter = Limiter::new(limits, Arc::clone(&stats), identity.clone());
        let budget = living.log_budget(&identity, limits.log_bytes_per_second);
        let log = GuestLog::new(identity, budget, Arc::clone(&stats));
        let mut table = ResourceTable::new();
        table.set_max_capacity(MAX_HANDLES);
        Ok(Self {
            wasi: wasi(&log, &grants.hosts),
            grants: grants.clone(),
            files: OpenFiles::new(blocking.clone(), Arc::clone(limiter.budget()), limits),
            sockets: OpenSockets::new(&mut table, Arc::clone(limiter.budget()), limits)
                .map_err(|error| error.to_string())?,
            table,
            blocking,
            limiter,
            log,
            clock: Clock::new(limits.call_timeout, Arc::clone(&stats)),
            stats,
            living,
            _place: place,
            requests: Requests::default(),
            task,
            offsets: Arc::new(NoStoredOffsets),
        })
    }
}

fn wasi(log: &GuestLog, hosts: &Arc<Hosts>) -> WasiCtx {
    let mut wasi = WasiCtx::builder();
    wasi.stdout(LogStream { log: log.clone(), stream: Stream::Stdout });
    wasi.stderr(LogStream { log: log.clone(), stream: Stream::Stderr });
    wasi.max_random_size(MAX_RANDOM);
    wasi.allow_udp(false);
    wasi.allow_tcp(!hosts.is_empty());
    wasi.allow_ip_name_lookup(!hosts.is_empty());
    let hosts = Arc::clone(hosts);
    wasi.socket_addr_check(move |address, purpose| {
        let allowed = may_use(&hosts, address, purpose);
        Box::pin(async move { allowed })
    });
    wasi.build()
}

/// Connecting binds a local address first. The wildcard address with a port that the system chooses is harmless.
fn may_use(hosts: &Hosts, address: SocketAddr, purpose: SocketAddrUse) -> bool {
    match purpose {
        SocketAddrUse::TcpConnect => hosts.may_connect(address),
        SocketAddrUse::TcpBind => !hosts.is_empty() && address.ip().is_unspecified() && address.port() == 0,
        _ => false,
    }
}

impl WasiView for StoreState {
    /// wasmtime calls this once in each host call of WASI.
    fn ctx(&mut self) -> WasiCtxView<'_> {
        self.stats.host_call(HostInterface::Wasi);
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

impl StoreState {
    /// Returns the host's state for a call, which is counted.
    pub(crate) fn called(&mut self, interface: HostInterface) -> &mut Self {
        self.stats.host_call(interface);
        self
    }

    /// Returns the last error with files in the current call, or in the last one if there is none.
    pub(crate) fn trouble(&self) -> &Trouble {
        &self.files.trouble
    }

    fn name_lookup(&mut self) -> NameLookup<'_> {
        self.stats.host_call(HostInterface::Wasi);
        let sockets = WasiSocketsCtxView { ctx: self.wasi.sockets(), table: &mut self.table };
        NameLookup { sockets, hosts: &self.grants.hosts, blocking: &self.blocking, budget: self.limiter.budget() }
    }

    fn new_sockets(&mut self) -> NewSockets<'_> {
        self.stats.host_call(HostInterface::Wasi);
        let wasi = WasiSocketsCtxView { ctx: self.wasi.sockets(), table: &mut self.table };
        NewSockets { wasi, sockets: &mut self.sockets, limiter: &mut self.limiter }
    }

    fn preopens(&mut self) -> Preopens<'_> {
        self.stats.host_call(HostInterface::Wasi);
        Preopens { grants: &self.grants, table: &mut self.table }
    }

    fn files(&mut self) -> Files<'_> {
        self.stats.host_call(HostInterface::Wasi);
        Files { table: &mut self.table, files: &mut self.files, limiter: &mut self.limiter, grants: &self.grants }
    }
}

impl Drop for StoreState {
    fn drop(&mut self) {
        self.files.close_all(std::mem::take(&mut self.table));
    }
}

/// Links all imports that components of any served version may have.
pub(crate) fn linker(engine: &wasmtime::Engine) -> wasmtime::Result<wasmtime::component::Linker<StoreState>> {
    let mut linker = wasmtime::component::Linker::new(engine);
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    linker.allow_shadowing(true);
    ip_name_lookup::add_to_linker::<StoreState, HasNameLookup>(&mut linker, StoreState::name_lookup)?;
    tcp_create_socket::add_to_linker::<StoreState, HasNewSockets>(&mut linker, StoreState::new_sockets)?;
    types::add_to_linker::<StoreState, HasFiles>(&mut linker, StoreState::files)?;
    preopens::add_to_linker::<StoreState, HasPreopens>(&mut linker, StoreState::preopens)?;
    linker.allow_shadowing(false);
    contract::add_to_linker(&mut linker)?;
    Ok(linker)
}

/// Creates a store with limits.
pub(crate) fn store(engine: &wasmtime::Engine, state: StoreState, limits: &Limits) -> Store<StoreState> {
    let mut store = Store::new(engine, state);
    store.limiter(|state| &mut state.limiter);
    store.epoch_deadline_callback(|mut store| store.data_mut().clock.tick());
    // A call may pass no more data to the host than the instance itself may have.
    store.set_max_component_handles(MAX_OWN_HANDLES);
    store.set_hostcall_fuel(usize::try_from(limits.memory_max).unwrap_or(usize::MAX));
    store
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::cost::Cost;
    use crate::room::Room;
    use crate::stats::EngineStats;

    /// Returns a store for an instance without an owner.
    pub(crate) fn store(engine: &wasmtime::Engine) -> Store<StoreState> {
        let limits = Limits::default();
        let stats: Arc<EngineStats> = Arc::default();
        let place = Arc::new(Room::of_this_machine()).take(Cost { bytes: 0, mappings: 0 }).unwrap();
        let state = StoreState::new(Guest::default(), &limits, &Grants::none(), stats.instance(), place).unwrap();
        let mut store = super::store(engine, state, &limits);
        store.set_epoch_deadline(1_000_000);
        store
    }
}
