//! The listeners of one key and their TLS.

use super::listener::{Listener, Protocol};
use super::tls::{self, ListenerTls};
use crate::keys::KeyReader;
use weir_plugin::ConfigMap;

/// Prefix of the keys for TLS of `listeners`.
pub(super) const LISTENERS_TLS: &str = "listeners.https.";
/// Prefix of the keys for TLS of `admin.listeners`.
const ADMIN_LISTENERS_TLS: &str = "admin.listeners.https.";

/// Reads the TLS settings of `listeners`; `None` if none of them is https, or if a setting is invalid.
pub(crate) fn listeners_tls(
    reader: &mut KeyReader<'_>,
    listeners: &[Listener],
    warnings: &mut Vec<String>,
) -> Option<ListenerTls> {
    read_tls(reader, listeners, LISTENERS_TLS, warnings)
}

/// Reads the TLS settings of `admin.listeners`; `None` if none of them is https, or if a setting is invalid.
pub(crate) fn admin_listeners_tls(
    reader: &mut KeyReader<'_>,
    listeners: &[Listener],
    warnings: &mut Vec<String>,
) -> Option<ListenerTls> {
    read_tls(reader, listeners, ADMIN_LISTENERS_TLS, warnings)
}

fn read_tls(
    reader: &mut KeyReader<'_>,
    listeners: &[Listener],
    prefix: &str,
    warnings: &mut Vec<String>,
) -> Option<ListenerTls> {
    let used = listeners.iter().any(|listener| listener.protocol == Protocol::Https);
    if used {
        return tls::parse(reader.config, prefix, &mut reader.errors, warnings);
    }
    if let Some(key) = reader.config.keys().find(|key| key.starts_with(prefix)) {
        warnings.push(format!(
            "worker key '{key}' and others with its prefix have no effect: none of these listeners is https"
        ));
    }
    None
}

/// The listeners of one key.
pub(crate) struct Group<'a> {
    /// `listeners` or `admin.listeners`.
    pub(super) key: &'static str,
    /// Prefix of the keys for their TLS.
    pub(super) prefix: &'static str,
    pub(super) listeners: &'a [Listener],
    /// `None` if no listener is https, or if a setting is invalid.
    pub(super) tls: Option<&'a ListenerTls>,
}

impl<'a> Group<'a> {
    pub(crate) fn both(
        listeners: (&'a [Listener], Option<&'a ListenerTls>),
        admin: (&'a [Listener], Option<&'a ListenerTls>),
    ) -> [Self; 2] {
        [
            Self { key: "listeners", prefix: LISTENERS_TLS, listeners: listeners.0, tls: listeners.1 },
            Self { key: "admin.listeners", prefix: ADMIN_LISTENERS_TLS, listeners: admin.0, tls: admin.1 },
        ]
    }

    pub(super) fn is_https(&self) -> bool {
        self.listeners.iter().any(|listener| listener.protocol == Protocol::Https)
    }

    pub(super) fn has_keys(&self, originals: &ConfigMap) -> bool {
        originals.keys().any(|key| key.starts_with(self.prefix))
    }
}
