//! Runs the steps of a chain for each record.

use super::columns::Columns;
use super::entry::{AnyPredicate, AnyTransform, Plugins};
use super::formats::{Formats, SchemaPool};
use super::headers::Headers;
use super::input::{Input, Position};
use super::output::{Output, topic_column};
use super::record::{Changed, Record, State};
use super::topics::Topics;
use super::{Outcome, check};
use crate::bindings::host::weir::connect::data::{Records, TopicColumn, TransformBatch};
use crate::bindings::transform::interface as wit;
use crate::config::received;
use crate::value::Value;
use crate::{Error, RecordError};

/// Adjacent steps of a connector that belong to the same component.
#[expect(missing_debug_implementations, reason = "made of authors' types")]
pub struct Chain {
    steps: Vec<Step>,
    /// The columns that the steps need in total.
    columns: Columns,
    schemas: SchemaPool,
    /// Memory to reuse for the next batch.
    key: Option<Value<'static>>,
    value: Option<Value<'static>>,
}

struct Step {
    transform: Box<dyn AnyTransform>,
    columns: Columns,
    condition: Option<Condition>,
}

struct Condition {
    predicate: Box<dyn AnyPredicate>,
    columns: Columns,
    negate: bool,
}

/// A step, given by its index, failed to process a record.
struct Failed {
    step: usize,
    error: RecordError,
}

impl Chain {
    /// Creates the steps. The error names the transform by its alias.
    pub fn new(plugins: &Plugins, steps: Vec<wit::Step>) -> Result<Chain, String> {
        let steps = steps.into_iter().map(|step| Step::new(plugins, step)).collect::<Result<Vec<_>, _>>()?;
        let columns = steps.iter().fold(Columns::NONE, |columns, step| columns | step.needs());
        Ok(Chain { steps, columns, schemas: SchemaPool::default(), key: None, value: None })
    }

    /// Returns the columns that batches must contain.
    pub fn columns(&self) -> Columns {
        self.columns
    }

    /// Runs the steps on a batch. An error concerns the whole batch.
    pub fn apply(&mut self, batch: TransformBatch) -> Result<wit::Transformed, Error> {
        let (input, topics, mut formats) = open(batch, &mut self.schemas)?;
        let mut record = record(self.key.take(), self.value.take(), topics);
        let mut output = Output::new(&input);
        let mut failures = Vec::new();
        let mut at = Position::default();
        for origin in 0..input.count {
            input.read(&mut at, self.columns, &formats, &mut record);
            let before = output.len();
            let mut keep = |state: &State<'_>| output.push(origin, state, &mut formats);
            if let Err(failed) = run(&mut self.steps, 0, &mut record, &mut keep) {
                output.truncate(before);
                failures.push(wit::StepFailure {
                    index: origin,
                    step: failed.step as u32,
                    message: failed.error.message,
                    retriable: failed.error.retriable,
                });
            }
        }
        let columns = output.finish();
        let topics = record.topics;
        let transformed = wit::Transformed {
            origins: columns.origins,
            topics: columns.topics.map(|indexes| topic_column(topics.into_names(), indexes)),
            partitions: columns.partitions,
            timestamps: columns.timestamps,
            added_formats: formats.into_added(),
            keys: columns.keys,
            values: columns.values,
            headers: columns.headers,
            failures,
        };
        self.key = Some(record.now.key.recycle());
        self.value = Some(record.now.value.recycle());
        Ok(transformed)
    }
}

/// Runs the steps starting with `from`, and passes each output record to `keep`.
fn run<'b>(
    steps: &mut [Step],
    from: usize,
    record: &mut Record<'b>,
    keep: &mut dyn FnMut(&State<'b>),
) -> Result<(), Failed> {
    for index in from..steps.len() {
        let outcome = steps[index].apply(record).map_err(|error| Failed { step: index, error })?;
        for state in std::mem::take(&mut record.emitted) {
            let left = std::mem::replace(&mut record.now, state);
            let result = run(steps, index + 1, record, keep);
            record.now = left;
            result?;
        }
        if outcome == Outcome::Drop {
            return Ok(());
        }
    }
    keep(&record.now);
    Ok(())
}

