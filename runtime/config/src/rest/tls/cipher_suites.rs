//! The cipher suites that rustls offers, under the names that Java gives them.

use tokio_rustls::rustls::SupportedCipherSuite;
use tokio_rustls::rustls::crypto::ring;

/// Returns the names that Java gives to the supported cipher suites.
pub(super) fn cipher_suites() -> Vec<String> {
    ring::default_provider().cipher_suites.iter().map(java_name).collect()
}

/// Returns the name that Java gives to a cipher suite. rustls includes the version in the names of TLS 1.3.
pub fn java_name(suite: &SupportedCipherSuite) -> String {
    suite.suite().as_str().unwrap_or_default().replace("TLS13_", "TLS_")
}
