//! The REST API: Kafka Connect's, and the upload of plugins. One file per resource; what they do is the herder's and the
//! catalogue's business. [`router`] makes the routes of a listener, [`serve`] answers on it.

mod audit;
mod connector_plugins;
mod connectors;
mod error;
#[cfg(test)]
mod fuzz_tests;
mod headers;
mod internal;
mod loggers;
mod metrics;
mod offsets;
#[cfg(test)]
mod operations_tests;
mod plugins;
mod request;
mod root;
pub mod security;
mod server;
#[cfg(test)]
mod tests;
pub mod tls;
mod topics;
mod uri;

use std::sync::Arc;

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use weir_catalogue::Plugins;
use weir_config::WorkerConfig;
use weir_herder::Herder;

pub use audit::Audit;
use root::PROBES;
pub use server::{Endpoint, serve};

/// The build of Weir that answers.
#[derive(Debug, Clone, Copy)]
pub struct Build {
    /// Weir's own version.
    pub version: &'static str,
    /// The commit that it was built from.
    pub commit: &'static str,
}

/// What the resources work with. Cheap to clone.
#[derive(Clone)]
struct App {
    build: Build,
    herder: Herder,
    plugins: Plugins,
    worker: Arc<WorkerConfig>,
    /// Cancelled once the connectors of the command line were created, for `/health`.
    ready: CancellationToken,
    /// A place for each large JSON body that is being read.
    large_bodies: Arc<Semaphore>,
}

/// Bytes from which a JSON body is large, and how many of those a listener reads at once.
const LARGE_BODY: usize = 64 << 10;
const LARGE_BODIES_MAX: usize = 16;

/// Bytes that a JSON body may have. Kafka itself takes messages of 1 MB, so that no larger configuration could be stored.
const JSON_BODY_MAX: usize = 4 << 20;

/// Which resources a listener has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resources {
    /// All of them.
    All,
    /// All but those of operators, because these have listeners of their own, or none.
    Regular,
    /// Those of operators, `/admin`, only.
    Admin,
}

/// The routes of one listener. `ready` is cancelled once the worker's start is over, which `/health` tells.
pub fn router(
    build: Build,
    herder: Herder,
    plugins: Plugins,
    worker: &Arc<WorkerConfig>,
    ready: CancellationToken,
    resources: Resources,
) -> Router {
    let large_bodies = Arc::new(Semaphore::new(LARGE_BODIES_MAX));
    let app = App { build, herder, plugins, worker: Arc::clone(worker), ready, large_bodies };
    let regular = || {
        let connectors = connectors::routes().merge(offsets::routes()).merge(topics::routes());
        connectors.merge(internal::routes()).merge(connector_plugins::routes()).merge(root::routes())
    };
    let json = match resources {
        Resources::All => regular().merge(loggers::routes()),
        Resources::Regular => regular(),
        Resources::Admin => loggers::routes(),
    };
    let json = json.layer(from_fn(request::negotiate));
    let routes = match resources {
        Resources::All | Resources::Regular => json.merge(plugins::routes()),
        Resources::Admin => json,
    };
    let routes = if worker.metrics_enable { routes.merge(metrics::routes()) } else { routes };
    let mut routes = routes
        .fallback(error::unknown_path)
        .method_not_allowed_fallback(error::unknown_method)
        .layer(from_fn(request::well_formed))
        .with_state(app);
    // As in Kafka Connect, neither is for listeners that have the resources of operators only.
    if resources != Resources::Admin {
        if !worker.response_headers.is_empty() {
            let rules = Arc::new(worker.response_headers.clone());
            routes = routes.layer(from_fn_with_state(rules, headers::configured));
        }
        if let Some(rules) = &worker.cross_origin {
            routes = routes.layer(from_fn_with_state(Arc::new(rules.clone()), headers::cross_origin));
        }
    }
    // A layer of a router comes after its choice of a route and sees no `Allow` header, so these are in a router around it.
    let outer = Router::new().fallback_service(routes).layer(from_fn(request::methods));
    outer.layer(from_fn(uri::clean)).layer(from_fn(request::log))
}
