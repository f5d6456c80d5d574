//! Decides which lines are written: a level for each target, and other levels for the lines of single connectors.

use std::collections::HashMap;

use tracing::Metadata;
use tracing::level_filters::LevelFilter;
use tracing::subscriber::Interest;

use super::names::PLUGIN;
use super::target::shown;

/// Levels in a form that is fast to look up for each line.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Rules {
    root: LevelFilter,
    /// The longest names first: the first that matches applies.
    targets: Vec<(String, LevelFilter)>,
    connectors: HashMap<String, Own>,
    every_connector: Option<LevelFilter>,
}

/// The levels of one connector.
#[derive(Debug, Default, PartialEq, Eq)]
struct Own {
    /// The level of all lines.
    all: Option<LevelFilter>,
    /// The level of the lines that the plugin writes.
    plugin: Option<LevelFilter>,
}

impl Rules {
    pub(super) fn new(root: LevelFilter) -> Self {
        Self { root, targets: Vec::new(), connectors: HashMap::new(), every_connector: None }
    }

    /// Sets the level of a target and those below it.
    pub(super) fn target(&mut self, target: &str, level: LevelFilter) {
        let target = shown(target).into_owned();
        let place = self.targets.partition_point(|(known, _)| known.len() >= target.len());
        self.targets.insert(place, (target, level));
    }

    /// Sets the level of the lines of a connector, whatever their targets.
    pub(super) fn connector(&mut self, connector: &str, level: LevelFilter) {
        self.connectors.entry(connector.to_owned()).or_default().all = Some(level);
    }

    /// Sets the level of the lines that a connector's plugin writes.
    pub(super) fn plugin(&mut self, connector: &str, level: LevelFilter) {
        self.connectors.entry(connector.to_owned()).or_default().plugin = Some(level);
    }

    /// Sets the level of the lines of connectors that have no level of their own.
    pub(super) fn every_connector(&mut self, level: LevelFilter) {
        self.every_connector = Some(level);
    }

    /// Returns the most verbose level of all.
    pub(super) fn max(&self) -> LevelFilter {
        self.all().max().unwrap_or(self.root)
    }

    fn all(&self) -> impl Iterator<Item = LevelFilter> {
        std::iter::once(self.root).chain(self.targets.iter().map(|(_, level)| *level)).chain(self.of_connectors())
    }

    fn of_connectors(&self) -> impl Iterator<Item = LevelFilter> {
        self.connectors.values().flat_map(|own| [own.all, own.plugin]).chain([self.every_connector]).flatten()
    }

    fn of_target(&self, target: &str) -> LevelFilter {
        let target = shown(target);
        let below = |known: &str| {
            let rest = target.strip_prefix(known);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
        };
        self.targets.iter().find(|(known, _)| below(known)).map_or(self.root, |(_, level)| *level)
    }

    /// Returns whether lines of a place in the code are always, never or sometimes written. It is only checked for each line if connectors
    /// differ.
    pub(super) fn interest(&self, place: &Metadata<'_>) -> Interest {
        if names_connector(place) {
            return Interest::always();
        }
        let outside = *place.level() <= self.of_target(place.target());
        if self.of_connectors().all(|level| (*place.level() <= level) == outside) {
            return if outside { Interest::always() } else { Interest::never() };
        }
        Interest::sometimes()
    }

    /// Whether a line is written. `connector` finds the connector that it belongs to.
    pub(super) fn enabled<'a>(&self, place: &Metadata<'_>, connector: impl FnOnce() -> Option<&'a str>) -> bool {
        if names_connector(place) {
            return true;
        }
        let of_connector = || {
            if self.connectors.is_empty() && self.every_connector.is_none() {
                return None;
            }
            let own = self.connectors.get(connector()?);
            let plugin = own.and_then(|own| own.plugin).filter(|_| place.target() == PLUGIN);
            plugin.or(own.and_then(|own| own.all)).or(self.every_connector)
        };
        *place.level() <= of_connector().unwrap_or_else(|| self.of_target(place.target()))
    }
}

/// Whether this is a span that names a connector. Such spans are always enabled: otherwise the connector of the lines in them would be
/// unknown.
pub(super) fn names_connector(place: &Metadata<'_>) -> bool {
    place.is_span() && place.fields().field(super::CONNECTOR_FIELD).is_some()
}
