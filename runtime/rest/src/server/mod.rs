//! Serves one listener until it is told to stop, and gives open requests some time then.
//!
//! A client can hold nothing for longer than it may: connections are counted in all, by address and until they have shown that their
//! client may use the worker, requests once they have; and each phase of a connection has its time (`weir.rest.*`): the TLS handshake,
//! the head of a request, its body, the answer, and the pause until the next request.

mod connection;
mod held;
mod pace;
mod places;
mod requests;
#[cfg(test)]
mod tests;

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
use crate::security::{Pages, Security, guard, only_from};
use crate::tls::ServerTls;
use weir_config::access::Limits;

pub(super) use connection::{Connection, Peer};
use places::{Full, Places};

/// How long open requests may take when the server stops. Kafka Connect allows 60 s, but nothing that is open that late ends well.
const GRACEFUL_STOP: Duration = Duration::from_secs(10);

/// Pause after the system refused to give a connection that is there, which it does when it has no file numbers left.
const ACCEPT_PAUSE: Duration = Duration::from_secs(1);

/// A listener: where, how it is encrypted, what answers, and what clients may do to it.
pub struct Endpoint {
    /// Bound already.
    pub listener: TcpListener,
    /// None = plain http.
    pub tls: Option<Arc<ServerTls>>,
    /// What answers.
    pub router: Router,
    /// Who may ask. None = everybody.
    pub security: Option<Arc<Security>>,
    /// Which web pages may.
    pub pages: Pages,
    /// For this listener alone.
    pub limits: Limits,
    /// Where it is noted what becomes of requests.
    pub audit: Audit,
}

/// What the connections of a listener have in common.
struct Shared {
    tls: Option<Arc<ServerTls>>,
    router: Router,
    limits: Limits,
    audit: Audit,
    /// Cancelled when connections should end after the request that is open.
    stop: CancellationToken,
}

/// Serves until `stop` is cancelled and the requests that are open then are done, or their time is up.
pub async fn serve(endpoint: Endpoint, stop: CancellationToken) {
    let Endpoint { listener, tls, router, security, pages, limits, audit } = endpoint;
    // Here and nowhere else, so that no listener can be without them.
    let router = only_from(guard(requests::at_most(limits.requests_max, router), security), pages);
    let router = audited(router, audit.clone());
    let places = Places::new(&limits);
    let shared = Arc::new(Shared { tls, router, limits, audit, stop: stop.clone() });
    let (open, cut) = (TaskTracker::new(), CancellationToken::new());
    while let Some((stream, from)) = accept(&listener, &stop).await {
        let place = match places.take(from.ip()) {
            Ok(place) => Arc::new(place),
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
                () = connection::serve(shared, stream, Connection(Arc::clone(&place))) => {}
                () = place.cut() => {}
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

/// The next connection; none once `stop` is cancelled.
async fn accept(listener: &TcpListener, stop: &CancellationToken) -> Option<(TcpStream, SocketAddr)> {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.cancelled() => return None,
        };
        match accepted {
            Ok(accepted) => return Some(accepted),
            // The client was gone before it was met.
            Err(error)
                if matches!(
                    error.kind(),
                    ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset | ErrorKind::ConnectionRefused
                ) => {}
            Err(error) => {
                warn!(%error, "the REST server cannot take connections; will try again");
                tokio::select! {
                    () = tokio::time::sleep(ACCEPT_PAUSE) => {}
                    () = stop.cancelled() => return None,
                }
            }
        }
    }
}

/// Closes a connection that is one too many. A client that speaks http is told so, if that needs no waiting. True = it was.
fn refuse(stream: TcpStream, full: Full, encrypted: bool) -> bool {
    if let (false, Ok(mut stream)) = (encrypted, stream.into_std()) {
        let body = format!(r#"{{"error_code":503,"message":"{}"}}"#, full.message());
        let head =
            "HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\nretry-after: 1\r\nconnection: close";
        // It may be gone already.
        return write!(stream, "{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len()).is_ok();
    }
    false
}
