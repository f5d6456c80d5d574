//! The transforms of one task. Consecutive steps of the same component run fused, in one instance and one call. A predicate of another
//! component is tested separately, and the step receives only the records that it applies to.

use weir_data::records::Records;
use weir_data::transformed::StepFailure;
use weir_plugin::{Guest, Identity, Limits, TaskFacts};

use super::chain_fault::Fused;
use super::chain_instance::{Applied, Foreign, Transform};
use super::errors::{Failure, Handler, Pause};
use super::{Error, TaskId};
use weir_config::Step;
use weir_metrics::TaskMetrics;

/// A chain that is set up.
pub struct Chain {
    segments: Vec<Segment>,
}

struct Segment {
    transform: Transform,
    /// A predicate of another component than the step's.
    predicate: Option<Foreign>,
}

/// Maps each record of a result to the input record of the chain that it stems from.
pub enum Origins {
    /// Each record of the same index.
    Identity,
    /// In this order, never decreasing.
    Records(Vec<u32>),
}

impl Origins {
    /// Returns the input record of an output record.
    pub fn of(&self, record: u32) -> u32 {
        match self {
            Self::Identity => record,
            Self::Records(origins) => origins.get(record as usize).copied().unwrap_or(record),
        }
    }

    fn then(self, next: Vec<u32>) -> Self {
        match self {
            Self::Identity => Self::Records(next),
            Self::Records(origins) => Self::Records(pick(&origins, &next)),
        }
    }
}

/// The result of a chain for a batch.
pub struct Transformed {
    /// The remaining records.
    pub records: Records,
    /// Where they stem from.
    pub origins: Origins,
    /// Input records that failed, and why. They are not among `records`.
    pub failures: Vec<(u32, Failure)>,
}

impl Chain {
    /// Sets the chain up for a task.
    pub async fn open(
        steps: &[Step],
        id: &TaskId,
        facts: &TaskFacts,
        limits: &Limits,
        metrics: &TaskMetrics,
    ) -> Result<Self, Error> {
        let mut segments = Vec::new();
        let mut rest = steps;
        while let Some(first) = rest.first() {
            let length = if is_foreign(first) {
                1
            } else {
                rest.iter().take_while(|step| !is_foreign(step) && step.component.id() == first.component.id()).count()
            };
            let (fused, after) = rest.split_at(length);
            segments.push(Segment::open(first, fused, (id, facts), limits, metrics).await?);
            rest = after;
        }
        Ok(Self { segments })
    }

    /// Runs a batch through all steps. `offsets` are the records' Kafka offsets, for a sink. Records that may succeed later are tried
    /// again, while the others wait.
    ///
    /// # Errors
    ///
    /// A transform failed as such, or the task was stopped while it waited.
    pub(super) async fn apply(
        &mut self,
        records: Records,
        offsets: Vec<i64>,
        handler: &Handler,
    ) -> Result<Transformed, Error> {
        let mut result = Transformed { records, origins: Origins::Identity, failures: Vec::new() };
        let mut offsets = offsets;
        for segment in &mut self.segments {
            if result.records.count == 0 {
                break;
            }
            let (records, origins, failures) = segment.apply(result.records, &mut offsets, handler).await?;
            result.failures.extend(failures.into_iter().map(|(record, failure)| (result.origins.of(record), failure)));
            if !offsets.is_empty() {
                offsets = pick(&offsets, &origins);
            }
            result.records = records;
            result.origins = result.origins.then(origins);
        }
        Ok(result)
    }
}

/// Returns the entries with these indexes.
pub(super) fn pick<T: Copy>(all: &[T], indexes: &[u32]) -> Vec<T> {
    indexes.iter().filter_map(|&index| all.get(index as usize).copied()).collect()
}

pub(super) fn is_foreign(step: &Step) -> bool {
    step.predicate.as_ref().is_some_and(|predicate| predicate.component.id() != step.component.id())
}

