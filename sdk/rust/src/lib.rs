//! Write Kafka connectors and single message transforms for Weir in Rust.
//!
//! A plugin is a type that implements a trait: [`Source`] produces records to Kafka, [`Sink`] receives records from
//! Kafka, [`Transform`] changes records in between, and [`Predicate`] selects the records that a transform applies to.
//! One macro exports the plugins of a crate: [`export!`]. `docs/first-connector.md` explains a complete connector step by
//! step.
//!
//! ```
//! use std::time::Duration;
//! use weir_sdk::source::{Poll, Source, SourceContext};
//! use weir_sdk::{BatchBuilder, Config, Error};
//!
//! #[derive(Config)]
//! struct TickConfig {
//!     /// Topic to write to.
//!     #[config(importance = high, validator = non_empty)]
//!     topic: String,
//!     /// Milliseconds from one record to the next.
//!     #[config(name = "interval.ms", default = 1000)]
//!     interval: Duration,
//! }
//!
//! struct Tick(TickConfig);
//!
//! impl Source for Tick {
//!     const CLASS: &'static str = "org.example.TickSource";
//!     const VERSION: &'static str = env!("CARGO_PKG_VERSION");
//!     type Config = TickConfig;
//!
//!     fn start(config: TickConfig, _: &SourceContext) -> Result<Tick, Error> {
//!         Ok(Tick(config))
//!     }
//!
//!     fn poll(&mut self, batch: &mut BatchBuilder) -> Result<Poll, Error> {
//!         batch.record(&self.0.topic).value_text("tick").push();
//!         Ok(Poll::Idle(self.0.interval))
//!     }
//! }
//!
//! weir_sdk::export!(sources: [Tick]);
//! # fn main() {}
//! ```
//!
//! | Task | See |
//! | --- | --- |
//! | define configuration keys | [`config`] |
//! | write and read records | [`batch`], [`record`] |
//! | read and change JSON values; define schemas | [`value`], [`schema`] |
//! | report errors: repeat the call, fail the record, fail the task | [`Error`], [`RecordError`] |
//! | divide the work among tasks | [`connector`] |
//! | log | the macros of the [`log`] crate; panics are logged too |
//! | define metrics | [`metrics`] |
//! | get the names of the connector and the task | [`context`] |
//! | test without Kafka and without WebAssembly | [`harness`], [`transform::testing`] |

pub mod batch;
#[doc(hidden)]
pub mod bindings;
pub mod config;
pub mod connector;
pub mod context;
mod error;
#[doc(hidden)]
pub mod export;
#[cfg(not(target_family = "wasm"))]
pub mod harness;
mod host;
mod logging;
pub mod metrics;
mod os_error;
pub mod record;
pub mod schema;
pub mod sink;
pub mod source;
pub mod transform;
pub mod value;

pub use batch::BatchBuilder;
pub use config::{Config, ConfigError, ConfigMap};
pub use error::{Error, ErrorContext, RecordError};
pub use log;
pub use sink::Sink;
pub use source::Source;
pub use transform::{Predicate, Transform};
