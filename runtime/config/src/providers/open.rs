//! Opens the providers that the worker's file names, and resolves the file itself with them.

use std::collections::BTreeMap;
use std::time::Duration;

use super::allowed_paths::AllowedPaths;
use super::environment::{self, Environment};
use super::short_values;
use super::source::{Provider, Source};
use super::{Providers, Resolved};
use crate::error::Error;
use crate::keys::check::{self, Check};
use crate::keys::nearest;
use crate::keys::types::{self, Type, Value};
use crate::prefix::with_prefix;
use weir_plugin::ConfigMap;

/// The worker's key that lists the providers.
const KEY: &str = "config.providers";
/// Kafka does not resolve references in the value of this key.
const NEVER_RESOLVED: &str = "plugin.path";
/// The key that determines whether references to missing values are refused.
const STRICT: &str = "weir.config.providers.strict";
/// Prefix of the providers' keys.
const PARAMETERS_OF: &str = "config.providers.";
/// The parameter that determines how long a value is valid.
const TTL: &str = "weir.ttl.ms";
/// The parameters of all providers.
const PARAMETERS: [&str; 3] = ["allowed.paths", "allowlist.pattern", TTL];
const CLASSES: [&str; 3] = ["FileConfigProvider", "DirectoryConfigProvider", "EnvVarConfigProvider"];
const PACKAGE: &str = "org.apache.kafka.common.config.provider.";

/// The opened providers, and the worker's file.
#[derive(Debug)]
pub(crate) struct Opened {
    /// The providers, for connectors.
    pub(crate) providers: Providers,
    /// The worker's file with its references resolved.
    pub(crate) resolved: Resolved,
    /// One line for each setting that has no effect or is dangerous.
    pub(crate) warnings: Vec<String>,
}

/// Opens the providers and resolves the worker's file once. Reads files on this thread, so it is only called at start.
pub(crate) fn open(originals: ConfigMap) -> Result<Opened, Vec<Error>> {
    let mut warnings = Vec::new();
    // The providers' own settings are not resolved: Kafka does not start with a reference in `allowed.paths` either.
    let strict = match originals.get(STRICT).map(|text| types::parse(STRICT, Type::Boolean, text)).transpose() {
        Ok(strict) => strict != Some(Value::Boolean(false)),
        Err(error) => return Err(vec![error]),
    };
    let providers = Providers::new(all(&originals, &mut warnings)?, strict);
    let as_written = |key: &str| key == NEVER_RESOLVED || key.starts_with(PARAMETERS_OF);
    let without = originals.iter().filter(|(key, _)| !as_written(key));
    let without: ConfigMap = without.map(|(key, value)| (key.clone(), value.clone())).collect();
    let mut resolved = providers.resolve_here(&without).map_err(|error| vec![Error::other(KEY, error.to_string())])?;
    if !resolved.missing().is_empty() {
        return Err(resolved.missing().to_vec());
    }
    for (key, value) in originals.iter().filter(|(key, _)| as_written(key)) {
        resolved.keep(key, value);
    }
    warnings.extend(resolved.short().iter().map(|reference| format!("{reference}: {}", short_values::SHORT)));
    Ok(Opened { providers, resolved, warnings })
}

fn all(originals: &ConfigMap, warnings: &mut Vec<String>) -> Result<BTreeMap<String, Provider>, Vec<Error>> {
    let names = match originals.get(KEY).map(|text| types::parse(KEY, Type::List, text)).transpose() {
        Ok(Some(Value::List(names))) => names,
        Ok(_) => Vec::new(),
        Err(error) => return Err(vec![error]),
    };
    let (mut providers, mut errors) = (BTreeMap::new(), Vec::new());
    for name in names.into_iter().filter(|name| !name.is_empty()) {
        let class_key = format!("{KEY}.{name}.class");
        let Some(class) = originals.get(&class_key).map(|class| class.trim()) else {
            warnings.push(format!("config provider '{name}' has no effect: there is no key '{class_key}'"));
            continue;
        };
        let parameters: ConfigMap = with_prefix(originals, &format!("{KEY}.{name}.param."));
        match one(&name, &class_key, class, &parameters, warnings) {
            Ok(provider) => drop(providers.insert(name, provider)),
            Err(error) => errors.push(error),
        }
    }
    if errors.is_empty() { Ok(providers) } else { Err(errors) }
}

