//! The names of levels as Kafka Connect's REST API has them (log4j2), and what they are here.

use tracing::level_filters::LevelFilter;

/// A level of log4j2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// Nothing.
    Off,
    /// Weir has no such lines; as [`Level::Error`].
    Fatal,
    /// Errors.
    Error,
    /// And warnings.
    Warn,
    /// And what an operator wants to know.
    Info,
    /// And what helps to find a fault.
    Debug,
    /// And everything.
    Trace,
    /// As [`Level::Trace`].
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
    /// The level of this name, in any case (`Level.getLevel`).
    pub fn parse(name: &str) -> Option<Self> {
        let name = name.trim();
        LEVELS.iter().find(|(_, known, _)| known.eq_ignore_ascii_case(name)).map(|(level, ..)| *level)
    }

    fn row(self) -> &'static (Level, &'static str, LevelFilter) {
        // Invariant: the table has a row for each level.
        LEVELS.iter().find(|(level, ..)| *level == self).unwrap_or(&LEVELS[0])
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        self.row().1
    }

    /// Which lines it lets through.
    pub fn filter(self) -> LevelFilter {
        self.row().2
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
    fn names_are_log4js_in_any_case() {
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
