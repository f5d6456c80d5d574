//! A predicate that is true for every record, and returns the wrong number of results.

use crate::bindings::exports::weir::connect::predicate::Guest;
use crate::bindings::weir::connect::data::{Columns, ConfigEntry, TransformBatch};
use crate::{Hostile, hold_memory, refusal, set_plan};

impl Guest for Hostile {
    fn configure(_class: String, config: Vec<ConfigEntry>) -> Result<Columns, String> {
        set_plan(&config);
        refusal("predicate.configure").map(|_| Columns::VALUES)
    }

    fn test(batch: TransformBatch) -> Result<Vec<bool>, String> {
        let lie = refusal("predicate.test")?;
        let records = batch.records.count as usize;
        match lie.as_deref() {
            None => Ok(vec![true; records]),
            Some("hold-memory") => {
                hold_memory(&batch);
                Ok(vec![true; records])
            }
            Some("lie-count") => Ok(vec![true; records + 1]),
            Some("lie-none") => Ok(Vec::new()),
            Some(other) => Err(format!("no such deed: {other}")),
        }
    }
}
