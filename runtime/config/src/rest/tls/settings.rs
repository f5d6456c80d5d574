//! The TLS settings of a group of listeners.

use super::store::Store;

/// `ssl.client.auth`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientAuth {
    /// No certificate is requested.
    None,
    /// A certificate is optional; one that is not trusted is refused.
    Requested,
    /// A trusted certificate is required.
    Required,
}

/// A version of TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// 1.2.
    Tls12,
    /// 1.3.
    Tls13,
}

/// The TLS of a group of listeners.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListenerTls {
    /// The server's own key and certificates.
    pub keystore: Store,
    /// The certificates that may sign those of clients; those in the key store if `None`.
    pub truststore: Option<Store>,
    /// Whether clients present certificates.
    pub client_auth: ClientAuth,
    /// `ssl.enabled.protocols`.
    pub versions: Vec<Version>,
    /// The supported suites of `ssl.cipher.suites`; empty for all.
    pub cipher_suites: Vec<String>,
}
