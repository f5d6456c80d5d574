//! Authentication and authorization of the REST API: clients prove a name with a password, a token or a certificate, and names have
//! rights.
//!
//! The guard checks every request, also for paths that do not exist, so a new route cannot be left unprotected. Requests from foreign
//! web pages are refused before that (`pages.rs`).

mod credentials;
mod guard;
mod hashing;
mod jaas;
mod pages;
mod rights;
#[cfg(test)]
mod tests;
mod watched;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use credentials::{Tokens, Users};
pub(super) use guard::guard;
use hashing::Hashing;
pub use pages::Pages;
pub(super) use pages::only_from;
use rights::Rights;
use tracing::warn;
use watched::Watched;

use weir_config::access::Auth;
use weir_config::properties;

/// Why the guard cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file of users or tokens cannot be read.
    #[error(transparent)]
    File(#[from] properties::Error),
    /// A file has no entries.
    #[error("{} has no users; every line is `name=password`", .0.display())]
    Empty(PathBuf),
    /// An entry is not valid.
    #[error("{}: the entry of {name:?} {problem}", path.display())]
    Entry {
        /// The file.
        path: PathBuf,
        /// The name of the entry.
        name: String,
        /// What is wrong.
        problem: &'static str,
    },
    /// The system provides no random numbers.
    #[error("the operating system provides no random numbers")]
    Random,
    /// No name that is granted a right exists.
    #[error(
        "'{key}' grants a right only to {names}, but {files} has no such name, so no client would have the right. Correct the name in \
         either place (docs/security.md)"
    )]
    Nobody {
        /// The key.
        key: &'static str,
        /// The names that it lists.
        names: String,
        /// The files that would have to contain them.
        files: String,
    },
    /// The JAAS file cannot be used.
    #[error("{}: {problem}", path.display())]
    Jaas {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
}

/// How clients authenticate, and what they may do.
pub struct Security {
    users: Option<Arc<Watched<Users>>>,
    tokens: Option<Arc<Watched<Tokens>>>,
    certificates: bool,
    rights: Rights,
    hashing: Hashing,
    /// Whether the probes need no authentication.
    probes_open: bool,
}

impl Security {
    /// Reads the files. Returns `None` if clients need not authenticate. Blocks while it reads files.
    pub fn open(config: &Auth) -> Result<Option<Arc<Self>>, Error> {
        if !config.is_on() {
            return Ok(None);
        }
        let users_file = users_file(config)?;
        let users = users_file.clone().map(|path| Watched::open(path, Users::read)).transpose()?.map(Arc::new);
        let tokens = config.tokens_file.clone();
        let tokens = tokens.map(|path| Watched::open(path, Tokens::read)).transpose()?.map(Arc::new);
        // A certificate may contain any name.
        if !config.certificates {
            let known = |name: &str| {
                users.as_ref().is_some_and(|users| users.value().has(name))
                    || tokens.as_ref().is_some_and(|tokens| tokens.value().has(name))
            };
            let files = [users_file.as_deref(), config.tokens_file.as_deref()];
            let files: Vec<_> = files.into_iter().flatten().map(|path| path.display().to_string()).collect();
            for warning in rights::check_names(config, known, &files.join(" and "))? {
                warn!("{warning}");
            }
        }
        Ok(Some(Arc::new(Self {
            users,
            tokens,
            certificates: config.certificates,
            rights: Rights::new(config),
            hashing: Hashing::default(),
            probes_open: config.probes_open,
        })))
    }

    /// Reads the files of users and tokens now. If one is not valid, its previous content stays in effect and the error is logged.
    pub fn reload(&self) {
        self.users.iter().for_each(|users| users.reload());
        self.tokens.iter().for_each(|tokens| tokens.reload());
    }
}

/// Returns the file of users, configured directly or through a JAAS file.
///
/// # Errors
///
/// The JAAS file cannot be read, or does not name a file of users.
pub fn users_file(config: &Auth) -> Result<Option<PathBuf>, Error> {
    match &config.jaas_file {
        Some(path) => users_of(path).map(Some),
        None => Ok(config.users_file.clone()),
    }
}

/// Returns the file of users that a JAAS file names.
fn users_of(path: &Path) -> Result<PathBuf, Error> {
    let failed = |problem: String| Error::Jaas { path: path.to_owned(), problem };
    let text = std::fs::read_to_string(path).map_err(|error| failed(format!("cannot be read: {error}")))?;
    jaas::users_file(&text).map(PathBuf::from).map_err(|problem| failed(problem.into_owned()))
}
