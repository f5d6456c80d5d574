//! Why references to config providers cannot be resolved.

use std::time::Duration;

/// Maximum number of different paths in one configuration: each is a file that is read for a request.
pub(super) const MAX_PATHS: usize = 100;
/// Maximum size of all resolved values of one configuration together, in bytes.
pub(super) const MAX_RESOLVED_BYTES: usize = 2 << 20;
/// Maximum time for resolving one configuration.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

/// Why references cannot be resolved. The texts of the first three are Kafka Connect's, which answers with 500.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A properties file cannot be read.
    #[error("Could not read properties from file {path}")]
    File {
        /// The path in the reference.
        path: String,
    },
    /// A file in a directory cannot be read.
    #[error("Could not read file {} for property {key}", path.display())]
    Directory {
        /// The file.
        path: std::path::PathBuf,
        /// The name of the file.
        key: String,
    },
    /// A reference to the environment has a path.
    #[error("Path is not supported for EnvVarConfigProvider, invalid value '{path}'")]
    PathOfEnvironment {
        /// The path.
        path: String,
    },
    /// The configuration names too many paths.
    #[error(
        "the configuration names more than {MAX_PATHS} paths of config providers; put values that belong together into one file"
    )]
    ManyPaths,
    /// The values are too large.
    #[error("the values that the configuration's references name have more than {MAX_RESOLVED_BYTES} bytes together")]
    Large,
    /// The file system does not respond.
    #[error("the config providers did not answer within {} s; the file system may be hanging, see the log", PATIENCE.as_secs())]
    Slow,
}
