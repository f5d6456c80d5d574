//! What an operator allows, what a plugin requests, and what it is granted: all that it requests, if the operator allows all of it.
//!
//! [`paths`] checks directories, [`guarded`] contains those of the worker, and [`hosts`] checks names and addresses. `store.rs` and
//! `preopens.rs` pass what was granted to the guest.

mod addresses;
mod guarded;
mod hosts;
mod opened;
mod paths;

use std::path::PathBuf;
use std::sync::Arc;

use crate::blocking::Blocking;
use crate::log::Identity;

pub use guarded::{Guarded, Overlap};
pub use hosts::{HostPattern, HostPatternError};
pub(crate) use hosts::{Hosts, host_and_port};
pub(crate) use paths::Directory;

/// The worker's key that limits [`Capability::ReadDirectory`].
pub const ALLOW_READ: &str = "weir.allow.read";
/// The worker's key that limits [`Capability::WriteDirectory`].
pub const ALLOW_WRITE: &str = "weir.allow.write";
/// The worker's key that limits [`Capability::Connect`].
pub const ALLOW_CONNECT: &str = "weir.allow.connect";

/// The maximum number of directories of a connector. They are open as long as it runs.
const MAX_DIRECTORIES: usize = 64;
/// The maximum number of hosts of a connector.
const MAX_HOSTS: usize = 1024;

/// Access to something outside the sandbox.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Capability {
    /// Read the files in this directory and its subdirectories. The guest sees the directory under exactly this name.
    ReadDirectory(String),
    /// Read, create, write and remove files in it.
    WriteDirectory(String),
    /// Open TCP connections to this host and port, and resolve the name. The host is a name or an address.
    Connect(String, u16),
}

/// What the operator allows plugins to be granted. Nothing by default.
#[derive(Debug, Clone, Default)]
pub struct Allowed {
    /// `weir.allow.read`: directories that may be read, with their subdirectories.
    pub read: Vec<PathBuf>,
    /// `weir.allow.write`: directories that may be written, with their subdirectories. Does not include [`Capability::ReadDirectory`].
    pub write: Vec<PathBuf>,
    /// `weir.allow.connect`: hosts and ports.
    pub connect: Vec<HostPattern>,
    /// Files and directories of the worker, which are never granted, even if `read` or `write` contains them.
    pub guarded: Vec<Guarded>,
}

/// Why a capability is not granted. The text contains the worker's key, the requested value and the allowed ones.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GrantError {
    /// The directory is not allowed.
    #[error("{key} does not allow the directory {asked:?}{resolved}; it allows {allowed}. {advice}")]
    Directory {
        /// The worker's key.
        key: &'static str,
        /// The directory that the plugin requested.
        asked: String,
        /// Text about its real path, or empty if it is the same.
        resolved: String,
        /// Text about the allowed values.
        allowed: String,
        /// What to change.
        advice: String,
    },
    /// The directory does not exist, cannot be read, or is not a directory.
    #[error(
        "{key} cannot grant the directory {asked:?}: {reason}. Create it, and make it readable for the worker's user"
    )]
    Unusable {
        /// The worker's key.
        key: &'static str,
        /// The directory that the plugin requested.
        asked: String,
        /// The error.
        reason: String,
    },
    /// The directory overlaps with a file or directory of the worker.
    #[error(
        "{key} cannot allow the directory {asked:?}: it {overlap} {} ({what}), and a plugin with access to it could take over the worker. \
         Use a directory that does not overlap with it, or move it", path.display()
    )]
    Guarded {
        /// The worker's key.
        key: &'static str,
        /// The directory in the worker's configuration, or that the plugin requested.
        asked: String,
        /// How they overlap.
        overlap: Overlap,
        /// What the worker uses the file or directory for.
        what: String,
        /// Its path.
        path: PathBuf,
    },
    /// The target of the path changed during the check.
    #[error(
        "the directory {asked:?} was replaced by another one while it was opened. Find out what changes it, then start again"
    )]
    Changed {
        /// The directory that the plugin requested.
        asked: String,
    },
    /// There are too many directories or hosts.
    #[error(
        "a connector may request at most {MAX_DIRECTORIES} directories and {MAX_HOSTS} hosts. Divide it into several connectors"
    )]
    TooMany,
    /// The limit on open directories of plugins is reached.
    #[error("{key} cannot grant the directory {asked:?}: {reason}. Stop connectors, or raise the limit")]
    Full {
        /// The worker's key.
        key: &'static str,
        /// The directory that the plugin requested.
        asked: String,
        /// The limit that is reached.
        reason: String,
    },
    /// The host or port is not allowed.
    #[error(
        "{ALLOW_CONNECT} does not allow {host}:{port}; it allows {allowed}. Use one of these, or add {host}:{port} to \
         {ALLOW_CONNECT} in the worker's configuration"
    )]
    Host {
        /// The host that the plugin requested.
        host: String,
        /// The port.
        port: u16,
        /// Text about the allowed values.
        allowed: String,
    },
}

