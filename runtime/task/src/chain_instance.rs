//! The instances of a chain. A batch that is larger than a plugin may get at once is passed in pieces, and an instance that ran out of
//! memory is replaced by a new one, which gets the same records in smaller batches: that is what the contract says about transforms and
//! predicates (`transform.apply`). If memory is not enough for a single record, that record has failed.

use std::collections::VecDeque;
use std::ops::Range;

use tracing::warn;
use weir_data::records::Records;
use weir_data::transformed::{StepFailure, Transformed};
use weir_plugin::{CallError, Grants, Guest, Limits, PredicateInstance, TransformInstance, Trap};

use super::Error;
use super::chain::pick;
use super::chain_fault::{Fused, place_of_predicate};
use super::errors::{Exception, Failure, Stage};
use weir_config::{Predicate, Step};
use weir_logging::Throttle;

/// Most records of a batch for which memory is not enough. A plugin that fails for more is considered broken: each costs an instance.
const MAX_BAD: usize = 100;

/// Steps that run fused.
pub(super) struct Transform {
    fused: Fused,
    instance: TransformInstance,
    memory: OutOfMemory,
}

/// What is to be known about instances that ran out of memory.
#[derive(Default)]
struct OutOfMemory {
    /// The instance has not been called since it took the place of another one.
    is_new: bool,
    lines: Throttle,
}

impl OutOfMemory {
    /// Notes that the instance ended with this error. Returns how, if it ran out of memory.
    fn note(&mut self, cause: CallError, records: u32) -> Result<Trap, CallError> {
        let trap = match cause {
            CallError::Trapped(trap) if trap.out_of_memory => trap,
            cause => return Err(cause),
        };
        if let Some(left_out) = self.lines.pass() {
            let cause = &trap.cause;
            warn!(
                records,
                cause,
                left_out,
                "a transform or predicate ran out of memory; passing smaller batches to a new instance"
            );
        }
        Ok(trap)
    }

    /// What to pass now instead of records for which an instance ran out of memory: smaller batches, or once more a single record for
    /// which the instance had no more than what earlier records left. `None` if the memory is not enough for it.
    fn instead_of(&mut self, records: Range<u32>) -> Option<Vec<Range<u32>>> {
        let was_new = std::mem::replace(&mut self.is_new, true);
        match records.len() {
            0 | 1 if was_new => None,
            0 | 1 => Some(vec![records]),
            _ => {
                let middle = records.start.midpoint(records.end);
                Some(vec![records.start..middle, middle..records.end])
            }
        }
    }
}

/// What fused steps made of records.
#[derive(Default)]
pub(super) struct Applied {
    /// The records that are left.
    pub(super) records: Records,
    /// For each of them the input record that it was made of.
    pub(super) origins: Vec<u32>,
    /// Input records that failed.
    pub(super) failures: Vec<StepFailure>,
    /// Those of them that may succeed later, in order, each once.
    pub(super) waiting: Vec<u32>,
    /// The same records, and their offsets.
    pub(super) input: (Records, Vec<i64>),
}

impl Transform {
    pub(super) async fn open(fused: Fused) -> Result<Self, Error> {
        match fused.start().await {
            Ok(instance) => Ok(Self { fused, instance, memory: OutOfMemory::default() }),
            Err(cause) => Err(Error::Step { place: fused.find_unconfigured().await, cause }),
        }
    }

    /// Runs the steps once. `offsets` are those of a sink's records, empty for a source. Unless the task tolerates records that fail, the
    /// records after the first one for which memory is not enough are left out: the task fails for it.
    pub(super) async fn apply(
        &mut self,
        mut records: Records,
        mut offsets: Vec<i64>,
        tolerates: bool,
    ) -> Result<Applied, Error> {
        let pieces = records.pieces(self.instance.batch_max());
        let mut pieces: VecDeque<Range<u32>> = if let [all] = &pieces[..] {
            match self.instance.apply(&mut records, &mut offsets).await {
                Ok(transformed) => {
                    self.memory.is_new = false;
                    return Ok(Applied::of(transformed, records, &offsets));
                }
                Err(cause) => self.replace(cause, &mut records, &mut offsets).await?,
            };
            self.memory.instead_of(all.clone()).unwrap_or_else(|| vec![all.clone()]).into()
        } else {
            pieces.into()
        };
        let mut applied = Applied::default();
        let mut bad = 0;
        while let Some(piece) = pieces.pop_front() {
            let (mut part, mut part_offsets) = part(&records, &offsets, piece.clone());
            let trap = match self.instance.apply(&mut part, &mut part_offsets).await {
                Ok(transformed) => {
                    self.memory.is_new = false;
                    applied.add(Applied::of(transformed, part, &part_offsets), piece.start);
                    continue;
                }
                Err(cause) => self.replace(cause, &mut part, &mut part_offsets).await?,
            };
            if let Some(instead) = self.memory.instead_of(piece.clone()) {
                instead.into_iter().rev().for_each(|piece| pieces.push_front(piece));
                continue;
            }
            bad += 1;
            if bad > MAX_BAD {
                let place = self.fused.find(&mut part, &mut part_offsets).await;
                return Err(Error::Unhandled { place, cause: CallError::Trapped(trap) });
            }
            applied.failures.push(StepFailure { index: piece.start, step: 0, message: text(&trap), retriable: false });
            if !tolerates {
                break;
            }
        }
        Ok(applied)
    }

