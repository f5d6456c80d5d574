//! Reads key stores and trust stores in the formats that Kafka's `ssl.keystore.*` and `ssl.truststore.*` support: JKS, PKCS#12 and PEM.
//! Each format has a file; this one contains what they have in common.
//!
//! A store may be damaged, or may come from a source that is not trusted: everything in it is checked before it is used, and no length
//! in it determines how much memory is allocated.

mod der;
pub mod elliptic_key;
mod encryption;
mod jks;
mod pem;
mod pkcs12;
pub mod subject;
#[cfg(test)]
mod tests;
pub mod validity;

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use self::der::Der;
use pkcs12::names;
pub use tokio_rustls::rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};

/// Maximum number of bytes of a store; Java's own trust store has 150 KB.
const STORE_MAX: u64 = 16 << 20;

/// The format of a store, as in `ssl.keystore.type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoreKind {
    /// Java's own format.
    Jks,
    /// RFC 7292.
    Pkcs12,
    /// RFC 7468: text with a PKCS#8 key and certificates.
    Pem,
}

impl StoreKind {
    /// Returns the format with this name, if it is supported; case does not matter.
    pub fn parse(text: &str) -> Option<Self> {
        let known = [("JKS", Self::Jks), ("PKCS12", Self::Pkcs12), ("PEM", Self::Pem)];
        known.into_iter().find(|(name, _)| name.eq_ignore_ascii_case(text)).map(|(_, kind)| kind)
    }
}

/// Where a store is.
#[derive(Debug, Clone, Copy)]
pub enum Source<'a> {
    /// A file, `ssl.keystore.location` or `ssl.truststore.location`.
    File(&'a Path),
    /// PEM in the configuration itself; any part may be missing.
    Inline {
        /// `ssl.keystore.key`.
        key: Option<&'a str>,
        /// `ssl.keystore.certificate.chain`.
        chain: Option<&'a str>,
        /// `ssl.truststore.certificates`.
        trusted: Option<&'a str>,
    },
}

/// The content of a store.
#[derive(Debug, Default)]
pub struct Keystore {
    /// The first private key.
    pub key: Option<PrivatePkcs8KeyDer<'static>>,
    /// The certificate chain of that key, its own certificate first.
    pub chain: Vec<CertificateDer<'static>>,
    /// The trusted certificates. As in Java, these are the entries for trusted certificates and the own certificate of each key; in a PEM
    /// file, all certificates.
    pub trusted: Vec<CertificateDer<'static>>,
}

/// Why a store cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{store}: {problem}")]
pub struct Error {
    /// The file, or the configuration key that contains the PEM.
    pub store: String,
    /// What is wrong.
    #[source]
    pub problem: Problem,
}

/// The cause of an [`Error`].
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// The file cannot be read.
    #[error("cannot be read: {0}")]
    Read(#[from] io::Error),
    /// More than `STORE_MAX` bytes.
    #[error("larger than the maximum of {STORE_MAX} bytes")]
    TooLarge,
    /// The content is incomplete or not valid.
    #[error("damaged: {0}")]
    Damaged(&'static str),
    /// Neither JKS nor PKCS#12.
    #[error(
        "neither JKS nor PKCS#12; set the store type PEM for a PEM file, and convert other stores (JCEKS, BCFKS) with \
         `keytool -importkeystore -deststoretype PKCS12`"
    )]
    UnknownForm,
    /// The store is encrypted and no password is configured.
    #[error(
        "needs a password, and none is configured; set ssl.keystore.password, or ssl.truststore.password for a trust store, with the same \
         prefix as its other keys"
    )]
    NoPassword,
    /// The store's password is wrong, or the store was changed.
    #[error("the password is wrong, or the store was changed without it")]
    WrongPassword,
    /// The key's password is wrong or missing.
    #[error("the private key cannot be decrypted: the key's password is wrong or missing (ssl.key.password)")]
    WrongKeyPassword,
    /// The encryption or MAC algorithm is not supported.
    #[error("uses an unsupported encryption or MAC algorithm; create it again with a current keytool or openssl")]
    UnknownEncryption,
    /// Deriving its keys would take too long.
    #[error("has a key derivation iteration count that is too high")]
    TooManyRounds,
    /// The private key is not PKCS#8.
    #[error(
        "the private key is not PKCS#8; `openssl pkcs8 -topk8 -nocrypt -in FILE` converts it; without -nocrypt the result is encrypted and needs ssl.key.password"
    )]
    NotPkcs8,
    /// A private key is required and missing.
    #[error("contains no private key")]
    NoKey,
    /// There is a key, but no certificate for it.
    #[error("contains no certificate for its private key")]
    NoChain,
    /// A trusted certificate is required and missing.
    #[error("contains no trusted certificate; add one with `keytool -importcert -trustcacerts`")]
    NoTrusted,
}

