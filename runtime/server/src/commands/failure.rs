//! Why a command fails.

use std::path::PathBuf;
use std::process::ExitCode;

use crate::error_text::chain;
use weir_config as config;

/// Why the process ends without a signal. It determines the exit code.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("cannot start:{}", .0.iter().map(|error| format!("\n  {error}")).collect::<String>())]
    Config(Vec<config::Error>),
    #[error("cannot start: {}", chain(.0.as_ref()))]
    Start(anyhow::Error),
    #[error("cannot create the connector of {}: {}", file.display(), chain(cause.as_ref()))]
    Connector { file: PathBuf, cause: anyhow::Error },
}

impl Failure {
    pub(super) fn start(cause: impl Into<anyhow::Error>) -> Self {
        Self::Start(cause.into())
    }

    pub(crate) fn exit_code(&self) -> ExitCode {
        match self {
            Self::Config(_) | Self::Start(_) => ExitCode::from(2),
            Self::Connector { .. } => ExitCode::from(3),
        }
    }
}
