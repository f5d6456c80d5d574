//! A configuration with its references resolved, and the way back: whatever leaves the worker has the references again.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use super::Secrets;
use crate::Error;
use weir_plugin::ConfigMap;

/// A configuration as plugins get it.
#[derive(Debug, Clone)]
pub struct Resolved {
    config: ConfigMap,
    /// The keys that had references which were replaced, with their values as submitted.
    submitted: HashMap<String, String>,
    secrets: Arc<Secrets>,
    ttl: Option<Duration>,
    /// References whose values are too short to be hidden everywhere.
    short: Vec<String>,
    /// References that nothing took the place of.
    missing: Vec<Error>,
}

impl Resolved {
    pub(super) fn new(
        config: ConfigMap,
        submitted: HashMap<String, String>,
        secrets: Arc<Secrets>,
        ttl: Option<Duration>,
    ) -> Self {
        Self { config, submitted, secrets, ttl, short: Vec::new(), missing: Vec::new() }
    }

    pub(super) fn with_short(self, short: Vec<String>) -> Self {
        Self { short, ..self }
    }

    pub(super) fn with_missing(self, missing: Vec<Error>) -> Self {
        Self { missing, ..self }
    }

    /// The references to what is not there, each an error of the key it stands in; none where these are let through.
    pub fn missing(&self) -> &[Error] {
        &self.missing
    }

    pub(super) fn short(&self) -> &[String] {
        &self.short
    }

    /// A configuration without references.
    pub fn plain(config: ConfigMap) -> Self {
        Self::new(config, HashMap::new(), Arc::default(), None)
    }

    /// The configuration with values in the place of references.
    pub fn config(&self) -> &ConfigMap {
        &self.config
    }

    /// The values, to be taken out of texts.
    pub fn secrets(&self) -> &Arc<Secrets> {
        &self.secrets
    }

    /// When the values are to be looked up again; none = never.
    pub fn ttl(&self) -> Option<Duration> {
        self.ttl
    }

    /// Adds a key whose value is taken as it is written.
    pub(super) fn keep(&mut self, key: &str, value: &str) {
        self.config.insert(key.to_owned(), value.to_owned());
    }

    /// The value as submitted, if it had references that were replaced.
    pub fn submitted(&self, key: &str) -> Option<&str> {
        self.submitted.get(key).map(String::as_str)
    }

    /// An error about a key, without the values. Of a key with references nothing is told but that its value is wrong, because
    /// a short value would not be found in the text; it is what Kafka Connect says from 4.4 on.
    pub fn hide_error(&self, error: Error) -> Error {
        if self.submitted.contains_key(error.key()) {
            let key = error.key().to_owned();
            let text = format!(
                "Invalid value for configuration '{key}': the value resolved from the config provider reference failed validation"
            );
            return Error::other(key, text);
        }
        let hide = |text: String| self.secrets.hide(&text).into_owned();
        match error {
            Error::Missing { key } => Error::Missing { key },
            Error::Invalid { key, value, detail } => Error::Invalid { key, value: hide(value), detail: hide(detail) },
            Error::Other { key, message } => Error::Other { key, message: hide(message) },
        }
    }

    /// A task's configuration as it may be shown: a value that the connector passed on unchanged is the reference again, as
    /// Kafka Connect stores it, and of any other value the parts that came from providers are.
    pub fn task_config_as_shown(&self, task: &ConfigMap) -> ConfigMap {
        let shown = |key: &String, value: &String| match self.submitted.get(key) {
            Some(reference) if self.config.get(key) == Some(value) => reference.clone(),
            _ => self.secrets.hide(value).into_owned(),
        };
        task.iter().map(|(key, value)| (key.clone(), shown(key, value))).collect()
    }
}
