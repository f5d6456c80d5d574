//! `weir standalone`: a worker with a properties file.

use std::path::PathBuf;

use super::Failure;
use super::serve::serve;
use super::settings::prepare;
use crate::core_dumps::CoreDumps;
use crate::grants;
use weir_config::properties;
use weir_logging::LogFormat;

/// Runs a worker with the keys of a file, and the connectors of other files.
pub(crate) async fn run(
    worker: PathBuf,
    connectors: &[PathBuf],
    format: Option<LogFormat>,
    core_dumps: CoreDumps,
) -> Result<(), Failure> {
    let keys = properties::properties(&worker).map_err(Failure::start)?;
    let mut config = prepare(keys, format, core_dumps)?;
    grants::guard_files(&mut config, Some(&worker), connectors);
    serve(config, Some(worker), connectors).await
}
