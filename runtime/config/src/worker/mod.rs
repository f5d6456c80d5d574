//! The worker's configuration.

#[cfg(test)]
mod access_tests;
mod converters;
mod distributed;
mod grants;
mod parse;
#[cfg(test)]
mod tests;
mod unused;

pub use distributed::{DistributedConfig, ExactlyOnceSupport};

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use weir_plugin::{Allowed, CompileLimits, Limits};

use crate::client::{self, ClientSettings, Kind, OverridePolicy};
use crate::converter::ConverterSettings;
use crate::error::Error;
use crate::providers::{Providers, Resolved};
use crate::rest::access;
use crate::rest::host_names::HostNames;
use crate::rest::listener::Listener;
use crate::rest::tls::ListenerTls;
use crate::rest::{CrossOrigin, HeaderRule};
use crate::restart_policy::RestartPolicy;
use weir_catalogue as plugins;
use weir_kafka::Properties;
use weir_kafka::admin::API_TIMEOUT;
use weir_logging::LogFormat;
use weir_metrics::Sampling;
use weir_plugin::ConfigMap;
use weir_storage::offsets;

/// The configuration of a worker.
#[derive(Debug, Clone)]
pub struct WorkerConfig {
    /// `bootstrap.servers`, joined by commas.
    pub bootstrap_servers: String,
    /// `key.converter`, `value.converter`, `header.converter` and their settings.
    pub converters: ConverterSettings,
    /// `offset.storage.file.filename`.
    pub offset_storage_file: PathBuf,
    /// `weir.offsets.*`: limits for the offsets in that file.
    pub offset_limits: offsets::Limits,
    /// `weir.standalone.state`: the file in which connectors are kept across restarts; `None` if they are not kept.
    pub standalone_state: Option<PathBuf>,
    /// `weir.lock.wait.ms`.
    pub lock_wait: Duration,
    /// `topic.creation.enable`.
    pub topic_creation: bool,
    /// `topic.tracking.enable`.
    pub topic_tracking: bool,
    /// `topic.tracking.allow.reset`.
    pub topic_tracking_reset: bool,
    /// `offset.flush.interval.ms`.
    pub offset_flush_interval: Duration,
    /// `offset.flush.timeout.ms`.
    pub offset_flush_timeout: Duration,
    /// `task.shutdown.graceful.timeout.ms`.
    pub task_shutdown_graceful_timeout: Duration,
    /// `weir.shutdown.timeout.ms`: how much longer than the graceful timeout the worker may take to stop.
    pub shutdown_timeout: Duration,
    /// `connector.client.config.override.policy`.
    pub(crate) override_policy: OverridePolicy,
    /// `plugin.path`, or the directory of the components that ship with Weir.
    pub plugin_path: Vec<PathBuf>,
    /// `weir.plugin.store`.
    pub plugin_store: PathBuf,
    /// `weir.plugin.cache`.
    pub plugin_cache: PathBuf,
    /// `weir.plugin.max.bytes`.
    pub plugin_max_bytes: u64,
    /// `weir.plugin.uploads.max`.
    pub plugin_uploads_max: usize,
    /// `weir.plugin.upload.override`.
    pub plugin_upload_override: bool,
    /// `weir.plugin.compile.*`.
    pub compile: CompileLimits,
    /// `weir.task.memory.max` and `weir.call.timeout.ms`, which a connector may lower, and `weir.task.files.max` and
    /// `weir.task.sockets.max`, which are the same for all connectors.
    pub limits: Limits,
    /// `weir.instances.max`; `None` for as many as the kernel's limits allow.
    pub instances_max: Option<usize>,
    /// `weir.records.in.flight.max.bytes`.
    pub in_flight_max_bytes: u64,
    /// `weir.task.topics.max`.
    pub task_topics_max: usize,
    /// `weir.restart.*`.
    pub restarts: RestartPolicy,
    /// `weir.allow.*`: the most that a plugin may be granted.
    pub allowed: Allowed,
    /// `listeners`; never empty.
    pub listeners: Vec<Listener>,
    /// `admin.listeners`: where the resources for operators are served. `None` for the same listeners as the others; empty if they
    /// are not served.
    pub admin_listeners: Option<Vec<Listener>>,
    /// `access.control.allow.origin` and `access.control.allow.methods`; `None` if pages of other sites may not read responses.
    pub cross_origin: Option<CrossOrigin>,
    /// `response.http.headers.config`.
    pub response_headers: Vec<HeaderRule>,
    /// `listeners.https.*`, if one of the listeners is https.
    pub listeners_tls: Option<ListenerTls>,
    /// `admin.listeners.https.*`, if one of the admin listeners is https.
    pub admin_listeners_tls: Option<ListenerTls>,
    /// `weir.rest.*`: the limits of each listener.
    pub rest_limits: access::Limits,
    /// The names in `weir.rest.hosts.allowed`, in the listeners and in `rest.advertised.host.name`.
    pub host_names: HostNames,
    /// `weir.rest.auth.*`: how clients are authenticated, and what they may do.
    pub rest_auth: access::Auth,
    /// `rest.advertised.host.name`.
    pub advertised_host: Option<String>,
    /// `rest.advertised.port`.
    pub advertised_port: Option<u16>,
    /// `weir.log.format`.
    pub log_format: LogFormat,
    /// `weir.core.dumps`: whether the process writes a core dump when it crashes.
    pub core_dumps: bool,
    /// `weir.log.level`: a filter for `tracing`.
    pub log_level: String,
    /// `metrics.sample.window.ms` and `metrics.num.samples`.
    pub sampling: Sampling,
    /// `weir.metrics.enable`: whether `GET /metrics` is served.
    pub metrics_enable: bool,
    /// `config.providers`.
    pub providers: Providers,
    /// The keys of the file, with references to config providers resolved.
    pub originals: ConfigMap,
    /// Keeps the values of these references out of the log.
    _resolved: Resolved,
    /// One line for each key that has no effect, to be logged at start.
    pub warnings: Vec<String>,
}

