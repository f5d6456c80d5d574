//! The worker's configuration, typed. Parsed from the table in `keys.rs`, with Kafka Connect's texts for what is wrong.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use weir_plugin::{Allowed, CompileLimits, Limits};

use super::access;
use super::client::{self, Client, Kind};
use super::client_keys::{self, Meaning};
use super::contradictions::{self, Group};
use super::error::Error;
use super::host_names::HostNames;
use super::keys::{self, Usage};
use super::listener::Listener;
use super::listener_tls::ListenerTls;
use super::nearest::{self, OWN};
use super::policy::OverridePolicy;
use super::providers::{self, Opened, Providers, Resolved};
use super::reader::Reader;
use super::rest::{CrossOrigin, HeaderRule};
use super::restart_policy::RestartPolicy;
use super::worker_converters;
use crate::converter::ConverterSettings;
use weir_catalogue::{self as plugins, shipped};
use weir_kafka::Properties;
use weir_kafka::admin::API_TIMEOUT;
use weir_logging::LogFormat;
use weir_metrics::Sampling;
use weir_plugin::ConfigMap;
use weir_storage::offsets;

/// Everything the worker's file says.
#[derive(Debug, Clone)]
pub struct WorkerConfig {
    /// `bootstrap.servers`, joined by commas.
    pub bootstrap_servers: String,
    /// `key.converter`, `value.converter`, `header.converter` and their settings.
    pub converters: ConverterSettings,
    /// `offset.storage.file.filename`.
    pub offset_storage_file: PathBuf,
    /// `weir.offsets.*`: how much of that file a connector may have.
    pub offset_limits: offsets::Limits,
    /// `weir.standalone.state`: where connectors are kept across restarts; none = nowhere.
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
    /// `weir.shutdown.timeout.ms`: how much longer than that the whole stop may take.
    pub shutdown_timeout: Duration,
    /// `connector.client.config.override.policy`.
    pub override_policy: OverridePolicy,
    /// `plugin.path`, or where the components are that ship with Weir.
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
    /// `weir.task.memory.max` and `weir.call.timeout.ms`: the most a connector may have, and what it has by default; and
    /// `weir.task.files.max` and `weir.task.sockets.max`, which are the same for all.
    pub limits: Limits,
    /// `weir.instances.max`; `None` is as many as the kernel has room for.
    pub instances_max: Option<usize>,
    /// `weir.records.in.flight.max.bytes`.
    pub in_flight_max_bytes: u64,
    /// `weir.task.topics.max`.
    pub task_topics_max: usize,
    /// `weir.restart.*`.
    pub restarts: RestartPolicy,
    /// `weir.allow.*`: the most that a plugin may be granted.
    pub allowed: Allowed,
    /// `listeners`, looked up in order; never empty.
    pub listeners: Vec<Listener>,
    /// `admin.listeners`: where the resources of operators are; none = beside the others, empty = nowhere.
    pub admin_listeners: Option<Vec<Listener>>,
    /// `access.control.allow.origin` and `access.control.allow.methods`; none = no page of another site may read anything.
    pub cross_origin: Option<CrossOrigin>,
    /// `response.http.headers.config`.
    pub response_headers: Vec<HeaderRule>,
    /// `listeners.https.*`, when one of the listeners is https.
    pub listeners_tls: Option<ListenerTls>,
    /// `admin.listeners.https.*`, when one of the admin listeners is https.
    pub admin_listeners_tls: Option<ListenerTls>,
    /// `weir.rest.*`: what a listener lets its clients do.
    pub rest_limits: access::Limits,
    /// `weir.rest.hosts.allowed`, and the names of the listeners and in `rest.advertised.host.name`.
    pub host_names: HostNames,
    /// `weir.rest.auth.*`: how clients prove who they are, and what they may do.
    pub rest_auth: access::Auth,
    /// `rest.advertised.host.name`.
    pub advertised_host: Option<String>,
    /// `rest.advertised.port`.
    pub advertised_port: Option<u16>,
    /// `weir.log.format`.
    pub log_format: LogFormat,
    /// `weir.core.dumps`: the process may leave its memory in a file when it crashes.
    pub core_dumps: bool,
    /// `weir.log.level`, a filter for `tracing`.
    pub log_level: String,
    /// `metrics.sample.window.ms` and `metrics.num.samples`.
    pub sampling: Sampling,
    /// `weir.metrics.enable`: `GET /metrics` answers.
    pub metrics_enable: bool,
    /// `config.providers`.
    pub providers: Providers,
    /// The file as it was read, its references to config providers resolved.
    pub originals: ConfigMap,
    /// Keeps the values of these references out of the log.
    _resolved: Resolved,
    /// One line for each key that has no effect, to be said at start.
    pub warnings: Vec<String>,
}

