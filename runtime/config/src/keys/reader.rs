//! Reads keys in the types that a table defines.

use std::time::Duration;

use super::key::{Fallback, Key};
use super::types::{self, Value};
use super::{check, connector, worker};
use crate::error::Error;
use weir_plugin::ConfigMap;

/// Reads single keys and collects what is wrong with their values, so that the user sees all errors at once.
pub(crate) struct KeyReader<'a> {
    pub(crate) config: &'a ConfigMap,
    /// What is wrong with the keys that were read, in the order of reading.
    pub(crate) errors: Vec<Error>,
    find: fn(&str) -> Option<&'static Key>,
}

impl<'a> KeyReader<'a> {
    /// Reads keys of a worker's file.
    pub(crate) fn worker(config: &'a ConfigMap) -> Self {
        Self { config, errors: Vec::new(), find: worker::find }
    }

    /// Reads keys that every connector has.
    pub(crate) fn connector(config: &'a ConfigMap) -> Self {
        Self { config, errors: Vec::new(), find: connector::find }
    }

    /// The value, or its default; `None` if the key has neither, or if its value is invalid, which is noted.
    fn value(&mut self, name: &str) -> Option<Value> {
        let key = (self.find)(name).unwrap_or_else(|| unreachable!("{name} is in the table"));
        let text = match (self.config.get(name), key.default) {
            (Some(text), _) => text,
            (None, Fallback::Value(text)) => text,
            (None, Fallback::Null | Fallback::Computed(_)) => return None,
            (None, Fallback::Required) => {
                self.errors.push(Error::missing(name));
                return None;
            }
        };
        let value = types::parse(name, key.kind, text).and_then(|value| {
            key.checks.iter().try_for_each(|check| check::check(name, &value, *check))?;
            Ok(value)
        });
        self.or_note(value)
    }

    /// A text that is not empty.
    pub(crate) fn optional(&mut self, name: &str) -> Option<String> {
        match self.value(name) {
            Some(Value::Text(text)) if !text.is_empty() => Some(text),
            _ => None,
        }
    }

    /// A text; empty if it is not set.
    pub(crate) fn text(&mut self, name: &str) -> String {
        self.optional(name).unwrap_or_default()
    }

    /// The entries of a list that are not empty.
    pub(crate) fn list(&mut self, name: &str) -> Vec<String> {
        match self.value(name) {
            Some(Value::List(entries)) => entries.into_iter().filter(|entry| !entry.is_empty()).collect(),
            _ => Vec::new(),
        }
    }

    /// A number that may be negative.
    pub(crate) fn integer(&mut self, name: &str) -> Option<i64> {
        match self.value(name) {
            Some(Value::Number(number)) => Some(number),
            _ => None,
        }
    }

    /// A number from 0; `None` if it is not set or negative.
    pub(crate) fn optional_number(&mut self, name: &str) -> Option<u64> {
        self.integer(name).and_then(|number| u64::try_from(number).ok())
    }

    /// A number from 0; 0 if it is not set or negative.
    pub(crate) fn number(&mut self, name: &str) -> u64 {
        self.optional_number(name).unwrap_or(0)
    }

    /// A number of things.
    pub(crate) fn count(&mut self, name: &str) -> usize {
        usize::try_from(self.number(name)).unwrap_or(usize::MAX)
    }

    /// A number that is kept in 32 bits.
    pub(crate) fn small_number(&mut self, name: &str) -> u32 {
        u32::try_from(self.number(name)).unwrap_or(u32::MAX)
    }

    /// A time in milliseconds; zero if it is not set.
    pub(crate) fn millis(&mut self, name: &str) -> Duration {
        Duration::from_millis(self.number(name))
    }

    /// A time in milliseconds; `None` if it is not set or negative.
    pub(crate) fn optional_millis(&mut self, name: &str) -> Option<Duration> {
        self.optional_number(name).map(Duration::from_millis)
    }

    /// Whether the value is `true`.
    pub(crate) fn flag(&mut self, name: &str) -> bool {
        matches!(self.value(name), Some(Value::Boolean(true)))
    }

    /// A port number.
    pub(crate) fn port(&mut self, name: &str) -> Option<u16> {
        let number = self.integer(name)?;
        let port = u16::try_from(number);
        self.or_note(port.map_err(|_| Error::invalid(name, number, "a port is a number from 0 to 65535")))
    }

    /// The value, if it is valid; otherwise its error is noted.
    pub(crate) fn or_note<T>(&mut self, value: Result<T, Error>) -> Option<T> {
        value.map_err(|error| self.errors.push(error)).ok()
    }
}
