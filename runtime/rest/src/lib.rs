//! The REST API: Kafka Connect's, and the upload of plugins. There is one file per resource; the work is done by the herder and the
//! catalogue. [`router`] creates the routes of a listener, and [`serve`] serves them.

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
mod peer;
mod plugins;
mod request;
mod right;
mod root;
pub mod security;
mod server;
mod slots;
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

/// Version and commit of this build of Weir.
#[derive(Debug, Clone, Copy)]
pub struct Build {
    /// Weir's own version.
    pub version: &'static str,
    /// The commit from which Weir was built.
    pub commit: &'static str,
}

/// The state of the resources. Cheap to clone.
#[derive(Clone)]
struct App {
    build: Build,
    herder: Herder,
    plugins: Plugins,
    worker: Arc<WorkerConfig>,
    /// Cancelled once the connectors given on the command line have been created; for `/health`.
    ready: CancellationToken,
    /// One permit per large JSON body that is being read.
    large_bodies: Arc<Semaphore>,
}

/// The size in bytes above which a JSON body is large, and the number of large bodies that a listener reads at once.
const LARGE_BODY: usize = 64 << 10;
const LARGE_BODIES_MAX: usize = 16;

/// Maximum size of a JSON body in bytes. Kafka accepts records of up to 1 MB by default, so it could not store larger configurations.
const JSON_BODY_MAX: usize = 4 << 20;

/// The resources of a listener.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resources {
    /// All resources.
    All,
    /// All resources except `/admin`, because that is on other listeners or on none.
    Regular,
    /// Only `/admin`.
    Admin,
}

/// Creates the routes of one listener. `ready` is cancelled once start-up is complete, which `/health` reports.
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
    // As in Kafka Connect, neither applies to listeners that have only `/admin`.
    if resources != Resources::Admin {
        if !worker.response_headers.is_empty() {
            let rules = Arc::new(worker.response_headers.clone());
            routes = routes.layer(from_fn_with_state(rules, headers::configured));
        }
        if let Some(rules) = &worker.cross_origin {
            routes = routes.layer(from_fn_with_state(Arc::new(rules.clone()), headers::cross_origin));
        }
    }
    // A layer of a router runs after the choice of a route and does not see the `Allow` header, so these are in an outer router.
    let outer = Router::new().fallback_service(routes).layer(from_fn(request::methods));
    outer.layer(from_fn(uri::clean)).layer(from_fn(request::log))
}
