//! The names under which loggers are known: Weir's modules, some of the libraries it stands on, Kafka Connect's names for the same
//! things, `connector.NAME` for one connector, and the classes of plugins.

/// A module of Weir or a library that writes to the log, and the name that Kafka Connect's operators know it by. Two names of one
/// logger: what is set for one is set for the other.
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

/// The names that exist from the start.
pub(super) fn known() -> impl Iterator<Item = &'static str> {
    KNOWN.iter().flat_map(|(target, alias)| [*target, *alias]).filter(|name| !name.is_empty()).chain([CONNECTORS])
}

/// Kafka Connect's names, each with the name of Weir's that it stands for.
pub(super) fn aliases() -> impl Iterator<Item = (&'static str, &'static str)> {
    KNOWN.iter().filter(|(_, alias)| !alias.is_empty()).map(|(target, alias)| (*alias, *target))
}

/// The one name of a logger.
pub(super) fn canonical(name: &str) -> &str {
    aliases().find(|(alias, _)| *alias == name).map_or(name, |(_, target)| target)
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
        assert_eq!(canonical("org.apache.kafka.connect.runtime.rest"), "weir::rest");
        assert_eq!(canonical("io.example"), "io.example");
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
