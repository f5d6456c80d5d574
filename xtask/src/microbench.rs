//! `cargo xtask microbench`: the criterion benches of the crates that a record's speed hangs on.

use crate::process;
use crate::workspace::{Group, Workspace};

/// The crates that have benches. `docs/performance.md` says what each figure means.
const CRATES: [&str; 3] = ["weir-data", "weir-plugin", "weir-transforms"];

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Only the benches whose name contains this.
    filter: Option<String>,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let workspace = Workspace::load()?;
    // Some benches run the shipped components.
    crate::build::components(&workspace, &[Group::Plugins])?;
    let mut cargo = workspace.cargo();
    // Not `--benches`: that would run the libraries' unit tests as well.
    cargo.args(["bench", "--bench=*"]).args(CRATES.map(|name| format!("--package={name}")));
    if let Some(filter) = &args.filter {
        cargo.arg("--").arg(filter);
    }
    process::run(&mut cargo)
}