impl Keystore {
    /// Reads a store. `key_password` is the password of the private key; JKS uses the store's password if there is none, and PKCS#12
    /// always does. Blocks while reading a file and deriving some keys, which takes milliseconds.
    pub fn load(
        kind: StoreKind,
        source: Source<'_>,
        store_password: Option<&str>,
        key_password: Option<&str>,
    ) -> Result<Self, Error> {
        let (store, loaded) = match source {
            Source::Inline { key, chain, trusted } => {
                let name =
                    if key.is_some() || chain.is_some() { "ssl.keystore.key" } else { "ssl.truststore.certificates" };
                (name.to_owned(), pem::inline(key, chain, trusted, key_password))
            }
            Source::File(path) => {
                let parse = |bytes: Vec<u8>| Self::from_bytes(kind, &bytes, store_password, key_password);
                (path.display().to_string(), read(path).and_then(parse))
            }
        };
        loaded.map_err(|problem| Error { store, problem })
    }

    /// Reads a store from the content of its file, as [`load`](Self::load) does.
    pub fn from_bytes(
        kind: StoreKind,
        bytes: &[u8],
        store_password: Option<&str>,
        key_password: Option<&str>,
    ) -> Result<Self, Problem> {
        match kind {
            StoreKind::Pem => pem::file(bytes, key_password),
            // Like Java, distinguish the two by their first bytes, whatever the type says.
            StoreKind::Jks | StoreKind::Pkcs12 => binary(bytes, store_password, key_password),
        }
    }

    /// Returns the private key as PEM.
    pub fn key_pem(&self) -> Option<String> {
        self.key.as_ref().map(|key| pem::encode(pem::KEY, key.secret_pkcs8_der()))
    }

    /// Returns the key's certificate chain as PEM, its own certificate first.
    pub fn chain_pem(&self) -> String {
        pem::certificates(&self.chain)
    }

    /// Returns the trusted certificates as PEM.
    pub fn trusted_pem(&self) -> String {
        pem::certificates(&self.trusted)
    }

    /// Checks that there is a key with a certificate. `store` names the store in the error.
    pub fn with_identity(self, store: &str) -> Result<Self, Error> {
        let problem = match (&self.key, self.chain.is_empty()) {
            (Some(_), false) => return Ok(self),
            (Some(_), true) => Problem::NoChain,
            (None, _) => Problem::NoKey,
        };
        Err(Error { store: store.to_owned(), problem })
    }

    /// Checks that there is a trusted certificate. `store` names the store in the error.
    pub fn with_trusted(self, store: &str) -> Result<Self, Error> {
        match self.trusted.is_empty() {
            false => Ok(self),
            true => Err(Error { store: store.to_owned(), problem: Problem::NoTrusted }),
        }
    }
}

fn read(path: &Path) -> Result<Vec<u8>, Problem> {
    let mut bytes = Vec::new();
    File::open(path)?.take(STORE_MAX + 1).read_to_end(&mut bytes)?;
    match bytes.len() as u64 > STORE_MAX {
        true => Err(Problem::TooLarge),
        false => Ok(bytes),
    }
}

fn binary(bytes: &[u8], store_password: Option<&str>, key_password: Option<&str>) -> Result<Keystore, Problem> {
    match bytes {
        _ if jks::is_jks(bytes) => jks::parse(bytes, store_password, key_password),
        // A DER sequence.
        [0x30, ..] => pkcs12::parse(bytes, store_password),
        _ => Err(Problem::UnknownForm),
    }
}
