//! The scenarios: what is done, and what is wanted of the figures.

mod json;
mod latency;
pub(crate) mod lines;
mod many;
mod partitions;
mod start;
mod upload;

use anyhow::Result;

use crate::bench::{Bench, Record};
use crate::figure::Figure;
use crate::goal::Goal;

/// One of them.
pub(crate) struct Scenario {
    /// What `--only` calls it.
    pub(crate) name: &'static str,
    /// What is done and when it is done, for the report.
    pub(crate) what: &'static str,
    /// The figure whose lowest value of all rounds selects the run that represents a system.
    pub(crate) best_by: Figure,
    pub(crate) rows: &'static [Row],
    pub(crate) run: fn(&Bench, &mut Record) -> Result<()>,
}

/// A row of the table.
pub(crate) struct Row {
    /// Which of the scenario's works; empty where there is one.
    pub(crate) case: &'static str,
    pub(crate) figure: Figure,
    pub(crate) goal: Option<Goal>,
}

/// All of them, in the order in which they run.
pub(crate) const ALL: &[Scenario] = &[
    lines::SOURCE,
    lines::SINK,
    json::JSON,
    json::ENVELOPE,
    lines::LARGE_ROWS,
    partitions::PARTITIONS,
    latency::LATENCY,
    start::START,
    upload::UPLOAD,
    many::MANY_SOURCES,
    many::MANY_SINKS,
];

const fn row(figure: Figure, goal: Option<Goal>) -> Row {
    Row { case: "", figure, goal }
}
