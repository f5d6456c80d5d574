//! The client of a request: its connection, and its certificate.

use std::sync::Arc;

use super::slots::Slot;

/// The client of a TLS connection. In the extensions of each request that came over TLS.
#[derive(Debug, Clone)]
pub(crate) struct Peer {
    /// The common name in the client's verified certificate. `None` without a certificate, or if it has no common name.
    pub(crate) certificate_name: Option<Arc<str>>,
}

/// The connection that a request came over, in the extensions of each request.
#[derive(Debug, Clone)]
pub(crate) struct Connection(pub(crate) Arc<Slot>);
