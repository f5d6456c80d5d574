//! The REST server's keys: TLS, limits, and who may do what.

use std::path::PathBuf;
use std::time::Duration;

use super::error::Error;
use super::listener::{Listener, Protocol};
use super::listener_tls::{self, ListenerTls};
use super::reader::Reader;

/// Prefix of the keys for TLS at `listeners`.
pub const LISTENERS_TLS: &str = "listeners.https.";
/// Prefix of the keys for TLS at `admin.listeners`.
pub const ADMIN_LISTENERS_TLS: &str = "admin.listeners.https.";

/// What a listener lets its clients do, `weir.rest.*`. Each listener counts for itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Connections that are open at once.
    pub connections_max: usize,
    /// Those of them that have not had a request of a client that may use the worker.
    pub connections_new_max: usize,
    /// Those of one address.
    pub connections_address_max: usize,
    /// Requests that are answered at once.
    pub requests_max: usize,
    /// Header fields of a request.
    pub headers_max: usize,
    /// Bytes of a request's head.
    pub head_max_bytes: usize,
    /// Time of a TLS handshake.
    pub handshake_timeout: Duration,
    /// Time from the first byte of a request's head to its last.
    pub head_timeout: Duration,
    /// How long the body of a request may stand still.
    pub body_timeout: Duration,
    /// How long a client may take nothing of its answer.
    pub answer_timeout: Duration,
    /// How long a connection may be open without a request.
    pub idle_timeout: Duration,
}

impl Limits {
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        let mut count = |name: &str| usize::try_from(reader.number(name)).unwrap_or(usize::MAX);
        Self {
            connections_max: count("weir.rest.connections.max"),
            connections_new_max: count("weir.rest.connections.new.max"),
            connections_address_max: count("weir.rest.connections.per.address.max"),
            requests_max: count("weir.rest.requests.max"),
            headers_max: count("weir.rest.headers.max"),
            head_max_bytes: count("weir.rest.head.max.bytes"),
            handshake_timeout: reader.millis("weir.rest.handshake.timeout.ms"),
            head_timeout: reader.millis("weir.rest.head.timeout.ms"),
            body_timeout: reader.millis("weir.rest.body.timeout.ms"),
            answer_timeout: reader.millis("weir.rest.answer.timeout.ms"),
            idle_timeout: reader.millis("weir.rest.idle.timeout.ms"),
        }
    }
}

/// How clients prove who they are, and what they may do, `weir.rest.auth.*`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Auth {
    /// Properties file of users and passwords.
    pub users_file: Option<PathBuf>,
    /// JAAS file that names such a file.
    pub jaas_file: Option<PathBuf>,
    /// Properties file of names and bearer tokens.
    pub tokens_file: Option<PathBuf>,
    /// Whether a verified client certificate proves its common name.
    pub certificates: bool,
    /// Names that may read; `*` = every one that is proven.
    pub read: Vec<String>,
    /// Names that may operate.
    pub operate: Vec<String>,
    /// Names that may upload code.
    pub upload: Vec<String>,
    /// The probes answer without a name.
    pub probes_open: bool,
}

/// Kafka Connect's extension for basic authentication, whose work Weir does itself.
const BASIC_AUTH: &str = "org.apache.kafka.connect.rest.basic.auth.extension.BasicAuthSecurityRestExtension";

const RIGHTS: [&str; 3] = ["weir.rest.auth.read", "weir.rest.auth.operate", "weir.rest.auth.upload"];

impl Auth {
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        let [read, operate, upload] = RIGHTS.map(|key| reader.list(key));
        let auth = Self {
            users_file: reader.optional("weir.rest.auth.users.file").map(PathBuf::from),
            jaas_file: reader.optional("weir.rest.auth.jaas.file").map(PathBuf::from),
            tokens_file: reader.optional("weir.rest.auth.tokens.file").map(PathBuf::from),
            certificates: reader.flag("weir.rest.auth.certificates"),
            read,
            operate,
            upload,
            probes_open: reader.flag("weir.rest.probes.open"),
        };
        let mut errors = Vec::new();
        if auth.users_file.is_some() && auth.jaas_file.is_some() {
            let text =
                "'weir.rest.auth.users.file' and 'weir.rest.auth.jaas.file' both name the users; only one of them may";
            errors.push(Error::other("weir.rest.auth.jaas.file", text));
        }
        let extensions = "rest.extension.classes";
        for class in reader.list(extensions) {
            if class != BASIC_AUTH && BASIC_AUTH.rsplit('.').next() != Some(class.as_str()) {
                let next = "Weir cannot load REST extensions, and a server that relied on one for access control would be open; \
                            remove the key and guard the listener by other means (docs/security.md)";
                errors.push(Error::invalid(extensions, class, next));
            } else if auth.users_file.is_none() && auth.jaas_file.is_none() {
                let next = "name the users with 'weir.rest.auth.jaas.file', the file that Kafka Connect is told of by \
                            -Djava.security.auth.login.config, or with 'weir.rest.auth.users.file'";
                errors.push(Error::invalid(extensions, class, next));
            }
        }
        if !auth.is_on() {
            for key in RIGHTS.into_iter().filter(|key| reader.originals.contains_key(*key)) {
                let text = format!(
                    "'{key}' says who may do what, and nothing says how clients prove who they are: set 'weir.rest.auth.users.file', \
                     'weir.rest.auth.tokens.file' or 'weir.rest.auth.certificates'"
                );
                errors.push(Error::other(key, text));
            }
        }
        reader.errors.append(&mut errors);
        auth
    }

    /// Whether clients have to prove who they are.
    pub fn is_on(&self) -> bool {
        self.users_file.is_some() || self.jaas_file.is_some() || self.tokens_file.is_some() || self.certificates
    }
}

/// The TLS of these listeners, if any of them is https.
pub(super) fn tls(
    reader: &mut Reader<'_>,
    listeners: &[Listener],
    prefix: &str,
    warnings: &mut Vec<String>,
) -> Option<ListenerTls> {
    let used = listeners.iter().any(|listener| listener.protocol == Protocol::Https);
    if used {
        return listener_tls::parse(reader.originals, prefix, &mut reader.errors, warnings);
    }
    if let Some(key) = reader.originals.keys().find(|key| key.starts_with(prefix)) {
        warnings.push(format!("worker key '{key}' and those like it have no effect: no listener of theirs is https"));
    }
    None
}