    /// Replaces the instance if it ran out of memory. Returns how it ended.
    ///
    /// # Errors
    ///
    /// It failed otherwise.
    async fn replace(
        &mut self,
        cause: CallError,
        records: &mut Records,
        offsets: &mut Vec<i64>,
    ) -> Result<Trap, Error> {
        let trap = match self.memory.note(cause, records.count) {
            Ok(trap) => trap,
            Err(cause) => return Err(Error::Unhandled { place: self.fused.find(records, offsets).await, cause }),
        };
        match self.fused.start().await {
            Ok(instance) => {
                self.instance = instance;
                Ok(trap)
            }
            Err(cause) => Err(Error::Step { place: self.fused.find_unconfigured().await, cause }),
        }
    }

    /// The failures as they are reported. `origin` returns the input record of the chain.
    pub(super) fn name(&self, failures: Vec<StepFailure>, origin: impl Fn(u32) -> u32) -> Vec<(u32, Failure)> {
        failures
            .into_iter()
            .map(|failure| {
                let class = self.fused.steps.get(failure.step as usize).map_or("", |step| step.class.as_str());
                let exception = Exception::of_transform(failure.message, failure.retriable);
                let failed = Failure { stage: Stage::Transformation, class: class.to_owned(), exception };
                (origin(failure.index), failed)
            })
            .collect()
    }
}

impl Applied {
    fn of(transformed: Transformed, records: Records, offsets: &[i64]) -> Self {
        let waiting = waiting(&transformed.failures);
        let input =
            if waiting.is_empty() { Default::default() } else { (records.select(&waiting), pick(offsets, &waiting)) };
        let (records, origins, failures) = transformed.into_records(records);
        Self { records, origins, failures, waiting, input }
    }

    /// Adds what was made of records that come after those so far; the first of them has this index.
    fn add(&mut self, other: Self, start: u32) {
        let place = |record: u32| record + start;
        let moved = |records: Vec<u32>| records.into_iter().map(place).collect::<Vec<_>>();
        let (records, origins) = (std::mem::take(&mut self.records), std::mem::take(&mut self.origins));
        (self.records, self.origins) = records.interleave(origins, other.records, moved(other.origins));
        self.failures
            .extend(other.failures.into_iter().map(|failure| StepFailure { index: place(failure.index), ..failure }));
        let (input, offsets) = std::mem::take(&mut self.input);
        let (before, after) = (std::mem::take(&mut self.waiting), moved(other.waiting));
        let (input, waiting) = input.interleave(before, other.input.0, after);
        (self.waiting, self.input) = (waiting, (input, [offsets, other.input.1].concat()));
    }
}

/// A predicate of another component than the step's.
pub(super) struct Foreign {
    predicate: Predicate,
    guest: Guest,
    limits: Limits,
    instance: PredicateInstance,
    memory: OutOfMemory,
    /// Its name for people.
    place: String,
}

/// What a predicate says about records.
pub(super) struct Tested {
    /// For each record whether the step is for it; `None` if the predicate failed for the record.
    pub(super) meant: Vec<Option<bool>>,
    /// The records that failed.
    pub(super) failures: Vec<(u32, Failure)>,
}

impl Foreign {
    pub(super) async fn open(predicate: &Predicate, step: &Step, guest: Guest, limits: &Limits) -> Result<Self, Error> {
        let place = place_of_predicate(predicate, step);
        let instance = start(predicate, guest.clone(), limits).await;
        let instance = instance.map_err(|cause| Error::Step { place: place.clone(), cause })?;
        Ok(Self {
            predicate: predicate.clone(),
            guest,
            limits: *limits,
            instance,
            memory: OutOfMemory::default(),
            place,
        })
    }

