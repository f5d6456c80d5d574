//! The REST API: Kafka Connect's, and the upload of plugins. One file per resource; what they do is the herder's and the
//! registry's business.

mod connector_plugins;
mod connectors;
mod error;
pub mod json;
mod loggers;
mod offsets;
#[cfg(test)]
mod operations_tests;
mod plugins;
mod request;
mod root;
mod server;
#[cfg(test)]
mod tests;
mod topics;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn;
use tokio_util::sync::CancellationToken;

use crate::config::WorkerConfig;
use crate::herder::Herder;
use crate::plugins::Plugins;

pub use connectors::target_state;
pub use server::serve;

/// What the resources work with. Cheap to clone.
#[derive(Clone)]
struct App {
    herder: Herder,
    plugins: Plugins,
    worker: Arc<WorkerConfig>,
    /// Cancelled once the connectors of the command line were created, for `/health`.
    ready: CancellationToken,
}

/// Bytes that a JSON body may have. Kafka itself takes messages of 1 MB, so that no larger configuration could be stored.
const JSON_BODY_MAX: usize = 4 << 20;

/// All routes. `ready` is cancelled once the worker's start is over, which `/health` tells.
pub fn router(herder: Herder, plugins: Plugins, worker: &Arc<WorkerConfig>, ready: CancellationToken) -> Router {
    let app = App { herder, plugins, worker: Arc::clone(worker), ready };
    Router::new()
        .merge(root::routes())
        .merge(
            connectors::routes()
                .merge(offsets::routes())
                .merge(topics::routes())
                .merge(connector_plugins::routes())
                .merge(loggers::routes())
                .layer(from_fn(request::negotiate)),
        )
        // The bodies of uploads are bounded by their own key.
        .layer(DefaultBodyLimit::max(JSON_BODY_MAX))
        .merge(plugins::routes())
        .fallback(error::unknown_path)
        .method_not_allowed_fallback(error::unknown_method)
        .layer(from_fn(request::log))
        .with_state(app)
}