impl WorkerConfig {
    /// What the registry of plugins is opened with.
    pub fn plugins(&self) -> plugins::Options {
        plugins::Options {
            path: self.plugin_path.clone(),
            store: self.plugin_store.clone(),
            uploads_max: self.plugin_uploads_max,
            upload_override: self.plugin_upload_override,
            limits: self.limits,
        }
    }

    /// Opens the config providers, resolves the worker's file with them and parses it. All that is wrong with it is in the error,
    /// in the order of the table. Reads the files that references name on this thread, so it is called at start only.
    pub fn parse(originals: ConfigMap) -> Result<Self, Vec<Error>> {
        let opened = providers::open(originals)?;
        let resolved = opened.resolved.clone();
        let hidden = |errors: Vec<Error>| errors.into_iter().map(|error| resolved.hide_error(error)).collect();
        Self::parse_resolved(opened).map_err(hidden)
    }

    fn parse_resolved(opened: Opened) -> Result<Self, Vec<Error>> {
        let originals = opened.resolved.config().clone();
        let mut reader = Reader { originals: &originals, errors: Vec::new() };
        let offset_storage_file = PathBuf::from(reader.text("offset.storage.file.filename"));
        let store = reader
            .optional("weir.plugin.store")
            .map_or_else(|| offset_storage_file.parent().unwrap_or(Path::new("")).join("weir-plugins"), PathBuf::from);
        let listeners = reader.listeners("listeners");
        let mut warnings = Vec::new();
        let listeners_tls = access::tls(&mut reader, &listeners, access::LISTENERS_TLS, &mut warnings);
        let admin_listeners =
            reader.originals.contains_key("admin.listeners").then(|| reader.listeners("admin.listeners"));
        let admin = admin_listeners.as_deref().unwrap_or_default();
        let admin_listeners_tls = access::tls(&mut reader, admin, access::ADMIN_LISTENERS_TLS, &mut warnings);
        let advertised_host = reader.optional("rest.advertised.host.name");
        let own = listeners.iter().chain(admin).map(|listener| listener.host.as_str());
        let host_names = reader.host_names(own.chain(advertised_host.as_deref()));
        let config = Self {
            bootstrap_servers: reader.list("bootstrap.servers").join(","),
            converters: reader.converters(),
            offset_limits: offsets::Limits {
                partitions: reader.number("weir.offsets.partitions.max"),
                bytes: reader.number("weir.offsets.bytes.max"),
                total: reader.number("weir.offsets.total.bytes.max"),
            },
            standalone_state: reader.optional("weir.standalone.state").map(PathBuf::from),
            lock_wait: reader.millis("weir.lock.wait.ms"),
            topic_creation: reader.flag("topic.creation.enable"),
            topic_tracking: reader.flag("topic.tracking.enable"),
            topic_tracking_reset: reader.flag("topic.tracking.allow.reset"),
            offset_flush_interval: reader.millis("offset.flush.interval.ms"),
            offset_flush_timeout: reader.millis("offset.flush.timeout.ms"),
            task_shutdown_graceful_timeout: reader.millis("task.shutdown.graceful.timeout.ms"),
            shutdown_timeout: reader.millis("weir.shutdown.timeout.ms"),
            override_policy: reader.policy(),
            plugin_path: match originals.contains_key("plugin.path") {
                true => reader.list("plugin.path").into_iter().map(PathBuf::from).collect(),
                false => shipped::directory().into_iter().collect(),
            },
            plugin_cache: reader.optional("weir.plugin.cache").map_or_else(|| store.join("cache"), PathBuf::from),
            plugin_store: store,
            plugin_max_bytes: reader.number("weir.plugin.max.bytes"),
            plugin_uploads_max: usize::try_from(reader.number("weir.plugin.uploads.max")).unwrap_or(usize::MAX),
            plugin_upload_override: reader.flag("weir.plugin.upload.override"),
            compile: CompileLimits {
                memory_max: reader.number("weir.plugin.compile.memory.max"),
                cpu_max: reader.millis("weir.plugin.compile.cpu.ms"),
                timeout: reader.millis("weir.plugin.compile.timeout.ms"),
                parallel: reader.count("weir.plugin.compile.parallel"),
                queue_max: reader.count("weir.plugin.compile.queue.max"),
                queue_timeout: reader.millis("weir.plugin.compile.queue.timeout.ms"),
            },
            limits: Limits {
                memory_max: reader.number("weir.task.memory.max"),
                files_max: u32::try_from(reader.number("weir.task.files.max")).unwrap_or(u32::MAX),
                sockets_max: u32::try_from(reader.number("weir.task.sockets.max")).unwrap_or(u32::MAX),
                call_timeout: reader.millis("weir.call.timeout.ms"),
                log_bytes_per_second: reader.number("weir.plugin.log.bytes.per.second"),
            },
            instances_max: usize::try_from(reader.number("weir.instances.max")).ok().filter(|max| *max > 0),
            core_dumps: reader.flag("weir.core.dumps"),
            in_flight_max_bytes: reader.number("weir.records.in.flight.max.bytes"),
            task_topics_max: usize::try_from(reader.number("weir.task.topics.max")).unwrap_or(usize::MAX),
            restarts: RestartPolicy {
                max_attempts: u32::try_from(reader.number("weir.restart.max.attempts")).unwrap_or(0),
                delay: reader.millis("weir.restart.delay.ms"),
                delay_max: reader.millis("weir.restart.delay.max.ms"),
                reset_after: reader.millis("weir.restart.reset.after.ms"),
            },
            allowed: reader.allowed(),
            admin_listeners,
            cross_origin: reader.cross_origin(),
            response_headers: reader.response_headers(),
            listeners,
            listeners_tls,
            admin_listeners_tls,
            rest_limits: access::Limits::read(&mut reader),
            rest_auth: access::Auth::read(&mut reader),
            host_names,
            advertised_host,
            advertised_port: reader.port("rest.advertised.port"),
            log_format: match reader.text("weir.log.format").as_str() {
                "json" => LogFormat::Json,
                _ => LogFormat::Text,
            },
            log_level: reader.text("weir.log.level"),
            sampling: Sampling {
                window: reader.millis("metrics.sample.window.ms"),
                samples: u32::try_from(reader.number("metrics.num.samples")).unwrap_or(u32::MAX),
            },
            metrics_enable: reader.flag("weir.metrics.enable"),
            offset_storage_file,
            warnings: Vec::new(),
            providers: opened.providers,
            originals: ConfigMap::new(),
            _resolved: opened.resolved,
        };
        let mut errors = reader.errors;
        warnings.extend(unused(&originals, &mut errors));
        warnings.extend(half_secured(&originals));
        if config.standalone_state.as_deref().is_some_and(|state| is_same_file(state, &config.offset_storage_file)) {
            let text = "'weir.standalone.state' and 'offset.storage.file.filename' name the same file, and each would overwrite what \
                        the other one stores. Give each a file of its own";
            errors.push(Error::other("weir.standalone.state", text));
        }
        let groups = Group::both(
            (&config.listeners, config.listeners_tls.as_ref()),
            (config.admin_listeners.as_deref().unwrap_or_default(), config.admin_listeners_tls.as_ref()),
        );
        errors.extend(contradictions::find(&originals, &config.rest_auth, &groups));
        warnings.extend(contradictions::open_listeners(&config.rest_auth, &groups));
        warnings.extend(opened.warnings);
        warnings.extend(config.override_policy.warning());
        worker_converters::check(&config.converters, &mut errors, &mut warnings);
        let config = Self { originals, ..config };
        for kind in [Kind::Producer, Kind::Consumer, Kind::Admin] {
            match config.client(kind, "", &ConfigMap::new()) {
                Ok(client) => warnings.extend(client.warnings),
                // What the clients share is wrong in each of them.
                Err(error) if errors.contains(&error) => {}
                Err(error) => errors.push(error),
            }
        }
        match errors.is_empty() {
            true => Ok(Self { warnings, ..config }),
            false => Err(errors),
        }
    }

