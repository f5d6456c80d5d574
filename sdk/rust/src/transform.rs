//! Single message transforms and predicates.
//!
//! A transform processes one record at a time. It reads and changes the record, and decides whether to keep it:
//!
//! ```
//! use weir_sdk::transform::{Columns, Outcome, Record, Transform};
//! use weir_sdk::{Config, ConfigError, RecordError};
//!
//! #[derive(Config)]
//! struct MaximumConfig {
//!     /// Field that is looked at.
//!     field: String,
//!     /// Records with a greater number in it are dropped.
//!     maximum: i64,
//! }
//!
//! struct Maximum(MaximumConfig);
//!
//! impl Transform for Maximum {
//!     const CLASS: &'static str = "org.example.Maximum";
//!     const VERSION: &'static str = env!("CARGO_PKG_VERSION");
//!     type Config = MaximumConfig;
//!
//!     fn new(config: MaximumConfig) -> Result<Maximum, ConfigError> {
//!         Ok(Maximum(config))
//!     }
//!
//!     fn columns(&self) -> Columns {
//!         Columns::VALUES
//!     }
//!
//!     fn apply(&mut self, record: &mut Record<'_>) -> Result<Outcome, RecordError> {
//!         let number = record.value().get(&self.0.field).and_then(|field| field.as_i64());
//!         let number = number.ok_or_else(|| RecordError::new(format!("no number in {}", self.0.field)))?;
//!         Ok(if number > self.0.maximum { Outcome::Drop } else { Outcome::Keep })
//!     }
//! }
//!
//! weir_sdk::export!(transforms: [Maximum]);
//!
//! use weir_sdk::transform::testing::{Input, Step, run};
//! let records = [Input::json(r#"{"n":1}"#), Input::json(r#"{"n":3}"#), Input::json("{}")];
//! let result = run(&[Step::of::<Maximum>("max", [("field", "n"), ("maximum", "2")])], &records).unwrap();
//! assert_eq!(result.records.len(), 1);
//! assert_eq!(result.records[0].value.as_deref(), Some(r#"{"n":1}"#));
//! assert_eq!(result.failures[0].message, "no number in n");
//! ```
//!
//! Transforms that are adjacent in a connector's `transforms` and belong to the same component run as one chain for each
//! record: a value is parsed once for all of them, and unchanged columns are not copied.

mod chain;
mod check;
mod columns;
mod entry;
mod formats;
mod headers;
mod input;
mod output;
mod record;
#[cfg(not(target_family = "wasm"))]
pub mod testing;
#[cfg(test)]
mod tests;
mod topics;

#[doc(hidden)]
pub use chain::{Chain, Test};
pub use columns::Columns;
#[doc(hidden)]
pub use entry::{Plugins, PredicateEntry, TransformEntry};
pub use headers::{Header, Headers};
pub use record::Record;

use crate::{Config, ConfigError, RecordError};

/// The outcome of a transform for a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The record continues to the next step.
    Keep,
    /// The record is dropped, and counts as processed.
    Drop,
}

/// A single message transform. See the [module](self).
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a transform",
    label = "not a transform",
    note = "implement `weir_sdk::Transform` for `{Self}`"
)]
pub trait Transform: Sized + 'static {
    /// The name that users write in `transforms.X.type`: a fully qualified class name. A plugin that replaces one of
    /// Kafka Connect's uses the name of that class.
    const CLASS: &'static str;
    /// The plugin's version, usually `env!("CARGO_PKG_VERSION")`.
    const VERSION: &'static str;
    /// What the plugin does, in one paragraph for users.
    const DOC: Option<&'static str> = None;
    /// The number of bytes of memory that an instance needs at most. The worker uses it instead of `weir.task.memory.max` if
    /// the operator's bound allows it.
    const MEMORY: Option<u64> = None;
    /// The typed configuration.
    type Config: Config;

    /// Called once, before all other calls. An error is shown to the user as a configuration error.
    fn new(config: Self::Config) -> Result<Self, ConfigError>;

    /// Returns the columns that [`apply`](Transform::apply) reads or changes. The record contains no others, except
    /// topic, partition, timestamp and offset, which are always present. Called once, after `new`.
    fn columns(&self) -> Columns {
        Columns::ALL
    }

    /// Processes one record. Do not depend on what was kept from earlier records: if the instance runs out of memory, the
    /// runtime creates another one and passes the same records in smaller batches. To produce more than one record from it, see
    /// [`Record::emit`]. After an error nothing of the record continues: it counts as a failed record of this connector, and is handled
    /// according to `errors.tolerance`.
    fn apply(&mut self, record: &mut Record<'_>) -> Result<Outcome, RecordError>;
}

/// A condition on a transform.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a predicate",
    label = "not a predicate",
    note = "implement `weir_sdk::Predicate` for `{Self}`"
)]
pub trait Predicate: Sized + 'static {
    /// The name that users write in `predicates.X.type`: a fully qualified class name. A plugin that replaces one of
    /// Kafka Connect's uses the name of that class.
    const CLASS: &'static str;
    /// The plugin's version, usually `env!("CARGO_PKG_VERSION")`.
    const VERSION: &'static str;
    /// What the plugin does, in one paragraph for users.
    const DOC: Option<&'static str> = None;
    /// The number of bytes of memory that an instance needs at most. The worker uses it instead of `weir.task.memory.max` if
    /// the operator's bound allows it.
    const MEMORY: Option<u64> = None;
    /// The typed configuration.
    type Config: Config;

    /// Called once, before all other calls. An error is shown to the user as a configuration error.
    fn new(config: Self::Config) -> Result<Self, ConfigError>;

    /// Returns the columns that [`test`](Predicate::test) reads, like [`Transform::columns`].
    fn columns(&self) -> Columns {
        Columns::ALL
    }

    /// Returns whether the condition holds for a record. An error fails the record.
    fn test(&mut self, record: &Record<'_>) -> Result<bool, RecordError>;
}