fn one(
    name: &str,
    class_key: &str,
    class: &str,
    parameters: &ConfigMap,
    warnings: &mut Vec<String>,
) -> Result<Provider, Error> {
    let key_of = |parameter: &str| format!("{KEY}.{name}.param.{parameter}");
    let text = |parameter: &str| parameters.get(parameter).map(String::as_str);
    let allowed = || {
        AllowedPaths::parse(text("allowed.paths")).map_err(|text| {
            let key = key_of("allowed.paths");
            let next = format!(
                "{text} ({key}); give absolute paths of files and directories that are there, with commas between"
            );
            Error::other(key, next)
        })
    };
    let (source, known): (_, &[&str]) = match short(class) {
        Some("File") => (Source::File(allowed()?), &["allowed.paths", TTL]),
        Some("Directory") => (Source::Directory(allowed()?), &["allowed.paths", TTL]),
        Some("EnvVar") => {
            let environment = Environment::new(text("allowlist.pattern"), environment::of_this_process());
            let failed = |detail| {
                Error::invalid(key_of("allowlist.pattern"), text("allowlist.pattern").unwrap_or_default(), detail)
            };
            (Source::Environment(environment.map_err(failed)?), &["allowlist.pattern"])
        }
        _ => {
            let detail = format!(
                "Could not load config provider class or one of its dependencies. Weir has {}, of the package {}",
                CLASSES.join(", "),
                PACKAGE.trim_end_matches('.')
            );
            return Err(Error::invalid(class_key, class, detail));
        }
    };
    for parameter in parameters.keys().filter(|parameter| !known.contains(&parameter.as_str())) {
        let key = key_of(parameter);
        if PARAMETERS.contains(&parameter.as_str()) {
            warnings.push(format!("worker key '{key}' has no effect: {class} takes {}", known.join(", ")));
            continue;
        }
        // Kafka ignores it. A misspelled key for what the provider may read would leave the provider unrestricted.
        let known: Vec<String> = known.iter().map(|known| key_of(known)).collect();
        return Err(Error::other(&key, nearest::unknown(&key, known.iter().map(String::as_str))));
    }
    if let Source::File(allowed) | Source::Directory(allowed) = &source
        && allowed.is_unbounded()
    {
        let key = key_of("allowed.paths");
        warnings.push(format!(
            "config provider '{name}' lets anyone who can create a connector read every file that the worker can read; restrict \
             it with '{key}'"
        ));
    }
    let ttl = text(TTL).filter(|_| known.contains(&TTL)).map(|text| ttl(&key_of(TTL), text)).transpose()?;
    Ok(Provider { source, ttl })
}

/// Returns the class without package and suffix. Kafka Connect accepts full names, simple names, and simple names without the
/// suffix.
fn short(class: &str) -> Option<&str> {
    let simple = class.strip_prefix(PACKAGE).unwrap_or(class);
    let short = simple.strip_suffix("ConfigProvider").unwrap_or(simple);
    // Only a simple name may omit the suffix.
    (simple == class || short != simple).then_some(short)
}

fn ttl(key: &str, text: &str) -> Result<Duration, Error> {
    let value = types::parse(key, Type::Long, text)?;
    check::check(key, &value, Check::Range(Some(100), None))?;
    match value {
        Value::Number(millis) => Ok(Duration::from_millis(u64::try_from(millis).unwrap_or(u64::MAX))),
        _ => Err(Error::invalid(key, text, "Not a number of type LONG")),
    }
}
