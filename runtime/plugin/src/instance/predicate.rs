//! A predicate in its sandbox, for a step of another component.

use std::sync::Arc;

use weir_data::records::Records;

use super::call;
use crate::batch::{Columns, PluginConfig};
use crate::call::{CallError, Sandbox};
use crate::contract::{Predicate, each};
use crate::metrics::Metrics;

/// A predicate. Made by [`Component::predicate`](crate::Component::predicate). There is no call at the end: it is dropped.
pub struct PredicateInstance {
    sandbox: Sandbox,
    guest: Predicate,
    columns: Columns,
}

impl PredicateInstance {
    pub(crate) fn new(sandbox: Sandbox, guest: Predicate) -> Self {
        Self { sandbox, guest, columns: Columns::default() }
    }

    /// What the guest counts; may be read at any time.
    pub fn metrics(&self) -> Arc<Metrics> {
        Arc::clone(self.sandbox.store.data().stats.metrics())
    }

    /// The most bytes of keys, values and headers of a batch, unless it has a single record.
    pub fn batch_max(&self) -> u64 {
        self.sandbox.batch_max()
    }

    /// Called once, first. The answer says which columns the predicate looks at; the others are not given to it.
    ///
    /// # Errors
    ///
    /// [`CallError::Fatal`] is an error of the configuration; or it trapped.
    pub async fn configure(&mut self, config: &PluginConfig) -> Result<Columns, CallError> {
        let class = self.sandbox.store.data().log.identity().class.clone();
        let guest = &self.guest;
        self.columns = call!(self.sandbox, "predicate.configure", |store| each!(guest, |guest| guest
            .configure(store, &class, config)))??;
        Ok(self.columns)
    }

    /// Tests each row. `offsets` are those of a sink's rows, empty for a source. Both are the same after the call as before, however
    /// it ended; only a caller that drops the future before it is done loses them.
    ///
    /// # Errors
    ///
    /// The predicate as such failed, trapped, or gave another number of answers than there are rows.
    pub async fn test(&mut self, records: &mut Records, offsets: &mut Vec<i64>) -> Result<Vec<bool>, CallError> {
        let columns = self.columns;
        let guest = &mut self.guest;
        let call = call!(self.sandbox, "predicate.test", |store| each!(guest, |guest| guest
            .test(store, columns, records, offsets)));
        let answers = call??;
        if answers.len() != records.count as usize {
            let lie = format!("{} answers for {} records", answers.len(), records.count);
            return Err(self.sandbox.lie("predicate.test", lie));
        }
        Ok(answers)
    }
}
