//! What an operator allows, what a plugin needs, and what it gets: exactly what it needs, if all of that is allowed.
//!
//! [`paths`] decides about directories, [`guarded`] knows which are the worker's own, [`hosts`] decides about names and addresses; this
//! file puts them together. How an open door is shown to a guest is the matter of `store.rs` and `preopens.rs`.

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
pub(crate) use paths::Folder;

/// Worker key that bounds [`Capability::ReadDirectory`].
pub const ALLOW_READ: &str = "weir.allow.read";
/// Worker key that bounds [`Capability::WriteDirectory`].
pub const ALLOW_WRITE: &str = "weir.allow.write";
/// Worker key that bounds [`Capability::Connect`].
pub const ALLOW_CONNECT: &str = "weir.allow.connect";

/// Most directories of one connector, which are open as long as it runs.
const MAX_FOLDERS: usize = 64;
/// Most hosts of one connector.
const MAX_HOSTS: usize = 1024;

/// Something outside the sandbox that a plugin needs.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Capability {
    /// Read the files of this folder and of those below it. The guest sees it under exactly this name.
    ReadDirectory(String),
    /// Read, create, write and remove files there.
    WriteDirectory(String),
    /// Open TCP connections to this host name or address and port, and look the name up.
    Connect(String, u16),
}

/// What the operator allows: the most that any plugin may be granted. Nothing by default.
#[derive(Debug, Clone, Default)]
pub struct Allowed {
    /// `weir.allow.read`: folders that may be read, with all below them.
    pub read: Vec<PathBuf>,
    /// `weir.allow.write`: folders that may be written, with all below them. Says nothing about [`Capability::ReadDirectory`].
    pub write: Vec<PathBuf>,
    /// `weir.allow.connect`: hosts and ports that may be connected to.
    pub connect: Vec<HostPattern>,
    /// What is the worker's own, which no plugin is granted, whatever `read` and `write` say.
    pub guarded: Vec<Guarded>,
}

/// Why a capability is not granted. The text names the worker's key, the value asked for and the bound in force.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GrantError {
    /// The folder is outside of what the operator allows.
    #[error("{key} does not allow the directory {asked:?}{resolved}; it allows {allowed}. {advice}")]
    Folder {
        /// The worker's key.
        key: &'static str,
        /// The directory as the plugin asked for it.
        asked: String,
        /// Where it really is, ready to be printed; empty where that is the same.
        resolved: String,
        /// The bound, ready to be printed.
        allowed: String,
        /// What to write where.
        advice: String,
    },
    /// The directory is not there, or cannot be looked at, or is not a directory.
    #[error(
        "{key} cannot grant the directory {asked:?}: {reason}. Create it, and make it readable for the worker's user"
    )]
    Unusable {
        /// The worker's key.
        key: &'static str,
        /// The directory as the plugin asked for it.
        asked: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The directory overlaps with something of the worker.
    #[error(
        "{key} cannot allow the directory {asked:?}: it {overlap} {} ({what}), and a plugin that reaches that could take over the worker. \
         Choose a directory that is apart from it, or move it", path.display()
    )]
    Guarded {
        /// The worker's key.
        key: &'static str,
        /// The directory as the operator or the plugin named it.
        asked: String,
        /// How they overlap.
        overlap: Overlap,
        /// What it is to the worker.
        what: String,
        /// Where it is.
        path: PathBuf,
    },
    /// A name led to one directory and a moment later to another.
    #[error(
        "the directory {asked:?} was replaced by another one while it was opened. Find out what changes it, then start again"
    )]
    Changed {
        /// The directory as the plugin asked for it.
        asked: String,
    },
    /// More directories or hosts than a connector may have.
    #[error(
        "a connector may ask for {MAX_FOLDERS} directories and {MAX_HOSTS} hosts, not more. Divide it into several connectors"
    )]
    TooMany,
    /// The plugins have as many descriptors as they may have.
    #[error("{key} cannot grant the directory {asked:?}: {reason}. Stop connectors, or raise the limit")]
    Full {
        /// The worker's key.
        key: &'static str,
        /// The directory as the plugin asked for it.
        asked: String,
        /// Which limit is reached.
        reason: String,
    },
    /// The host or port is not one of those that the operator allows.
    #[error(
        "{ALLOW_CONNECT} does not allow {host}:{port}; it allows {allowed}. Connect to one of those, or add {host}:{port} to \
         {ALLOW_CONNECT} in the worker's configuration"
    )]
    Host {
        /// The host as the plugin asked for it.
        host: String,
        /// The port.
        port: u16,
        /// The bound, ready to be printed.
        allowed: String,
    },
}

