//! The instance of a predicate, for a step of another component.

use std::sync::Arc;

use weir_data::records::Records;

use super::call;
use crate::batch::{Columns, PluginConfig};
use crate::call::{CallError, Sandbox};
use crate::contract::{Predicate, each};
use crate::metrics::Metrics;

/// A predicate, created by [`Component::predicate`](crate::Component::predicate). There is no last call: drop it.
pub struct PredicateInstance {
    sandbox: Sandbox,
    guest: Predicate,
    columns: Columns,
}

impl PredicateInstance {
    pub(crate) fn new(sandbox: Sandbox, guest: Predicate) -> Self {
        Self { sandbox, guest, columns: Columns::default() }
    }

    /// Returns the metrics of the guest, at any time.
    pub fn metrics(&self) -> Arc<Metrics> {
        Arc::clone(self.sandbox.store.data().stats.metrics())
    }

    /// Returns the maximum number of bytes of keys, values and headers in a batch with more than one record.
    pub fn batch_max(&self) -> u64 {
        self.sandbox.batch_max()
    }

    /// Call this once, as the first call. Returns the columns that the predicate reads; others are not passed to it.
    ///
    /// # Errors
    ///
    /// [`CallError::Fatal`] if the configuration is invalid. Otherwise it trapped.
    pub async fn configure(&mut self, config: &PluginConfig) -> Result<Columns, CallError> {
        let class = self.sandbox.store.data().log.identity().class.clone();
        let guest = &self.guest;
        self.columns = call!(self.sandbox, "predicate.configure", |store| each!(guest, |guest| guest
            .configure(store, &class, config)))??;
        Ok(self.columns)
    }

    /// Tests each record. `offsets` are those of a sink's records, or empty for a source. Both are unchanged after the call, even after an
    /// error, unless the caller drops the future before it is done.
    ///
    /// # Errors
    ///
    /// The predicate failed, trapped, or returned a number of results that is not that of the records.
    pub async fn test(&mut self, records: &mut Records, offsets: &mut Vec<i64>) -> Result<Vec<bool>, CallError> {
        let columns = self.columns;
        let guest = &mut self.guest;
        let call = call!(self.sandbox, "predicate.test", |store| each!(guest, |guest| guest
            .test(store, columns, records, offsets)));
        let answers = call??;
        if answers.len() != records.count as usize {
            let violation = format!("{} results for {} records", answers.len(), records.count);
            return Err(self.sandbox.contract_violation("predicate.test", violation));
        }
        Ok(answers)
    }
}
