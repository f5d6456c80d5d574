//! The commands of the command line.

pub(crate) mod check;
pub(crate) mod dev;
mod failure;
mod serve;
mod settings;
pub(crate) mod standalone;

pub(crate) use failure::Failure;

/// The target of the commands' log lines. Operators set levels for it and filter by it.
const TARGET: &str = "weir::cli";
