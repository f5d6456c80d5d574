//! Changes the topic of records with a regular expression.

use weir_java::regex::JavaRegex;
use weir_sdk::transform::{Columns, Outcome, Record};
use weir_sdk::{Config, ConfigError, RecordError, Transform};

use crate::java_regex;
use crate::memo::Memo;

/// The keys of [`RegexRouter`].
#[derive(Config, Debug)]
pub struct RegexRouterConfig {
    /// Regular expression to use for matching.
    #[config(importance = high, validator = regex)]
    regex: String,
    /// Replacement string.
    #[config(importance = high)]
    replacement: String,
}

/// `org.apache.kafka.connect.transforms.RegexRouter`
#[derive(Debug)]
pub struct RegexRouter {
    regex: JavaRegex,
    replacement: String,
    /// The new topic for the records of each topic, or `None` if it does not change.
    routes: Memo<Option<String>>,
}

impl Transform for RegexRouter {
    const CLASS: &'static str = "org.apache.kafka.connect.transforms.RegexRouter";
    const VERSION: &'static str = crate::VERSION;
    type Config = RegexRouterConfig;

    fn new(config: RegexRouterConfig) -> Result<RegexRouter, ConfigError> {
        let regex = java_regex::of_key("regex", &config.regex)?;
        Ok(RegexRouter { regex, replacement: config.replacement, routes: Memo::default() })
    }

    fn columns(&self) -> Columns {
        Columns::NONE
    }

    fn apply(&mut self, record: &mut Record<'_>) -> Result<Outcome, RecordError> {
        let topic = record.shared_topic();
        let route = self.routes.get_or_make(&topic, |topic| {
            if !self.regex.matches(topic).map_err(RecordError::new)? {
                return Ok(None);
            }
            self.regex.replace_first(topic, &self.replacement).map(Some).map_err(RecordError::new)
        })?;
        if let Some(topic) = route {
            record.set_topic(topic);
        }
        Ok(Outcome::Keep)
    }
}
