//! A transform that changes nothing, and returns results that break the contract.

use crate::bindings::exports::weir::connect::transform::{
    Columns, Fault, Guest, HeaderColumns, Step, StepFailure, TopicColumn, TransformBatch, Transformed, Values,
};
use crate::bindings::weir::connect::data::Column;
use crate::{Hostile, fault, set_plan};

impl Guest for Hostile {
    fn configure(steps: Vec<Step>) -> Result<Columns, String> {
        // The first step that means harm; a chain without one behaves.
        let hostile = steps.iter().find(|step| step.config.iter().any(|entry| entry.key == "hook"));
        if let Some(step) = hostile.or(steps.first()) {
            set_plan(&step.config);
        }
        match fault("transform.configure") {
            Err(_) => Err("hostile refusal".into()),
            Ok(_) => Ok(Columns::VALUES),
        }
    }

    fn apply(batch: TransformBatch) -> Result<Transformed, Fault> {
        let lie = fault("transform.apply")?;
        let rows = batch.records.count;
        let mut out = Transformed {
            origins: (0..rows).collect(),
            topics: None,
            partitions: None,
            timestamps: None,
            added_formats: Vec::new(),
            keys: None,
            values: None,
            headers: None,
            failures: Vec::new(),
        };
        if let Some(lie) = lie {
            falsify(&mut out, rows, &lie)?;
        }
        Ok(out)
    }
}

/// Breaks one rule of the contract.
fn falsify(out: &mut Transformed, rows: u32, lie: &str) -> Result<(), Fault> {
    let values = |lengths: Vec<i32>, bytes: &[u8]| Values { lengths, bytes: bytes.to_vec(), formats: Vec::new() };
    let nulls = vec![-1; rows as usize];
    let failure = |row, step| StepFailure { row, step, message: "hostile row".into(), retry: lie == "row-retry" };
    match lie {
        "lie-origins" => out.origins[0] = rows,
        "lie-origins-order" => {
            out.origins = vec![rows - 1];
            out.origins.extend(0..rows);
        }
        "lie-lengths" => out.values = Some(values(vec![5; rows as usize], b"")),
        "lie-lengths-negative" => out.values = Some(values(vec![-7; rows as usize], b"")),
        "lie-lengths-short" => out.values = Some(values(vec![0; rows as usize + 1], b"")),
        "lie-formats" => {
            out.values = Some(Values { lengths: nulls, bytes: Vec::new(), formats: vec![99; rows as usize] });
        }
        "lie-topic" => out.topics = Some(TopicColumn { names: vec!["no such/topic".into()], rows: Vec::new() }),
        "lie-topic-unused" => {
            let names = (0..400_000).map(|number| format!("unused-{number}")).collect();
            out.topics = Some(TopicColumn { names, rows: vec![0; rows as usize] });
        }
        "lie-origins-million" => out.origins = vec![0; 1 << 20],
        "lie-failures-million" => {
            out.origins.remove(0);
            let silent = |_| StepFailure { row: 0, step: 0, message: String::new(), retry: false };
            out.failures = (0..1 << 19).map(silent).collect();
        }
        "lie-topic-index" => {
            out.topics = Some(TopicColumn { names: vec!["weir-tests".into()], rows: vec![3; rows as usize] });
        }
        "lie-partitions" => out.partitions = Some(vec![-8; rows as usize]),
        "lie-timestamps" => out.timestamps = Some(vec![0; rows as usize + 1]),
        "lie-headers" => {
            let names = Column { lengths: Vec::new(), bytes: Vec::new() };
            out.headers =
                Some(HeaderColumns { counts: vec![9; rows as usize], names, values: values(Vec::new(), b"") });
        }
        "lie-failures" => out.failures.push(failure(rows, 0)),
        "lie-failures-step" => {
            out.origins.remove(0);
            out.failures.push(failure(0, 7));
        }
        "lie-failures-kept" => out.failures.push(failure(0, 0)),
        "row-failure" | "row-retry" => {
            out.origins.remove(0);
            out.failures.push(failure(0, 0));
        }
        other => return Err(Fault::Fatal(format!("no such deed: {other}"))),
    }
    Ok(())
}
