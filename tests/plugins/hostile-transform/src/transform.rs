//! A transform that changes nothing, and returns results that break the contract.

use crate::bindings::exports::weir::connect::transform::{Guest, Step, StepFailure, Transformed};
use crate::bindings::weir::connect::data::{Column, Columns, HeaderColumns, TopicColumn, TransformBatch, Values};
use crate::{Hostile, hold_memory, refusal, set_plan};

impl Guest for Hostile {
    fn configure(steps: Vec<Step>) -> Result<Columns, String> {
        // The first step that means harm; a chain without one behaves.
        let hostile = steps.iter().find(|step| step.config.iter().any(|entry| entry.key == "hook"));
        if let Some(step) = hostile.or(steps.first()) {
            set_plan(&step.config);
        }
        refusal("transform.configure").map(|_| Columns::VALUES)
    }

    fn apply(batch: TransformBatch) -> Result<Transformed, String> {
        let lie = refusal("transform.apply")?;
        let count = batch.records.count;
        let mut out = Transformed {
            origins: (0..count).collect(),
            topics: None,
            partitions: None,
            timestamps: None,
            added_formats: Vec::new(),
            keys: None,
            values: None,
            headers: None,
            failures: Vec::new(),
        };
        if lie.as_deref() == Some("hold-memory") {
            hold_memory(&batch);
        } else if let Some(lie) = lie {
            falsify(&mut out, count, &lie)?;
        }
        Ok(out)
    }
}

/// Breaks one rule of the contract.
fn falsify(out: &mut Transformed, count: u32, lie: &str) -> Result<(), String> {
    let values = |lengths: Vec<i32>, bytes: &[u8]| Values { lengths, bytes: bytes.to_vec(), format_index: Vec::new() };
    let nulls = vec![-1; count as usize];
    let failure =
        |index, step| StepFailure { index, step, message: "hostile record".into(), retriable: lie == "record-retry" };
    match lie {
        "lie-origins" => out.origins[0] = count,
        "lie-origins-order" => {
            out.origins = vec![count - 1];
            out.origins.extend(0..count);
        }
        "lie-lengths" => out.values = Some(values(vec![5; count as usize], b"")),
        "lie-lengths-negative" => out.values = Some(values(vec![-7; count as usize], b"")),
        "lie-lengths-short" => out.values = Some(values(vec![0; count as usize + 1], b"")),
        "lie-formats" => {
            out.values = Some(Values { lengths: nulls, bytes: Vec::new(), format_index: vec![99; count as usize] });
        }
        "lie-topic" => out.topics = Some(TopicColumn { names: vec!["no such/topic".into()], name_index: Vec::new() }),
        "lie-topic-unused" => {
            let names = (0..400_000).map(|number| format!("unused-{number}")).collect();
            out.topics = Some(TopicColumn { names, name_index: vec![0; count as usize] });
        }
        "lie-origins-million" => out.origins = vec![0; 1 << 20],
        "lie-failures-million" => {
            out.origins.remove(0);
            let silent = |_| StepFailure { index: 0, step: 0, message: String::new(), retriable: false };
            out.failures = (0..1 << 19).map(silent).collect();
        }
        "lie-topic-index" => {
            out.topics = Some(TopicColumn { names: vec!["weir-tests".into()], name_index: vec![3; count as usize] });
        }
        "lie-partitions" => out.partitions = Some(vec![-8; count as usize]),
        "lie-timestamps" => out.timestamps = Some(vec![0; count as usize + 1]),
        "lie-headers" => {
            let names = Column { lengths: Vec::new(), bytes: Vec::new() };
            out.headers =
                Some(HeaderColumns { counts: vec![9; count as usize], names, values: values(Vec::new(), b"") });
        }
        "lie-failures" => out.failures.push(failure(count, 0)),
        "lie-failures-step" => {
            out.origins.remove(0);
            out.failures.push(failure(0, 7));
        }
        "lie-failures-kept" => out.failures.push(failure(0, 0)),
        "record-failure" | "record-retry" => {
            out.origins.remove(0);
            out.failures.push(failure(0, 0));
        }
        other => return Err(format!("no such deed: {other}")),
    }
    Ok(())
}
