//! The levels of the loggers, which the REST API shows and changes while the worker runs. The filter reads the [`Rules`] that follow from
//! them.
//!
//! Names form a tree, as in log4j2: a logger without a level of its own inherits its parent's. Setting the level of a logger also sets it
//! for all loggers below, and for no others.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use parking_lot::{Mutex, RwLock};
use tracing_subscriber::filter::{LevelFilter, Targets};

use super::level::Level;
use super::names;
use super::rules::Rules;
use super::setting::{self, FilterError};

/// Maximum number of names that may be set in addition to the existing loggers; each takes memory for as long as the worker runs.
const MOST_NAMES: usize = 1_000;
/// Maximum number of bytes of such a name.
const LONGEST_NAME: usize = 1_000;

/// The level of a logger, and when it was changed over REST.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LoggerLevel {
    /// The logger's own or inherited level.
    pub level: Level,
    /// Milliseconds since 1970; `None` if it was never changed.
    pub last_modified: Option<u64>,
}

/// A name that does not exist yet, and is too long or one too many.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "Logger names that are not in use may have at most {LONGEST_NAME} bytes, and at most {MOST_NAMES} of them can be set; set the level of \
     a logger that GET /admin/loggers lists, or restart the worker"
)]
pub struct TooMany;

/// The levels of a worker. Cheap to clone.
#[derive(Clone)]
pub struct Levels(Arc<Shared>);

struct Shared {
    state: Mutex<State>,
    rules: RwLock<Arc<Rules>>,
}

struct State {
    root: Level,
    /// The loggers with a level of their own, by their canonical names.
    own: BTreeMap<String, Level>,
    modified: BTreeMap<String, u64>,
    /// Maps each connector to its class.
    connectors: BTreeMap<String, String>,
}

impl Default for Levels {
    fn default() -> Self {
        Self::new(&Targets::new().with_default(LevelFilter::INFO))
    }
}

impl Levels {
    /// Parses `info`, or a filter with levels for some targets, such as `info,weir::rest=debug`.
    pub fn parse(filter: &str) -> Result<Self, FilterError> {
        Ok(Self::new(&setting::parse(filter)?))
    }

    fn new(filter: &Targets) -> Self {
        let (own, modified, connectors) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        let mut state = State { root: Level::Off, own, modified, connectors };
        state.read(filter);
        let rules = RwLock::new(Arc::new(state.rules()));
        Self(Arc::new(Shared { state: Mutex::new(state), rules }))
    }

    /// Sets all loggers to the levels of another filter.
    pub fn reset(&self, filter: &str) -> Result<(), FilterError> {
        let filter = setting::parse(filter)?;
        let mut state = self.0.state.lock();
        state.modified.clear();
        state.read(&filter);
        self.publish(&state);
        Ok(())
    }

    pub(super) fn rules(&self) -> Arc<Rules> {
        Arc::clone(&self.0.rules.read())
    }

    /// Returns all loggers by name, except those that are off.
    pub fn all(&self) -> BTreeMap<String, LoggerLevel> {
        let state = self.0.state.lock();
        let levels = state.names().into_iter().map(|name| (name.clone(), state.level(&name)));
        levels.filter(|(_, level)| level.level != Level::Off).collect()
    }

    /// Returns a logger, or `None` if no logger has this name.
    pub fn get(&self, name: &str) -> Option<LoggerLevel> {
        let state = self.0.state.lock();
        let name = if names::is_root(name) { ROOT } else { names::canonical(name) };
        (name == ROOT || state.names().contains(name)).then(|| state.level(name))
    }

    /// Sets the level of a logger and of all below it. Returns the loggers whose levels changed, sorted. Takes effect at once.
    pub fn set(&self, name: &str, level: Level) -> Result<Vec<String>, TooMany> {
        let mut state = self.0.state.lock();
        let root = names::is_root(name);
        let mut known = state.names();
        if !root && !known.contains(names::canonical(name)) {
            if name.len() > LONGEST_NAME || state.own.len() >= MOST_NAMES {
                return Err(TooMany);
            }
            known.insert(name.to_owned());
        }
        let before: Vec<(String, Level)> =
            known.into_iter().map(|name| (name.clone(), state.effective(&name))).collect();
        match root {
            true => state.assign_all(level),
            false => state.assign(name, level),
        }
        let meant = names::meant(name);
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let now = u64::try_from(now.as_millis()).unwrap_or(u64::MAX);
        let mut changed = Vec::new();
        for (logger, old) in before {
            // A logger that is off always counts as changed, as in Kafka Connect.
            if old == Level::Off || state.effective(&logger) != old {
                state.modified.insert(logger.clone(), now);
                if root || meant.iter().any(|name| logger.starts_with(name)) {
                    changed.push(logger);
                }
            }
        }
        self.publish(&state);
        Ok(changed)
    }

