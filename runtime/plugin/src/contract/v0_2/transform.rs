//! `transform` and `predicate`.

use wasmtime::Store;
use weir_data::records::Records;
use weir_data::transformed::{StepFailure, Transformed};

use super::data::{self, FormatMemory, fatal, said};
use super::exports::{predicate, transform as wit};
use crate::batch::{Columns, PluginConfig, Step};
use crate::call::CallError;
use crate::store::StoreState;

pub(crate) struct Transform {
    guest: wit::Guest,
    formats: FormatMemory,
}

impl Transform {
    pub(super) fn new(guest: wit::Guest) -> Self {
        Self { guest, formats: FormatMemory::default() }
    }

    pub(crate) async fn configure(
        &self,
        store: &mut Store<StoreState>,
        steps: &[Step],
    ) -> wasmtime::Result<Result<Columns, CallError>> {
        let steps: Vec<_> = steps.iter().map(to_step).collect();
        let wanted = self.guest.call_configure(store, &steps).await?;
        Ok(wanted.map(columns).map_err(|message| CallError::Fatal(said(message))))
    }

    /// The columns of `records` and `offsets` are moved to the guest and back.
    pub(crate) async fn apply(
        &mut self,
        store: &mut Store<StoreState>,
        wanted: Columns,
        records: &mut Records,
        offsets: &mut Vec<i64>,
    ) -> wasmtime::Result<Result<Transformed, CallError>> {
        let lent = Lent::new(wanted, records, offsets, &mut self.formats);
        let answer = self.guest.call_apply(&mut *store, &lent.batch).await;
        lent.give_back(records, offsets, &mut self.formats);
        Ok(answer?.map(|transformed| self.transformed(transformed)).map_err(fatal(store)))
    }

    fn transformed(&mut self, transformed: wit::Transformed) -> Transformed {
        let failure = |wit::StepFailure { index, step, message, retriable }| StepFailure {
            index,
            step,
            message: said(message),
            retriable,
        };
        Transformed {
            origins: transformed.origins,
            topics: transformed.topics.map(data::topics),
            partitions: transformed.partitions,
            timestamps: transformed.timestamps,
            added_formats: self.formats.lift(transformed.added_formats),
            keys: transformed.keys.map(data::values),
            values: transformed.values.map(data::values),
            headers: transformed.headers.map(data::headers),
            failures: transformed.failures.into_iter().map(failure).collect(),
        }
    }
}

pub(crate) struct Predicate {
    guest: predicate::Guest,
    formats: FormatMemory,
}

impl Predicate {
    pub(super) fn new(guest: predicate::Guest) -> Self {
        Self { guest, formats: FormatMemory::default() }
    }

    pub(crate) async fn configure(
        &self,
        store: &mut Store<StoreState>,
        class: &str,
        config: &PluginConfig,
    ) -> wasmtime::Result<Result<Columns, CallError>> {
        let wanted = self.guest.call_configure(store, class, &data::to_config(config)).await?;
        Ok(wanted.map(columns).map_err(|message| CallError::Fatal(said(message))))
    }

    /// The columns of `records` and `offsets` are moved to the guest and back.
    pub(crate) async fn test(
        &mut self,
        store: &mut Store<StoreState>,
        wanted: Columns,
        records: &mut Records,
        offsets: &mut Vec<i64>,
    ) -> wasmtime::Result<Result<Vec<bool>, CallError>> {
        let lent = Lent::new(wanted, records, offsets, &mut self.formats);
        let answer = self.guest.call_test(&mut *store, &lent.batch).await;
        lent.give_back(records, offsets, &mut self.formats);
        Ok(answer?.map_err(fatal(store)))
    }
}

/// Returns a batch without the columns that are not wanted, which are kept for later.
struct Lent {
    batch: wit::TransformBatch,
    kept: Records,
    wanted: Columns,
}

impl Lent {
    fn new(wanted: Columns, records: &mut Records, offsets: &mut Vec<i64>, formats: &mut FormatMemory) -> Self {
        let mut kept = Records::default();
        if !wanted.keys {
            std::mem::swap(&mut kept.keys, &mut records.keys);
        }
        if !wanted.values {
            std::mem::swap(&mut kept.values, &mut records.values);
        }
        if !wanted.headers {
            std::mem::swap(&mut kept.headers, &mut records.headers);
        }
        let batch = wit::TransformBatch { records: data::lend(records, formats), offsets: std::mem::take(offsets) };
        Self { batch, kept, wanted }
    }

    fn give_back(self, records: &mut Records, offsets: &mut Vec<i64>, formats: &mut FormatMemory) {
        *offsets = self.batch.offsets;
        data::give_back(self.batch.records, records, formats);
        if !self.wanted.keys {
            records.keys = self.kept.keys;
        }
        if !self.wanted.values {
            records.values = self.kept.values;
        }
        if !self.wanted.headers {
            records.headers = self.kept.headers;
        }
    }
}

fn columns(columns: wit::Columns) -> Columns {
    Columns {
        keys: columns.contains(wit::Columns::KEYS),
        values: columns.contains(wit::Columns::VALUES),
        headers: columns.contains(wit::Columns::HEADERS),
    }
}

fn to_step(step: &Step) -> wit::Step {
    let predicate = step.predicate.as_ref().map(|predicate| wit::StepPredicate {
        class_name: predicate.class.clone(),
        config: data::to_config(&predicate.config),
        negate: predicate.negate,
    });
    wit::Step {
        alias: step.alias.clone(),
        class_name: step.class.clone(),
        config: data::to_config(&step.config),
        predicate,
    }
}
