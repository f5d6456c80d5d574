//! Opens the providers that the worker's file names, and resolves the file itself with them.

use std::collections::BTreeMap;
use std::time::Duration;

use super::allowed_paths::AllowedPaths;
use super::environment::{self, Environment};
use super::source::{Provider, Source};
use super::{Providers, Resolved};
use crate::def::{self, Check, Type, Value};
use crate::{Error, nearest, worker};
use weir_plugin::ConfigMap;

/// The key of the worker's file that names them.
const KEY: &str = "config.providers";
/// Kafka takes this key's value as it is written.
const NEVER_RESOLVED: &str = "plugin.path";
/// The key that says whether references to what is not there are refused.
const STRICT: &str = "weir.config.providers.strict";
/// How the keys of the providers begin.
const PARAMETERS_OF: &str = "config.providers.";
/// The parameter that says how long a value holds.
const TTL: &str = "weir.ttl.ms";
/// All parameters that any of the providers has.
const PARAMETERS: [&str; 3] = ["allowed.paths", "allowlist.pattern", TTL];
const CLASSES: [&str; 3] = ["FileConfigProvider", "DirectoryConfigProvider", "EnvVarConfigProvider"];
const PACKAGE: &str = "org.apache.kafka.common.config.provider.";

/// What there is after opening.
#[derive(Debug)]
pub(crate) struct Opened {
    /// For the connectors.
    pub(crate) providers: Providers,
    /// The worker's file.
    pub(crate) resolved: Resolved,
    /// One line for each setting that has no effect or is dangerous.
    pub(crate) warnings: Vec<String>,
}

/// Opens the providers and resolves the worker's file once. Reads files on this thread: called at start.
pub(crate) fn open(originals: ConfigMap) -> Result<Opened, Vec<Error>> {
    let mut warnings = Vec::new();
    // Their own settings are taken as written: with a reference in `allowed.paths` Kafka does not start either.
    let strict = match originals.get(STRICT).map(|text| def::parse(STRICT, Type::Boolean, text)).transpose() {
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
    warnings.extend(resolved.short().iter().map(|reference| format!("{reference}: {}", super::SHORT)));
    Ok(Opened { providers, resolved, warnings })
}

fn all(originals: &ConfigMap, warnings: &mut Vec<String>) -> Result<BTreeMap<String, Provider>, Vec<Error>> {
    let names = match originals.get(KEY).map(|text| def::parse(KEY, Type::List, text)).transpose() {
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
        let parameters: ConfigMap = worker::with_prefix(originals, &format!("{KEY}.{name}.param."));
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
        // Kafka passes over it. One that was to bound what the provider reads would leave it unbounded.
        let known: Vec<String> = known.iter().map(|known| key_of(known)).collect();
        return Err(Error::other(&key, nearest::unknown(&key, known.iter().map(String::as_str))));
    }
    if let Source::File(allowed) | Source::Directory(allowed) = &source
        && allowed.is_unbounded()
    {
        let key = key_of("allowed.paths");
        warnings.push(format!(
            "config provider '{name}' reads every file that the worker can read, for whoever can create a connector; bound it with '{key}'"
        ));
    }
    let ttl = text(TTL).filter(|_| known.contains(&TTL)).map(|text| ttl(&key_of(TTL), text)).transpose()?;
    Ok(Provider { source, ttl })
}

/// The class without package and suffix; Kafka Connect knows plugins by their full and simple names, and without the suffix.
fn short(class: &str) -> Option<&str> {
    let simple = class.strip_prefix(PACKAGE).unwrap_or(class);
    let short = simple.strip_suffix("ConfigProvider").unwrap_or(simple);
    // The suffix may be left out of a simple name only.
    (simple == class || short != simple).then_some(short)
}

fn ttl(key: &str, text: &str) -> Result<Duration, Error> {
    let value = def::parse(key, Type::Long, text)?;
    def::check(key, &value, Check::Range(Some(100), None))?;
    match value {
        Value::Number(millis) => Ok(Duration::from_millis(u64::try_from(millis).unwrap_or(u64::MAX))),
        _ => Err(Error::invalid(key, text, "Not a number of type LONG")),
    }
}
