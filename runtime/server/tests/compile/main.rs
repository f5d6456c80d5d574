//! Components that are made to exhaust a compiler, against the child processes that compile for a worker.

#![cfg(target_os = "linux")]

mod bombs;
mod limits;
mod worker;
