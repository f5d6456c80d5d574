//! Matches records whose value is null.

use weir_sdk::transform::{Columns, Predicate, Record};
use weir_sdk::{ConfigError, RecordError};

/// `org.apache.kafka.connect.transforms.predicates.RecordIsTombstone`
#[derive(Debug)]
pub struct RecordIsTombstone;

impl Predicate for RecordIsTombstone {
    const CLASS: &'static str = "org.apache.kafka.connect.transforms.predicates.RecordIsTombstone";
    const VERSION: &'static str = crate::VERSION;
    type Config = ();

    fn new((): ()) -> Result<RecordIsTombstone, ConfigError> {
        Ok(RecordIsTombstone)
    }

    fn columns(&self) -> Columns {
        Columns::VALUES
    }

    fn test(&mut self, record: &Record<'_>) -> Result<bool, RecordError> {
        Ok(record.peek_value().is_null())
    }
}
