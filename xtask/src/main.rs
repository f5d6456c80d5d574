//! `cargo xtask`: builds, shows and tests Weir, so that a newcomer needs no other command.
//!
//! Each command is one module; `workspace` knows where files are, `process` runs other programs, `toolchain` finds out which tools are
//! missing. Progress is printed to stderr, results to stdout.

#[cfg(test)]
mod alerts;
mod bench;
mod build;
mod cargo_messages;
mod changelog;
mod component;
mod demo;
mod dist;
#[cfg(test)]
mod docs;
#[cfg(test)]
mod files;
#[cfg(test)]
mod guests;
mod http;
mod languages;
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
#[cfg(test)]
mod style;
mod symbols;
mod test;
#[cfg(test)]
mod tested;
mod toolchain;
#[cfg(test)]
mod words;
#[cfg(test)]
mod workflows;
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
    /// Builds Weir and shows how a file passes through it.
    Demo(demo::Args),
    /// Builds what operators run and packs it into an archive in target/dist.
    Dist,
    /// Builds the example plugins in JavaScript, Python, C and Go into target/dist/languages, as far as their tools are installed.
    Languages(languages::Args),
    /// Checks formatting, style and documentation, and runs all tests.
    Test(test::Args),
    /// Compares Weir with Kafka Connect, from file to file, and writes docs/benchmarks.md.
    Bench(bench::Args),
    /// Runs the benchmarks of single steps and prints their results.
    Microbench(microbench::Args),
    /// Runs Kafka Connect's and Java's own classes on test cases, and records the results that Weir's are compared with.
    Record(record::Args),
}

fn main() -> ExitCode {
    let done = match Args::parse().command {
        Command::Build(args) => build::run(&args),
        Command::Demo(args) => demo::run(&args),
        Command::Dist => dist::run(),
        Command::Languages(args) => languages::run(&args),
        Command::Test(args) => test::run(&args),
        Command::Bench(args) => bench::run(&args),
        Command::Microbench(args) => microbench::run(&args),
        Command::Record(args) => record::run(&args),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // The chain of causes says where it occurred; a backtrace of this program would hide it.
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
