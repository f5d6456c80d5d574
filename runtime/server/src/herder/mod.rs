//! The herder: which connectors there are, what state they are in, and the tasks that run for them.

pub mod api;
mod standalone;

pub use standalone::Herder;
