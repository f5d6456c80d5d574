//! The settings of one client under librdkafka's names, and under which names the user wrote them.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use super::kind::Kind;

/// Settings as the user wrote them: trimmed, without prefixes.
pub(crate) type Given<'a> = BTreeMap<&'a str, &'a str>;

/// Returns the value of a setting that is set and not empty.
pub(super) fn given<'a>(settings: &Given<'a>, key: &str) -> Option<&'a str> {
    settings.get(key).copied().filter(|value| !value.is_empty())
}

/// Settings that can be passed to librdkafka.
#[derive(Clone, PartialEq, Eq, Default)]
pub(crate) struct ClientSettings {
    /// The properties for `rdkafka::ClientConfig`. Clients with equal properties are interchangeable. The values include passwords
    /// and private keys.
    pub(crate) properties: BTreeMap<String, String>,
    /// `max.poll.records` of a consumer, which librdkafka does not have: the number of records that one `put` may contain.
    pub(crate) max_poll_records: Option<u32>,
    /// `default.api.timeout.ms` of an admin client, which librdkafka does not have; `None` if it is not set.
    pub(crate) api_timeout: Option<Duration>,
    /// One line for each setting that has no effect. The lines contain no values.
    pub(crate) warnings: Vec<String>,
    /// The user's name of a setting, by librdkafka's name.
    origins: BTreeMap<String, String>,
    prefix: &'static str,
}

impl fmt::Debug for ClientSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Names only: some values are secret.
        f.debug_struct("ClientSettings").field("properties", &self.properties.keys()).finish_non_exhaustive()
    }
}

impl ClientSettings {
    /// Returns settings without any property. Warnings name keys with the prefix of this kind.
    pub(super) fn of(kind: Kind) -> Self {
        Self { prefix: kind.prefix(), ..Self::default() }
    }

    /// Sets librdkafka's `name` because of the user's `key`.
    pub(super) fn put(&mut self, key: &str, name: &str, value: String) {
        self.properties.insert(name.to_owned(), value);
        self.origins.insert(name.to_owned(), key.to_owned());
    }

    /// Adds a warning that `key` has no effect.
    pub(super) fn warn(&mut self, key: &str, reason: &str) {
        self.warnings.push(format!("client setting '{}{key}' has no effect: {reason}", self.prefix));
    }

    /// Returns the user's name of one of librdkafka's settings.
    pub(super) fn origin<'a>(&'a self, name: &'a str) -> &'a str {
        self.origins.get(name).map_or(name, String::as_str)
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.properties.get(name).map(String::as_str)
    }

    pub(crate) fn number(&self, name: &str) -> Option<i64> {
        self.get(name)?.parse().ok()
    }
}
