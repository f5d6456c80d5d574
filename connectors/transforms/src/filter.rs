//! Drops rows. All of them: which ones is for a predicate to say.

use weir_sdk::transform::{Columns, Outcome, Row};
use weir_sdk::{ConfigError, RowError, Transform};

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

    fn apply(&mut self, _: &mut Row<'_>) -> Result<Outcome, RowError> {
        Ok(Outcome::Drop)
    }
}
