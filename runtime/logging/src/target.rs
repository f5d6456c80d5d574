//! The targets that lines are logged with and levels are set for. They all belong to one crate, `weir`, whichever crates the modules are
//! in, because log files, filters and dashboards name them.

use std::borrow::Cow;

/// The crates of the worker, and the module that each is logged as.
const CRATES: [(&str, &str); 9] = [
    ("weir_kafka", "weir::kafka"),
    ("weir_keystore", "weir::keystore"),
    ("weir_logging", "weir::logging"),
    ("weir_catalogue", "weir::plugins"),
    ("weir_config", "weir::config"),
    ("weir_task", "weir::task"),
    ("weir_herder", "weir::herder"),
    ("weir_rest", "weir::rest"),
    ("weir_storage", "weir"),
];

/// Modules that have moved since their targets were first logged, and their original paths.
const MOVED: [(&str, &str); 8] = [
    ("weir_catalogue::files", "weir::plugins::loading"),
    ("weir_herder::executor::connector", "weir::herder::connector"),
    ("weir_herder::executor::instance", "weir::herder::watch"),
    ("weir_herder::standalone::auto_restart", "weir::herder::connector::heal"),
    ("weir_herder::standalone::connector", "weir::herder::connector"),
    ("weir_herder::standalone::refresh", "weir::herder::connector::refresh"),
    ("weir_herder::standalone::restart", "weir::herder::connector::restart"),
    ("weir_herder::standalone::start_stored", "weir::herder::keep"),
];

/// Returns the logged target for a target of the code.
pub(super) fn shown(target: &str) -> Cow<'_, str> {
    if let Some((_, shown)) = MOVED.iter().find(|(moved, _)| *moved == target) {
        return Cow::Borrowed(shown);
    }
    let name = target.split("::").next().unwrap_or_default();
    match CRATES.iter().find(|(known, _)| *known == name) {
        Some((_, module)) => Cow::Owned(format!("{module}{}", &target[name.len()..])),
        None => Cow::Borrowed(target),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crates_of_the_worker_are_shown_as_modules_and_others_as_they_are() {
        assert_eq!(shown("weir_kafka::producer"), "weir::kafka::producer");
        assert_eq!(shown("weir_kafka"), "weir::kafka");
        assert_eq!(shown("weir_storage::offsets::file"), "weir::offsets::file");
        assert_eq!(shown("weir_herder::standalone::connector"), "weir::herder::connector");
        assert_eq!(shown("weir_catalogue::files"), "weir::plugins::loading");
        assert_eq!(shown("weir_herder::standalone"), "weir::herder::standalone");
        for other in ["weir::rest", "weir_plugin::store", "weir_kafkaesque::x", "librdkafka", ""] {
            assert_eq!(shown(other), other);
        }
    }
}
