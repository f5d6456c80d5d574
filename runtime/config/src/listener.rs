//! The keys `listeners` and `admin.listeners`: addresses of the REST server.

use std::net::IpAddr;

use super::error::Error;

/// What is spoken at a listener.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// HTTP/1.1.
    Http,
    /// HTTP/1.1 over TLS.
    Https,
}

impl Protocol {
    /// As in a URL.
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
    /// What is spoken there.
    pub protocol: Protocol,
    /// Host name or address; empty = every interface.
    pub host: String,
    /// Port; 0 = any free one.
    pub port: u16,
}

impl Listener {
    /// Parses an entry of the key of this name.
    pub(super) fn parse(key: &str, text: &str) -> Result<Self, Error> {
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

    /// Whether it can be reached from other machines. A name counts as if it could, unless it is `localhost`.
    pub fn is_open(&self) -> bool {
        match self.bind_host().parse::<IpAddr>() {
            Ok(address) => !address.is_loopback(),
            Err(_) => !self.host.eq_ignore_ascii_case("localhost"),
        }
    }

    /// The host to bind to.
    pub fn bind_host(&self) -> &str {
        if self.host.is_empty() { "0.0.0.0" } else { &self.host }
    }
}
