//! `cargo xtask bench`: compares Weir with Kafka Connect, end to end. Builds what is measured, and starts `tests/bench`.

use std::process::Command;

use anyhow::Context;

use crate::build::{self, Profile};
use crate::workspace::{Group, Workspace};
use crate::{process, toolchain};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Runs one round with a tenth of the records. The report is written to target/bench instead of docs.
    #[arg(long)]
    quick: bool,
    /// Runs only this scenario; may be repeated. The report is written to target/bench instead of docs.
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    toolchain::require_for_tests()?;
    let workspace = Workspace::load()?;
    build::components(&workspace, &[Group::Plugins, Group::TestPlugins], Profile::Release)?;
    build::server(&workspace, Profile::Release)?;
    // It only waits and observes other processes, so it need not be fast.
    let mut cargo = workspace.cargo();
    cargo.args(["build", "--package=weir-bench"]);
    let program = build::executables(&mut cargo)?.remove("weir-bench").context("cargo built no `weir-bench`")?;
    let mut bench = Command::new(program);
    bench.current_dir(&workspace.root).env("CARGO_TARGET_DIR", &workspace.target);
    if args.quick {
        bench.arg("--quick");
    }
    for name in &args.only {
        bench.args(["--only", name]);
    }
    process::run(&mut bench)
}
