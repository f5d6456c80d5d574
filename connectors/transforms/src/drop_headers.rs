//! Removes headers by their names.

use weir_sdk::transform::{Columns, Outcome, Record};
use weir_sdk::{Config, ConfigError, RecordError, Transform};

use crate::lists;

/// The keys of [`DropHeaders`].
#[derive(Config, Debug)]
pub struct DropHeadersConfig {
    /// The name of the headers to be removed.
    #[config(importance = high, validator = non_empty_list_without_duplicates)]
    headers: Vec<String>,
}

/// `org.apache.kafka.connect.transforms.DropHeaders`
#[derive(Debug)]
pub struct DropHeaders {
    names: Vec<String>,
}

impl Transform for DropHeaders {
    const CLASS: &'static str = "org.apache.kafka.connect.transforms.DropHeaders";
    const VERSION: &'static str = crate::VERSION;
    type Config = DropHeadersConfig;

    fn new(config: DropHeadersConfig) -> Result<DropHeaders, ConfigError> {
        Ok(DropHeaders { names: lists::distinct("headers", config.headers, false)? })
    }

    fn columns(&self) -> Columns {
        Columns::HEADERS
    }

    fn apply(&mut self, record: &mut Record<'_>) -> Result<Outcome, RecordError> {
        record.headers().retain(|header| !self.names.iter().any(|name| name == header.name()));
        Ok(Outcome::Keep)
    }
}
