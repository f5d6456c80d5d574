//! Parses a worker's file, with Kafka Connect's messages for what is wrong with it.

use std::path::{Path, PathBuf};

use weir_plugin::{CompileLimits, Limits, MemoryFrom};

use super::{WorkerConfig, converters, grants, unused};
use crate::client::{Kind, OverridePolicy};
use crate::error::Error;
use crate::keys::KeyReader;
use crate::providers::{self, Opened};
use crate::rest::group::{self, Group};
use crate::rest::host_names::HostNames;
use crate::rest::listener::Listener;
use crate::rest::{CrossOrigin, HeaderRule, access, contradictions};
use crate::restart_policy::RestartPolicy;
use weir_catalogue::shipped;
use weir_logging::LogFormat;
use weir_metrics::Sampling;
use weir_plugin::ConfigMap;
use weir_storage::offsets;

impl WorkerConfig {
    /// Opens the config providers, resolves the references in the worker's file and parses it. Reads files on this thread, so it is
    /// only called at start.
    ///
    /// # Errors
    ///
    /// All errors in the file.
    pub fn parse(originals: ConfigMap) -> Result<Self, Vec<Error>> {
        let opened = providers::open(originals)?;
        let resolved = opened.resolved.clone();
        let hidden = |errors: Vec<Error>| errors.into_iter().map(|error| resolved.hide_error(error)).collect();
        Self::parse_resolved(opened).map_err(hidden)
    }

    fn parse_resolved(opened: Opened) -> Result<Self, Vec<Error>> {
        let originals = opened.resolved.config().clone();
        let mut reader = KeyReader::worker(&originals);
        let offset_storage_file = PathBuf::from(reader.text("offset.storage.file.filename"));
        let store = reader
            .optional("weir.plugin.store")
            .map_or_else(|| offset_storage_file.parent().unwrap_or(Path::new("")).join("weir-plugins"), PathBuf::from);
        let listeners = Listener::read_all(&mut reader, "listeners");
        let mut warnings = Vec::new();
        let listeners_tls = group::listeners_tls(&mut reader, &listeners, &mut warnings);
        let admin_listeners =
            originals.contains_key("admin.listeners").then(|| Listener::read_all(&mut reader, "admin.listeners"));
        let admin = admin_listeners.as_deref().unwrap_or_default();
        let admin_listeners_tls = group::admin_listeners_tls(&mut reader, admin, &mut warnings);
        let advertised_host = reader.optional("rest.advertised.host.name");
        let own = listeners.iter().chain(admin).map(|listener| listener.host.as_str());
        let host_names = HostNames::read(&mut reader, own.chain(advertised_host.as_deref()));
        let config = Self {
            bootstrap_servers: reader.list("bootstrap.servers").join(","),
            converters: converters::read(&mut reader),
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
            override_policy: OverridePolicy::read(&mut reader),
            plugin_path: match originals.contains_key("plugin.path") {
                true => reader.list("plugin.path").into_iter().map(PathBuf::from).collect(),
                false => shipped::directory().into_iter().collect(),
            },
            plugin_cache: reader.optional("weir.plugin.cache").map_or_else(|| store.join("cache"), PathBuf::from),
            plugin_store: store,
            plugin_max_bytes: reader.number("weir.plugin.max.bytes"),
            plugin_uploads_max: reader.count("weir.plugin.uploads.max"),
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
                memory_request_max: reader.number("weir.task.memory.request.max"),
                memory_from: MemoryFrom::Worker,
                files_max: reader.small_number("weir.task.files.max"),
                sockets_max: reader.small_number("weir.task.sockets.max"),
                call_timeout: reader.millis("weir.call.timeout.ms"),
                log_bytes_per_second: reader.number("weir.plugin.log.bytes.per.second"),
            },
            instances_max: usize::try_from(reader.number("weir.instances.max")).ok().filter(|max| *max > 0),
            core_dumps: reader.flag("weir.core.dumps"),
            in_flight_max_bytes: reader.number("weir.records.in.flight.max.bytes"),
            task_topics_max: reader.count("weir.task.topics.max"),
            restarts: RestartPolicy {
                max_attempts: reader.small_number("weir.restart.max.attempts"),
                delay: reader.millis("weir.restart.delay.ms"),
                delay_max: reader.millis("weir.restart.delay.max.ms"),
                reset_after: reader.millis("weir.restart.reset.after.ms"),
            },
            allowed: grants::read(&mut reader),
            admin_listeners,
            cross_origin: CrossOrigin::read(&mut reader),
            response_headers: HeaderRule::read_all(&mut reader),
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
            log_level: log_level(&mut reader),
            sampling: Sampling {
                window: reader.millis("metrics.sample.window.ms"),
                samples: reader.small_number("metrics.num.samples"),
            },
            metrics_enable: reader.flag("weir.metrics.enable"),
            offset_storage_file,
            warnings: Vec::new(),
            providers: opened.providers,
            originals: ConfigMap::new(),
            _resolved: opened.resolved,
        };
        let mut errors = reader.errors;
        warnings.extend(unused::find(&originals, &mut errors));
        warnings.extend(unused::half_secured(&originals));
        if config.standalone_state.as_deref().is_some_and(|state| is_same_file(state, &config.offset_storage_file)) {
            let text = "'weir.standalone.state' and 'offset.storage.file.filename' name the same file, and each would overwrite \
                        the content of the other. Set them to different files";
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
        converters::check(&config.converters, &mut errors, &mut warnings);
        let config = Self { originals, ..config };
        for kind in [Kind::Producer, Kind::Consumer, Kind::Admin] {
            match config.client(kind, "", &ConfigMap::new()) {
                Ok(client) => warnings.extend(client.warnings),
                // A setting that all clients share is invalid for each of them.
                Err(error) if errors.contains(&error) => {}
                Err(error) => errors.push(error),
            }
        }
        match errors.is_empty() {
            true => Ok(Self { warnings, ..config }),
            false => Err(errors),
        }
    }
}

/// Whether both paths lead to the same file, which need not exist.
fn is_same_file(one: &Path, other: &Path) -> bool {
    let real = |path: &Path| {
        let directory = path.parent().filter(|directory| *directory != Path::new("")).unwrap_or(Path::new("."));
        path.canonicalize().ok().or_else(|| Some(directory.canonicalize().ok()?.join(path.file_name()?)))
    };
    one == other || real(one).is_some_and(|one| real(other) == Some(one))
}

/// Reads the filter of the log.
fn log_level(reader: &mut KeyReader<'_>) -> String {
    let key = "weir.log.level";
    let level = reader.text(key);
    let checked = weir_logging::check_filter(&level);
    reader.or_note(checked.map_err(|error| Error::invalid(key, &level, error.to_string())));
    level
}
