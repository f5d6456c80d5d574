//! Single message transforms and predicates.
//!
//! A transform processes one record at a time. It reads and changes the record, and decides whether to keep it:
//!
//! ```
//! use weir_sdk::transform::{Columns, Outcome, Row, Transform};
//! use weir_sdk::{Config, ConfigError, RowError};
//!
//! #[derive(Config)]
//! struct MaximumConfig {
//!     /// Field that is looked at.
//!     field: String,
//!     /// Rows with a greater number in it are dropped.
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
//!     fn apply(&mut self, row: &mut Row<'_>) -> Result<Outcome, RowError> {
//!         let number = row.value().get(&self.0.field).and_then(|field| field.as_i64());
//!         let number = number.ok_or_else(|| RowError::new(format!("no number in {}", self.0.field)))?;
//!         Ok(if number > self.0.maximum { Outcome::Drop } else { Outcome::Keep })
//!     }
//! }
//!
//! weir_sdk::export_transforms!(transforms: [Maximum]);
//!
//! use weir_sdk::transform::testing::{Input, Step, run};
//! let rows = [Input::json(r#"{"n":1}"#), Input::json(r#"{"n":3}"#), Input::json("{}")];
//! let result = run(&[Step::of::<Maximum>("max", [("field", "n"), ("maximum", "2")])], &rows).unwrap();
//! assert_eq!(result.rows.len(), 1);
//! assert_eq!(result.rows[0].value.as_deref(), Some(r#"{"n":1}"#));
//! assert_eq!(result.failures[0].message, "no number in n");
//! ```
//!
//! Transforms that are adjacent in a connector's `transforms` and belong to the same component run as one chain for each
//! record: a value is parsed once for all of them, and unchanged columns are not copied.

#[doc(hidden)]
pub mod bindings;
mod chain;
mod check;
mod columns;
mod entry;
#[doc(hidden)]
pub mod export;
mod formats;
mod headers;
mod input;
mod output;
mod row;
#[cfg(not(target_family = "wasm"))]
pub mod testing;
#[cfg(test)]
mod tests;
mod topics;

pub use columns::Columns;
pub use headers::{Header, Headers};
pub use row::Row;

use crate::{Config, ConfigError, RowError};

/// The outcome of a transform for a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The record continues to the next step.
    Keep,
    /// The record is dropped, and counts as processed.
    Drop,
}

/// A single message transform. See the [module](self).
pub trait Transform: Sized + 'static {
    /// The name that users write in `transforms.X.type`: a fully qualified class name. A plugin that replaces one of
    /// Kafka Connect's uses the name of that class.
    const CLASS: &'static str;
    /// The plugin's version, usually `env!("CARGO_PKG_VERSION")`.
    const VERSION: &'static str;
    /// The typed configuration.
    type Config: Config;

    /// Called once, before all other calls. An error is shown to the user as a configuration error.
    fn new(config: Self::Config) -> Result<Self, ConfigError>;

    /// Returns the columns that [`apply`](Transform::apply) reads or changes. The record contains no others, except
    /// topic, partition, timestamp and offset, which are always present. Called once, after `new`.
    fn columns(&self) -> Columns {
        Columns::ALL
    }

    /// Processes one record. To produce more than one record from it, see [`Row::emit`]. After an error nothing of the
    /// record continues: it counts as a failed record of this connector, and is handled according to `errors.tolerance`.
    fn apply(&mut self, row: &mut Row<'_>) -> Result<Outcome, RowError>;
}

/// A condition on a transform.
pub trait Predicate: Sized + 'static {
    /// The name that users write in `predicates.X.type`: a fully qualified class name. A plugin that replaces one of
    /// Kafka Connect's uses the name of that class.
    const CLASS: &'static str;
    /// The plugin's version, usually `env!("CARGO_PKG_VERSION")`.
    const VERSION: &'static str;
    /// The typed configuration.
    type Config: Config;

    /// Called once, before all other calls. An error is shown to the user as a configuration error.
    fn new(config: Self::Config) -> Result<Self, ConfigError>;

    /// Returns the columns that [`test`](Predicate::test) reads, like [`Transform::columns`].
    fn columns(&self) -> Columns {
        Columns::ALL
    }

    /// Returns whether the condition holds for a record. An error fails the record.
    fn test(&mut self, row: &Row<'_>) -> Result<bool, RowError>;
}
