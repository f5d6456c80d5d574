//! Reads the settings of a worker and starts the log.

use tracing::warn;

use super::{Failure, TARGET};
use crate::core_dumps::CoreDumps;
use crate::process_limits;
use weir_config::WorkerConfig;
use weir_logging::{self as logging, LogFormat};
use weir_plugin::ConfigMap;

/// Starts the log and logs the warnings of the configuration.
pub(super) fn begin_log(config: &WorkerConfig, format: Option<LogFormat>, level: &str) -> Result<(), logging::Error> {
    let format = format.unwrap_or(config.log_format);
    logging::init(format, level, config.providers.redactor())?;
    process_limits::abort_when_exhausted();
    for warning in &config.warnings {
        warn!(target: TARGET, "{warning}");
    }
    Ok(())
}

/// Parses the worker's keys, starts the log, and logs which keys have no effect.
pub(super) fn prepare(
    keys: ConfigMap,
    format: Option<LogFormat>,
    core_dumps: CoreDumps,
) -> Result<WorkerConfig, Failure> {
    // Errors in the keys are reported in the requested format, too.
    let json = || keys.get("weir.log.format").is_some_and(|format| format.trim() == "json");
    logging::expect(format.unwrap_or_else(|| if json() { LogFormat::Json } else { LogFormat::Text }));
    let config = WorkerConfig::parse(keys).map_err(Failure::Config)?;
    begin_log(&config, format, &config.log_level).map_err(Failure::start)?;
    if config.core_dumps {
        core_dumps.allow();
        warn!(target: TARGET, "core dumps are enabled (weir.core.dumps): they contain passwords and records");
    }
    Ok(config)
}