    /// Adds a connector, or changes its class.
    pub fn add_connector(&self, name: &str, class: &str) {
        let mut state = self.0.state.lock();
        let old = state.connectors.insert(name.to_owned(), class.to_owned());
        // Usually neither class has a level: a thousand connectors that start must not cause the rules to be computed a thousand times.
        if old.and_then(|old| state.class_level(&old)) != state.class_level(class) {
            self.publish(&state);
        }
    }

    /// Removes a connector and the level that was set for it.
    pub fn remove_connector(&self, name: &str) {
        let mut state = self.0.state.lock();
        let logger = format!("{}.{name}", names::CONNECTORS);
        let Some(class) = state.connectors.remove(name) else { return };
        state.modified.remove(&logger);
        if state.own.remove(&logger).is_some() || state.class_level(&class).is_some() {
            self.publish(&state);
        }
    }

    fn publish(&self, state: &State) {
        let rules = state.rules();
        if rules == **self.0.rules.read() {
            return;
        }
        let max = rules.max();
        *self.0.rules.write() = Arc::new(rules);
        tracing::callsite::rebuild_interest_cache();
        // Libraries that log with the `log` crate check its maximum level first.
        log::set_max_level(match max {
            LevelFilter::OFF => log::LevelFilter::Off,
            LevelFilter::ERROR => log::LevelFilter::Error,
            LevelFilter::WARN => log::LevelFilter::Warn,
            LevelFilter::INFO => log::LevelFilter::Info,
            LevelFilter::DEBUG => log::LevelFilter::Debug,
            _ => log::LevelFilter::Trace,
        });
    }
}

/// The root logger's name in responses.
const ROOT: &str = "root";

impl State {
    /// Returns the names of all loggers.
    fn names(&self) -> BTreeSet<String> {
        let own = self.own.keys().cloned();
        let connectors = self.connectors.keys().map(|name| format!("{}.{name}", names::CONNECTORS));
        let classes = self.connectors.values().filter(|class| !class.is_empty()).cloned();
        let known = names::known().chain([ROOT]).map(str::to_owned);
        known.chain(own).chain(connectors).chain(classes).collect()
    }

    fn level(&self, name: &str) -> LoggerLevel {
        LoggerLevel { level: self.effective(name), last_modified: self.modified.get(name).copied() }
    }

    fn effective(&self, name: &str) -> Level {
        let mut next = (!names::is_root(name)).then_some(name);
        while let Some(name) = next.map(names::canonical) {
            if let Some(level) = self.own.get(name) {
                return *level;
            }
            next = names::parent(name);
        }
        self.root
    }

    /// Replaces all levels with those of a filter.
    fn read(&mut self, filter: &Targets) {
        self.root = filter.default_level().unwrap_or(LevelFilter::OFF).into();
        self.own.clear();
        let mut targets: Vec<_> = filter.iter().collect();
        // A module comes before the modules below it, whose own levels override its level.
        targets.sort_by_key(|(target, _)| target.len());
        targets.into_iter().for_each(|(target, level)| self.assign(target, level.into()));
    }

    /// Sets the root logger and everything below it.
    fn assign_all(&mut self, level: Level) {
        self.root = level;
        self.own.values_mut().for_each(|own| *own = level);
    }

    /// Sets a logger and everything below it.
    fn assign(&mut self, name: &str, level: Level) {
        let meant = names::meant(name);
        for (logger, own) in &mut self.own {
            if meant.iter().chain([&name]).any(|above| names::is_below(logger, above)) {
                *own = level;
            }
        }
        self.own.extend(meant.into_iter().map(|logger| (logger.to_owned(), level)));
    }

    /// Returns the level that was set for a plugin's class or one of its packages, ignoring the names of Weir's own modules.
    fn class_level(&self, class: &str) -> Option<Level> {
        let mut next = Some(class);
        while let Some(name) = next.filter(|name| !names::is_own(name)) {
            if let Some(level) = self.own.get(name) {
                return Some(*level);
            }
            next = names::parent(name);
        }
        None
    }