impl WorkerConfig {
    /// Returns the options of the registry of plugins.
    pub fn plugins(&self) -> plugins::Options {
        plugins::Options {
            path: self.plugin_path.clone(),
            store: self.plugin_store.clone(),
            uploads_max: self.plugin_uploads_max,
            upload_override: self.plugin_upload_override,
            limits: self.limits,
        }
    }

    /// Returns the settings of a client of this worker: the worker's settings, then `overrides` (without prefix). A consumer
    /// without a group of its own gets `default_group`, unless that is empty.
    pub(crate) fn client(
        &self,
        kind: Kind,
        default_group: &str,
        overrides: &ConfigMap,
    ) -> Result<ClientSettings, Error> {
        client::of_worker(kind, &self.originals, default_group, overrides)
    }

    /// Returns librdkafka's settings of the worker's own client.
    pub fn admin_properties(&self) -> Properties {
        // `parse` has checked them.
        self.client(Kind::Admin, "", &ConfigMap::new()).map(|client| client.properties).unwrap_or_default()
    }

    /// How long a starting worker waits for its Kafka cluster.
    pub fn api_timeout(&self) -> Duration {
        let client = self.client(Kind::Admin, "", &ConfigMap::new());
        client.ok().and_then(|client| client.api_timeout).unwrap_or(API_TIMEOUT)
    }

    /// Returns the worker's id in statuses, `host:port`. `bound` is the address of the first listener.
    pub fn worker_id(&self, bound: SocketAddr) -> String {
        let listener = self.listeners.first();
        let host = match (&self.advertised_host, listener) {
            (Some(host), _) => host.clone(),
            (None, Some(listener)) if !listener.host.is_empty() => listener.host.clone(),
            _ => bound.ip().to_string(),
        };
        let host = if host.contains(':') { format!("[{host}]") } else { host };
        format!("{host}:{}", self.advertised_port.unwrap_or(bound.port()))
    }
}
