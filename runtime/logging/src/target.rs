//! The targets that lines are shown under and levels are set for. They are those of one crate, `weir`, whichever crates its modules are
//! in: log files, filters and dashboards name them.

use std::borrow::Cow;

/// The crates of the worker, and the module that each is in the log.
const CRATES: [(&str, &str); 8] = [
    ("weir_kafka", "weir::kafka"),
    ("weir_keystore", "weir::keystore"),
    ("weir_logging", "weir::logging"),
    ("weir_catalogue", "weir::plugins"),
    ("weir_config", "weir::config"),
    ("weir_task", "weir::task"),
    ("weir_herder", "weir::herder"),
    ("weir_storage", "weir"),
];

/// The target that is shown for one of the code.
pub(super) fn shown(target: &str) -> Cow<'_, str> {
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
        for other in ["weir::rest", "weir_plugin::store", "weir_kafkaesque::x", "librdkafka", ""] {
            assert_eq!(shown(other), other);
        }
    }
}
