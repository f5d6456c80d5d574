//! `wasi:sockets/tcp-create-socket` with a limit on open sockets of an instance.

use std::sync::Arc;

use wasmtime::component::{HasData, Resource, ResourceTable};
use wasmtime_wasi::p2::bindings::sockets::network::{self, ErrorCode, IpAddressFamily, Network};
use wasmtime_wasi::p2::bindings::sockets::tcp_create_socket;
use wasmtime_wasi::p2::{SocketError, SocketResult, TcpSocket};
use wasmtime_wasi::sockets::WasiSocketsCtxView;

use crate::budget::{Budget, Charge};
use crate::descriptors::{Descriptors, Open, SOCKETS_MAX};
use crate::limits::{Limiter, Limits};

/// The cost of a socket: a buffer for reading and one for writing.
const SOCKET_BYTES: usize = 128 << 10;

/// The parent of all sockets in the table of an instance, so that they can be counted.
struct Parent;

/// The sockets of an instance.
pub(crate) struct OpenSockets {
    parent: Resource<Parent>,
    budget: Arc<Budget>,
    descriptors: Descriptors,
    /// At least one slot for each open socket. Slots of closed ones are released when the next socket is opened.
    places: Vec<(Open, Charge)>,
}

impl OpenSockets {
    /// # Errors
    ///
    /// The table is full.
    pub(crate) fn new(
        table: &mut ResourceTable,
        budget: Arc<Budget>,
        limits: &Limits,
    ) -> Result<Self, wasmtime::component::ResourceTableError> {
        Ok(Self {
            parent: table.push(Parent)?,
            budget,
            descriptors: Descriptors::new(limits.sockets_max, "sockets", SOCKETS_MAX),
            places: Vec::new(),
        })
    }

    /// # Errors
    ///
    /// Which limit is reached.
    fn place(&mut self, table: &ResourceTable, limiter: &Limiter) -> Result<(Open, Charge), String> {
        let open = table.iter_children(&self.parent).map_or(0, Iterator::count);
        self.places.truncate(open);
        let place = self.descriptors.open()?;
        let memory = self.budget.charge(SOCKET_BYTES).ok_or_else(|| limiter.memory_limit())?;
        Ok((place, memory))
    }
}

/// A view of a store for the linker.
pub(crate) struct NewSockets<'a> {
    pub(crate) wasi: WasiSocketsCtxView<'a>,
    pub(crate) sockets: &'a mut OpenSockets,
    pub(crate) limiter: &'a mut Limiter,
}

/// The marker of [`NewSockets`] for the linker.
pub(crate) struct HasNewSockets;

impl HasData for HasNewSockets {
    type Data<'a> = NewSockets<'a>;
}

impl tcp_create_socket::Host for NewSockets<'_> {
    fn create_tcp_socket(&mut self, family: IpAddressFamily) -> SocketResult<Resource<TcpSocket>> {
        let place = self.sockets.place(self.wasi.table, self.limiter).map_err(|full| {
            self.limiter.refuse_call(full);
            ErrorCode::NewSocketLimit
        })?;
        let created = tcp_create_socket::Host::create_tcp_socket(&mut self.wasi, family)?;
        let socket = self.wasi.table.delete(created)?;
        let socket = self.wasi.table.push_child(socket, &self.sockets.parent)?;
        self.sockets.places.push(place);
        Ok(socket)
    }
}

impl network::Host for NewSockets<'_> {
    fn convert_error_code(&mut self, error: SocketError) -> wasmtime::Result<ErrorCode> {
        network::Host::convert_error_code(&mut self.wasi, error)
    }

    fn network_error_code(&mut self, error: Resource<wasmtime::Error>) -> wasmtime::Result<Option<ErrorCode>> {
        network::Host::network_error_code(&mut self.wasi, error)
    }
}

impl network::HostNetwork for NewSockets<'_> {
    fn drop(&mut self, network: Resource<Network>) -> wasmtime::Result<()> {
        network::HostNetwork::drop(&mut self.wasi, network)
    }
}
