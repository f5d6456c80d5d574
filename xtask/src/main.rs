//! `cargo xtask`: the project's chores, so that a newcomer needs no other command.
//!
//! Each command is one module; `workspace` knows where things are, `process` runs other programs, `toolchain` finds out
//! what the machine lacks. Talk goes to stderr, results to stdout.

mod bench;
mod build;
mod component;
mod process;
mod toolchain;
mod workspace;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Builds, shows and tests Weir.", version)]
struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Builds the server and the components into target/dist.
    Build(build::Args),
    /// Runs the benchmarks and prints their figures.
    Bench(bench::Args),
}

fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    match args.command {
        Command::Build(args) => build::run(&args),
        Command::Bench(args) => bench::run(&args),
    }
}
