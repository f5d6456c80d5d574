//! Rows on their way between Kafka and plugins: the columns they travel in, the checks they pass, and the converters that
//! read and write Kafka's bytes.
//!
//! - [`records`] and [`schema`]: host twins of `wit/data.wit`. [`check`] holds a batch to every promise of that file.
//! - [`transformed`]: the answer of a transform, and how it becomes a batch again; [`gather`] picks and joins rows.
//! - [`converter`] and [`header`]: Kafka Connect's converters and header converters, by class name.
//! - [`text`]: texts that others choose, bounded and in one line.
//! - `json`: the schemas and payloads of JsonConverter. `java`: how Java prints values.
//!
//! This crate knows neither Kafka clients nor WebAssembly, and does no input or output.

pub mod check;
pub mod converter;
pub mod gather;
pub mod header;
mod java;
mod json;
mod pieces;
pub mod records;
pub mod row_starts;
pub mod schema;
pub mod schema_check;
pub mod text;
pub mod timestamp;
pub mod topic_name;
pub mod topic_partition;
pub mod transformed;

pub use java::text::JavaText;
