//! A complete worker, as `weir standalone`, `weir dev` and tests start it.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};
use weir_plugin::{Engine, EngineOptions};

use crate::grants;
use crate::locks::{self, Locks};
use crate::reload::Listeners;
pub use crate::reload::Reload;
use crate::version;
use weir_catalogue::{self as plugins, OpenError, Plugins};
use weir_config::WorkerConfig;
use weir_config::listener::{Listener, Protocol};
use weir_herder::{self as herder, ConfigFile, ConfigStore, Herder, MemoryConfigs, MemoryStatuses};
use weir_kafka::cluster;
use weir_kafka::connection::Connections;
use weir_logging as logging;
use weir_rest::security::{self, Pages, Security};
use weir_rest::tls::ServerTls;
use weir_rest::{self as rest, Audit, Endpoint, Resources};
use weir_storage::offsets::{self, OffsetFile};

/// The reason why a worker does not start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Another worker uses the same files.
    #[error(transparent)]
    Locks(#[from] locks::Error),
    /// The offset file cannot be used.
    #[error(transparent)]
    Offsets(#[from] offsets::Error),
    /// The connectors file cannot be used.
    #[error(transparent)]
    State(#[from] herder::ConfigFileError),
    /// The directories that plugins may be granted overlap with the worker's own files.
    #[error(transparent)]
    Grants(#[from] weir_plugin::GrantError),
    /// The engine or the directory of compiled plugins cannot be used.
    #[error("the WebAssembly engine cannot start: {0}")]
    Engine(#[from] weir_plugin::EngineError),
    /// The directory of uploaded plugins cannot be used.
    #[error(transparent)]
    Plugins(#[from] OpenError),
    /// The Kafka cluster cannot be reached.
    #[error(transparent)]
    Kafka(#[from] cluster::Unreachable),
    /// A listener cannot be bound.
    #[error("cannot listen on {host}:{port} ({key}): {cause}")]
    Listen {
        /// The key that configures the listener.
        key: &'static str,
        /// The host as configured.
        host: String,
        /// The port as configured.
        port: u16,
        /// The system's error.
        #[source]
        cause: std::io::Error,
    },
    /// The keys and certificates of the https listeners cannot be used.
    #[error(transparent)]
    Tls(#[from] rest::tls::Error),
    /// The authentication of the REST API cannot be set up.
    #[error("access to the REST API: {0}")]
    Security(#[from] security::Error),
    /// There are no keys for an https listener.
    #[error("an https listener has no keys ({key}.https.ssl.keystore.location)")]
    NoTls {
        /// The key that configures the listener.
        key: &'static str,
    },
    /// No listener is configured.
    #[error("no listener is configured (listeners)")]
    NoListener,
}

/// A bound socket, its TLS and its resources.
type Bound = (TcpListener, Option<Arc<ServerTls>>, Resources);

/// Binds the listeners of one configuration key. They share their TLS settings and resources.
async fn bind(
    key: &'static str,
    listeners: &[Listener],
    acceptor: Option<Arc<ServerTls>>,
    resources: Resources,
) -> Result<Vec<Bound>, Error> {
    let mut bound = Vec::new();
    for listener in listeners {
        let (host, port) = (listener.bind_host(), listener.port);
        let failed = |cause| Error::Listen { key, host: host.to_owned(), port, cause };
        let tls = match listener.protocol {
            Protocol::Http => None,
            Protocol::Https => Some(acceptor.clone().ok_or(Error::NoTls { key })?),
        };
        bound.push((TcpListener::bind((host, port)).await.map_err(failed)?, tls, resources));
    }
    Ok(bound)
}

/// A running worker.
pub struct Worker {
    herder: Herder,
    plugins: Plugins,
    addresses: Vec<SocketAddr>,
    urls: Vec<String>,
    ready: CancellationToken,
    stop: CancellationToken,
    servers: Vec<JoinHandle<()>>,
    security: Option<Arc<Security>>,
    config: Arc<WorkerConfig>,
    /// TLS by the configuration key of the listeners.
    tls: [(&'static str, Option<Arc<ServerTls>>); 2],
    /// Released last.
    _locks: Locks,
}

impl Worker {
    /// Opens the offset file, waits for the Kafka cluster, binds the listeners, opens the engine and the plugins, and serves requests. No
    /// connector runs yet. The future may be dropped at any time.
    pub async fn start(mut config: WorkerConfig) -> Result<Self, Error> {
        grants::settle(&mut config)?;
        let config = Arc::new(config);
        let locks = Locks::take(&config).await?;
        // First the checks without side effects: a damaged offset file must be noticed before tasks run.
        let offsets = OffsetFile::open(&config.offset_storage_file, config.offset_limits)?;
        let configs: Arc<dyn ConfigStore> = match config.standalone_state.as_deref() {
            Some(path) => Arc::new(ConfigFile::open(path)?),
            None => Arc::new(MemoryConfigs::default()),
        };
        let security = Security::open(&config.rest_auth)?;
        // `/admin` is on all listeners unless it has its own.
        let resources = if config.admin_listeners.is_none() { Resources::All } else { Resources::Regular };
        let own = config.listeners_tls.as_ref().map(ServerTls::open).transpose()?.map(Arc::new);
        // As in Kafka Connect, requests are not answered before the cluster has responded.
        let connections = Connections::default();
        let kafka_cluster_id = cluster::look_up(&config.admin_properties(), &connections, config.api_timeout()).await?;
        // Before the file belongs to this cluster: that is written with the first offset.
        let epoch = offsets.begin_epoch().await?;
        if let Some(before) = offsets.belong_to(&kafka_cluster_id) {
            warn!(
                kafka_cluster_id,
                before,
                offset.storage.file.filename = %config.offset_storage_file.display(),
                "the stored source offsets belong to another Kafka cluster: sources continue from them, and what they wrote before is not \
                 in this cluster. To write it again, stop the connectors and reset their offsets (DELETE /connectors/NAME/offsets)"
            );
        }
        let mut listeners = bind("listeners", &config.listeners, own.clone(), resources).await?;
        let addresses: Vec<SocketAddr> =
            listeners.iter().filter_map(|(listener, ..)| listener.local_addr().ok()).collect();
        let urls = addresses.iter().zip(&config.listeners);
        let urls = urls.map(|(address, listener)| format!("{}://{address}", listener.protocol.as_str())).collect();
        let admins = config.admin_listeners_tls.as_ref().map(ServerTls::open).transpose()?.map(Arc::new);
        let admin = config.admin_listeners.as_deref().unwrap_or_default();
        listeners.extend(bind("admin.listeners", admin, admins.clone(), Resources::Admin).await?);
        let first = addresses.first().ok_or(Error::NoListener)?;
        let worker_id = config.worker_id(*first);
        let engine = Engine::new(EngineOptions {
            cache: config.plugin_cache.clone(),
            compile: plugins::compile(config.compile),
        })?;
        if let Some(max) = config.instances_max {
            engine.limit_instances(max);
        }
        let plugins = Plugins::open(&config.plugins(), engine).await?;
        let options = herder::Options {
            worker: Arc::clone(&config),
            plugins: plugins.clone(),
            offsets: Arc::new(offsets),
            statuses: Arc::new(MemoryStatuses::default()),
            worker_id,
            levels: logging::levels(),
            kafka_cluster_id: Some(kafka_cluster_id),
            epoch,
            connections,
        };
        let herder = Herder::standalone(options, configs);
        let (ready, stop) = (CancellationToken::new(), CancellationToken::new());
        let audit = Audit::new(Arc::clone(herder.services().metrics()));
        let servers = listeners
            .into_iter()
            .map(|(listener, tls, resources)| {
                let router =
                    rest::router(version::BUILD, herder.clone(), plugins.clone(), &config, ready.clone(), resources);
                let (security, limits, audit) = (security.clone(), config.rest_limits, audit.clone());
                let pages = Pages {
                    hosts: security.is_none().then(|| config.host_names.clone()),
                    // As in Kafka Connect, these rules do not apply to listeners that have only `/admin`.
                    origins: config.cross_origin.clone().filter(|_| resources != Resources::Admin),
                };
                tokio::spawn(rest::serve(
                    Endpoint { listener, tls, router, security, pages, limits, audit },
                    stop.clone(),
                ))
            })
            .collect();
        info!(?addresses, "the REST API answers");
        let tls = [("listeners", own), ("admin.listeners", admins)];
        Ok(Self { herder, plugins, addresses, urls, ready, stop, servers, security, config, tls, _locks: locks })
    }

    /// Returns what SIGHUP reloads. `file` is the worker's file, if it was started with one.
    pub fn reload(&self, file: Option<PathBuf>) -> Reload {
        let settings = [&self.config.listeners_tls, &self.config.admin_listeners_tls];
        let listeners = self.tls.iter().zip(settings).filter_map(|((key, tls), settings)| {
            Some(Listeners { key, settings: settings.clone()?, tls: Arc::clone(tls.as_ref()?) })
        });
        let metrics = Arc::clone(self.herder.services().metrics());
        Reload::new(file, self.config.log_level.clone(), listeners.collect(), self.security.clone(), metrics)
    }

    /// Returns the addresses of the REST API, without those of `admin.listeners`.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Returns the URLs of the REST API, such as `http://127.0.0.1:8083`, in the order of the listeners.
    pub fn urls(&self) -> &[String] {
        &self.urls
    }

    /// Returns the herder, which owns the worker's connectors.
    pub fn herder(&self) -> &Herder {
        &self.herder
    }

    /// Notes that start-up is complete: `GET /health` answers `healthy` from now on.
    pub fn set_ready(&self) {
        self.ready.cancel();
    }

    /// Stops the REST API, then the connectors, each within its timeout. The offsets of acknowledged records are stored or committed.
    pub async fn shut_down(self) {
        self.stop.cancel();
        // Queued compilations of uploads would keep their requests open.
        self.plugins.stop();
        futures_util::future::join_all(self.servers).await;
        self.herder.shut_down().await;
        info!("stopped");
    }
}
