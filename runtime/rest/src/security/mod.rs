//! Who may do what over REST: clients prove a name with a password, a token or a certificate, and names have rights.
//!
//! The guard stands in front of all routes, of those that are not there too: whoever adds a route cannot forget it. In front of it
//! requests of foreign web pages are refused (`pages.rs`).

mod guard;
mod hashing;
mod jaas;
mod names;
mod pages;
mod rights;
#[cfg(test)]
mod tests;
mod watched;

use std::path::{Path, PathBuf};
use std::sync::Arc;

pub(super) use guard::{guard, is_change};
use hashing::Hashing;
use names::{Tokens, Users};
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
    /// A file of users or tokens.
    #[error(transparent)]
    File(#[from] properties::Error),
    /// A file that would let everybody or nobody in.
    #[error("{} has no users; every line is `name=password`", .0.display())]
    Empty(PathBuf),
    /// An entry that cannot be used.
    #[error("{}: the entry of {name:?} {problem}", path.display())]
    Entry {
        /// The file.
        path: PathBuf,
        /// Whose entry it is.
        name: String,
        /// What is wrong.
        problem: &'static str,
    },
    /// The system gives no random numbers.
    #[error("the system gives no random numbers")]
    Random,
    /// A right that nobody could ever have.
    #[error(
        "'{key}' gives a right to {names} and nobody else, but {files} names nobody of that name, so nobody would have it. Correct the \
         name here or there (docs/security.md)"
    )]
    Nobody {
        /// The key.
        key: &'static str,
        /// The names that it lists.
        names: String,
        /// Where they would have to be.
        files: String,
    },
    /// The JAAS file.
    #[error("{}: {problem}", path.display())]
    Jaas {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
}

/// How clients prove who they are, and what they may do.
pub struct Security {
    users: Option<Arc<Watched<Users>>>,
    tokens: Option<Arc<Watched<Tokens>>>,
    certificates: bool,
    rights: Rights,
    hashing: Hashing,
    /// The probes need no name.
    probes_open: bool,
}

impl Security {
    /// Reads the files. None when clients need not prove anything. Blocks for the time of some files.
    pub fn open(config: &Auth) -> Result<Option<Arc<Self>>, Error> {
        if !config.is_on() {
            return Ok(None);
        }
        let users_file = users_file(config)?;
        let users = users_file.clone().map(|path| Watched::open(path, Users::read)).transpose()?.map(Arc::new);
        let tokens = config.tokens_file.clone();
        let tokens = tokens.map(|path| Watched::open(path, Tokens::read)).transpose()?.map(Arc::new);
        // Any name may stand in a certificate.
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

    /// Reads the files of users and tokens now. One that cannot be used changes nothing, and is in the log.
    pub fn reload(&self) {
        self.users.iter().for_each(|users| users.reload());
        self.tokens.iter().for_each(|tokens| tokens.reload());
    }
}

/// The file of users, whichever key leads to it.
///
/// # Errors
///
/// The JAAS file cannot be read, or names none.
pub fn users_file(config: &Auth) -> Result<Option<PathBuf>, Error> {
    match &config.jaas_file {
        Some(path) => users_of(path).map(Some),
        None => Ok(config.users_file.clone()),
    }
}

/// The file of users that a JAAS file names.
fn users_of(path: &Path) -> Result<PathBuf, Error> {
    let failed = |problem: String| Error::Jaas { path: path.to_owned(), problem };
    let text = std::fs::read_to_string(path).map_err(|error| failed(format!("cannot be read: {error}")))?;
    jaas::users_file(&text).map(PathBuf::from).map_err(|problem| failed(problem.to_owned()))
}
