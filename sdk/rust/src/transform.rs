//! Single message transforms and predicates.
//!
//! A transform sees one row at a time. It reads and changes what the row holds and says whether the row goes on:
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
//! Transforms that stand next to each other in a connector's `transforms` and live in the same component run as one chain
//! on each row: a value is parsed once for all of them, and columns that nobody changed are not copied.

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

/// What becomes of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It goes on to the next step.
    Keep,
    /// It ends here, and counts as done.
    Drop,
}

/// A single message transform. See the [module](self).
pub trait Transform: Sized + 'static {
    /// The name users write in `transforms.X.type`: a full class name, Kafka Connect's own where this stands in for one.
    const CLASS: &'static str;
    /// The plugin's version, usually `env!("CARGO_PKG_VERSION")`.
    const VERSION: &'static str;
    /// The typed configuration.
    type Config: Config;

    /// Called once, first. An error is shown to the user as one of the configuration.
    fn new(config: Self::Config) -> Result<Self, ConfigError>;

    /// The columns that [`apply`](Transform::apply) reads or changes; the row has no others. Called once, after `new`.
    /// Topic, partition, timestamp and offset are always there.
    fn columns(&self) -> Columns {
        Columns::ALL
    }

    /// Handles one row. For more than one row out of it see [`Row::emit`]. After an error nothing of the row goes on: it is
    /// a failed record of this connector and goes the way of `errors.tolerance`.
    fn apply(&mut self, row: &mut Row<'_>) -> Result<Outcome, RowError>;
}

/// A condition on a transform.
pub trait Predicate: Sized + 'static {
    /// The name users write in `predicates.X.type`: a full class name, Kafka Connect's own where this stands in for one.
    const CLASS: &'static str;
    /// The plugin's version, usually `env!("CARGO_PKG_VERSION")`.
    const VERSION: &'static str;
    /// The typed configuration.
    type Config: Config;

    /// Called once, first. An error is shown to the user as one of the configuration.
    fn new(config: Self::Config) -> Result<Self, ConfigError>;

    /// The columns that [`test`](Predicate::test) reads, as [`Transform::columns`].
    fn columns(&self) -> Columns {
        Columns::ALL
    }

    /// Whether the condition holds for a row. An error fails the row.
    fn test(&mut self, row: &Row<'_>) -> Result<bool, RowError>;
}