impl Segment {
    async fn open(
        first: &Step,
        steps: &[Step],
        (id, facts): (&TaskId, &TaskFacts),
        limits: &Limits,
        metrics: &TaskMetrics,
    ) -> Result<Self, Error> {
        let guest = |class: &str, place: &str| -> Guest {
            let identity = Identity { connector: id.connector.clone(), task: Some(id.task), class: class.to_owned() };
            identity.counted(metrics.guest(place)).in_task(facts.clone())
        };
        // Steps that run fused are counted at the first of them.
        let place = format!("transforms.{}", first.alias);
        let foreign = first.predicate.as_ref().filter(|_| is_foreign(first));
        let predicate = match foreign {
            Some(predicate) => {
                let guest = guest(&predicate.class, &format!("{place}.predicate"));
                Some(Foreign::open(predicate, first, guest, limits).await?)
            }
            None => None,
        };
        let fused = Fused { steps: steps.to_vec(), guest: guest(&first.class, &place), limits: *limits };
        Ok(Self { transform: Transform::open(fused).await?, predicate })
    }

    /// Returns the remaining records, the input record of each, and the records that failed.
    async fn apply(
        &mut self,
        mut records: Records,
        offsets: &mut Vec<i64>,
        handler: &Handler,
    ) -> Result<(Records, Vec<u32>, Vec<(u32, Failure)>), Error> {
        let Some(predicate) = &mut self.predicate else {
            let (records, origins, failures) = self.run(records, std::mem::take(offsets), handler).await?;
            return Ok((records, origins, self.transform.name(failures, |record| record)));
        };
        let tested = predicate.test(&mut records, offsets, handler.tolerates()).await?;
        let mut failures = tested.failures;
        let (mut through, mut past) = (Vec::new(), Vec::new());
        for (record, meant) in (0..records.count).zip(tested.meant) {
            match meant {
                Some(true) => through.push(record),
                Some(false) => past.push(record),
                None => {}
            }
        }
        if through.is_empty() {
            let records = if failures.is_empty() { records } else { records.select(&past) };
            return Ok((records, past, failures));
        }
        let chosen = records.select(&through);
        let chosen_offsets = if offsets.is_empty() { Vec::new() } else { pick(offsets, &through) };
        let (done, done_origins, failed) = self.run(chosen, chosen_offsets, handler).await?;
        let done_origins = pick(&through, &done_origins);
        let origin = |record: u32| through.get(record as usize).copied().unwrap_or(record);
        failures.extend(self.transform.name(failed, origin));
        let (merged, merged_origins) = done.interleave(done_origins, records.select(&past), past);
        Ok((merged, merged_origins, failures))
    }

    /// Runs the steps; for records that may succeed later as often as `errors.retry.timeout` lets them.
    async fn run(
        &mut self,
        records: Records,
        offsets: Vec<i64>,
        handler: &Handler,
    ) -> Result<(Records, Vec<u32>, Vec<StepFailure>), Error> {
        let Applied { mut records, mut origins, mut failures, mut waiting, mut input } =
            self.transform.apply(records, offsets, handler.tolerates()).await?;
        if waiting.is_empty() {
            return Ok((records, origins, failures));
        }
        let (retries, metrics) = handler.retries();
        let mut tries = retries.begin();
        while !waiting.is_empty() {
            waiting.iter().for_each(|_| metrics.record_failure());
            match tries.pause().await {
                Pause::Over => break,
                Pause::Stopping => return Err(Error::Stopped),
                Pause::Again => {}
            }
            waiting.iter().for_each(|_| metrics.retry());
            let again = self.transform.apply(input.0, input.1, handler.tolerates()).await?;
            // Sorted.
            failures.retain(|failure| waiting.binary_search(&failure.index).is_err());
            failures.extend(
                again.failures.into_iter().filter_map(|failure| {
                    Some(StepFailure { index: *waiting.get(failure.index as usize)?, ..failure })
                }),
            );
            (records, origins) = records.interleave(origins, again.records, pick(&waiting, &again.origins));
            waiting = pick(&waiting, &again.waiting);
            input = again.input;
        }
        failures.sort_by_key(|failure| failure.index);
        Ok((records, origins, failures))
    }
}
