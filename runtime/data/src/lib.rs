//! The records that pass between Kafka and plugins: their columns, the checks of a batch, and the converters between Kafka's bytes
//! and values.
//!
//! - [`records`] and [`schema`]: the types of `wit/data.wit`. [`check`] checks the rules of that file.
//! - [`transformed`]: the result of a transform and its conversion to a batch; [`gather`] selects and joins records.
//! - [`converter`] and [`header`]: Kafka Connect's converters and header converters, by class name.
//! - [`text`]: limits for texts of others, and their escaping to one line.
//! - `json`: the schemas and payloads of JsonConverter. `java`: values as Java prints them.
//!
//! This crate depends neither on Kafka clients nor on WebAssembly, and does no input or output.

pub mod check;
pub mod converter;
pub mod gather;
pub mod header;
mod java;
mod json;
mod pieces;
pub mod record_starts;
pub mod records;
pub mod schema;
pub mod schema_check;
pub mod text;
pub mod timestamp;
pub mod topic_name;
pub mod topic_partition;
pub mod transformed;

pub use java::text::JavaText;
