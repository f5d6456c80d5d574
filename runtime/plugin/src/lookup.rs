//! `wasi:sockets/ip-name-lookup` for granted names only: a lookup of any name could send data to others, and only the addresses that are
//! found here can be connected to. The system's resolver may block, so it is called on the threads of `blocking.rs`.

use std::io;
use std::net::{IpAddr, ToSocketAddrs};
use std::sync::Arc;
use std::task::{Context, Waker};
use std::vec;

use wasmtime::component::{HasData, Resource};
use wasmtime_wasi::async_trait;
use wasmtime_wasi::p2::bindings::sockets::ip_name_lookup::{self, HostResolveAddressStream, ResolveAddressStream};
use wasmtime_wasi::p2::bindings::sockets::network::{self, ErrorCode, IpAddress, Network};
use wasmtime_wasi::p2::{DynPollable, Pollable, SocketError, SocketResult, subscribe};
use wasmtime_wasi::runtime::{AbortOnDropJoinHandle, spawn};
use wasmtime_wasi::sockets::WasiSocketsCtxView;

use crate::blocking::Blocking;
use crate::budget::{Budget, Charge};
use crate::grants::Hosts;

/// The maximum number of addresses of a name that are returned.
const MAX_ADDRESSES: usize = 256;
/// The cost of a lookup: its addresses, and the task that waits for them.
const LOOKUP_BYTES: usize = 8 << 10;

/// wasmtime's interface with a check of names.
pub(crate) struct NameLookup<'a> {
    pub(crate) sockets: WasiSocketsCtxView<'a>,
    pub(crate) hosts: &'a Hosts,
    pub(crate) blocking: &'a Blocking,
    pub(crate) budget: &'a Arc<Budget>,
}

/// The marker of [`NameLookup`] for the linker.
pub(crate) struct HasNameLookup;

impl HasData for HasNameLookup {
    type Data<'a> = NameLookup<'a>;
}

/// A lookup in progress.
struct Lookup {
    name: String,
    state: State,
    _memory: Charge,
}

enum State {
    Waiting(AbortOnDropJoinHandle<io::Result<Vec<IpAddr>>>),
    Found(vec::IntoIter<IpAddr>),
    Failed,
}

impl Lookup {
    fn begin(name: String, blocking: &Blocking, budget: &Arc<Budget>) -> Result<Self, ErrorCode> {
        let memory = budget.charge(LOOKUP_BYTES).ok_or(ErrorCode::OutOfMemory)?;
        let state = match url::Host::parse(&name) {
            // The resolver gets the name as the network writes it: in lower-case ASCII.
            Ok(url::Host::Domain(domain)) => State::Waiting(spawn(blocking.run(move || resolve(&domain)))),
            Ok(url::Host::Ipv4(address)) => State::Found(vec![address.into()].into_iter()),
            Ok(url::Host::Ipv6(address)) => State::Found(vec![address.into()].into_iter()),
            // Without brackets.
            Err(_) => match name.parse::<IpAddr>() {
                Ok(address) => State::Found(vec![address].into_iter()),
                Err(_) => return Err(ErrorCode::InvalidArgument),
            },
        };
        Ok(Self { name, state, _memory: memory })
    }
}

fn resolve(domain: &str) -> io::Result<Vec<IpAddr>> {
    let found = (domain, 0).to_socket_addrs()?;
    Ok(found.map(|address| address.ip().to_canonical()).take(MAX_ADDRESSES).collect())
}

#[async_trait]
impl Pollable for Lookup {
    async fn ready(&mut self) {
        if let State::Waiting(resolving) = &mut self.state {
            self.state = match resolving.await {
                Ok(found) => State::Found(found.into_iter()),
                Err(error) => {
                    tracing::debug!(name = self.name, %error, "a plugin's name look-up failed");
                    State::Failed
                }
            };
        }
    }
}

/// Returns the table's entry for a handle of the guest. The handle has wasmtime's type; it is used only in this file.
fn lookup(stream: &Resource<ResolveAddressStream>) -> Resource<Lookup> {
    if stream.owned() { Resource::new_own(stream.rep()) } else { Resource::new_borrow(stream.rep()) }
}

impl ip_name_lookup::Host for NameLookup<'_> {
    fn resolve_addresses(
        &mut self,
        network: Resource<Network>,
        name: String,
    ) -> SocketResult<Resource<ResolveAddressStream>> {
        // Without it a guest must not use the network.
        self.sockets.table.get(&network)?;
        if !self.hosts.may_look_up(&name) {
            return Err(ErrorCode::AccessDenied.into());
        }
        let begun = self.sockets.table.push(Lookup::begin(name, self.blocking, self.budget)?)?;
        Ok(Resource::new_own(begun.rep()))
    }
}

impl HostResolveAddressStream for NameLookup<'_> {
    fn resolve_next_address(&mut self, stream: Resource<ResolveAddressStream>) -> SocketResult<Option<IpAddress>> {
        let lookup = self.sockets.table.get_mut(&lookup(&stream))?;
        // Takes the result if it is there.
        let ready = lookup.ready().as_mut().poll(&mut Context::from_waker(Waker::noop()));
        match &mut lookup.state {
            State::Waiting(_) => Err(ErrorCode::WouldBlock.into()),
            State::Failed => Err(ErrorCode::NameUnresolvable.into()),
            State::Found(addresses) => {
                debug_assert!(ready.is_ready());
                let address = addresses.next();
                if let Some(address) = address {
                    self.hosts.found(&lookup.name, address);
                }
                Ok(address.map(Into::into))
            }
        }
    }

    fn subscribe(&mut self, stream: Resource<ResolveAddressStream>) -> wasmtime::Result<Resource<DynPollable>> {
        subscribe(self.sockets.table, lookup(&stream))
    }

    fn drop(&mut self, stream: Resource<ResolveAddressStream>) -> wasmtime::Result<()> {
        self.sockets.table.delete(lookup(&stream))?;
        Ok(())
    }
}

impl network::Host for NameLookup<'_> {
    fn convert_error_code(&mut self, error: SocketError) -> wasmtime::Result<ErrorCode> {
        network::Host::convert_error_code(&mut self.sockets, error)
    }

    fn network_error_code(&mut self, error: Resource<wasmtime::Error>) -> wasmtime::Result<Option<ErrorCode>> {
        network::Host::network_error_code(&mut self.sockets, error)
    }
}

impl network::HostNetwork for NameLookup<'_> {
    fn drop(&mut self, network: Resource<Network>) -> wasmtime::Result<()> {
        network::HostNetwork::drop(&mut self.sockets, network)
    }
}
