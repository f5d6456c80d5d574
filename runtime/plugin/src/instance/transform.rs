//! The instance of a chain of transforms.

use std::sync::Arc;

use weir_data::records::Records;
use weir_data::transformed::Transformed;

use super::call;
use crate::batch::{Columns, Step};
use crate::call::{CallError, Sandbox};
use crate::contract::{Transform, each};
use crate::metrics::Metrics;

/// A chain of transforms of one component, created by [`Component::transform`](crate::Component::transform). There is no last call: drop
/// it.
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

    /// Returns the metrics of the guest, at any time.
    pub fn metrics(&self) -> Arc<Metrics> {
        Arc::clone(self.sandbox.store.data().stats.metrics())
    }

    /// Returns the maximum number of bytes of keys, values and headers in a batch with more than one record.
    pub fn batch_max(&self) -> u64 {
        self.sandbox.batch_max()
    }

    /// Call this once, as the first call. Returns the columns that the chain reads; others are not passed to it.
    ///
    /// # Errors
    ///
    /// [`CallError::Fatal`] if the configuration is invalid. Otherwise it trapped.
    pub async fn configure(&mut self, steps: &[Step]) -> Result<Columns, CallError> {
        self.steps = steps.len();
        let guest = &self.guest;
        self.columns =
            call!(self.sandbox, "transform.configure", |store| each!(guest, |guest| guest.configure(store, steps)))??;
        Ok(self.columns)
    }

    /// Applies the chain. `offsets` are those of a sink's records, or empty for a source. Both are unchanged after the call, even after an
    /// error, unless the caller drops the future before it is done. The result was checked against `records`.
    ///
    /// # Errors
    ///
    /// The chain failed, trapped, or its result violates the contract.
    pub async fn apply(&mut self, records: &mut Records, offsets: &mut Vec<i64>) -> Result<Transformed, CallError> {
        let columns = self.columns;
        let guest = &mut self.guest;
        let call = call!(self.sandbox, "transform.apply", |store| each!(guest, |guest| guest
            .apply(store, columns, records, offsets)));
        let transformed = call??;
        if let Some(violation) = too_many_topics(&transformed, records, self.steps) {
            return Err(self.sandbox.contract_violation("transform.apply", violation));
        }
        if let Err(violation) = transformed.check(records) {
            return Err(self.sandbox.contract_violation("transform.apply", violation));
        }
        if let Some(failure) = transformed.failures.iter().find(|failure| failure.step as usize >= self.steps) {
            let (step, steps) = (failure.step, self.steps);
            let violation = format_args!("step {step} failed, but the chain has {steps} steps");
            return Err(self.sandbox.contract_violation("transform.apply", violation));
        }
        Ok(transformed)
    }
}

/// Each step may give each record another topic. More names cannot be used.
fn too_many_topics(transformed: &Transformed, input: &Records, steps: usize) -> Option<String> {
    let names = transformed.topics.as_ref()?.names.len();
    let records = transformed.origins.len().max(input.count as usize);
    let most = records.saturating_mul(steps).saturating_add(input.topics.names.len());
    (names > most).then(|| {
        format!(
            "topics.names has {names} entries for {records} records and {steps} steps; return only those that occur"
        )
    })
}