    /// The settings of a client: this worker's defaults and prefixed settings, then `overrides` (prefix removed). A consumer
    /// without a group of its own gets `default_group` when that is not empty.
    pub fn client(&self, kind: Kind, default_group: &str, overrides: &ConfigMap) -> Result<Client, Error> {
        let group = (kind == Kind::Consumer && !default_group.is_empty()).then_some(("group.id", default_group));
        let shared = self.originals.iter().filter(|(key, _)| match kind {
            // The admin client is the worker's own, which unprefixed settings are for.
            Kind::Admin => is_for_admin(key),
            Kind::Producer | Kind::Consumer => key.as_str() == "bootstrap.servers",
        });
        let prefixed = self
            .originals
            .iter()
            .filter(|(key, _)| keys::find(key).is_none() && !key.starts_with("admin.listeners."))
            .filter_map(|(key, value)| key.strip_prefix(kind.prefix()).map(|key| (key, value.as_str())));
        let layers = shared.map(|(key, value)| (key.as_str(), value.as_str())).chain(prefixed);
        let made = client::client(
            kind,
            group.into_iter().chain(layers).chain(overrides.iter().map(|(key, value)| (key.as_str(), value.as_str()))),
        );
        // Under the name that the user wrote.
        made.map_err(|error| {
            let (prefixed, overridden) =
                (kind.prefix().to_owned() + error.key(), kind.override_prefix().to_owned() + error.key());
            if overrides.contains_key(error.key()) {
                error.under(&overridden)
            } else if self.originals.contains_key(&prefixed) {
                error.under(&prefixed)
            } else {
                error
            }
        })
    }

