//! Config providers: values that the worker's file and connectors' configurations do not contain, but refer to with
//! `${provider:path:key}`. There are Kafka's three: files, directories and the environment. Only plugins, clients and other users
//! of a setting receive its value; stored configurations, responses and log lines contain the reference.

mod allowed_paths;
mod environment;
mod error;
mod open;
mod read;
mod reference;
mod resolved;
mod secrets;
mod short_values;
mod source;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::Semaphore;

pub use error::Error;
use error::{MAX_PATHS, MAX_RESOLVED_BYTES, PATIENCE};
pub(crate) use open::{Opened, open};
use reference::{Reference, references};
pub use resolved::Resolved;
pub use secrets::Secrets;
use short_values::SHORT;
use source::{Provider, Values};

use crate::error::Error as KeyError;
use crate::keys::nearest;
use weir_logging::Redactor;
use weir_metrics::Counter;
use weir_plugin::ConfigMap;

/// Number of configurations that are resolved concurrently. Further ones wait, so that a hanging file system blocks only a few
/// threads.
const AT_ONCE: usize = 4;
/// Maximum number of references whose short values are logged, and the maximum size of one in bytes.
const WARNED_MAX: usize = 1000;
const WARNED_MAX_BYTES: usize = 1000;
/// Maximum number of missing references of one configuration that are reported.
const MISSING_MAX: usize = 20;
/// The worker's config providers. Cheap to clone.
#[derive(Clone)]
pub struct Providers(Arc<Shared>);

struct Shared {
    providers: BTreeMap<String, Provider>,
    redactor: Redactor,
    turns: Arc<Semaphore>,
    /// References whose short values have been logged.
    warned: Mutex<HashSet<String>>,
    failures: Counter,
    /// Whether a reference to a missing value is refused.
    strict: bool,
}

impl Providers {
    fn new(providers: BTreeMap<String, Provider>, strict: bool) -> Self {
        Self(Arc::new(Shared {
            providers,
            redactor: Redactor::default(),
            turns: Arc::new(Semaphore::new(AT_ONCE)),
            warned: Mutex::default(),
            failures: Counter::default(),
            strict,
        }))
    }

    /// Returns the redactor that removes the values from the log.
    pub fn redactor(&self) -> Redactor {
        self.0.redactor.clone()
    }

    /// Resolves the references of a connector's configuration. If it has none, nothing is looked up.
    ///
    /// # Errors
    ///
    /// A provider cannot read a path. A reference to a provider, path or key that does not exist is not replaced, as in Kafka, and
    /// is in [`Resolved::missing`] unless `weir.config.providers.strict` is false.
    pub async fn resolve(&self, config: &ConfigMap) -> Result<Resolved, Error> {
        if !self.concern(config) {
            return Ok(Resolved::plain(config.clone()));
        }
        let (this, config, turns) = (self.clone(), config.clone(), Arc::clone(&self.0.turns));
        let work = async move {
            // The semaphore is never closed. The permit is returned when the work ends, even if the result is no longer awaited.
            let turn = turns.acquire_owned().await;
            tokio::task::spawn_blocking(move || {
                let _turn = turn;
                let resolved = this.resolve_here(&config)?;
                this.warn_of(resolved.short());
                Ok(resolved)
            })
            .await
        };
        let resolved = match tokio::time::timeout(PATIENCE, work).await {
            Ok(Ok(resolved)) => resolved,
            Ok(Err(panic)) => {
                tracing::error!(%panic, "resolving references of config providers ended unexpectedly");
                Err(Error::Slow)
            }
            Err(_) => Err(Error::Slow),
        };
        resolved.inspect_err(|_| self.0.failures.increment())
    }

    /// Returns the number of configurations that could not be resolved since the start.
    pub fn failures(&self) -> u64 {
        self.0.failures.get()
    }

    /// Whether the configuration has references to these providers.
    fn concern(&self, config: &ConfigMap) -> bool {
        let concerns = |provider: &str| self.0.strict || self.0.providers.contains_key(provider);
        config.values().flat_map(|text| references(text)).any(|found| concerns(found.provider))
    }