    /// Tests records, which are the same after the call as before. `offsets` and `tolerates` as for [`Transform::apply`].
    pub(super) async fn test(
        &mut self,
        records: &mut Records,
        offsets: &mut Vec<i64>,
        tolerates: bool,
    ) -> Result<Tested, Error> {
        let mut tested = Tested { meant: Vec::with_capacity(records.count as usize), failures: Vec::new() };
        let negate = self.predicate.negate;
        let add = |tested: &mut Tested, answers: Vec<bool>| {
            tested.meant.extend(answers.into_iter().map(|holds| Some(holds != negate)));
        };
        let pieces = records.pieces(self.instance.batch_max());
        let mut pieces: VecDeque<Range<u32>> = if let [all] = &pieces[..] {
            match self.instance.test(records, offsets).await {
                Ok(answers) => {
                    self.memory.is_new = false;
                    add(&mut tested, answers);
                    return Ok(tested);
                }
                Err(cause) => self.replace(cause, records.count).await?,
            };
            self.memory.instead_of(all.clone()).unwrap_or_else(|| vec![all.clone()]).into()
        } else {
            pieces.into()
        };
        while let Some(piece) = pieces.pop_front() {
            let (mut part, mut part_offsets) = part(records, offsets, piece.clone());
            let trap = match self.instance.test(&mut part, &mut part_offsets).await {
                Ok(answers) => {
                    self.memory.is_new = false;
                    add(&mut tested, answers);
                    continue;
                }
                Err(cause) => self.replace(cause, part.count).await?,
            };
            if let Some(instead) = self.memory.instead_of(piece.clone()) {
                instead.into_iter().rev().for_each(|piece| pieces.push_front(piece));
                continue;
            }
            if tested.failures.len() >= MAX_BAD {
                return Err(Error::Unhandled { place: self.place.clone(), cause: CallError::Trapped(trap) });
            }
            let exception = Exception::of_transform(text(&trap), false);
            let class = self.predicate.class.clone();
            tested.failures.push((piece.start, Failure { stage: Stage::Transformation, class, exception }));
            tested.meant.push(None);
            if !tolerates {
                break;
            }
        }
        Ok(tested)
    }

    /// As [`Transform::replace`].
    async fn replace(&mut self, cause: CallError, records: u32) -> Result<Trap, Error> {
        let place = || self.place.clone();
        let trap = self.memory.note(cause, records).map_err(|cause| Error::Unhandled { place: place(), cause })?;
        let instance = start(&self.predicate, self.guest.clone(), &self.limits).await;
        self.instance = instance.map_err(|cause| Error::Step { place: self.place.clone(), cause })?;
        Ok(trap)
    }
}

async fn start(predicate: &Predicate, guest: Guest, limits: &Limits) -> Result<PredicateInstance, CallError> {
    let mut instance = predicate.component.predicate(guest, limits, &Grants::none()).await?;
    instance.configure(&predicate.config).await?;
    Ok(instance)
}

/// Why a record failed for which memory is not enough.
fn text(trap: &Trap) -> String {
    format!("in {}: {}", trap.call, trap.cause)
}

fn part(records: &Records, offsets: &[i64], piece: Range<u32>) -> (Records, Vec<i64>) {
    let offsets = offsets.get(piece.start as usize..piece.end as usize).unwrap_or_default().to_vec();
    (records.piece(piece), offsets)
}

/// Returns the records that may succeed later, in order, each once.
fn waiting(failures: &[StepFailure]) -> Vec<u32> {
    let mut records: Vec<u32> =
        failures.iter().filter(|failure| failure.retriable).map(|failure| failure.index).collect();
    records.sort_unstable();
    records.dedup();
    records
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_are_halved_and_a_record_fails_only_in_a_new_instance() {
        let mut memory = OutOfMemory::default();
        assert_eq!(memory.instead_of(0..5), Some(vec![0..2, 2..5]));
        // The instance is new now, and a single record is too large for it.
        assert_eq!(memory.instead_of(0..1), None);
        // It was called since.
        memory.is_new = false;
        assert_eq!(memory.instead_of(3..4), Some(std::iter::once(3..4).collect()));
        assert_eq!(memory.instead_of(3..4), None);
    }

    #[test]
    fn what_was_made_of_pieces_is_put_together() {
        let records = |count: u32| Records { count, timestamps: (0..i64::from(count)).collect(), ..Records::default() };
        let failure = |index, retriable| StepFailure { index, step: 0, message: String::new(), retriable };
        let made = |origins: &[u32], failures: Vec<StepFailure>, count| {
            let transformed = Transformed { origins: origins.to_vec(), failures, ..Transformed::default() };
            Applied::of(transformed, records(count), &(10..10 + i64::from(count)).collect::<Vec<_>>())
        };
        let mut applied = Applied::default();
        applied.add(made(&[0, 0], vec![failure(1, true)], 2), 0);
        applied.add(made(&[1], vec![failure(0, false), failure(2, true)], 3), 2);
        assert_eq!((applied.records.count, applied.origins), (3, vec![0, 0, 3]));
        assert_eq!(applied.failures.iter().map(|failure| failure.index).collect::<Vec<_>>(), [1, 2, 4]);
        assert_eq!(applied.waiting, [1, 4]);
        assert_eq!((applied.input.0.count, applied.input.1), (2, vec![11, 12]));
    }
}