impl GrantError {
    /// The worker's key that this is about; empty where it is about none.
    pub fn key(&self) -> &'static str {
        match self {
            Self::Folder { key, .. }
            | Self::Unusable { key, .. }
            | Self::Guarded { key, .. }
            | Self::Full { key, .. } => key,
            Self::Host { .. } => ALLOW_CONNECT,
            Self::Changed { .. } | Self::TooMany => "",
        }
    }
}

/// What one connector was granted. Cheap to clone; the clones share what was learned about names.
#[derive(Debug, Clone, Default)]
pub struct Grants {
    pub(crate) folders: Arc<[Folder]>,
    pub(crate) hosts: Arc<Hosts>,
}

impl Grants {
    /// No file, no host.
    pub fn none() -> Self {
        Self::default()
    }

    /// The threads for what this instance makes the host wait for. One that belongs to no connector yet shares them with those of its
    /// class that were granted the same directories, which answer or do not answer together.
    pub(crate) fn blocking(&self, identity: &Identity) -> Blocking {
        if !identity.connector.is_empty() {
            return Blocking::of(identity);
        }
        let names = self.folders.iter().map(|folder| folder.name.as_str()).collect::<Vec<_>>().join("\n");
        Blocking::of(&Identity { connector: names, ..identity.clone() })
    }
}

impl Allowed {
    /// Follows the symbolic links in `read` and `write`, so that where they lead later does not count, and makes sure that none of these
    /// directories overlaps with what is the worker's own. To be called once, before any plugin runs.
    ///
    /// # Errors
    ///
    /// The first directory that overlaps.
    pub fn settle(mut self) -> Result<Self, GrantError> {
        paths::settle(ALLOW_READ, &mut self.read, &self.guarded)?;
        paths::settle(ALLOW_WRITE, &mut self.write, &self.guarded)?;
        Ok(self)
    }

    /// Grants all of `needed`, or nothing. To be called before each start, because folders and symbolic links change.
    ///
    /// # Errors
    ///
    /// The first capability that is not allowed or not there.
    pub async fn grant(&self, needed: &[Capability]) -> Result<Grants, GrantError> {
        let mut folders = Vec::new();
        let mut hosts = Vec::new();
        for capability in needed {
            match capability {
                Capability::ReadDirectory(name) => folders.push((name.clone(), false)),
                Capability::WriteDirectory(name) => folders.push((name.clone(), true)),
                Capability::Connect(host, port) => hosts.push((host.clone(), *port)),
            }
        }
        let hosts = Hosts::grant(&self.connect, hosts)?;
        if folders.is_empty() {
            return Ok(Grants { folders: Arc::default(), hosts: Arc::new(hosts) });
        }
        let allowed = self.clone();
        // Looking at directories may hang on a network file system, so it is kept off the threads of the worker. Those who ask for the
        // same directories share what they may keep busy.
        let names = folders.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join("\n");
        let blocking = Blocking::of(&Identity { connector: names, task: None, class: "grant".to_owned() });
        let folders = blocking.run(move || paths::grant(&allowed, folders)).await?;
        let folders = folders.into_iter().map(Folder::from).collect();
        Ok(Grants { folders, hosts: Arc::new(hosts) })
    }
}
