//! The transforms and predicates of a component, looked up by class.

use super::columns::Columns;
use super::{Outcome, Predicate, Record, Transform};
use crate::{Config, ConfigError, ConfigMap, RecordError};

/// A configured transform of any type.
pub(super) trait AnyTransform {
    fn columns(&self) -> Columns;
    fn apply(&mut self, record: &mut Record<'_>) -> Result<Outcome, RecordError>;
}

impl<T: Transform> AnyTransform for T {
    fn columns(&self) -> Columns {
        Transform::columns(self)
    }

    fn apply(&mut self, record: &mut Record<'_>) -> Result<Outcome, RecordError> {
        Transform::apply(self, record)
    }
}

/// A configured predicate of any type.
pub(super) trait AnyPredicate {
    fn columns(&self) -> Columns;
    fn test(&mut self, record: &Record<'_>) -> Result<bool, RecordError>;
}

impl<P: Predicate> AnyPredicate for P {
    fn columns(&self) -> Columns {
        Predicate::columns(self)
    }

    fn test(&mut self, record: &Record<'_>) -> Result<bool, RecordError> {
        Predicate::test(self, record)
    }
}

/// A transform type that can be configured.
#[expect(missing_debug_implementations, reason = "made of functions")]
#[derive(Clone, Copy)]
pub struct TransformEntry {
    class: &'static str,
    new: fn(&ConfigMap) -> Result<Box<dyn AnyTransform>, ConfigError>,
}

impl TransformEntry {
    /// Creates the entry of a type.
    pub fn of<T: Transform>() -> TransformEntry {
        TransformEntry { class: T::CLASS, new: |config| Ok(Box::new(T::new(T::Config::parse(config)?)?)) }
    }
}

/// A predicate type that can be configured.
#[expect(missing_debug_implementations, reason = "made of functions")]
#[derive(Clone, Copy)]
pub struct PredicateEntry {
    class: &'static str,
    new: fn(&ConfigMap) -> Result<Box<dyn AnyPredicate>, ConfigError>,
}

impl PredicateEntry {
    /// Creates the entry of a type.
    pub fn of<P: Predicate>() -> PredicateEntry {
        PredicateEntry { class: P::CLASS, new: |config| Ok(Box::new(P::new(P::Config::parse(config)?)?)) }
    }
}

/// The transforms and predicates of a component.
#[expect(missing_debug_implementations, reason = "made of functions")]
#[derive(Default)]
pub struct Plugins {
    /// The transforms.
    pub transforms: Vec<TransformEntry>,
    /// The predicates.
    pub predicates: Vec<PredicateEntry>,
}

impl Plugins {
    pub(super) fn transform(&self, class: &str, config: &ConfigMap) -> Result<Box<dyn AnyTransform>, String> {
        match self.transforms.iter().find(|entry| entry.class == class) {
            Some(entry) => (entry.new)(config).map_err(|error| told(&error)),
            None => Err(unknown("transform", class, self.transforms.iter().map(|entry| entry.class))),
        }
    }

    pub(super) fn predicate(&self, class: &str, config: &ConfigMap) -> Result<Box<dyn AnyPredicate>, String> {
        match self.predicates.iter().find(|entry| entry.class == class) {
            Some(entry) => (entry.new)(config).map_err(|error| told(&error)),
            None => Err(unknown("predicate", class, self.predicates.iter().map(|entry| entry.class))),
        }
    }
}

/// Returns the error message, with the key if the message does not name it.
fn told(error: &ConfigError) -> String {
    if error.key.is_empty() || error.message.contains(&error.key) {
        error.message.clone()
    } else {
        format!("{} ({})", error.message, error.key)
    }
}

fn unknown(kind: &str, class: &str, known: impl Iterator<Item = &'static str>) -> String {
    format!("this component has no {kind} {class}; it has {}", known.collect::<Vec<_>>().join(", "))
}
