//! The key store and the trust store of https listeners.

use std::fmt;
use std::path::PathBuf;

use weir_keystore::{Keystore, Source, StoreKind};

/// A secret that is not shown in logs.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(pub String);

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("[hidden]")
    }
}

/// A key store or a trust store of the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Store {
    /// The key of the store's location, for messages.
    pub name: String,
    pub(super) kind: StoreKind,
    pub(super) location: Option<PathBuf>,
    pub(super) key: Option<Secret>,
    pub(super) certificates: Option<String>,
    pub(super) trusted: Option<String>,
    pub(super) password: Option<Secret>,
    pub(super) key_password: Option<Secret>,
}

impl Store {
    /// Loads the store. Blocks while it reads a file.
    pub fn load(&self) -> Result<Keystore, weir_keystore::Error> {
        let source = match &self.location {
            Some(path) => Source::File(path),
            None => Source::Inline {
                key: self.key.as_ref().map(|key| key.0.as_str()),
                chain: self.certificates.as_deref(),
                trusted: self.trusted.as_deref(),
            },
        };
        let text = |secret: &'_ Option<Secret>| secret.as_ref().map(|secret| secret.0.clone());
        Keystore::load(self.kind, source, text(&self.password).as_deref(), text(&self.key_password).as_deref())
    }
}
