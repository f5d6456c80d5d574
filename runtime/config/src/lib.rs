//! Configuration: the worker's keys, the connectors' keys, and Kafka's rules for both.

pub mod access;
pub mod chain;
mod check;
pub mod client;
mod client_connector;
#[cfg(test)]
mod client_docs;
pub mod client_keys;
mod client_security;
mod client_trial;
mod common;
pub mod connector;
pub mod connector_keys;
mod contradictions;
pub mod converter;
pub mod def;
#[cfg(test)]
mod docs;
pub mod error;
pub mod host_names;
pub mod keys;
pub mod listener;
pub mod listener_tls;
mod nearest;
pub mod policy;
mod prepare;
pub mod properties;
pub mod providers;
mod reader;
pub mod rest;
mod restart_policy;
mod steps;
pub mod subscription;
pub mod topic_creation;
pub mod validation;
pub mod worker;
mod worker_converters;
mod worker_keys;

pub use chain::{Predicate, Step};
pub use common::{DeadLetterQueue, Errors};
pub use connector::ConnectorConfig;
pub use converter::{ConverterSetting, ConverterSettings};
pub use error::Error;
pub use prepare::{Unprepared, Unvalidated, validate};
pub use restart_policy::RestartPolicy;
pub use subscription::Subscription;
pub use worker::WorkerConfig;
