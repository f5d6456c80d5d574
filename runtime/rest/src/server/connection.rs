//! One connection of a client: TLS if the listener has it, then requests one after another.

use std::convert::Infallible;
use std::io;
use std::pin::pin;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tower::ServiceExt as _;
use tracing::debug;

use super::Shared;
use super::held::Held;
use super::timeouts::{BodyTimeout, InFlight, Phase, TimeoutStream};
use crate::peer::{Connection, Peer};
use weir_keystore::subject::common_name;

/// Size of the buffers for what a client sends ahead and for a response that it does not read.
const BUFFER_BYTES: usize = 64 << 10;

/// Header fields that hyper stores without allocating.
const HEADERS_ON_THE_STACK: usize = 100;

/// Serves a connection until the client or the server ends it.
pub(super) async fn serve(shared: Arc<Shared>, stream: TcpStream, connection: Connection) {
    // A response is written as a whole, so a delay to collect more data has no benefit. Ignore failures; this is an optimisation.
    let _ = stream.set_nodelay(true);
    let Some(acceptor) = shared.tls.as_ref().map(|tls| tls.acceptor()) else {
        return requests(shared, stream, None, connection).await;
    };
    let handshake = tokio::select! {
        handshake = tokio::time::timeout(shared.limits.handshake_timeout, acceptor.accept(stream)) => handshake,
        () = shared.stop.cancelled() => return,
    };
    match handshake {
        Ok(Ok(stream)) => {
            let certificate = stream.get_ref().1.peer_certificates().and_then(<[_]>::first);
            let peer = Peer { certificate_name: certificate.and_then(common_name).map(Arc::from) };
            requests(shared, stream, Some(peer), connection).await;
        }
        Ok(Err(error)) => handshake_failed(&shared, &connection, &error),
        Err(_) => {
            let late = io::Error::new(io::ErrorKind::TimedOut, "timed out (weir.rest.handshake.timeout.ms)");
            handshake_failed(&shared, &connection, &late);
        }
    }
}

fn handshake_failed(shared: &Shared, Connection(slot): &Connection, error: &io::Error) {
    shared.audit.handshake_failed(slot.client(), slot.address(), error);
}

async fn requests<S>(shared: Arc<Shared>, stream: S, peer: Option<Peer>, connection: Connection)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let phase = Arc::new(Phase::default());
    let io = TokioIo::new(TimeoutStream::new(stream, Arc::clone(&phase), &shared.limits));
    let service = service_fn(|request: Request<Incoming>| answer(&shared, &phase, peer.as_ref(), &connection, request));
    let mut builder = http1::Builder::new();
    // `TimeoutStream` does this, because it distinguishes an idle connection from an incomplete head.
    builder.header_read_timeout(None).max_buf_size(BUFFER_BYTES).max_header_size(shared.limits.head_max_bytes);
    if shared.limits.headers_max != HEADERS_ON_THE_STACK {
        builder.max_headers(shared.limits.headers_max);
    }
    let mut served = pin!(builder.serve_connection(io, service));
    let ended = tokio::select! {
        ended = served.as_mut() => ended,
        () = shared.stop.cancelled() => {
            served.as_mut().graceful_shutdown();
            served.await
        }
    };
    if let Err(error) = ended {
        debug!(%error, "a connection of a client ended");
    }
}

async fn answer(
    shared: &Shared,
    phase: &Arc<Phase>,
    peer: Option<&Peer>,
    connection: &Connection,
    request: Request<Incoming>,
) -> Result<Response<Held<InFlight>>, Infallible> {
    let in_flight = phase.begin();
    let mut request = request.map(|body| Body::new(BodyTimeout::new(body, shared.limits.body_timeout)));
    if let Some(peer) = peer {
        request.extensions_mut().insert(peer.clone());
    }
    request.extensions_mut().insert(connection.clone());
    let response = Router::clone(&shared.router).oneshot(request).await?;
    Ok(response.map(|body| Held::new(body, in_flight)))
}
