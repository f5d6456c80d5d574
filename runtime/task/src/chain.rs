//! The transforms of one task. Consecutive steps of the same component run fused, in one instance and one call. A predicate of another
//! component is tested separately, and the step receives only the records that it applies to.

use weir_data::records::Records;
use weir_data::transformed::{StepFailure, Transformed as StepsDone};
use weir_plugin::{Grants, Guest, Identity, Limits, PredicateInstance, TransformInstance};

use super::chain_fault::{Fused, place_of_predicate};
use super::errors::{Exception, Failure, Handler, Pause, Stage};
use super::{Error, TaskId};
use weir_config::Step;
use weir_metrics::TaskMetrics;

/// A chain that is set up.
pub struct Chain {
    segments: Vec<Segment>,
}

struct Segment {
    fused: Fused,
    transform: TransformInstance,
    /// A predicate of another component than the step's.
    predicate: Option<Foreign>,
}

struct Foreign {
    instance: PredicateInstance,
    negate: bool,
    /// Its name in messages.
    place: String,
}

/// Maps each record of a result to the input record of the chain that it stems from.
pub enum Origins {
    /// Each record of the same index.
    Identity,
    /// In this order, never decreasing.
    Rows(Vec<u32>),
}

impl Origins {
    /// Returns the input record of an output record.
    pub fn of(&self, record: u32) -> u32 {
        match self {
            Self::Identity => record,
            Self::Rows(origins) => origins.get(record as usize).copied().unwrap_or(record),
        }
    }

