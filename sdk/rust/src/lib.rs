//! Write Kafka connectors and single message transforms for Weir in Rust.

pub mod batch;
#[doc(hidden)]
pub mod bindings;
pub mod config;
pub mod connector;
mod error;
#[doc(hidden)]
pub mod export;
#[cfg(not(target_family = "wasm"))]
pub mod harness;
mod host;
mod logging;
pub mod metrics;
pub mod record;
pub mod schema;
pub mod sink;
pub mod source;
pub mod transform;
pub mod value;

pub use batch::BatchBuilder;
pub use config::{Config, ConfigError, ConfigMap};
pub use error::{Error, ErrorContext, RowError};
pub use log;
pub use sink::Sink;
pub use source::Source;
pub use transform::{Predicate, Transform};
