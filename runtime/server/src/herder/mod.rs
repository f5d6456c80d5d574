//! The herder: which connectors there are, what state they are in, and the tasks that run for them.

pub mod api;
mod connector;
mod standalone;
mod tasks;
mod watch;

pub use standalone::{Herder, Options, Put};
