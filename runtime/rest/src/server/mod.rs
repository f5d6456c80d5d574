//! Serves one listener until it is stopped; open requests then have some time to finish.
//!
//! No client can hold resources without a bound. The number of connections is limited per listener, per address, and for clients that
//! have not authenticated yet; the number of requests is limited for clients that have. Each phase of a connection has a timeout
//! (`weir.rest.*`): the TLS handshake, the head of a request, its body, the response, and the pause until the next request.

mod connection;
mod held;
mod requests;
#[cfg(test)]
mod tests;
mod timeouts;

use std::io::{ErrorKind, Write as _};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::warn;

use crate::audit::{Audit, audited};
use crate::peer::Connection;
use crate::security::{Pages, Security, guard, only_from};
use crate::slots::{Full, Slots};
use crate::tls::ServerTls;
use weir_config::access::Limits;

/// How long open requests may take when the server stops. Kafka Connect allows 60 s, but a request that takes this long rarely succeeds.
const GRACEFUL_STOP: Duration = Duration::from_secs(10);

/// Pause after the system refused to accept a connection, which happens when the process has no file descriptors left.
const ACCEPT_PAUSE: Duration = Duration::from_secs(1);

/// A listener with its routes, its TLS and the limits for its clients.
pub struct Endpoint {
    /// The bound socket.
    pub listener: TcpListener,
    /// `None` for plain http.
    pub tls: Option<Arc<ServerTls>>,
    /// The routes.
    pub router: Router,
    /// Authentication and rights. `None` if every client has all rights.
    pub security: Option<Arc<Security>>,
    /// The web pages that may use the listener.
    pub pages: Pages,
    /// Limits for the clients of this listener.
    pub limits: Limits,
    /// The audit log for its requests.
    pub audit: Audit,
}

/// What the connections of a listener have in common.
struct Shared {
    tls: Option<Arc<ServerTls>>,
    router: Router,
    limits: Limits,
    audit: Audit,
    /// Cancelled when connections are to end after their current request.
    stop: CancellationToken,
}

/// Serves until `stop` is cancelled and the requests that are then open have finished, for at most 10 s.
pub async fn serve(endpoint: Endpoint, stop: CancellationToken) {
    let Endpoint { listener, tls, router, security, pages, limits, audit } = endpoint;
    // Only here, so that no listener can lack them.
    let router = only_from(guard(requests::at_most(limits.requests_max, router), security), pages);
    let router = audited(router, audit.clone());
    let slots = Slots::new(&limits);
    let shared = Arc::new(Shared { tls, router, limits, audit, stop: stop.clone() });
    let (open, cut) = (TaskTracker::new(), CancellationToken::new());
    while let Some((stream, from)) = accept(&listener, &stop).await {
        let slot = match slots.take(from.ip()) {
            Ok(slot) => Arc::new(slot),
            Err(full) => {
                if refuse(stream, full, shared.tls.is_some()) {
                    shared.audit.answered(503);
                }
                continue;
            }
        };
        let (shared, cut) = (Arc::clone(&shared), cut.clone());
        open.spawn(async move {
            tokio::select! {
                () = connection::serve(shared, stream, Connection(Arc::clone(&slot))) => {}
                () = slot.cut() => {}
                () = cut.cancelled() => {}
            }
        });
    }
    drop(listener);
    open.close();
    if tokio::time::timeout(GRACEFUL_STOP, open.wait()).await.is_err() {
        warn!(connections = open.len(), "open requests were cut off");
        cut.cancel();
    }
}

/// Returns the next connection, or `None` once `stop` is cancelled.
async fn accept(listener: &TcpListener, stop: &CancellationToken) -> Option<(TcpStream, SocketAddr)> {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.cancelled() => return None,
        };
        match accepted {
            Ok(accepted) => return Some(accepted),
            // The client closed the connection before it was accepted.
            Err(error)
                if matches!(
                    error.kind(),
                    ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset | ErrorKind::ConnectionRefused
                ) => {}
            Err(error) => {
                warn!(%error, "the REST server cannot accept connections; retrying");
                tokio::select! {
                    () = tokio::time::sleep(ACCEPT_PAUSE) => {}
                    () = stop.cancelled() => return None,
                }
            }
        }
    }
}

/// Closes a connection that exceeds a limit. Returns whether the client got a response: over http only, and only if that does not block.
fn refuse(stream: TcpStream, full: Full, encrypted: bool) -> bool {
    if let (false, Ok(mut stream)) = (encrypted, stream.into_std()) {
        let body = format!(r#"{{"error_code":503,"message":"{}"}}"#, full.message());
        let head =
            "HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\nretry-after: 1\r\nconnection: close";
        // The client may have closed the connection already.
        return write!(stream, "{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len()).is_ok();
    }
    false
}