impl Step {
    fn new(plugins: &Plugins, step: wit::Step) -> Result<Step, String> {
        let alias = step.alias;
        let transform = plugins
            .transform(&step.class_name, &received(step.config).0)
            .map_err(|error| format!("transforms.{alias}: {error}"))?;
        let condition = match step.predicate {
            None => None,
            Some(of) => {
                let predicate = plugins
                    .predicate(&of.class_name, &received(of.config).0)
                    .map_err(|error| format!("transforms.{alias}.predicate: {error}"))?;
                Some(Condition { columns: predicate.columns(), predicate, negate: of.negate })
            }
        };
        Ok(Step { columns: transform.columns(), transform, condition })
    }

    fn needs(&self) -> Columns {
        self.condition.as_ref().map_or(Columns::NONE, |condition| condition.columns) | self.columns
    }

    #[inline]
    fn apply(&mut self, record: &mut Record<'_>) -> Result<Outcome, RecordError> {
        if let Some(condition) = &mut self.condition {
            record.columns = condition.columns;
            if condition.predicate.test(record)? == condition.negate {
                return Ok(Outcome::Keep);
            }
        }
        record.columns = self.columns;
        self.transform.apply(record)
    }
}

/// A predicate that is used without a chain.
#[expect(missing_debug_implementations, reason = "made of authors' types")]
pub struct Test {
    predicate: Box<dyn AnyPredicate>,
    columns: Columns,
    schemas: SchemaPool,
}

impl Test {
    /// Creates a predicate of this class.
    pub fn new(plugins: &Plugins, class: &str, config: &crate::ConfigMap) -> Result<Test, String> {
        let predicate = plugins.predicate(class, config)?;
        Ok(Test { columns: predicate.columns(), predicate, schemas: SchemaPool::default() })
    }

    /// Returns the columns that batches must contain.
    pub fn columns(&self) -> Columns {
        self.columns
    }

    /// Returns one result for each record. The failure of a single record cannot be reported, so it fails the batch.
    pub fn apply(&mut self, batch: TransformBatch) -> Result<Vec<bool>, Error> {
        let (input, topics, formats) = open(batch, &mut self.schemas)?;
        let mut record = record(None, None, topics);
        record.columns = self.columns;
        let mut at = Position::default();
        let mut test = || {
            input.read(&mut at, self.columns, &formats, &mut record);
            self.predicate.test(&record).map_err(|error| {
                if error.retriable { Error::retriable(error.message) } else { Error::fatal(error.message) }
            })
        };
        (0..input.count).map(|_| test()).collect()
    }
}

/// Splits a batch into the parts that are only read and the tables that steps add to.
fn open(batch: TransformBatch, schemas: &mut SchemaPool) -> Result<(Input, Topics, Formats), Error> {
    let TransformBatch { records, offsets } = batch;
    check::check(&records, &offsets)
        .map_err(|error| Error::fatal(format_args!("the batch from the runtime violates the contract: {error}")))?;
    let Records { count, topics, partitions, timestamps, formats, keys, values, headers } = records;
    let TopicColumn { names, name_index } = topics;
    let input = Input { count, topic_index: name_index, partitions, timestamps, keys, values, headers, offsets };
    Ok((input, Topics::new(names), Formats::new(formats, schemas)))
}

/// Creates a record to read into.
fn record<'b>(key: Option<Value<'static>>, value: Option<Value<'static>>, topics: Topics) -> Record<'b> {
    let memory = |value: Option<Value<'static>>| value.map_or_else(Value::null, Value::recycle);
    let now = State {
        topic: 0,
        partition: -1,
        timestamp: -1,
        key: memory(key),
        value: memory(value),
        headers: Headers::default(),
        changed: Changed::default(),
    };
    Record { now, topics, offset: None, emitted: Vec::new(), columns: Columns::NONE }
}
