//! The names under which loggers are known: Kafka Connect's names for Weir's modules, some of the libraries it stands on,
//! `connector.NAME` for one connector, and the classes of plugins.

/// A module of Weir or a library that writes to the log, and the name of its logger where it has another one: that of the class or
/// package which does the same in Kafka Connect. Loggers are listed by that name and form a tree along it; the module's name is taken
/// as well, and means the loggers of the module and of all below it.
const KNOWN: &[(&str, &str)] = &[
    ("weir", "org.apache.kafka.connect"),
    ("weir::config", "org.apache.kafka.connect.runtime.ConnectorConfig"),
    ("weir::herder", "org.apache.kafka.connect.runtime.standalone.StandaloneHerder"),
    ("weir::kafka", "org.apache.kafka.clients"),
    ("weir::offsets", "org.apache.kafka.connect.storage"),
    ("weir::plugins", "org.apache.kafka.connect.runtime.isolation"),
    ("weir::plugin", "org.apache.kafka.connect.runtime.WorkerConnector"),
    ("weir::rest", "org.apache.kafka.connect.runtime.rest"),
    ("weir::task", "org.apache.kafka.connect.runtime.WorkerTask"),
    ("weir::task::sink", "org.apache.kafka.connect.runtime.WorkerSinkTask"),
    ("weir::task::source", "org.apache.kafka.connect.runtime.WorkerSourceTask"),
    ("weir::worker", "org.apache.kafka.connect.runtime.Worker"),
    ("weir_plugin", ""),
    ("librdkafka", ""),
    ("rdkafka", ""),
    ("wasmtime", ""),
];

/// What lines of plugins are written under.
pub(super) const PLUGIN: &str = "weir::plugin";

/// The logger of all connectors, and what the name of a single one's begins with.
pub(super) const CONNECTORS: &str = "connector";

/// The modules and libraries, each with the name of its logger.
pub(super) fn targets() -> impl Iterator<Item = (&'static str, &'static str)> {
    KNOWN.iter().map(|(target, logger)| (*target, if logger.is_empty() { *target } else { *logger }))
}

/// The loggers that exist from the start.
pub(super) fn known() -> impl Iterator<Item = &'static str> {
    targets().map(|(_, logger)| logger).chain([CONNECTORS])
}

/// The logger that a name stands for.
pub(super) fn canonical(name: &str) -> &str {
    targets().find(|(target, _)| *target == name).map_or(name, |(_, logger)| logger)
}

/// Whether lines of Weir or of a library are written under this logger.
pub(super) fn is_own(logger: &str) -> bool {
    targets().any(|(_, known)| known == logger)
}

/// The loggers that a level is set for when it is set for this name: of a module those of the modules below it, too, wherever these
/// stand in the tree.
pub(super) fn meant(name: &str) -> Vec<&str> {
    let below = targets().filter(|(target, _)| is_below(target, name)).map(|(_, logger)| logger);
    let itself = targets().all(|(target, _)| target != name).then_some(name);
    itself.into_iter().chain(below).collect()
}

/// Whether a name is this one or below it.
pub(super) fn is_below(name: &str, above: &str) -> bool {
    let rest = name.strip_prefix(above);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.') || rest.starts_with("::"))
}

/// Whether the name means the root logger.
pub(super) fn is_root(name: &str) -> bool {
    name.is_empty() || name.eq_ignore_ascii_case("root")
}

/// The connector that the logger is of.
pub(super) fn connector(name: &str) -> Option<&str> {
    name.strip_prefix(CONNECTORS)?.strip_prefix('.')
}

/// The logger that this one inherits from; none = the root logger.
pub(super) fn parent(name: &str) -> Option<&str> {
    if connector(name).is_some() {
        // A connector's name may have dots in it.
        return Some(CONNECTORS);
    }
    let (colons, dot) = (name.rfind("::"), name.rfind('.'));
    name.get(..colons.max(dot)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loggers_inherit_along_their_names() {
        assert_eq!(parent("weir::task::sink"), Some("weir::task"));
        assert_eq!(parent("io.example.Sink"), Some("io.example"));
        assert_eq!(parent("connector.a.b"), Some("connector"));
        assert_eq!((parent("connector"), parent("weir"), parent("")), (None, None, None));
        assert_eq!(parent("::"), Some(""));
        assert_eq!(canonical("weir::rest"), "org.apache.kafka.connect.runtime.rest");
        assert_eq!(canonical("io.example"), "io.example");
    }

    #[test]
    fn a_module_means_what_is_below_it_and_a_logger_itself() {
        assert_eq!(meant("weir::rest"), ["org.apache.kafka.connect.runtime.rest"]);
        assert!(meant("weir").contains(&"org.apache.kafka.clients"));
        assert_eq!(meant("org.apache.kafka.connect"), ["org.apache.kafka.connect"]);
        assert_eq!(meant("weir_plugin"), ["weir_plugin"]);
        assert_eq!(meant("weir::rest::json"), ["weir::rest::json"]);
    }

    #[test]
    fn no_name_is_there_twice() {
        let mut names: Vec<_> = known().collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
    }
}
