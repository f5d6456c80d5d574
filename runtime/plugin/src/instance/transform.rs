//! A chain of transforms in its sandbox.

use std::sync::Arc;

use weir_data::records::Records;
use weir_data::transformed::Transformed;

use super::call;
use crate::batch::{Columns, Step};
use crate::call::{CallError, Sandbox};
use crate::contract::{Transform, each};
use crate::metrics::Metrics;

/// A chain of transforms of one component. Made by [`Component::transform`](crate::Component::transform). There is no call at the end:
/// it is dropped.
pub struct TransformInstance {
    sandbox: Sandbox,
    guest: Transform,
    steps: usize,
    columns: Columns,
}

impl TransformInstance {
    pub(crate) fn new(sandbox: Sandbox, guest: Transform) -> Self {
        Self { sandbox, guest, steps: 0, columns: Columns::default() }
    }

    /// What the guest counts; may be read at any time.
    pub fn metrics(&self) -> Arc<Metrics> {
        Arc::clone(self.sandbox.store.data().stats.metrics())
    }

    /// The most bytes of keys, values and headers of a batch, unless it has a single record.
    pub fn batch_max(&self) -> u64 {
        self.sandbox.batch_max()
    }

    /// Called once, first. The answer says which columns the chain looks at; the others are not given to it.
    ///
    /// # Errors
    ///
    /// [`CallError::Fatal`] is an error of the configuration; or it trapped.
    pub async fn configure(&mut self, steps: &[Step]) -> Result<Columns, CallError> {
        self.steps = steps.len();
        let guest = &self.guest;
        self.columns =
            call!(self.sandbox, "transform.configure", |store| each!(guest, |guest| guest.configure(store, steps)))??;
        Ok(self.columns)
    }

    /// Runs the chain. `offsets` are those of a sink's rows, empty for a source. Both are the same after the call as before, however
    /// it ended; only a caller that drops the future before it is done loses them. The answer has been checked against `records`.
    ///
    /// # Errors
    ///
    /// The chain as such failed, trapped, or its answer breaks the contract.
    pub async fn apply(&mut self, records: &mut Records, offsets: &mut Vec<i64>) -> Result<Transformed, CallError> {
        let columns = self.columns;
        let guest = &mut self.guest;
        let call = call!(self.sandbox, "transform.apply", |store| each!(guest, |guest| guest
            .apply(store, columns, records, offsets)));
        let transformed = call??;
        if let Some(lie) = too_many_topics(&transformed, records, self.steps) {
            return Err(self.sandbox.lie("transform.apply", lie));
        }
        if let Err(lie) = transformed.check(records) {
            return Err(self.sandbox.lie("transform.apply", lie));
        }
        if let Some(failure) = transformed.failures.iter().find(|failure| failure.step as usize >= self.steps) {
            let (step, steps) = (failure.step, self.steps);
            return Err(self.sandbox.lie("transform.apply", format_args!("step {step} failed of a chain of {steps}")));
        }
        Ok(transformed)
    }
}

/// Each step may give each record another topic. Names beyond that belong to none.
fn too_many_topics(transformed: &Transformed, input: &Records, steps: usize) -> Option<String> {
    let names = transformed.topics.as_ref()?.names.len();
    let records = transformed.origins.len().max(input.count as usize);
    let most = records.saturating_mul(steps).saturating_add(input.topics.names.len());
    (names > most).then(|| {
        format!("topics.names has {names} entries for {records} records and {steps} steps; give only those that occur")
    })
}
