//! Matches records that have a header with a configured name.

use weir_sdk::transform::{Columns, Predicate, Record};
use weir_sdk::{Config, ConfigError, RecordError};

/// The keys of [`HasHeaderKey`].
#[derive(Config, Debug)]
pub struct HasHeaderKeyConfig {
    /// The header name.
    #[config(importance = medium, validator = non_empty)]
    name: String,
}

/// `org.apache.kafka.connect.transforms.predicates.HasHeaderKey`
#[derive(Debug)]
pub struct HasHeaderKey {
    name: String,
}

impl Predicate for HasHeaderKey {
    const CLASS: &'static str = "org.apache.kafka.connect.transforms.predicates.HasHeaderKey";
    const VERSION: &'static str = crate::VERSION;
    type Config = HasHeaderKeyConfig;

    fn new(config: HasHeaderKeyConfig) -> Result<HasHeaderKey, ConfigError> {
        Ok(HasHeaderKey { name: config.name })
    }

    fn columns(&self) -> Columns {
        Columns::HEADERS
    }

    fn test(&mut self, record: &Record<'_>) -> Result<bool, RecordError> {
        Ok(record.peek_headers().contains(&self.name))
    }
}
