//! What tests of several crates share: an allocator that counts, and the comparison of generated files with those in the repository.
//! It depends on no other crate, so that each can use it in its tests.

pub mod allocations;
mod bless;

pub use bless::{bless, bless_section};
