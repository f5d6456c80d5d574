//! Reads the worker's keys, each in its type, from what the file says and the table of keys.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use weir_plugin::{ALLOW_CONNECT, ALLOW_READ, ALLOW_WRITE, Allowed, HostPattern};

use super::def::{self, Value};
use super::error::Error;
use super::host_names::{HOSTS_ALLOWED, HostNames};
use super::keys::{self, Fallback};
use super::listener::Listener;
use super::policy::OverridePolicy;
use super::rest::{self, CrossOrigin, HeaderRule};
use super::worker::with_prefix;
use crate::converter::{ConverterSetting, ConverterSettings};
use weir_plugin::ConfigMap;

/// Reads single keys and gathers what is wrong with them, so that a user sees all of it at once.
pub(super) struct Reader<'a> {
    pub(super) originals: &'a ConfigMap,
    /// What is wrong with the keys that were read, in the order of reading.
    pub(super) errors: Vec<Error>,
}

impl Reader<'_> {
    /// The value in its type; none when it has none, or when it is wrong, which is noted.
    fn value(&mut self, name: &str) -> Option<Value> {
        let key = keys::find(name).unwrap_or_else(|| unreachable!("{name} is in the table"));
        let text = match (self.originals.get(name), key.default) {
            (Some(text), _) => text,
            (None, Fallback::Value(text)) => text,
            (None, Fallback::Null | Fallback::Computed(_)) => return None,
            (None, Fallback::Required) => {
                self.errors.push(Error::missing(name));
                return None;
            }
        };
        let value = def::parse(name, key.kind, text).and_then(|value| {
            key.checks.iter().try_for_each(|check| def::check(name, &value, *check))?;
            Ok(value)
        });
        value.map_err(|error| self.errors.push(error)).ok()
    }

    pub(super) fn optional(&mut self, name: &str) -> Option<String> {
        match self.value(name) {
            Some(Value::Text(text)) if !text.is_empty() => Some(text),
            _ => None,
        }
    }

    pub(super) fn text(&mut self, name: &str) -> String {
        self.optional(name).unwrap_or_default()
    }

    pub(super) fn list(&mut self, name: &str) -> Vec<String> {
        match self.value(name) {
            Some(Value::List(entries)) => entries.into_iter().filter(|entry| !entry.is_empty()).collect(),
            _ => Vec::new(),
        }
    }

    pub(super) fn number(&mut self, name: &str) -> u64 {
        match self.value(name) {
            Some(Value::Number(number)) => u64::try_from(number).unwrap_or(0),
            _ => 0,
        }
    }

    pub(super) fn count(&mut self, name: &str) -> usize {
        usize::try_from(self.number(name)).unwrap_or(usize::MAX)
    }

    pub(super) fn millis(&mut self, name: &str) -> Duration {
        Duration::from_millis(self.number(name))
    }

    pub(super) fn flag(&mut self, name: &str) -> bool {
        matches!(self.value(name), Some(Value::Boolean(true)))
    }

    pub(super) fn port(&mut self, name: &str) -> Option<u16> {
        match self.value(name)? {
            Value::Number(number) => match u16::try_from(number) {
                Ok(port) => Some(port),
                Err(_) => {
                    self.errors.push(Error::invalid(name, number, "a port is a number from 0 to 65535"));
                    None
                }
            },
            _ => None,
        }
    }

    pub(super) fn converters(&mut self) -> ConverterSettings {
        let mut converter = |name: &str| {
            let mut settings: HashMap<String, String> = with_prefix(self.originals, &format!("{name}."));
            settings.remove("plugin.version");
            ConverterSetting { class: self.text(name), settings }
        };
        ConverterSettings {
            key: converter("key.converter"),
            value: converter("value.converter"),
            header: converter("header.converter"),
        }
    }

    pub(super) fn policy(&mut self) -> OverridePolicy {
        let name = self.text("connector.client.config.override.policy");
        let allowlist = self.list("connector.client.config.override.allowlist");
        OverridePolicy::new(&name, allowlist).unwrap_or_else(|error| {
            self.errors.push(error);
            OverridePolicy::None
        })
    }

    pub(super) fn allowed(&mut self) -> Allowed {
        let (read, write) = (self.folders(ALLOW_READ), self.folders(ALLOW_WRITE));
        let mut connect = Vec::new();
        for text in self.list(ALLOW_CONNECT) {
            match text.parse::<HostPattern>() {
                Ok(pattern) => connect.push(pattern),
                Err(error) => self.errors.push(Error::invalid(ALLOW_CONNECT, text, error.to_string())),
            }
        }
        Allowed { read, write, connect, ..Allowed::default() }
    }

    fn folders(&mut self, name: &str) -> Vec<PathBuf> {
        let folders: Vec<PathBuf> = self.list(name).into_iter().map(PathBuf::from).collect();
        for folder in folders.iter().filter(|folder| !folder.is_absolute()) {
            let absolute = std::path::absolute(folder).unwrap_or_else(|_| Path::new("/").join(folder));
            let detail = format!("a directory is named by its absolute path. Write {}", absolute.display());
            self.errors.push(Error::invalid(name, folder.display(), detail));
        }
        folders
    }

    /// The listeners of this key.
    pub(super) fn listeners(&mut self, name: &str) -> Vec<Listener> {
        let listeners: Vec<_> = self.list(name).iter().map(|text| Listener::parse(name, text)).collect();
        let (good, bad): (Vec<_>, Vec<_>) = listeners.into_iter().partition(Result::is_ok);
        self.errors.extend(bad.into_iter().filter_map(Result::err));
        good.into_iter().filter_map(Result::ok).collect()
    }

    pub(super) fn cross_origin(&mut self) -> Option<CrossOrigin> {
        let (origins, methods) = (self.text(rest::ALLOW_ORIGIN), self.text("access.control.allow.methods"));
        self.or_note(CrossOrigin::parse(&origins, &methods)).flatten()
    }

    pub(super) fn response_headers(&mut self) -> Vec<HeaderRule> {
        let text = self.text(rest::RESPONSE_HEADERS);
        self.or_note(HeaderRule::parse_all(&text)).unwrap_or_default()
    }

    /// The names of `weir.rest.hosts.allowed`, and these.
    pub(super) fn host_names<'n>(&mut self, own: impl Iterator<Item = &'n str>) -> HostNames {
        let entries = self.list(HOSTS_ALLOWED);
        let mut names = self.or_note(HostNames::parse(&entries)).unwrap_or_default();
        own.for_each(|name| names.add(name));
        names
    }

    fn or_note<T>(&mut self, value: Result<T, Error>) -> Option<T> {
        value.map_err(|error| self.errors.push(error)).ok()
    }
}
