//! Reloads files on SIGHUP while the worker runs: the log level, the keys and certificates of its https listeners, and the files of
//! users and tokens. If a file is not valid, its previous content stays in effect and the error is logged.

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
    /// The key that configures them.
    pub(crate) key: &'static str,
    pub(crate) settings: ListenerTls,
    pub(crate) tls: Arc<ServerTls>,
}

/// The files to reload, and what depends on them.
pub struct Reload {
    /// The worker's file. `None` if it was started without one.
    file: Option<PathBuf>,
    /// The log level that was read last.
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

    /// Updates the metrics for the expiry of certificates.
    fn tell_expiry(&self) {
        let rest = &self.metrics.rest;
        for Listeners { key, tls, .. } in &self.listeners {
            let gauge = if *key == "listeners" { &rest.certificate } else { &rest.admin_certificate };
            gauge.set(tls.not_after().unwrap_or(0));
        }
    }

    /// Reloads everything. Blocks while it reads files.
    pub fn run(&mut self) {
        info!("reloading certificates, users and log level");
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
                Ok(()) => info!(listeners = key, expires = tls.not_after(), "certificates reloaded"),
                Err(error) => warn!(
                    listeners = key,
                    error = chain(&error),
                    "the certificates cannot be used; the previous ones stay in effect"
                ),
            }
        }
        self.tell_expiry();
        if let Some(security) = &self.security {
            security.reload();
        }
    }

    /// Reads the worker's file. Returns `None` if there is no file or it is not valid.
    fn config(&self) -> Option<WorkerConfig> {
        let file = self.file.as_ref()?;
        let errors = match properties::properties(file) {
            Ok(keys) => match WorkerConfig::parse(keys) {
                Ok(config) => return Some(config),
                Err(errors) => errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "),
            },
            Err(error) => chain(&error),
        };
        warn!(file = %file.display(), errors, "the worker's file cannot be used; its previous content stays in effect");
        None
    }

    /// Sets the log level if the file has changed it. Otherwise levels that were set over REST stay.
    fn set_level(&mut self, level: &str) {
        if level == self.level {
            return;
        }
        match logging::reset_levels(level) {
            Ok(true) => info!(level, "log level changed"),
            Ok(false) => info!(level, "weir.log.level has no effect, because RUST_LOG is set"),
            Err(error) => {
                warn!(error = chain(&error), "the log level cannot be used; the previous one stays in effect");
                return;
            }
        }
        level.clone_into(&mut self.level);
    }
}
