//! The transform and the predicate.

use crate::bindings::exports::weir::connect::{predicate, transform};
use crate::bindings::weir::connect::data::{Columns, ConfigEntry, Records, TransformBatch};
use crate::{Guest, commands, configure, setting};
use transform::{StepFailure, Transformed};

impl transform::Guest for Guest {
    fn configure(steps: Vec<transform::Step>) -> Result<Columns, String> {
        let [step] = &steps[..] else { return Err(format!("{} steps", steps.len())) };
        configure(&step.config);
        if let Some(predicate) = &step.predicate {
            return Err(format!("{} {} {}", step.alias, predicate.class_name, predicate.negate));
        }
        Ok(wanted())
    }

    fn apply(batch: TransformBatch) -> Result<Transformed, String> {
        let TransformBatch { records, offsets } = batch;
        match setting("do").as_str() {
            "keep" => Ok(kept(&records)),
            "values" => Ok(Transformed { values: Some(records.values), ..kept_records(records.count) }),
            "all" => Ok(all(records)),
            "fail" => Ok(Transformed {
                origins: vec![1],
                failures: vec![StepFailure { index: 0, step: 0, message: format!("{offsets:?}"), retriable: true }],
                ..kept_records(0)
            }),
            "lie-origin" => Ok(kept_records(records.count + 1)),
            "lie-step" => {
                let failure = StepFailure { index: 0, step: 1, message: String::new(), retriable: false };
                Ok(Transformed { failures: vec![failure], ..kept_records(0) })
            }
            "lie-length" => {
                let mut values = records.values;
                values.lengths[0] += 1;
                Ok(Transformed { values: Some(values), ..kept_records(records.count) })
            }
            "shape" => Err(format!(
                "{} {} {} {}",
                records.keys.lengths.len(),
                records.values.lengths.len(),
                records.headers.counts.len(),
                records.formats.len()
            )),
            command => Err(commands::run(command)),
        }
    }
}

impl predicate::Guest for Guest {
    fn configure(_class: String, config: Vec<ConfigEntry>) -> Result<Columns, String> {
        configure(&config);
        Ok(wanted())
    }

    fn test(batch: TransformBatch) -> Result<Vec<bool>, String> {
        let count = batch.records.count;
        match setting("do").as_str() {
            "even" => Ok((0..count).map(|index| index % 2 == 0).collect()),
            "short" => Ok(vec![true; count as usize - 1]),
            command => Err(commands::run(command)),
        }
    }
}

fn wanted() -> Columns {
    let mut columns = Columns::empty();
    for name in setting("columns").split(',') {
        match name {
            "keys" => columns = columns | Columns::KEYS,
            "values" => columns = columns | Columns::VALUES,
            "headers" => columns = columns | Columns::HEADERS,
            _ => {}
        }
    }
    columns
}

fn kept_records(count: u32) -> Transformed {
    Transformed {
        origins: (0..count).collect(),
        topics: None,
        partitions: None,
        timestamps: None,
        added_formats: vec![],
        keys: None,
        values: None,
        headers: None,
        failures: vec![],
    }
}

fn kept(records: &Records) -> Transformed {
    kept_records(records.count)
}

/// Returns all columns, with their own formats.
fn all(records: Records) -> Transformed {
    let count = records.count;
    let first = records.formats.len() as u32;
    let moved = |formats: Vec<u32>, count: usize| match (first, formats.is_empty()) {
        (0, _) => formats,
        (_, true) => vec![first; count],
        (_, false) => formats.into_iter().map(|format| format + first).collect(),
    };
    let (mut keys, mut values, mut headers) = (records.keys, records.values, records.headers);
    keys.format_index = moved(keys.format_index, count as usize);
    values.format_index = moved(values.format_index, count as usize);
    headers.values.format_index = moved(headers.values.format_index, headers.names.lengths.len());
    Transformed {
        topics: Some(records.topics),
        partitions: Some(records.partitions),
        timestamps: Some(records.timestamps),
        added_formats: records.formats,
        keys: Some(keys),
        values: Some(values),
        headers: Some(headers),
        ..kept_records(count)
    }
}
