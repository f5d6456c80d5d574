//! `weir standalone --check`: prints what would prevent the worker or a connector from starting, and starts nothing.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::settings::begin_log;
use crate::check;
use weir_config::WorkerConfig;
use weir_logging::{self as logging, LogFormat};

/// Prints a line for each problem, or that there are no problems.
pub(crate) async fn run(worker: &Path, connectors: &[PathBuf], format: Option<LogFormat>) -> ExitCode {
    let prepared = |config: &WorkerConfig| {
        // Only warnings: the messages of a start would hide the report.
        begin_log(config, format, "warn").map_err(|error| error.to_string())
    };
    let report = check::check(worker, connectors, prepared).await;
    for problem in report.worker.iter().chain(&report.connectors) {
        println!("{}", logging::indent_lines(&problem.to_string()));
    }
    if report.exit_code() == 0 {
        println!(
            "OK: {} and {} connectors; {} plugins. Not checked: Kafka connectivity, and whether another worker uses the same files",
            worker.display(),
            connectors.len(),
            report.plugins
        );
    }
    ExitCode::from(report.exit_code())
}
