//! The levels of Kafka Connect's REST API (log4j2), and what they mean in Weir.

use tracing::level_filters::LevelFilter;

/// A level of log4j2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// No lines.
    Off,
    /// Same as [`Level::Error`]: Weir has no such lines.
    Fatal,
    /// Errors.
    Error,
    /// Also warnings.
    Warn,
    /// Also events that operators want to know about.
    Info,
    /// Also details that help to diagnose a problem.
    Debug,
    /// Everything.
    Trace,
    /// Same as [`Level::Trace`].
    All,
}

const LEVELS: [(Level, &str, LevelFilter); 8] = [
    (Level::Off, "OFF", LevelFilter::OFF),
    (Level::Fatal, "FATAL", LevelFilter::ERROR),
    (Level::Error, "ERROR", LevelFilter::ERROR),
    (Level::Warn, "WARN", LevelFilter::WARN),
    (Level::Info, "INFO", LevelFilter::INFO),
    (Level::Debug, "DEBUG", LevelFilter::DEBUG),
    (Level::Trace, "TRACE", LevelFilter::TRACE),
    (Level::All, "ALL", LevelFilter::TRACE),
];

impl Level {
    /// Returns the level with this name; case does not matter (`Level.getLevel`).
    pub fn parse(name: &str) -> Option<Self> {
        let name = name.trim();
        LEVELS.iter().find(|(_, known, _)| known.eq_ignore_ascii_case(name)).map(|(level, ..)| *level)
    }

    fn entry(self) -> &'static (Level, &'static str, LevelFilter) {
        // Invariant: the table has an entry for each level.
        LEVELS.iter().find(|(level, ..)| *level == self).unwrap_or(&LEVELS[0])
    }

    /// Returns its name.
    pub fn name(self) -> &'static str {
        self.entry().1
    }

    /// Returns the filter for its lines.
    pub fn filter(self) -> LevelFilter {
        self.entry().2
    }
}

impl From<LevelFilter> for Level {
    fn from(filter: LevelFilter) -> Self {
        let name = filter.to_string();
        Self::parse(&name).unwrap_or(Self::Off)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_log4j_in_any_case() {
        for (level, name, filter) in LEVELS {
            assert_eq!(Level::parse(&format!(" {} ", name.to_lowercase())), Some(level));
            assert_eq!((level.name(), level.filter()), (name, filter));
        }
        assert_eq!(Level::parse("loud"), None);
        assert_eq!(Level::parse(""), None);
        assert_eq!(Level::from(LevelFilter::OFF), Level::Off);
        assert_eq!(Level::from(LevelFilter::DEBUG), Level::Debug);
    }
}
