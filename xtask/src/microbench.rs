//! `cargo xtask microbench`: runs the criterion benchmarks of the crates on which the throughput depends.

use crate::process;
use crate::workspace::{Group, Workspace};

/// The crates that have benchmarks. `docs/performance.md` explains each figure.
const CRATES: [&str; 3] = ["weir-data", "weir-plugin", "weir-transforms"];

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Runs only the benchmarks whose name contains this.
    filter: Option<String>,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let workspace = Workspace::load()?;
    // Some benchmarks run the shipped components.
    crate::build::components(&workspace, &[Group::Plugins], crate::build::Profile::Release)?;
    let mut cargo = workspace.cargo();
    // Not `--benches`: that would run the libraries' unit tests as well.
    cargo.args(["bench", "--bench=*"]).args(CRATES.map(|name| format!("--package={name}")));
    if let Some(filter) = &args.filter {
        cargo.arg("--").arg(filter);
    }
    process::run(&mut cargo)
}
