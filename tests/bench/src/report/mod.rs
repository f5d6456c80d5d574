//! What is made of the samples: a table for the eyes, and the two files.

mod markdown;
mod table;

use std::path::Path;
use std::{fs, io};

use anyhow::{Context, Result};
use serde::Serialize;

use crate::bench::Record;
use crate::machine::Machine;
use crate::sample::Sample;
use crate::scenarios::Scenario;

pub(crate) use table::{Line, lines};

/// A whole run of the program.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) machine: Machine,
    /// True = with a tenth of the rows and one round.
    pub(crate) quick: bool,
    pub(crate) rounds: u32,
    /// What was set for all scenarios.
    pub(crate) settings: Vec<String>,
    pub(crate) scenarios: Vec<Done>,
}

/// A scenario that ran, or tried to.
#[derive(Debug, Serialize)]
pub(crate) struct Done {
    pub(crate) name: &'static str,
    pub(crate) what: &'static str,
    pub(crate) settings: Vec<String>,
    pub(crate) seconds: f64,
    pub(crate) lines: Vec<Line>,
    pub(crate) samples: Vec<Sample>,
    /// Why it did not come to its end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<String>,
}

impl Done {
    pub(crate) fn new(scenario: &Scenario, record: Record, seconds: f64, error: Option<String>) -> Done {
        let lines = lines(scenario.rows, scenario.best_by, &record.samples);
        let Record { samples, settings } = record;
        Done { name: scenario.name, what: scenario.what, settings, seconds, lines, samples, error }
    }
}

impl Report {
    /// The table, with a line for each scenario that failed.
    pub(crate) fn print(&self, out: &mut impl io::Write) -> io::Result<()> {
        let rows = markdown::table(&self.scenarios);
        writeln!(out, "{}", markdown::aligned(&rows))?;
        for scenario in &self.scenarios {
            if let Some(error) = &scenario.error {
                writeln!(out, "{} FAILED: {error}", scenario.name)?;
            }
        }
        Ok(())
    }

    /// Writes `benchmarks.md` and `benchmarks.json` into a directory.
    pub(crate) fn write(&self, directory: &Path) -> Result<()> {
        fs::create_dir_all(directory).with_context(|| directory.display().to_string())?;
        let json = serde_json::to_string_pretty(self).context("the figures as JSON")? + "\n";
        for (name, text) in [("benchmarks.md", markdown::document(self)), ("benchmarks.json", json)] {
            let path = directory.join(name);
            fs::write(&path, text).with_context(|| path.display().to_string())?;
            eprintln!("{}", path.display());
        }
        Ok(())
    }
}
