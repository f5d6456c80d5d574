//! `cargo xtask record`: has Kafka Connect's own transforms run the cases that Weir's are held against.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::Context;

use crate::process;
use crate::workspace::Workspace;

/// Tells the recording where the jars are. Known to `connectors/transforms/tests/kafka_connect/record.rs`.
const LIBS_VARIABLE: &str = "WEIR_RECORD_LIBS";

#[derive(clap::Args)]
pub(crate) struct Args {
    /// The version of Kafka whose classes run the cases.
    #[arg(long, default_value = "4.3.1", value_name = "VERSION")]
    kafka: String,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let workspace = Workspace::load()?;
    let libs = libs(&workspace, &args.kafka)?;
    let mut cargo = workspace.cargo();
    // The whole workspace, so that it unites the same features as the tests and compiles nothing again.
    cargo.args(["test", "--workspace", "--test=kafka_connect", "--", "--ignored", "--exact", "record::record"]);
    process::run(cargo.env(LIBS_VARIABLE, libs))?;
    eprintln!("Recorded. `git diff connectors/transforms/tests/recorded` shows what changed.");
    Ok(())
}

/// The folder of the jars, fetched with Maven where they are not there; the tests keep theirs in the same place.
fn libs(workspace: &Workspace, version: &str) -> anyhow::Result<PathBuf> {
    let home = workspace.target.join("kafka").join(version);
    let libs = home.join("libs");
    if libs.is_dir() {
        return Ok(libs);
    }
    let unfinished = home.join("unfinished");
    let mut maven = Command::new("mvn");
    maven.args(["-q", "-B", "-f"]).arg(workspace.root.join("tests/kafka/pom.xml"));
    maven.arg("dependency:copy-dependencies").arg(format!("-Dkafka.version={version}"));
    process::run(maven.arg(format!("-DoutputDirectory={}", unfinished.display())))
        .context("Maven could not fetch this version of Kafka")?;
    fs::rename(&unfinished, &libs).with_context(|| libs.display().to_string())?;
    Ok(libs)
}
