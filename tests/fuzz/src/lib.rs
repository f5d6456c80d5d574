//! Fuzz targets: functions that give arbitrary bytes to what reads input from outside. They panic if it panics, or if a promise of its
//! documentation is broken.
//!
//! Two programs call them. libFuzzer looks for inputs that reach new code (`fuzz/`, with a nightly compiler). The tests of this crate
//! mutate known inputs for a few seconds in each `cargo xtask test`, with the compiler of the project; see `run`.

mod batch;
mod bytes;
mod json;
mod keystore;
mod mutate;
mod rest;
mod run;

pub use batch::batch;
pub use json::json;
pub use keystore::keystore;
pub use mutate::{Random, mutate};
pub use rest::rest;
pub use run::Run;
