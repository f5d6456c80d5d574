//! A predicate that is true for every record, and returns the wrong number of results.

use crate::bindings::exports::weir::connect::predicate::{Columns, ConfigEntry, Fault, Guest, TransformBatch};
use crate::{Hostile, fault, set_plan};

impl Guest for Hostile {
    fn configure(_class: String, config: Vec<ConfigEntry>) -> Result<Columns, String> {
        set_plan(&config);
        match fault("predicate.configure") {
            Err(_) => Err("hostile refusal".into()),
            Ok(_) => Ok(Columns::empty()),
        }
    }

    fn test(batch: TransformBatch) -> Result<Vec<bool>, Fault> {
        let lie = fault("predicate.test")?;
        let rows = batch.records.count as usize;
        match lie.as_deref() {
            None => Ok(vec![true; rows]),
            Some("lie-count") => Ok(vec![true; rows + 1]),
            Some("lie-none") => Ok(Vec::new()),
            Some(other) => Err(Fault::Fatal(format!("no such deed: {other}"))),
        }
    }
}
