//! The value of `weir.log.level` and `RUST_LOG`: a level, or levels of targets (`info,weir::rest=debug`).
//!
//! `tracing_subscriber` parses such texts too, but takes a word that is not a level for a target and then silences all others: with `inof`
//! nothing would be logged.

use tracing_subscriber::filter::{LevelFilter, Targets};

use super::level::Level;

/// Why a filter is not valid.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FilterError {
    /// A level that does not exist.
    #[error(
        "'{0}' is not a valid level. The levels are off, fatal, error, warn, info, debug, trace and all; use one of them, or one for each \
         target, as in info,weir::rest=debug"
    )]
    Level(String),
    /// A target that no line can have.
    #[error("'{0}' is not a valid target; use for example info,weir::rest=debug")]
    Target(String),
}

/// Checks a filter.
///
/// # Errors
///
/// The first part that is not valid.
pub fn check_filter(filter: &str) -> Result<(), FilterError> {
    parse(filter).map(drop)
}

/// Parses a filter. A level without a target is that of all others; without one, nothing else is logged.
pub(super) fn parse(filter: &str) -> Result<Targets, FilterError> {
    let mut targets = Targets::new();
    for part in filter.split(',').map(str::trim) {
        let (target, name) = match part.rsplit_once('=') {
            Some((target, name)) => (Some(target.trim()), name.trim()),
            None => (None, part),
        };
        let level = level(name).ok_or_else(|| FilterError::Level(name.to_owned()))?;
        targets = match target {
            None => targets.with_default(level),
            Some(target) if is_target(target) => targets.with_target(target, level),
            Some(target) => return Err(FilterError::Target(target.to_owned())),
        };
    }
    Ok(targets)
}

/// The names of log4j2, and the numbers of `tracing` from 0 (off) to 5 (trace).
fn level(name: &str) -> Option<LevelFilter> {
    let number = || name.parse::<usize>().ok().and_then(|_| name.parse().ok());
    Level::parse(name).map(Level::filter).or_else(number)
}

fn is_target(target: &str) -> bool {
    let allowed = |letter: char| letter.is_alphanumeric() || matches!(letter, '_' | ':' | '.' | '-' | '$');
    !target.is_empty() && target.chars().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_has_levels_of_targets_and_of_all_others() {
        let parsed = |filter: &str| {
            let targets = parse(filter).expect(filter);
            let mut own: Vec<_> = targets.iter().map(|(target, level)| format!("{target}={level}")).collect();
            own.sort();
            (targets.default_level(), own.join(","))
        };
        assert_eq!(parsed(" Info "), (Some(LevelFilter::INFO), String::new()));
        assert_eq!(parsed("3"), (Some(LevelFilter::INFO), String::new()));
        assert_eq!(parsed("ALL"), (Some(LevelFilter::TRACE), String::new()));
        let own = "org.apache.kafka=off,weir::rest=debug";
        assert_eq!(parsed("warn, weir::rest=DEBUG,org.apache.kafka=0"), (Some(LevelFilter::WARN), own.to_owned()));
        assert_eq!(parsed("weir::rest=debug").0, None, "nothing else is logged");
    }

    #[test]
    fn a_word_that_is_not_a_level_is_refused() {
        for (filter, wrong) in [
            ("inof", "inof"),
            ("", ""),
            ("info,", ""),
            ("weir=loud", "loud"),
            ("info,weir::rest", "weir::rest"),
            ("9", "9"),
        ] {
            assert_eq!(check_filter(filter), Err(FilterError::Level(wrong.to_owned())), "{filter:?}");
        }
        for (filter, wrong) in [("=info", ""), ("info,a=b=debug", "a=b"), ("weir[task]=debug", "weir[task]")] {
            assert_eq!(check_filter(filter), Err(FilterError::Target(wrong.to_owned())), "{filter:?}");
        }
        let text = check_filter("inof").expect_err("refused").to_string();
        assert!(text.starts_with("'inof' is not a valid level. The levels are off, fatal, error, warn, "), "{text}");
    }
}
