//! Config providers: values of the worker's file and of connectors' configurations that stand elsewhere and are named by
//! `${provider:path:key}`. The three of Kafka: files, directories, the environment. A value is for the plugin, or for whoever
//! else needs it to work; what is stored, answered and logged holds the reference.

mod allowed_paths;
mod environment;
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

pub(super) use open::{Opened, open};
use reference::{Reference, references};
pub use resolved::Resolved;
pub use secrets::Secrets;
use source::{Provider, Values};

use super::error::Error as KeyError;
use super::nearest;
use weir_logging::Redactor;
use weir_metrics::Counter;
use weir_plugin::ConfigMap;

/// Most different paths that one configuration may name: each is a file that is read for a request.
const MAX_PATHS: usize = 100;
/// Most bytes that all values of one configuration may have together, with what stands around the references.
const MAX_RESOLVED_BYTES: usize = 2 << 20;
/// Configurations that are looked up at the same time. More wait, so that a file system that hangs holds few threads.
const AT_ONCE: usize = 4;
/// How long that may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Most references that short values are warned of, and most bytes of one.
const WARNED_MAX: usize = 1000;
const WARNED_MAX_BYTES: usize = 1000;
/// Most references of one configuration that are told not to be there.
const MISSING_MAX: usize = 20;
/// What is said of a short value.
const SHORT: &str = "the value of a config provider has fewer than 4 bytes and is hidden in the log and in errors only where it stands \
                     alone, in quotes or after '=' or ':'; use a longer one if it is a secret";

/// Why references cannot be resolved. The texts of the first three are Kafka's, which answers them with 500.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A properties file.
    #[error("Could not read properties from file {path}")]
    File {
        /// As the reference names it.
        path: String,
    },
    /// A file of a directory.
    #[error("Could not read file {} for property {key}", path.display())]
    Directory {
        /// The file.
        path: std::path::PathBuf,
        /// Its name.
        key: String,
    },
    /// The environment has no paths.
    #[error("Path is not supported for EnvVarConfigProvider, invalid value '{path}'")]
    PathOfEnvironment {
        /// The path.
        path: String,
    },
    /// Too many files for one configuration.
    #[error(
        "the configuration names more than {MAX_PATHS} paths of config providers; put values that belong together into one file"
    )]
    ManyPaths,
    /// Too long values.
    #[error("the values that the configuration's references name have more than {MAX_RESOLVED_BYTES} bytes together")]
    Large,
    /// The file system does not answer.
    #[error("the config providers did not answer within {} s; the file system may be hanging, see the log", PATIENCE.as_secs())]
    Slow,
}

/// The worker's config providers. Cheap to clone.
#[derive(Clone)]
pub struct Providers(Arc<Shared>);

struct Shared {
    providers: BTreeMap<String, Provider>,
    redactor: Redactor,
    turns: Arc<Semaphore>,
    /// References whose short values were warned of.
    warned: Mutex<HashSet<String>>,
    failures: Counter,
    /// Whether a reference to what is not there is refused.
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

    /// What keeps the values out of the log.
    pub fn redactor(&self) -> Redactor {
        self.0.redactor.clone()
    }

    /// Resolves the references of a connector's configuration. Without any, nothing is looked up.
    ///
    /// # Errors
    ///
    /// A provider cannot read what is named. A reference to a provider, a path or a key that is not there stays as it is, as in
    /// Kafka, and is among [`Resolved::missing`] unless `weir.config.providers.strict` is false.
    pub async fn resolve(&self, config: &ConfigMap) -> Result<Resolved, Error> {
        if !self.concern(config) {
            return Ok(Resolved::plain(config.clone()));
        }
        let (this, config, turns) = (self.clone(), config.clone(), Arc::clone(&self.0.turns));
        let work = async move {
            // Never closed. The turn is given back when the work ends, also when nobody waits for it any more.
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

    /// Configurations that could not be resolved since the start.
    pub fn failures(&self) -> u64 {
        self.0.failures.get()
    }

    /// True = the configuration has references to these providers.
    fn concern(&self, config: &ConfigMap) -> bool {
        let concerns = |provider: &str| self.0.strict || self.0.providers.contains_key(provider);
        config.values().flat_map(|text| references(text)).any(|found| concerns(found.provider))
    }

    /// Why nothing takes the place of a reference in the value of this key.
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
                "{key}: {written} names a config provider that is not there. The worker has {} (config.providers){}. Correct the name, or \
                 set weir.config.providers.strict=false if this text is meant as it is",
                providers().collect::<Vec<_>>().join(", "),
                nearest::slip_of(reference.provider, providers())
                    .map(|name| format!("; did you mean '{name}'?"))
                    .unwrap_or_default()
            ),
        };
        KeyError::other(key, text)
    }

    /// As [`Providers::resolve`], on this thread.
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
                // Both ends are where a brace or a dollar stands.
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

    /// Says once of each of these references that its value is short.
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
    /// Their names.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.providers.keys()).finish()
    }
}

#[cfg(test)]
mod tests;
