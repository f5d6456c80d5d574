//! JSON as Kafka Connect's JsonConverter reads and writes it.

mod check;

pub use check::{SyntaxError, check_strict};