    fn then(self, next: Vec<u32>) -> Self {
        match self {
            Self::Identity => Self::Rows(next),
            Self::Rows(origins) => Self::Rows(pick(&origins, &next)),
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
    pub async fn open(steps: &[Step], id: &TaskId, limits: &Limits, metrics: &TaskMetrics) -> Result<Self, Error> {
        let mut segments = Vec::new();
        let mut rest = steps;
        while let Some(first) = rest.first() {
            let length = if is_foreign(first) {
                1
            } else {
                rest.iter().take_while(|step| !is_foreign(step) && step.component.id() == first.component.id()).count()
            };
            let (fused, after) = rest.split_at(length);
            segments.push(Segment::open(first, fused, id, limits, metrics).await?);
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
        id: &TaskId,
        limits: &Limits,
        metrics: &TaskMetrics,
    ) -> Result<Self, Error> {
        let guest = |class: &str, place: &str| -> Guest {
            let identity = Identity { connector: id.connector.clone(), task: Some(id.task), class: class.to_owned() };
            identity.counted(metrics.guest(place))
        };
        // Steps that run fused are counted at the first of them.
        let place = format!("transforms.{}", first.alias);
        let foreign = first.predicate.as_ref().filter(|_| is_foreign(first));
        let predicate = match foreign {
            Some(predicate) => {
                let guest = guest(&predicate.class, &format!("{place}.predicate"));
                let place = place_of_predicate(predicate, first);
                let failed = |cause| Error::Step { place: place.clone(), cause };
                let instance = predicate.component.predicate(guest, limits, &Grants::none()).await;
                let mut instance = instance.map_err(failed)?;
                instance.configure(&predicate.config).await.map_err(failed)?;
                Some(Foreign { instance, negate: predicate.negate, place })
            }
            None => None,
        };
        let fused = Fused { steps: steps.to_vec(), id: id.clone(), limits: *limits };
        let transform = first.component.transform(guest(&first.class, &place), limits, &Grants::none()).await;
        let configured = match transform {
            Ok(mut transform) => transform.configure(&fused.configured()).await.map(|_| transform),
            Err(cause) => Err(cause),
        };
        match configured {
            Ok(transform) => Ok(Self { fused, transform, predicate }),
            Err(cause) => Err(Error::Step { place: fused.find_unconfigured().await, cause }),
        }
    }

    /// Returns the remaining records, the input record of each, and the records that failed.
    async fn apply(
        &mut self,
        mut records: Records,
        offsets: &mut Vec<i64>,
        handler: &Handler,
    ) -> Result<(Records, Vec<u32>, Vec<(u32, Failure)>), Error> {
        let Some(Foreign { instance, negate, place }) = &mut self.predicate else {
            let (records, origins, failures) = self.run(records, offsets, handler).await?;
            return Ok((records, origins, self.name(failures, |record| record)));
        };
        let negate = *negate;
        let meant = instance.test(&mut records, offsets).await;
        let meant = meant.map_err(|cause| Error::Unhandled { place: place.clone(), cause })?;
        let (mut through, mut past) = (Vec::new(), Vec::new());
        for (record, test) in (0..records.count).zip(meant) {
            if test == negate { past.push(record) } else { through.push(record) }
        }
        if through.is_empty() {
            return Ok((records, past, Vec::new()));
        }
        let chosen = records.select(&through);
        let mut chosen_offsets = if offsets.is_empty() { Vec::new() } else { pick(offsets, &through) };
        let (done, done_origins, failures) = self.run(chosen, &mut chosen_offsets, handler).await?;
        let done_origins = pick(&through, &done_origins);
        let failures = self.name(failures, |record| through.get(record as usize).copied().unwrap_or(record));
        let (merged, merged_origins) = done.interleave(done_origins, records.select(&past), past);
        Ok((merged, merged_origins, failures))
    }

    /// Runs the steps; for records that may succeed later as often as `errors.retry.timeout` lets them.
    async fn run(
        &mut self,
        mut records: Records,
        offsets: &mut Vec<i64>,
        handler: &Handler,
    ) -> Result<(Records, Vec<u32>, Vec<StepFailure>), Error> {
        let transformed = self.apply_fused(&mut records, offsets).await?;
        let mut waiting = waiting(&transformed.failures);
        if waiting.is_empty() {
            return Ok(transformed.into_records(records));
        }
        let (retries, metrics) = handler.retries();
        let mut tries = retries.begin();
        let mut input = records.select(&waiting);
        let mut input_offsets = if offsets.is_empty() { Vec::new() } else { pick(offsets, &waiting) };
        let (mut done, mut origins, mut failures) = transformed.into_records(records);
        while !waiting.is_empty() {
            waiting.iter().for_each(|_| metrics.record_failure());
            match tries.pause().await {
                Pause::Over => break,
                Pause::Stopping => return Err(Error::Stopped),
                Pause::Again => {}
            }
            waiting.iter().for_each(|_| metrics.retry());
            let again = self.apply_fused(&mut input, &mut input_offsets).await?;
            let still = self::waiting(&again.failures);
            let left = (input.select(&still), pick(&input_offsets, &still));
            let (more, more_origins, more_failures) = again.into_records(input);
            // Sorted.
            failures.retain(|failure| waiting.binary_search(&failure.row).is_err());
            failures.extend(
                more_failures
                    .into_iter()
                    .filter_map(|failure| Some(StepFailure { row: *waiting.get(failure.row as usize)?, ..failure })),
            );
            (done, origins) = done.interleave(origins, more, pick(&waiting, &more_origins));
            waiting = pick(&waiting, &still);
            (input, input_offsets) = left;
        }
        failures.sort_by_key(|failure| failure.row);
        Ok((done, origins, failures))
    }

    async fn apply_fused(&mut self, records: &mut Records, offsets: &mut Vec<i64>) -> Result<StepsDone, Error> {
        match self.transform.apply(records, offsets).await {
            Ok(transformed) => Ok(transformed),
            Err(cause) => Err(Error::Unhandled { place: self.fused.find(records, offsets).await, cause }),
        }
    }

    fn name(&self, failures: Vec<StepFailure>, origin: impl Fn(u32) -> u32) -> Vec<(u32, Failure)> {
        failures
            .into_iter()
            .map(|failure| {
                let class = self.fused.steps.get(failure.step as usize).map_or("", |step| step.class.as_str());
                let exception = Exception::of_transform(failure.message, failure.retry);
                let failed = Failure { stage: Stage::Transformation, class: class.to_owned(), exception };
                (origin(failure.row), failed)
            })
            .collect()
    }
}

/// Returns the records that may succeed later, in order, each once.
fn waiting(failures: &[StepFailure]) -> Vec<u32> {
    let mut records: Vec<u32> = failures.iter().filter(|failure| failure.retry).map(|failure| failure.row).collect();
    records.sort_unstable();
    records.dedup();
    records
}
