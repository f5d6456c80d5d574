//! Matches records whose topic matches a regular expression.

use weir_java::regex::JavaRegex;
use weir_sdk::transform::{Columns, Predicate, Record};
use weir_sdk::{Config, ConfigError, RecordError};

use crate::java_regex;
use crate::memo::Memo;

/// The keys of [`TopicNameMatches`].
#[derive(Config, Debug)]
pub struct TopicNameMatchesConfig {
    /// A Java regular expression for matching against the name of a record's topic.
    #[config(importance = medium, validator = non_empty, validator = regex)]
    pattern: String,
}

/// `org.apache.kafka.connect.transforms.predicates.TopicNameMatches`
#[derive(Debug)]
pub struct TopicNameMatches {
    pattern: JavaRegex,
    answers: Memo<bool>,
}

impl Predicate for TopicNameMatches {
    const CLASS: &'static str = "org.apache.kafka.connect.transforms.predicates.TopicNameMatches";
    const VERSION: &'static str = crate::VERSION;
    type Config = TopicNameMatchesConfig;

    fn new(config: TopicNameMatchesConfig) -> Result<TopicNameMatches, ConfigError> {
        Ok(TopicNameMatches { pattern: java_regex::of_key("pattern", &config.pattern)?, answers: Memo::default() })
    }

    fn columns(&self) -> Columns {
        Columns::NONE
    }

    fn test(&mut self, record: &Record<'_>) -> Result<bool, RecordError> {
        self.answers
            .get_or_make(&record.shared_topic(), |topic| self.pattern.matches(topic).map_err(RecordError::new))
            .copied()
    }
}
