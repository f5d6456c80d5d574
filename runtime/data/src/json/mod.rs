//! JSON as Kafka Connect's JsonConverter reads and writes it.

pub mod check;
pub mod node;
pub mod text;

pub use check::{SyntaxError, check_strict};
