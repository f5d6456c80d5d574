//! The names of loggers: Kafka Connect's names for Weir's modules, some of the libraries that Weir uses, `connector.NAME` for one
//! connector, and the classes of plugins.

/// The modules of Weir and the libraries that write to the log. If the logger of a module has another name, that of the class or package
/// that does the same in Kafka Connect, the name is given. Loggers are listed by that name, which also determines the tree. The module's
/// name is accepted as well, and refers to the loggers of the module and of all modules below it.
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

/// The target of the lines that plugins write.
pub(super) const PLUGIN: &str = "weir::plugin";

/// The logger of all connectors, which is also the prefix of the logger of each connector.
pub(super) const CONNECTORS: &str = "connector";

/// Returns the modules and libraries, each with the name of its logger.
pub(super) fn targets() -> impl Iterator<Item = (&'static str, &'static str)> {
    KNOWN.iter().map(|(target, logger)| (*target, if logger.is_empty() { *target } else { *logger }))
}

/// Returns the loggers that exist from the start.
pub(super) fn known() -> impl Iterator<Item = &'static str> {
    targets().map(|(_, logger)| logger).chain([CONNECTORS])
}

/// Returns the logger that a name refers to.
pub(super) fn canonical(name: &str) -> &str {
    targets().find(|(target, _)| *target == name).map_or(name, |(_, logger)| logger)
}

/// Whether lines of Weir or of a library are written under this logger.
pub(super) fn is_own(logger: &str) -> bool {
    targets().any(|(_, known)| known == logger)
}

/// Returns the loggers that a level is set for when it is set for this name: for a module also those of the modules below it, wherever
/// they are in the tree.
pub(super) fn meant(name: &str) -> Vec<&str> {
    let below = targets().filter(|(target, _)| is_below(target, name)).map(|(_, logger)| logger);
    let itself = targets().all(|(target, _)| target != name).then_some(name);
    itself.into_iter().chain(below).collect()
}

/// Whether `name` is `above` or below it.
pub(super) fn is_below(name: &str, above: &str) -> bool {
    let rest = name.strip_prefix(above);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.') || rest.starts_with("::"))
}

/// Whether the name means the root logger.
pub(super) fn is_root(name: &str) -> bool {
    name.is_empty() || name.eq_ignore_ascii_case("root")
}

/// Returns the connector that the logger belongs to.
pub(super) fn connector(name: &str) -> Option<&str> {
    name.strip_prefix(CONNECTORS)?.strip_prefix('.')
}

/// Returns the logger that this one inherits from, or `None` if that is the root logger.
pub(super) fn parent(name: &str) -> Option<&str> {
    if connector(name).is_some() {
        // A connector's name may contain dots.
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
    fn a_module_refers_to_all_below_it_and_a_logger_to_itself() {
        assert_eq!(meant("weir::rest"), ["org.apache.kafka.connect.runtime.rest"]);
        assert!(meant("weir").contains(&"org.apache.kafka.clients"));
        assert_eq!(meant("org.apache.kafka.connect"), ["org.apache.kafka.connect"]);
        assert_eq!(meant("weir_plugin"), ["weir_plugin"]);
        assert_eq!(meant("weir::rest::json"), ["weir::rest::json"]);
    }

    #[test]
    fn no_name_occurs_twice() {
        let mut names: Vec<_> = known().collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
    }
}
