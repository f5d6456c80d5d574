//! What a worker reads again while it runs, when it gets SIGHUP: the level of its log, the keys and certificates of its https
//! listeners, and the files of users and tokens. What cannot be used changes nothing, and is in the log.

use std::path::PathBuf;
use std::sync::Arc;

use tracing::{info, warn};

use crate::error_text::chain;
use weir_config::WorkerConfig;
use weir_config::listener_tls::ListenerTls;
use weir_config::properties;
use weir_logging as logging;
use weir_metrics::WorkerMetrics;
use weir_rest::security::Security;
use weir_rest::tls::ServerTls;

/// The https listeners of one key.
pub(crate) struct Listeners {
    /// The key that names them.
    pub(crate) key: &'static str,
    pub(crate) settings: ListenerTls,
    pub(crate) tls: Arc<ServerTls>,
}

/// What is read again.
pub struct Reload {
    /// The worker's file; none = there is none of its own.
    file: Option<PathBuf>,
    /// The level as it was read last.
    level: String,
    listeners: Vec<Listeners>,
    security: Option<Arc<Security>>,
    metrics: Arc<WorkerMetrics>,
}

impl Reload {
    pub(crate) fn new(
        file: Option<PathBuf>,
        level: String,
        listeners: Vec<Listeners>,
        security: Option<Arc<Security>>,
        metrics: Arc<WorkerMetrics>,
    ) -> Self {
        let reload = Self { file, level, listeners, security, metrics };
        reload.tell_expiry();
        reload
    }

    /// Tells the metrics when certificates expire.
    fn tell_expiry(&self) {
        let rest = &self.metrics.rest;
        for Listeners { key, tls, .. } in &self.listeners {
            let gauge = if *key == "listeners" { &rest.certificate } else { &rest.admin_certificate };
            gauge.set(tls.not_after().unwrap_or(0));
        }
    }

    /// Reads all of it. Blocks for the time of some files.
    pub fn run(&mut self) {
        info!("reading certificates, users and the level of the log again");
        if let Some(config) = self.config() {
            self.set_level(&config.log_level);
            for Listeners { key, settings, .. } in &mut self.listeners {
                let new = if *key == "listeners" { &config.listeners_tls } else { &config.admin_listeners_tls };
                if let Some(new) = new {
                    settings.clone_from(new);
                }
            }
        }
        for Listeners { key, settings, tls } in &self.listeners {
            match tls.reload(settings) {
                Ok(()) => info!(listeners = key, expires = tls.not_after(), "certificates were read again"),
                Err(error) => warn!(
                    listeners = key,
                    error = chain(&error),
                    "the certificates cannot be used; those of before stay in force"
                ),
            }
        }
        self.tell_expiry();
        if let Some(security) = &self.security {
            security.reload();
        }
    }

    /// What the worker's file says now, if it can be used.
    fn config(&self) -> Option<WorkerConfig> {
        let file = self.file.as_ref()?;
        let errors = match properties::properties(file) {
            Ok(keys) => match WorkerConfig::parse(keys) {
                Ok(config) => return Some(config),
                Err(errors) => errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "),
            },
            Err(error) => chain(&error),
        };
        warn!(file = %file.display(), errors, "the worker's file cannot be used; what it said before stays in force");
        None
    }

    /// Levels that were set over REST stay, unless the file says something else than it did.
    fn set_level(&mut self, level: &str) {
        if level == self.level {
            return;
        }
        match logging::reset_levels(level) {
            Ok(true) => info!(level, "the level of the log is another one"),
            Ok(false) => info!(level, "RUST_LOG is set, and counts more than weir.log.level"),
            Err(error) => {
                warn!(error = chain(&error), "the level of the log cannot be used; that of before stays in force");
                return;
            }
        }
        level.clone_into(&mut self.level);
    }
}
