//! The keys `listeners` and `admin.listeners`: addresses of the REST server.

use std::net::IpAddr;

use crate::error::Error;
use crate::keys::KeyReader;

/// The protocol of a listener.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// HTTP/1.1.
    Http,
    /// HTTP/1.1 over TLS.
    Https,
}

impl Protocol {
    /// The scheme of a URL.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }
}

/// One entry of `listeners`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listener {
    /// The protocol.
    pub protocol: Protocol,
    /// Host name or address; empty for all interfaces.
    pub host: String,
    /// Port; 0 for any free port.
    pub port: u16,
}

impl Listener {
    /// Reads the listeners of a key.
    pub(crate) fn read_all(reader: &mut KeyReader<'_>, key: &str) -> Vec<Self> {
        let entries = reader.list(key);
        entries.iter().filter_map(|text| reader.or_note(Self::parse(key, text))).collect()
    }

    /// Parses an entry of a key.
    fn parse(key: &str, text: &str) -> Result<Self, Error> {
        let Some((protocol, rest)) = text.split_once("://") else {
            return Err(Error::invalid(key, text, "Unable to parse URL, expected protocol://host:port"));
        };
        let protocol = match protocol.to_ascii_lowercase().as_str() {
            "http" => Protocol::Http,
            "https" => Protocol::Https,
            _ => return Err(Error::invalid(key, text, "Listener protocol must be either 'http' or 'https'")),
        };
        let (host, port) = rest.trim_end_matches('/').rsplit_once(':').unwrap_or((rest, ""));
        let port = port.parse().map_err(|_| Error::invalid(key, text, "the port must be a number from 0 to 65535"))?;
        Ok(Self { protocol, host: host.trim_matches(['[', ']']).to_owned(), port })
    }

    /// Whether other machines can reach the listener. This is assumed for all names except `localhost`.
    pub fn is_open(&self) -> bool {
        match self.bind_host().parse::<IpAddr>() {
            Ok(address) => !address.is_loopback(),
            Err(_) => !self.host.eq_ignore_ascii_case("localhost"),
        }
    }

    /// Returns the host to bind to.
    pub fn bind_host(&self) -> &str {
        if self.host.is_empty() { "0.0.0.0" } else { &self.host }
    }
}
