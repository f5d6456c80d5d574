//! Write Kafka connectors and single message transforms for Weir in Rust.

#[doc(hidden)]
pub mod bindings;
pub mod config;
mod error;

pub use config::{Config, ConfigError, ConfigMap};
pub use error::{Error, ErrorContext, RowError};
