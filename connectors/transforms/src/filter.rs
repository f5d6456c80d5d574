//! Drops all records. A predicate determines to which records it is applied.

use weir_sdk::transform::{Columns, Outcome, Record};
use weir_sdk::{ConfigError, RecordError, Transform};

/// `org.apache.kafka.connect.transforms.Filter`
#[derive(Debug)]
pub struct Filter;

impl Transform for Filter {
    const CLASS: &'static str = "org.apache.kafka.connect.transforms.Filter";
    const VERSION: &'static str = crate::VERSION;
    type Config = ();

    fn new((): ()) -> Result<Filter, ConfigError> {
        Ok(Filter)
    }

    fn columns(&self) -> Columns {
        Columns::NONE
    }

    fn apply(&mut self, _: &mut Record<'_>) -> Result<Outcome, RecordError> {
        Ok(Outcome::Drop)
    }
}
