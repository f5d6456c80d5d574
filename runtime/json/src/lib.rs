//! JSON text: checked at the speed at which bytes can be read, and read without copying. Accepts what Kafka Connect's
//! JSON parser, Jackson, accepts.
//!
//! - [`check`]: checks that text is JSON. For most records this is all that happens to their JSON.
//! - [`node`]: reads a text into a tree that borrows from it.
//! - [`text`]: writes strings with the escapes that Jackson uses, and reads strings.
//! - [`scan`]: the search for the next significant byte that all of these use.
//!
//! This crate has no dependencies and does not use the operating system, so that it also compiles for components.

pub mod check;
pub mod node;
pub mod scan;
pub mod text;

pub use check::{SyntaxError, check_strict, is_flat_object};