    fn rules(&self) -> Rules {
        let mut rules = Rules::new(self.root.filter());
        for (target, logger) in names::targets() {
            rules.target(target, self.effective(logger).filter());
        }
        for (name, level) in self.own.iter().filter(|(name, _)| !names::is_own(name)) {
            match names::connector(name) {
                Some(connector) => rules.connector(connector, level.filter()),
                None if name == names::CONNECTORS => rules.every_connector(level.filter()),
                None => rules.target(name, level.filter()),
            }
        }
        for (connector, class) in &self.connectors {
            if let Some(level) = self.class_level(class) {
                rules.plugin(connector, level.filter());
            }
        }
        rules
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SINK: &str = "org.apache.kafka.connect.file.FileStreamSinkConnector";

    fn levels() -> Levels {
        let levels = Levels::parse("info,weir::rest=debug").expect("a filter");
        levels.add_connector("a", SINK);
        levels.add_connector("a.b", "io.example.Other");
        levels
    }

    fn level(levels: &Levels, name: &str) -> &'static str {
        levels.get(name).expect("a logger").level.name()
    }

    #[test]
    fn loggers_have_their_own_level_or_that_of_their_parent() {
        let levels = levels();
        assert_eq!(level(&levels, "ROOT"), "INFO");
        assert_eq!(level(&levels, ""), "INFO");
        assert_eq!(level(&levels, "weir::rest"), "DEBUG");
        assert_eq!(level(&levels, "org.apache.kafka.connect.runtime.rest"), "DEBUG");
        assert_eq!(level(&levels, "weir::task::sink"), "INFO");
        assert_eq!(levels.get("nope"), None);
        assert!(levels.all().contains_key("root"));
        assert!(levels.all().values().all(|level| level.last_modified.is_none()));
    }

    #[test]
    fn setting_a_level_sets_all_below_and_names_what_changed() {
        let levels = levels();
        assert_eq!(levels.set("nope", Level::Debug), Ok(vec!["nope".to_owned()]));
        assert_eq!(levels.set("nope", Level::Debug), Ok(vec![]));
        let first = levels.get("nope").expect("there").last_modified;
        assert!(first.is_some());
        assert_eq!(levels.set("nope.a", Level::Info), Ok(vec!["nope.a".to_owned()]));
        assert_eq!(levels.set("nope", Level::Error), Ok(vec!["nope".to_owned(), "nope.a".to_owned()]));
        assert_eq!(level(&levels, "nope.a"), "ERROR");
        // The name becomes known with the level that it inherits.
        assert_eq!(levels.set("new", Level::Info), Ok(vec![]));
        assert_eq!(levels.get("new"), Some(LoggerLevel { level: Level::Info, last_modified: None }));
    }

    #[test]
    fn what_is_off_is_not_listed_and_counts_as_changed_each_time() {
        let levels = levels();
        for _ in 0..2 {
            let changed = levels.set("weir::offsets", Level::Off);
            assert_eq!(changed, Ok(vec!["org.apache.kafka.connect.storage".to_owned()]));
        }
        assert!(!levels.all().contains_key("org.apache.kafka.connect.storage"));
        assert_eq!(level(&levels, "weir::offsets"), "OFF");
    }

    /// Checks what Kafka's `testDynamicLogging` checks: the list before and after, and the response.
    #[test]
    fn a_level_changes_the_loggers_of_its_name_and_no_others() {
        let levels = levels();
        levels.set("org.apache.kafka.clients", Level::Error).expect("set");
        for (name, first, second) in [
            ("org.apache.kafka.connect", Level::Error, Level::Debug),
            ("org.apache.kafka.clients", Level::Warn, Level::Info),
            ("org.apache.kafka.streams", Level::Debug, Level::Trace),
        ] {
            levels.set(name, first).expect("set");
            let before = levels.all();
            let changed = levels.set(name, second).expect("set");
            assert!(changed.iter().any(|changed| changed == name), "{name}: {changed:?}");
            let after = levels.all();
            for (logger, level) in &after {
                if logger.starts_with(name) {
                    assert_eq!((level.level, level.last_modified.is_some()), (second, true), "{name}: {logger}");
                    assert!(changed.contains(logger), "{name}: {logger} is not among {changed:?}");
                } else {
                    assert_eq!(before.get(logger), Some(level), "{name}: {logger}");
                }
            }
            assert!(changed.iter().all(|changed| changed.starts_with(name)), "{name}: {changed:?}");
            assert!(before.keys().all(|logger| after.contains_key(logger)), "{name}");
        }
    }

