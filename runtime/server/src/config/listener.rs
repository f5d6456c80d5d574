//! The keys `listeners` and `admin.listeners`: addresses of the REST server.

use std::net::IpAddr;

use super::error::Error;

/// One entry of `listeners` or `admin.listeners`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listener {
    /// Host name or address; empty = every interface.
    pub host: String,
    /// Port; 0 = any free one.
    pub port: u16,
}

impl Listener {
    pub(super) fn parse(key: &'static str, text: &str) -> Result<Self, Error> {
        let Some((protocol, rest)) = text.split_once("://") else {
            return Err(Error::invalid(key, text, "Unable to parse URL, expected protocol://host:port"));
        };
        match protocol.to_ascii_lowercase().as_str() {
            "http" => {}
            "https" => {
                let detail = "the REST server speaks http only; put a proxy with TLS in front of it";
                return Err(Error::invalid(key, text, detail));
            }
            _ => return Err(Error::invalid(key, text, "Listener protocol must be either 'http' or 'https'")),
        }
        let (host, port) = rest.trim_end_matches('/').rsplit_once(':').unwrap_or((rest, ""));
        let port = port.parse().map_err(|_| Error::invalid(key, text, "the port must be a number from 0 to 65535"))?;
        Ok(Self { host: host.trim_matches(['[', ']']).to_owned(), port })
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