    /// Settings of the worker's own client, in librdkafka's words.
    pub fn admin_properties(&self) -> Properties {
        // That they can be made was checked by `parse`.
        self.client(Kind::Admin, "", &ConfigMap::new()).map(|client| client.properties).unwrap_or_default()
    }

    /// How long the worker waits for its Kafka cluster at a start.
    pub fn api_timeout(&self) -> Duration {
        let client = self.client(Kind::Admin, "", &ConfigMap::new());
        client.ok().and_then(|client| client.api_timeout).unwrap_or(API_TIMEOUT)
    }

    /// This worker's id in statuses, `host:port`. `bound` is the address of the first listener.
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

/// Whether both lead to one file, which need not be there.
fn is_same_file(one: &Path, other: &Path) -> bool {
    let real = |path: &Path| {
        let directory = path.parent().filter(|directory| *directory != Path::new("")).unwrap_or(Path::new("."));
        path.canonicalize().ok().or_else(|| Some(directory.canonicalize().ok()?.join(path.file_name()?)))
    };
    one == other || real(one).is_some_and(|one| real(other) == Some(one))
}

/// Says which keys have no effect; those that must not be passed over are errors.
fn unused(originals: &ConfigMap, errors: &mut Vec<Error>) -> Vec<String> {
    let mut warnings = Vec::new();
    for (name, value) in originals {
        let usage = keys::find(name).map(|key| key.usage).or_else(|| keys::find_prefix(name).map(|known| known.usage));
        match usage {
            Some(Usage::Used) => {}
            // A key written with its default changes nothing, so nothing is lost.
            Some(_) if keys::find(name).is_some_and(|key| key.default.is(value.trim())) => {}
            Some(_) if value.trim().is_empty() => {}
            Some(Usage::Ignored(reason)) => warnings.push(format!("worker key '{name}' has no effect: {reason}")),
            Some(Usage::Refused(next)) => errors.push(Error::invalid(name, value, next)),
            None if client_keys::meaning(Kind::Admin, name).is_some() => {}
            None if is_client_key(name) => warnings.push(format!(
                "worker key '{name}' has no effect: it is a setting of connectors' clients; write {}",
                with_prefixes(name, |kind| client_keys::meaning(kind, name).is_some())
            )),
            None if name.starts_with(OWN) => {
                errors.push(Error::other(name, nearest::unknown(name, nearest::worker_keys())));
            }
            None => {
                let meant = nearest::slip_of(name, nearest::worker_keys())
                    .map(|known| format!("; did you mean '{known}'?"))
                    .unwrap_or_default();
                warnings.push(format!("worker key '{name}' is not known to Weir and has no effect{meant}"));
            }
        }
    }
    warnings
}

/// Whether an unprefixed key is a setting of the worker's own client. Some keys of the worker have the name of a client's setting
/// that is no use to it, such as `config.providers`.
fn is_for_admin(key: &str) -> bool {
    let meaning = client_keys::meaning(Kind::Admin, key);
    let idle = matches!(meaning, Some(Meaning::Ignored(_) | Meaning::Refused(_)));
    meaning.is_some() && keys::find_prefix(key).is_none() && !(idle && keys::find(key).is_some())
}

fn is_client_key(name: &str) -> bool {
    CONNECTORS.into_iter().any(|kind| client_keys::meaning(kind, name).is_some())
}

/// The clients that connectors always have one of.
const CONNECTORS: [Kind; 2] = [Kind::Producer, Kind::Consumer];

/// The key as it has to be written for those of the connectors' clients, `'producer.linger.ms'`.
fn with_prefixes(name: &str, which: impl Fn(Kind) -> bool) -> String {
    let keys = CONNECTORS.into_iter().filter(|kind| which(*kind)).map(|kind| format!("'{}{name}'", kind.prefix()));
    keys.collect::<Vec<_>>().join(" and ")
}

/// Says which settings that a cluster with TLS or SASL asks of every client were given to the worker's own clients only. In Kafka
/// Connect too they are not the connectors'.
fn half_secured(originals: &ConfigMap) -> Vec<String> {
    let keys = ["security.protocol", "sasl.mechanism", "sasl.jaas.config"];
    let given = keys
        .into_iter()
        .filter(|key| originals.get(*key).is_some_and(|value| !matches!(value.trim(), "" | "PLAINTEXT")));
    let missing = |key: &str, kind: Kind| !originals.contains_key(&format!("{}{key}", kind.prefix()));
    given
        .filter(|key| CONNECTORS.into_iter().any(|kind| missing(key, kind)))
        .map(|key| {
            let written = with_prefixes(key, |kind| missing(key, kind));
            format!("worker key '{key}' holds for the worker's own clients and not for those of connectors; write {written} too")
        })
        .collect()
}

/// The entries whose keys begin with `prefix`, without it.
pub(super) fn with_prefix<M: FromIterator<(String, String)>>(config: &ConfigMap, prefix: &str) -> M {
    config.iter().filter_map(|(key, value)| Some((key.strip_prefix(prefix)?.to_owned(), value.clone()))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::listener::Protocol;

    fn keys(entries: &[(&str, &str)]) -> ConfigMap {
        let least = [
            ("bootstrap.servers", "b:9092"),
            ("key.converter", "StringConverter"),
            ("value.converter", "org.apache.kafka.connect.json.JsonConverter"),
            ("value.converter.schemas.enable", "false"),
            ("offset.storage.file.filename", "/var/weir/offsets"),
        ];
        least.iter().chain(entries).map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    fn parsed(entries: &[(&str, &str)]) -> WorkerConfig {
        WorkerConfig::parse(keys(entries)).expect("in order")
    }

    fn errors(config: ConfigMap) -> Vec<String> {
        WorkerConfig::parse(config).expect_err("refused").iter().map(ToString::to_string).collect()
    }

    #[test]
    fn the_required_keys_are_enough() {
        let config = parsed(&[]);
        assert_eq!(config.listeners, [Listener { protocol: Protocol::Http, host: "127.0.0.1".into(), port: 8083 }]);
        assert_eq!(config.offset_flush_interval, Duration::from_secs(60));
        assert_eq!(config.limits, Limits::default());
        assert_eq!(config.compile, CompileLimits::default());
        assert_eq!(config.plugin_store, Path::new("/var/weir/weir-plugins"));
        assert_eq!(config.plugin_cache, Path::new("/var/weir/weir-plugins/cache"));
        assert_eq!(config.plugin_max_bytes, 64 << 20);
        assert_eq!(config.converters.value.settings["schemas.enable"], "false");
        assert_eq!(config.warnings, Vec::<String>::new());
        assert!(config.allowed.read.is_empty() && config.allowed.write.is_empty() && config.allowed.connect.is_empty());
        assert_eq!(config.worker_id("127.0.0.1:8083".parse().expect("address")), "127.0.0.1:8083");
    }

    /// Kafka's own `StandaloneWorkerIntegrationTest` starts with such a file.
    #[test]
    fn a_setting_of_a_converter_is_the_matter_of_the_tasks_that_use_it() {
        let config = parsed(&[("key.converter", "JsonConverter"), ("key.converter.schemas.enable", "none")]);
        let said = config.warnings.iter().filter(|warning| warning.contains("'key.converter'")).count();
        assert_eq!(said, 1, "{:?}", config.warnings);
        let key = &config.converters.key;
        assert!(weir_data::converter::converter(&key.class, &key.settings, true).is_err());
        assert!(errors(keys(&[("key.converter", "NoConverter")]))[0].contains("NoConverter"));
    }

    #[test]
    fn all_that_is_wrong_is_said_at_once_in_kafka_connects_words() {
        let missing = errors(ConfigMap::new());
        for key in ["bootstrap.servers", "key.converter", "value.converter", "offset.storage.file.filename"] {
            let text = format!("Missing required configuration \"{key}\" which has no default value.");
            assert!(missing.contains(&text), "{missing:?}");
        }
        let wrong = errors(keys(&[
            ("offset.flush.interval.ms", "soon"),
            ("plugin.discovery", "guess"),
            ("weir.allow.read", "data"),
            ("weir.allow.connect", "db"),
            ("listeners", "https://:8443"),
            ("rest.extension.classes", "x.BasicAuth"),
            ("producer.linger.ms", "soon"),
            ("connector.client.config.override.policy", "Maybe"),
        ]));
        for start in [
            "Invalid value soon for configuration offset.flush.interval.ms: Not a number of type LONG",
            "Invalid value data for configuration weir.allow.read: ",
            "Invalid value db for configuration weir.allow.connect: ",
            "an https listener needs a key: 'ssl.keystore.location'",
            "Invalid value x.BasicAuth for configuration rest.extension.classes: ",
            "Invalid value soon for configuration producer.linger.ms: Not a number of type LONG",
            "Invalid value Maybe for configuration connector.client.config.override.policy: ",
        ] {
            assert!(wrong.iter().any(|error| error.starts_with(start)), "{start} in {wrong:?}");
        }
    }

    #[test]
    fn keys_without_effect_are_named_one_a_line() {
        let config = parsed(&[
            ("plugin.discovery", "service_load"),
            ("group.id", "cluster"),
            ("topic.creation.enable", "true"),
            ("offset.flash.interval.ms", "1"),
            ("max.poll.records", "5"),
            ("consumer.default.api.timeout.ms", "1"),
            ("security.protocol", "PLAINTEXT"),
        ]);
        let warnings = config.warnings;
        for part in [
            "'plugin.discovery' has no effect",
            "'group.id' has no effect",
            "'offset.flash.interval.ms' is not known to Weir and has no effect; did you mean 'offset.flush.interval.ms'?",
            "'max.poll.records' has no effect: it is a setting of connectors' clients",
            "'consumer.default.api.timeout.ms' has no effect",
        ] {
            assert_eq!(warnings.iter().filter(|warning| warning.contains(part)).count(), 1, "{part} in {warnings:?}");
        }
        assert_eq!(warnings.len(), 5, "a key with its default is no news: {warnings:?}");
    }

    #[test]
    fn state_and_offsets_are_two_files() {
        let root = tempfile::tempdir().expect("a directory");
        let offsets = ("offset.storage.file.filename", root.path().join("one").display().to_string());
        std::os::unix::fs::symlink(root.path(), root.path().join("link")).expect("linked");
        for (name, same) in [("one", true), ("link/one", true), ("./one", true), ("two", false)] {
            let state = root.path().join(name).display().to_string();
            let config = keys(&[(offsets.0, &offsets.1), ("weir.standalone.state", &state)]);
            match WorkerConfig::parse(config) {
                Ok(_) => assert!(!same, "{name}"),
                Err(errors) => assert!(same && errors[0].to_string().contains("name the same file"), "{errors:?}"),
            }
        }
    }

    #[test]
    fn unknown_keys_of_weirs_own_are_refused_with_the_nearest_one() {
        let wrong = errors(keys(&[
            ("weir.rest.auth.user.file", "/etc/weir/users"),
            ("weir.allow.raed", ""),
            ("weird.key", "1"),
            ("listeners", "https://127.0.0.1:0"),
            ("listeners.https.ssl.keystore.location", "/s.jks"),
            ("listeners.https.ssl.client.atuh", "required"),
        ]));
        assert_eq!(wrong.len(), 3, "{wrong:?}");
        for (unknown, known) in [
            ("weir.rest.auth.user.file", "weir.rest.auth.users.file"),
            ("weir.allow.raed", "weir.allow.read"),
            ("listeners.https.ssl.client.atuh", "listeners.https.ssl.client.auth"),
        ] {
            let text = format!("Unknown configuration '{unknown}'; the nearest known key is '{known}'.");
            assert!(wrong.iter().any(|error| error.starts_with(&text)), "{text} in {wrong:?}");
        }
    }

    #[test]
    fn what_is_wrong_with_a_client_is_said_once_under_the_key_that_was_written() {
        let brotli = "Invalid value brotli for configuration producer.compression.type: String must be one of: none, gzip, snappy, \
                      lz4, zstd";
        assert_eq!(errors(keys(&[("producer.compression.type", "brotli")])), [brotli]);
        let local = "Invalid url in bootstrap.servers: localhost. Write host:port, for example localhost:9092";
        assert_eq!(errors(keys(&[("bootstrap.servers", "localhost")])), [local]);
        let retries = [("producer.enable.idempotence", "true"), ("producer.retries", "0")];
        let contradiction = errors(keys(&retries));
        assert_eq!(contradiction.len(), 1);
        assert!(contradiction[0].starts_with("producer.enable.idempotence: Must set retries"), "{contradiction:?}");
    }

    #[test]
    fn a_forgotten_prefix_is_named() {
        let warnings = parsed(&[
            ("linger.ms", "5"),
            ("max.poll.records", "5"),
            ("partition.assignment.strategy", "range"),
            ("security.protocol", "SSL"),
            ("consumer.security.protocol", "SSL"),
        ])
        .warnings;
        for part in [
            "'linger.ms' has no effect: it is a setting of connectors' clients; write 'producer.linger.ms'",
            "'max.poll.records' has no effect: it is a setting of connectors' clients; write 'consumer.max.poll.records'",
            "'security.protocol' holds for the worker's own clients and not for those of connectors; write 'producer.security.protocol' \
             too",
        ] {
            assert_eq!(warnings.iter().filter(|warning| warning.contains(part)).count(), 1, "{part} in {warnings:?}");
        }
    }

    #[test]
    fn a_clients_settings_come_in_layers() {
        let config = parsed(&[
            ("client.id", "worker"),
            ("consumer.group.id", "from-worker"),
            ("consumer.fetch.min.bytes", "2"),
            ("producer.linger.ms", "7"),
            ("admin.client.id", "admin"),
        ]);
        let overrides = ConfigMap::from([("fetch.min.bytes".to_owned(), "3".to_owned())]);
        let consumer = config.client(Kind::Consumer, "connect-a", &overrides).expect("in order").properties;
        assert_eq!(consumer["group.id"], "from-worker");
        assert_eq!(consumer["fetch.min.bytes"], "3");
        assert_eq!(consumer["bootstrap.servers"], "b:9092");
        assert_eq!(consumer.get("client.id"), None, "the worker's own clients only");
        let producer = config.client(Kind::Producer, "", &ConfigMap::new()).expect("in order").properties;
        assert_eq!((producer["linger.ms"].as_str(), producer.get("group.id")), ("7", None));
        assert_eq!(config.admin_properties()["client.id"], "admin");
        let plain = parsed(&[]).client(Kind::Consumer, "connect-a", &ConfigMap::new()).expect("in order");
        assert_eq!(plain.properties["group.id"], "connect-a");
    }

    #[test]
    fn listeners_are_addresses_to_bind_and_to_tell() {
        let config = parsed(&[("listeners", "http://:0, HTTP://[::1]:8084"), ("rest.advertised.port", "80")]);
        assert_eq!(config.listeners[0].bind_host(), "0.0.0.0");
        assert_eq!(config.listeners[1], Listener { protocol: Protocol::Http, host: "::1".into(), port: 8084 });
        assert_eq!(config.worker_id("10.0.0.1:4711".parse().expect("address")), "10.0.0.1:80");
        assert!(config.listeners[0].is_open() && !config.listeners[1].is_open());
        for wrong in ["8083", "ftp://a:1", "http://a", "http://a:70000"] {
            assert_eq!(errors(keys(&[("listeners", wrong)])).len(), 1, "{wrong}");
        }
    }
}
