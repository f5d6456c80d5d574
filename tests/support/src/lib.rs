//! What tests of several crates and `xtask` share: an allocator that counts, the comparison of generated files with those in the
//! repository, and the jars of Kafka. It depends on no other crate, so that each can use it in its tests.

pub mod allocations;
mod bless;
pub mod jars;

pub use bless::{bless, bless_section};
