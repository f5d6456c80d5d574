//! Serves one listener until it is told to stop, and gives open requests some time then.

use std::time::Duration;

use axum::Router;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tracing::warn;

/// How long open requests may take when the server stops. Kafka Connect allows 60 s, but nothing that is open that late ends well.
const GRACEFUL_STOP: Duration = Duration::from_secs(10);

/// Serves until `stop` is cancelled and the requests that are open then are done, or their time is up.
pub async fn serve(listener: TcpListener, router: Router, stop: CancellationToken) {
    let served = axum::serve(listener, router).with_graceful_shutdown(stop.clone().cancelled_owned()).into_future();
    tokio::select! {
        ended = served => {
            if let Err(error) = ended {
                warn!(%error, "a listener of the REST server ended");
            }
        }
        () = async { stop.cancelled().await; tokio::time::sleep(GRACEFUL_STOP).await } => {
            warn!("open requests were cut off");
        }
    }
}
