//! JSON as Kafka Connect's JsonConverter reads and writes it.

pub mod check;

pub use check::{SyntaxError, check_strict};
