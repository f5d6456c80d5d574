//! Settings of the REST server that contradict each other: those that would lock everyone out, and those that require certificates
//! that no listener would request. The worker does not start with them.

use super::access::Auth;
use super::group::{Group, LISTENERS_TLS};
use super::listener::Protocol;
use super::tls::ClientAuth;
use crate::error::Error;
use weir_plugin::ConfigMap;

const CLIENT_AUTH: &str = "ssl.client.auth";

/// Returns the contradictions between these settings.
pub(crate) fn find(originals: &ConfigMap, auth: &Auth, groups: &[Group<'_>]) -> Vec<Error> {
    let mut errors = Vec::new();
    let asks = |key: &str| originals.get(key).is_some_and(|value| !matches!(value.trim(), "" | "none"));
    for group in groups.iter().filter(|group| !group.is_https()) {
        let key = format!("{}{CLIENT_AUTH}", group.prefix);
        if asks(&key) {
            let text = format!(
                "'{key}' requires client certificates, but no entry of '{}' is https. Use https there, or remove the key",
                group.key
            );
            errors.push(Error::other(key, text));
        }
    }
    if asks(CLIENT_AUTH) && !groups.iter().any(|group| group.is_https() && !group.has_keys(originals)) {
        let text = match groups.iter().find(|group| group.is_https()) {
            Some(group) => format!(
                "'{CLIENT_AUTH}' requires client certificates but has no effect, because there are keys that begin with '{}'. \
                 Set '{0}{CLIENT_AUTH}' instead",
                group.prefix
            ),
            None => format!(
                "'{CLIENT_AUTH}' requires client certificates, but no entry of 'listeners' is https. Use https there, or remove the key"
            ),
        };
        errors.push(Error::other(CLIENT_AUTH, text));
    }
    // Errors in the TLS settings themselves have been reported.
    let unknown = groups.iter().any(|group| group.is_https() && group.tls.is_none());
    let asked = groups.iter().filter_map(|group| group.tls).any(|tls| tls.client_auth != ClientAuth::None);
    if auth.certificates && !asked && !unknown {
        let key = "weir.rest.auth.certificates";
        let text = format!(
            "'{key}' takes names from client certificates, but no listener requests them. Add an https listener and \
             '{LISTENERS_TLS}{CLIENT_AUTH}=required' (or 'requested'), or remove the key"
        );
        errors.push(Error::other(key, text));
    }
    if auth.is_on() && auth.read.is_empty() && auth.operate.is_empty() && auth.upload.is_empty() {
        let text = "'weir.rest.auth.read', 'weir.rest.auth.operate' and 'weir.rest.auth.upload' are all empty, so no client \
                    could do anything. List names, or '*' for all authenticated names";
        errors.push(Error::other("weir.rest.auth.read", text));
    }
    errors
}

/// Returns a warning for each listener that other machines can reach without TLS or without authentication.
pub(crate) fn open_listeners(auth: &Auth, groups: &[Group<'_>]) -> Vec<String> {
    let mut warnings = Vec::new();
    for group in groups {
        for listener in group.listeners.iter().filter(|listener| listener.is_open()) {
            let key = group.key;
            let url = format!("{}://{}:{}", listener.protocol.as_str(), listener.bind_host(), listener.port);
            if !auth.is_on() {
                warnings.push(format!(
                    "the REST API is reachable from other machines without authentication: anyone who can connect to {url} ({key}) can \
                     upload code, change connectors and read configurations. Set weir.rest.auth.users.file (docs/security.md), or \
                     listen on 127.0.0.1. Clients that address it by a name need that name in weir.rest.hosts.allowed"
                ));
            } else if listener.protocol == Protocol::Http {
                warnings.push(format!(
                    "the REST API is reachable from other machines over http: passwords and tokens can be read in transit to \
                     {url} ({key}). Use https, or listen on 127.0.0.1 behind a proxy that uses https"
                ));
            }
        }
    }
    warnings
}
