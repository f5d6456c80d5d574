//! A configuration with its references resolved, and the way back: texts that leave the worker contain the references.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use super::Secrets;
use crate::Error;
use weir_plugin::ConfigMap;

/// A configuration in which values of config providers have taken the place of references.
#[derive(Debug, Clone)]
pub struct Resolved {
    config: ConfigMap,
    /// The keys whose references were replaced, with their values as submitted.
    submitted: HashMap<String, String>,
    secrets: Arc<Secrets>,
    ttl: Option<Duration>,
    /// References whose values are too short to be removed everywhere.
    short: Vec<String>,
    /// Errors about references that were not replaced.
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

    /// Returns the errors about references to missing values; empty if such references are allowed.
    pub fn missing(&self) -> &[Error] {
        &self.missing
    }

    pub(super) fn short(&self) -> &[String] {
        &self.short
    }

    /// Returns a configuration without references.
    pub fn plain(config: ConfigMap) -> Self {
        Self::new(config, HashMap::new(), Arc::default(), None)
    }

    /// Returns the configuration with resolved values.
    pub fn config(&self) -> &ConfigMap {
        &self.config
    }

    /// Returns the values, which must be removed from texts.
    pub fn secrets(&self) -> &Arc<Secrets> {
        &self.secrets
    }

    /// Returns when the values must be looked up again; `None` for never.
    pub fn ttl(&self) -> Option<Duration> {
        self.ttl
    }

    /// Adds a key whose value is not resolved.
    pub(super) fn keep(&mut self, key: &str, value: &str) {
        self.config.insert(key.to_owned(), value.to_owned());
    }

    /// Returns the value as submitted, if references in it were replaced.
    pub fn submitted(&self, key: &str) -> Option<&str> {
        self.submitted.get(key).map(String::as_str)
    }

    /// Removes the values from an error. For a key with references, the error only states that the value is invalid, as in Kafka
    /// Connect 4.4, because a short value cannot be recognized in a text.
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

    /// Returns a task's configuration without the values: as Kafka Connect stores it, with the reference for a value that the
    /// connector passed on unchanged, and with references for parts of other values.
    pub fn task_config_as_shown(&self, task: &ConfigMap) -> ConfigMap {
        let shown = |key: &String, value: &String| match self.submitted.get(key) {
            Some(reference) if self.config.get(key) == Some(value) => reference.clone(),
            _ => self.secrets.hide(value).into_owned(),
        };
        task.iter().map(|(key, value)| (key.clone(), shown(key, value))).collect()
    }
}
