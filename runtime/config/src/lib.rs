//! Configuration: the worker's keys, the connectors' keys, and Kafka's rules for both.
//!
//! Each of these modules uses only those before it: `error`, `keys`, `recorded`, `providers`, `for_plugin`, `client`, `rest`, `worker`,
//! `settings` (of one connector), `validation`, `connector`.

mod client;
mod connector;
mod converter;
pub mod error;
mod for_plugin;
mod keys;
mod prefix;
pub mod properties;
pub mod providers;
mod recorded;
pub mod rest;
mod restart_policy;
mod settings;
pub mod validation;
mod worker;

pub use connector::{ConnectorConfig, Predicate, PrepareError, Step, ValidateError, validate};
pub use converter::{ConverterSetting, ConverterSettings};
pub use error::Error;
pub use rest::{access, host_names, listener, tls as listener_tls};
pub use restart_policy::RestartPolicy;
pub use settings::{DeadLetterQueue, Errors, Subscription, topic_creation};
pub use validation::InvalidConfig;
pub use worker::{DistributedConfig, ExactlyOnceSupport, WorkerConfig};
