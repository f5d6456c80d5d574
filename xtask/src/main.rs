//! `cargo xtask`: the project's chores, so that a newcomer needs no other command.
//!
//! Each command is one module; `workspace` knows where things are, `process` runs other programs, `toolchain` finds out
//! what the machine lacks. Talk goes to stderr, results to stdout.

#[cfg(test)]
mod alerts;
mod bench;
mod build;
mod component;
mod demo;
#[cfg(test)]
mod docs;
mod http;
#[cfg(test)]
mod layers;
mod microbench;
#[cfg(test)]
mod outside;
#[cfg(test)]
mod packaging;
mod process;
mod record;
mod server;
mod symbols;
mod test;
#[cfg(test)]
mod tested;
mod toolchain;
#[cfg(test)]
mod words;
mod workspace;

use std::process::ExitCode;

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
    /// Builds Weir and shows a file's way through it.
    Demo(demo::Args),
    /// Checks formatting and style, and runs all tests.
    Test(test::Args),
    /// Measures Weir beside Kafka Connect, from file to file, and writes docs/benchmarks.md.
    Bench(bench::Args),
    /// Runs the benchmarks of single steps and prints their figures.
    Microbench(microbench::Args),
    /// Has Kafka Connect's own transforms run the cases that Weir's are held against.
    Record(record::Args),
}

fn main() -> ExitCode {
    let done = match Args::parse().command {
        Command::Build(args) => build::run(&args),
        Command::Demo(args) => demo::run(&args),
        Command::Test(args) => test::run(&args),
        Command::Bench(args) => bench::run(&args),
        Command::Microbench(args) => microbench::run(&args),
        Command::Record(args) => record::run(&args),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // The chain of causes says where; a backtrace of this program would bury it.
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
