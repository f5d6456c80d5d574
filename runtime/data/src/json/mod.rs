//! JSON as Kafka Connect's JsonConverter reads and writes it.

pub mod check;
pub(crate) mod envelope;
pub mod node;
pub(crate) mod payload;
pub(crate) mod scan;
pub(crate) mod schema;
pub(crate) mod shape;
pub mod text;

pub use check::{SyntaxError, check_strict};