impl GrantError {
    /// Returns the worker's key that the refusal is about, or an empty text if there is none.
    pub fn key(&self) -> &'static str {
        match self {
            Self::Directory { key, .. }
            | Self::Unusable { key, .. }
            | Self::Guarded { key, .. }
            | Self::Full { key, .. } => key,
            Self::Host { .. } => ALLOW_CONNECT,
            Self::Changed { .. } | Self::TooMany => "",
        }
    }
}

/// What a connector was granted. Clones are cheap and share the results of name lookups.
#[derive(Debug, Clone, Default)]
pub struct Grants {
    pub(crate) directories: Arc<[Directory]>,
    pub(crate) hosts: Arc<Hosts>,
}

impl Grants {
    /// Grants nothing.
    pub fn none() -> Self {
        Self::default()
    }

    /// Returns the threads for blocking operations of an instance. An instance that does not belong to a connector shares them with others
    /// of its class that were granted the same directories, because these block together.
    pub(crate) fn blocking(&self, identity: &Identity) -> Blocking {
        if !identity.connector.is_empty() {
            return Blocking::of(identity);
        }
        let names = self.directories.iter().map(|directory| directory.name.as_str()).collect::<Vec<_>>().join("\n");
        Blocking::of(&Identity { connector: names, ..identity.clone() })
    }
}

impl Allowed {
    /// Resolves the symbolic links in `read` and `write`, so that later changes to them have no effect, and checks that none of these
    /// directories overlaps with those of the worker. Call it once, before any plugin runs.
    ///
    /// # Errors
    ///
    /// The first directory that overlaps.
    pub fn settle(mut self) -> Result<Self, GrantError> {
        paths::settle(ALLOW_READ, &mut self.read, &self.guarded)?;
        paths::settle(ALLOW_WRITE, &mut self.write, &self.guarded)?;
        Ok(self)
    }

    /// Grants all capabilities in `needed`, or none. Call it before each start, because directories and symbolic links change.
    ///
    /// # Errors
    ///
    /// The first capability that is not allowed or does not exist.
    pub async fn grant(&self, needed: &[Capability]) -> Result<Grants, GrantError> {
        let mut directories = Vec::new();
        let mut hosts = Vec::new();
        for capability in needed {
            match capability {
                Capability::ReadDirectory(name) => directories.push((name.clone(), false)),
                Capability::WriteDirectory(name) => directories.push((name.clone(), true)),
                Capability::Connect(host, port) => hosts.push((host.clone(), *port)),
            }
        }
        let hosts = Hosts::grant(&self.connect, hosts)?;
        if directories.is_empty() {
            return Ok(Grants { directories: Arc::default(), hosts: Arc::new(hosts) });
        }
        let allowed = self.clone();
        // Reading directories may block on a network file system, so it runs on other threads than those of the worker. Requests for the
        // same directories share these threads.
        let names = directories.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join("\n");
        let blocking = Blocking::of(&Identity { connector: names, task: None, class: "grant".to_owned() });
        let directories = blocking.run(move || paths::grant(&allowed, directories)).await?;
        let directories = directories.into_iter().map(Directory::from).collect();
        Ok(Grants { directories, hosts: Arc::new(hosts) })
    }
}
