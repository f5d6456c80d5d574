//! The limits of the REST server, and who may do what.

use std::path::PathBuf;
use std::time::Duration;

use crate::error::Error;
use crate::keys::KeyReader;

/// The limits of a listener, `weir.rest.*`. They apply to each listener separately.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Maximum number of open connections.
    pub connections_max: usize,
    /// Maximum number of connections that have not yet had a request from an authorized client.
    pub connections_new_max: usize,
    /// Maximum number of open connections of one client address.
    pub connections_address_max: usize,
    /// Maximum number of requests that are answered concurrently.
    pub requests_max: usize,
    /// Maximum number of header fields of a request.
    pub headers_max: usize,
    /// Maximum size of a request's first line and header fields, in bytes.
    pub head_max_bytes: usize,
    /// Maximum time for a TLS handshake.
    pub handshake_timeout: Duration,
    /// Maximum time between the first and the last byte of a request's head.
    pub head_timeout: Duration,
    /// Maximum pause in the body of a request.
    pub body_timeout: Duration,
    /// Maximum time during which a client reads nothing of its response.
    pub answer_timeout: Duration,
    /// Maximum time that a connection stays open without a request.
    pub idle_timeout: Duration,
}

impl Limits {
    pub(crate) fn read(reader: &mut KeyReader<'_>) -> Self {
        Self {
            connections_max: reader.count("weir.rest.connections.max"),
            connections_new_max: reader.count("weir.rest.connections.new.max"),
            connections_address_max: reader.count("weir.rest.connections.per.address.max"),
            requests_max: reader.count("weir.rest.requests.max"),
            headers_max: reader.count("weir.rest.headers.max"),
            head_max_bytes: reader.count("weir.rest.head.max.bytes"),
            handshake_timeout: reader.millis("weir.rest.handshake.timeout.ms"),
            head_timeout: reader.millis("weir.rest.head.timeout.ms"),
            body_timeout: reader.millis("weir.rest.body.timeout.ms"),
            answer_timeout: reader.millis("weir.rest.answer.timeout.ms"),
            idle_timeout: reader.millis("weir.rest.idle.timeout.ms"),
        }
    }
}

/// How clients are authenticated, and what they may do, `weir.rest.auth.*`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Auth {
    /// Properties file of users and passwords.
    pub users_file: Option<PathBuf>,
    /// JAAS file that names the users file.
    pub jaas_file: Option<PathBuf>,
    /// Properties file of names and bearer tokens.
    pub tokens_file: Option<PathBuf>,
    /// Whether clients are authenticated by the common name of a verified certificate.
    pub certificates: bool,
    /// Names that may read; `*` means every authenticated name.
    pub read: Vec<String>,
    /// Names that may operate.
    pub operate: Vec<String>,
    /// Names that may upload and delete plugins.
    pub upload: Vec<String>,
    /// Whether probes are answered without credentials.
    pub probes_open: bool,
}

/// Kafka Connect's extension for basic authentication, which Weir implements itself.
const BASIC_AUTH: &str = "org.apache.kafka.connect.rest.basic.auth.extension.BasicAuthSecurityRestExtension";

const RIGHTS: [&str; 3] = ["weir.rest.auth.read", "weir.rest.auth.operate", "weir.rest.auth.upload"];

impl Auth {
    pub(crate) fn read(reader: &mut KeyReader<'_>) -> Self {
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
                "'weir.rest.auth.users.file' and 'weir.rest.auth.jaas.file' both name the users; set only one of them";
            errors.push(Error::other("weir.rest.auth.jaas.file", text));
        }
        let extensions = "rest.extension.classes";
        for class in reader.list(extensions) {
            if class != BASIC_AUTH && BASIC_AUTH.rsplit('.').next() != Some(class.as_str()) {
                let next = "Weir cannot load REST extensions, and a server that relied on one for access control would be open; \
                            remove the key and protect the listener by other means (docs/security.md)";
                errors.push(Error::invalid(extensions, class, next));
            } else if auth.users_file.is_none() && auth.jaas_file.is_none() {
                let next = "name the users with 'weir.rest.auth.jaas.file', the file that Kafka Connect takes from \
                            -Djava.security.auth.login.config, or with 'weir.rest.auth.users.file'";
                errors.push(Error::invalid(extensions, class, next));
            }
        }
        if !auth.is_on() {
            for key in RIGHTS.into_iter().filter(|key| reader.config.contains_key(*key)) {
                let text = format!(
                    "'{key}' restricts what clients may do, but no key determines how clients authenticate: set \
                     'weir.rest.auth.users.file', \
                     'weir.rest.auth.tokens.file' or 'weir.rest.auth.certificates'"
                );
                errors.push(Error::other(key, text));
            }
        }
        reader.errors.append(&mut errors);
        auth
    }

    /// Whether clients must authenticate.
    pub fn is_on(&self) -> bool {
        self.users_file.is_some() || self.jaas_file.is_some() || self.tokens_file.is_some() || self.certificates
    }
}