    #[test]
    fn a_module_is_known_by_its_own_name_too() {
        let levels = levels();
        let changed = levels.set("org.apache.kafka.connect", Level::Warn).expect("set");
        assert!(changed.iter().any(|name| name == SINK), "{changed:?}");
        for name in ["weir", "weir::rest", "weir::task::sink", "org.apache.kafka.connect.runtime.Worker"] {
            assert_eq!(level(&levels, name), "WARN", "{name}");
            assert!(levels.get(name).expect("there").last_modified.is_some());
        }
        assert_eq!((level(&levels, "root"), level(&levels, "weir::kafka")), ("INFO", "INFO"));
        let changed = levels.set("weir", Level::Error).expect("set");
        assert!(changed.iter().any(|name| name == "org.apache.kafka.clients"), "{changed:?}");
        assert_eq!((level(&levels, "weir::rest"), level(&levels, "weir::kafka")), ("ERROR", "ERROR"));
        levels.set("weir::task", Level::Debug).expect("set");
        assert_eq!(level(&levels, "weir::task::sink"), "DEBUG");
        assert!(!levels.all().keys().any(|name| name.starts_with("weir::")), "each logger is listed once");
        levels.set("root", Level::Trace).expect("set");
        for (name, level) in levels.all() {
            assert_eq!(level.level, Level::Trace, "{name}");
        }
    }

    #[test]
    fn another_filter_replaces_the_levels_that_were_set() {
        let levels = levels();
        levels.set("io.example", Level::Trace).expect("set");
        levels.reset("warn,weir::kafka=debug").expect("a filter");
        assert_eq!((level(&levels, "weir::rest"), level(&levels, "weir::kafka")), ("WARN", "DEBUG"));
        assert_eq!((level(&levels, "connector.a"), levels.get("io.example")), ("WARN", None));
        assert!(levels.reset("weir=loud").is_err());
        assert_eq!(level(&levels, "weir::kafka"), "DEBUG", "nothing has changed");
    }

    #[test]
    fn in_a_filter_the_longer_name_takes_precedence() {
        let levels = Levels::parse("weir::task::sink=trace,weir=warn,error,weir::task=debug").expect("a filter");
        for (name, expected) in [
            ("root", "ERROR"),
            ("weir", "WARN"),
            ("weir::kafka", "WARN"),
            ("weir::task", "DEBUG"),
            ("wasmtime", "ERROR"),
        ] {
            assert_eq!(level(&levels, name), expected, "{name}");
        }
        assert_eq!(level(&levels, "weir::task::sink"), "TRACE");
    }

    #[test]
    fn a_connector_is_one_logger_whatever_its_name_until_it_is_removed() {
        let levels = levels();
        assert_eq!(levels.set("connector.a", Level::Debug).map(|names| names[0].clone()), Ok("connector.a".to_owned()));
        assert_eq!(level(&levels, "connector.a.b"), "INFO", "another connector");
        levels.set("connector", Level::Trace).expect("set");
        assert_eq!((level(&levels, "connector.a"), level(&levels, "connector.a.b")), ("TRACE", "TRACE"));
        levels.remove_connector("a");
        assert_eq!(levels.get("connector.a"), None);
        assert_eq!(levels.get(SINK), None);
    }

    #[test]
    fn the_number_of_names_is_limited_except_of_those_in_use() {
        let levels = levels();
        for number in 0..MOST_NAMES {
            let _ = levels.set(&format!("n{number}"), Level::Debug);
        }
        assert_eq!(levels.set("one.more", Level::Debug), Err(TooMany));
        assert_eq!(levels.set(&"x".repeat(LONGEST_NAME + 1), Level::Debug), Err(TooMany));
        assert!(levels.set("connector.a", Level::Debug).is_ok());
        assert!(levels.set("n0", Level::Error).is_ok());
    }

    #[test]
    fn an_invalid_filter_is_refused() {
        assert!(Levels::parse("weir=loud").is_err());
        assert_eq!(level(&Levels::parse("weir=debug").expect("a filter"), "root"), "OFF");
    }
}