    /// Returns why a reference in the value of a key cannot be resolved.
    fn missing(&self, key: &str, reference: &Reference<'_>, raw: &str) -> KeyError {
        let written: String =
            raw.get(reference.range.clone()).unwrap_or_default().chars().take(WARNED_MAX_BYTES).collect();
        let providers = || self.0.providers.keys().map(String::as_str);
        let text = match (self.0.providers.contains_key(reference.provider), providers().next()) {
            (true, _) => format!(
                "{key}: the config provider '{}' has no value for {written}. Correct the path or the key, or allow the provider to read \
                 it (config.providers.{0}.param.*)",
                reference.provider
            ),
            (false, None) => format!(
                "{key}: {written} looks like a reference, and the worker has no config providers. Name one with config.providers, or set \
                 weir.config.providers.strict=false if this text is meant as it is"
            ),
            (false, Some(_)) => format!(
                "{key}: {written} names a config provider that does not exist. The worker has {} (config.providers){}. Correct \
                 the name, or \
                 set weir.config.providers.strict=false if this text is meant as it is",
                providers().collect::<Vec<_>>().join(", "),
                nearest::misspelling_of(reference.provider, providers())
                    .map(|name| format!("; did you mean '{name}'?"))
                    .unwrap_or_default()
            ),
        };
        KeyError::other(key, text)
    }

    /// Resolves references as [`Providers::resolve`] does, on this thread.
    fn resolve_here(&self, config: &ConfigMap) -> Result<Resolved, Error> {
        let mut asked: HashMap<(&str, &str), BTreeSet<&str>> = HashMap::new();
        for reference in config.values().flat_map(|text| references(text)) {
            if self.0.providers.contains_key(reference.provider) {
                asked.entry((reference.provider, reference.path)).or_default().insert(reference.key);
            }
        }
        if asked.len() > MAX_PATHS {
            return Err(Error::ManyPaths);
        }
        let mut found: HashMap<(&str, &str), Values> = HashMap::new();
        let mut ttl: Option<Duration> = None;
        for ((name, path), keys) in asked {
            let Some(provider) = self.0.providers.get(name) else { continue };
            found.insert((name, path), provider.get(path, &keys)?);
            ttl = ttl.into_iter().chain(provider.ttl).min();
        }
        let mut resolved = config.clone();
        let mut submitted = HashMap::new();
        let mut secrets = Vec::new();
        let mut missing = Vec::new();
        let mut bytes = 0;
        for (key, raw) in config {
            let (mut value, mut from) = (String::new(), 0);
            for reference in references(raw) {
                let values = found.get(&(reference.provider, reference.path));
                let Some(text) = values.and_then(|values| values.get(reference.key)) else {
                    if self.0.strict && missing.len() < MISSING_MAX {
                        missing.push(self.missing(key, &reference, raw));
                    }
                    continue;
                };
                // Both ends are at a brace or a dollar sign.
                value.push_str(raw.get(from..reference.range.start).unwrap_or_default());
                value.push_str(text);
                let written = raw.get(reference.range.clone()).unwrap_or_default();
                secrets.push(secrets::Value { value: text, reference: written, key });
                from = reference.range.end;
                if bytes + value.len() > MAX_RESOLVED_BYTES {
                    return Err(Error::Large);
                }
            }
            if from > 0 {
                value.push_str(raw.get(from..).unwrap_or_default());
                bytes += value.len();
                submitted.insert(key.clone(), raw.clone());
                resolved.insert(key.clone(), value);
            }
        }
        let short =
            secrets.iter().filter(|secret| secret.is_short()).map(|secret| secret.reference.to_owned()).collect();
        let secrets = Arc::new(Secrets::new(secrets));
        self.0.redactor.add(&secrets);
        Ok(Resolved::new(resolved, submitted, secrets, ttl).with_short(short).with_missing(missing))
    }

    /// Logs once for each of these references that its value is short.
    fn warn_of(&self, references: &[String]) {
        let mut warned = self.0.warned.lock();
        for reference in references.iter().filter(|reference| reference.len() <= WARNED_MAX_BYTES) {
            if warned.len() < WARNED_MAX && warned.insert(reference.clone()) {
                tracing::warn!(reference, "{SHORT}");
            }
        }
    }
}

impl std::fmt::Debug for Providers {
    /// Prints the names of the providers.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.providers.keys()).finish()
    }
}

#[cfg(test)]
mod tests;
