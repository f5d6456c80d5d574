//! The file in which a standalone worker keeps its connectors across restarts (`weir.standalone.state`): a header line with the number
//! and the hash of what follows, then one line for each connector.
//!
//! ```text
//! {"weir":"connectors","version":1,"entries":1,"sha256":"…"}
//! {"name":"a","target":"PAUSED","command_line":false,"config":{"connector.class":"FileStreamSource","name":"a"}}
//! ```
//!
//! It is replaced as a whole, so that at any time it contains the connectors either before or after a change. It contains configurations
//! as they were submitted, without values of config providers.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Deserialize, Serialize};
use tokio::sync::Mutex as AsyncMutex;

use super::config::{ConfigStore, MemoryConfigs, Origin, SaveFuture, StoreError, StoredConnector};
use weir_api::TargetState;
use weir_plugin::ConfigMap;
use weir_storage::checksummed_lines::{self, Facts, Problem};
use weir_storage::own_io;
use weir_storage::replace_file::{Replace, replace_file};

/// The kind of file in the header line.
const KIND: &str = "connectors";

/// The line of a connector in the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Line {
    name: String,
    target: TargetState,
    /// Whether its configuration comes from a file named on the command line.
    command_line: bool,
    /// The configuration as submitted.
    config: ConfigMap,
}

impl Line {
    fn into_stored(self) -> (String, StoredConnector) {
        let origin = if self.command_line { Origin::CommandLine } else { Origin::Rest };
        (self.name, StoredConnector { config: self.config, target: self.target, origin })
    }

    /// Returns `None` for a connector that has no configuration yet.
    fn of((name, stored): (String, StoredConnector)) -> Option<Self> {
        let StoredConnector { config, target, origin } = stored;
        (!config.is_empty()).then(|| Self { name, target, command_line: origin == Origin::CommandLine, config })
    }
}

/// The reason why the file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file exists, but is damaged or not a connectors file.
    #[error("the connectors file {path} cannot be used: {reason} (weir.standalone.state)")]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// The reason, and what to do.
        reason: String,
    },
    /// The file cannot be read or written.
    #[error("cannot {action} the connectors file {path} (weir.standalone.state): {cause}")]
    Io {
        /// `read` or `write`.
        action: &'static str,
        /// Which file.
        path: PathBuf,
        /// The system's error.
        #[source]
        cause: std::io::Error,
    },
}

/// The connectors of a standalone worker, in memory and in a file.
pub struct ConfigFile {
    path: PathBuf,
    replace: Replace,
    connectors: MemoryConfigs,
    /// Counts changes of the connectors; a write covers all changes up to the count it started with.
    changes: AtomicU64,
    /// The count that the last write covered. Locked by the caller of a write and by the write itself, so that a newer write cannot
    /// overtake it even if its caller has been cancelled.
    written: Arc<AsyncMutex<u64>>,
}

impl ConfigFile {
    /// Reads the file; a missing or empty file has no connectors. Also checks that the file can be written.
    pub fn open(path: &Path) -> Result<Self, Error> {
        Self::open_with(path, Arc::new(replace_file))
    }

    fn open_with(path: &Path, replace: Replace) -> Result<Self, Error> {
        let (lines, is_empty) = read(path)?;
        if is_empty {
            let failed = |cause| Error::Io { action: "write", path: path.to_owned(), cause };
            replace(path, render(std::iter::empty()).as_bytes()).map_err(failed)?;
        }
        let connectors: BTreeMap<_, _> = lines.into_iter().map(Line::into_stored).collect();
        Ok(Self {
            path: path.to_owned(),
            replace,
            connectors: connectors.into(),
            changes: AtomicU64::new(0),
            written: Arc::default(),
        })
    }

    /// Checks that the file, if it exists, is intact, without writing it.
    pub fn look(path: &Path) -> Result<(), Error> {
        read(path).map(drop)
    }

    /// Writes the connectors. Changes that are made during a write share the next one.
    async fn write(&self) -> Result<(), Error> {
        let change = self.changes.fetch_add(1, Ordering::AcqRel) + 1;
        let mut written = Arc::clone(&self.written).lock_owned().await;
        if *written >= change {
            return Ok(());
        }
        let covers = self.changes.load(Ordering::Acquire);
        let text = render(self.connectors.connectors().into_iter());
        let (path, replace) = (self.path.clone(), Arc::clone(&self.replace));
        let done = own_io::spawn_blocking(move || {
            replace(&path, text.as_bytes())?;
            *written = covers;
            Ok(())
        });
        let done = done.await.unwrap_or_else(|panic| Err(std::io::Error::other(panic)));
        done.map_err(|cause| Error::Io { action: "write", path: self.path.clone(), cause })
    }
}

impl ConfigStore for ConfigFile {
    fn connectors(&self) -> BTreeMap<String, StoredConnector> {
        self.connectors.connectors()
    }

    fn connector(&self, name: &str) -> Option<StoredConnector> {
        self.connectors.connector(name)
    }

    fn target(&self, name: &str) -> Option<TargetState> {
        self.connectors.target(name)
    }

    fn put(&self, name: &str, connector: StoredConnector) {
        self.connectors.put(name, connector);
    }

    fn set_target(&self, name: &str, target: TargetState) -> Option<TargetState> {
        self.connectors.set_target(name, target)
    }

    fn remove(&self, name: &str) {
        self.connectors.remove(name);
    }

    fn save(&self) -> SaveFuture<'_> {
        Box::pin(async move { self.write().await.map_err(|error| StoreError(Box::new(error))) })
    }
}

/// Reads the connectors from the file. Also returns whether the file is empty or missing.
fn read(path: &Path) -> Result<(Vec<Line>, bool), Error> {
    let text = match std::fs::read(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
        Err(cause) => return Err(Error::Io { action: "read", path: path.to_owned(), cause }),
    };
    let damaged = "Restore an intact copy, or move it away to start without the connectors in it";
    let lines =
        parse(&text).map_err(|problem| Error::Damaged { path: path.to_owned(), reason: problem.with_next(damaged) })?;
    Ok((lines, text.is_empty()))
}

fn render(connectors: impl Iterator<Item = (String, StoredConnector)>) -> String {
    let lines = connectors.filter_map(Line::of).map(|line| serde_json::to_string(&line).unwrap_or_default());
    checksummed_lines::render(KIND, &Facts::default(), lines)
}

fn parse(text: &[u8]) -> Result<Vec<Line>, Problem> {
    if text.is_empty() {
        return Ok(Vec::new());
    }
    let lines = checksummed_lines::parse(KIND, text)?;
    let parsed = |(number, line)| serde_json::from_str(line).map_err(|error| format!("line {}: {error}", number + 2));
    lines.into_iter().enumerate().map(parsed).collect::<Result<_, String>>().map_err(Problem::from)
}

#[cfg(test)]
mod tests;
