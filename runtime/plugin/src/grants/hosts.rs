//! The hosts to which connections are allowed. A guest names a host, and the operator allows patterns. An address is allowed only if it was
//! granted itself, or if a lookup of a granted name returned it. Addresses of this machine and similar ones (`addresses.rs`) are allowed
//! only if the operator allows them as addresses.

use std::collections::HashSet;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::str::FromStr;

use parking_lot::Mutex;

use super::addresses::is_special;
use super::{ALLOW_CONNECT, GrantError, MAX_HOSTS};

/// The maximum number of addresses that are remembered for a connector. A database does not have more.
const MAX_ADDRESSES: usize = 4096;

/// An entry of `weir.allow.connect`: `HOST:PORT`. HOST is a name, an address (IPv6 in brackets), `*.suffix` for the names in a domain, or
/// `*`. PORT is a number, a range `A-B`, or `*`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostPattern {
    text: String,
    host: Host,
    ports: RangeInclusive<u16>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Host {
    Any,
    Address(IpAddr),
    Name(String),
    /// With the dot: `.example.com`.
    Below(String),
}

/// A text that is not a valid [`HostPattern`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{text:?} is not HOST:PORT ({reason}); write for example db.internal:5432, *.example.com:443, [::1]:9092 or 10.0.0.7:8000-8010"
)]
pub struct HostPatternError {
    text: String,
    reason: &'static str,
}

impl FromStr for HostPattern {
    type Err = HostPatternError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        let error = |reason| HostPatternError { text: text.to_owned(), reason };
        let (host, port) = text.rsplit_once(':').ok_or_else(|| error("the port is missing"))?;
        Ok(Self {
            text: text.to_owned(),
            host: parse_host(host).map_err(error)?,
            ports: parse_ports(port).ok_or_else(|| error("the port is not a valid number, range or *"))?,
        })
    }
}

fn parse_host(host: &str) -> Result<Host, &'static str> {
    if host == "*" {
        return Ok(Host::Any);
    }
    if let Some(address) = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        let address = address.parse::<IpAddr>().map_err(|_| "what is in brackets is no IPv6 address")?;
        return Ok(Host::Address(address.to_canonical()));
    }
    if host.contains(':') {
        return Err("an IPv6 address needs brackets");
    }
    if let Ok(address) = host.parse::<IpAddr>() {
        return Ok(Host::Address(address));
    }
    let (suffix, name) = match host.strip_prefix("*.") {
        Some(domain) => (true, domain),
        None => (false, host),
    };
    let name = normal_name(name);
    if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte)) {
        return Err("the host is not a valid name, address, *.suffix or *");
    }
    Ok(if suffix { Host::Below(format!(".{name}")) } else { Host::Name(name) })
}

/// Parses the target of a capability `connect`: a host, without brackets, and a port.
///
/// # Errors
///
/// The text is not valid. The error says how to write it.
pub(crate) fn host_and_port(text: &str) -> Result<(String, u16), String> {
    let error = |reason| HostPatternError { text: text.to_owned(), reason }.to_string();
    let (host, port) = text.rsplit_once(':').ok_or_else(|| error("the port is missing"))?;
    match parse_host(host).map_err(error)? {
        Host::Any | Host::Below(_) => return Err(error("a plugin names one host")),
        Host::Address(_) | Host::Name(_) => {}
    }
    let port = port.parse().map_err(|_| error("the port is not a number from 0 to 65535"))?;
    let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    Ok((bare.to_owned(), port))
}

fn parse_ports(ports: &str) -> Option<RangeInclusive<u16>> {
    if ports == "*" {
        return Some(0..=u16::MAX);
    }
    let (first, last) = ports.split_once('-').unwrap_or((ports, ports));
    let (first, last) = (first.parse().ok()?, last.parse().ok()?);
    (first <= last).then_some(first..=last)
}

/// Names are compared in lower case, and `db.` is equal to `db`.
fn normal_name(name: &str) -> String {
    name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase()
}

/// Returns the address if this host is one. Guests write IPv6 with and without brackets.
fn address(host: &str) -> Option<IpAddr> {
    let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    bare.parse::<IpAddr>().ok().map(|address| address.to_canonical())
}

impl HostPattern {
    /// Returns whether the pattern includes this host (a name or an address) and port. The name is not looked up: a pattern with an address
    /// does not include a name with that address. `*` includes no address of this machine, its link, or of a cloud's metadata.
    pub fn covers(&self, host: &str, port: u16) -> bool {
        let address = address(host);
        let host = match &self.host {
            Host::Any => address.is_none_or(|address| !is_special(address)),
            Host::Address(allowed) => address == Some(*allowed),
            Host::Name(allowed) => address.is_none() && normal_name(host) == *allowed,
            Host::Below(suffix) => {
                let name = normal_name(host);
                address.is_none() && name.len() > suffix.len() && name.ends_with(suffix)
            }
        };
        host && self.ports.contains(&port)
    }
}

impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The hosts that a connector was granted, and the addresses that lookups returned for them.
#[derive(Debug, Default)]
pub(crate) struct Hosts {
    names: Vec<(String, u16)>,
    addresses: HashSet<SocketAddr>,
    found: Mutex<HashSet<SocketAddr>>,
    /// The addresses that the operator allows. Special addresses are allowed only if they are listed here.
    allowed: Vec<HostPattern>,
    /// Special addresses that were rejected. Each is logged once.
    refused: Mutex<HashSet<SocketAddr>>,
}

impl Hosts {
    /// Grants these hosts if a pattern includes each of them.
    pub(super) fn grant(allowed: &[HostPattern], needed: Vec<(String, u16)>) -> Result<Self, GrantError> {
        if needed.len() > MAX_HOSTS {
            return Err(GrantError::TooMany);
        }
        let by_address = allowed.iter().filter(|pattern| matches!(pattern.host, Host::Address(_)));
        let mut hosts = Self { allowed: by_address.cloned().collect(), ..Self::default() };
        for (host, port) in needed {
            if !allowed.iter().any(|pattern| pattern.covers(&host, port)) {
                let allowed = allowed.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
                let allowed = if allowed.is_empty() { "nothing".to_owned() } else { allowed };
                return Err(GrantError::Host { host, port, allowed });
            }
            match address(&host) {
                Some(address) => drop(hosts.addresses.insert(SocketAddr::new(address, port))),
                None => hosts.names.push((normal_name(&host), port)),
            }
        }
        Ok(hosts)
    }

    /// Returns whether nothing is granted.
    pub(crate) fn is_empty(&self) -> bool {
        self.names.is_empty() && self.addresses.is_empty()
    }

    /// Returns whether this name may be looked up. Addresses need no lookup, but resolvers get them, so granted addresses are allowed.
    pub(crate) fn may_look_up(&self, name: &str) -> bool {
        match address(name) {
            Some(address) => self.addresses.iter().any(|granted| granted.ip() == address),
            None => {
                let name = normal_name(name);
                self.names.iter().any(|(granted, _)| *granted == name)
            }
        }
    }

    /// Remembers that a lookup of this granted name returned this address.
    pub(crate) fn found(&self, name: &str, address: IpAddr) {
        let (name, address) = (normal_name(name), address.to_canonical());
        for (_, port) in self.names.iter().filter(|(granted, _)| *granted == name) {
            let address = SocketAddr::new(address, *port);
            if is_special(address.ip()) && !self.is_allowed_by_address(address) {
                self.refuse(&name, address);
            } else {
                remember(&mut self.found.lock(), address);
            }
        }
    }

    fn is_allowed_by_address(&self, address: SocketAddr) -> bool {
        self.allowed.iter().any(|pattern| pattern.covers(&address.ip().to_string(), address.port()))
    }

    fn refuse(&self, name: &str, address: SocketAddr) {
        if remember(&mut self.refused.lock(), address) {
            tracing::warn!(
                name,
                %address,
                "refusing connections to an address that a granted name leads to: it is one of this machine, its link or a metadata \
                 service. If it is meant, add it to {ALLOW_CONNECT}"
            );
        }
    }

    /// Returns whether a connection to this address may be opened.
    pub(crate) fn may_connect(&self, address: SocketAddr) -> bool {
        let address = SocketAddr::new(address.ip().to_canonical(), address.port());
        self.addresses.contains(&address) || self.found.lock().contains(&address)
    }
}

/// Remembers an address, up to a limit. Returns whether it is new.
fn remember(addresses: &mut HashSet<SocketAddr>, address: SocketAddr) -> bool {
    if addresses.len() >= MAX_ADDRESSES && !addresses.contains(&address) {
        addresses.clear();
    }
    addresses.insert(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> HostPattern {
        text.parse().unwrap()
    }

    #[test]
    fn patterns_cover_what_they_say_and_nothing_else() {
        let cases = [
            ("db.internal:5432", "db.internal", 5432, true),
            ("db.internal:5432", "DB.Internal.", 5432, true),
            ("db.internal:5432", "db.internal", 5433, false),
            ("db.internal:5432", "xdb.internal", 5432, false),
            ("*.example.com:443", "a.b.example.com", 443, true),
            ("*.example.com:443", "example.com", 443, false),
            ("*.example.com:443", "badexample.com", 443, false),
            ("*.example.com:443", ".example.com", 443, false),
            ("*:443", "anything", 443, true),
            ("*:443", "10.0.0.1", 443, true),
            ("*:443", "127.0.0.1", 443, false),
            ("*:*", "::ffff:169.254.169.254", 80, false),
            ("*:*", "[::1]", 80, false),
            ("169.254.169.254:80", "::ffff:169.254.169.254", 80, true),
            ("*:*", "anything", 1, true),
            ("10.0.0.7:8000-8010", "10.0.0.7", 8010, true),
            ("10.0.0.7:8000-8010", "10.0.0.7", 8011, false),
            ("10.0.0.7:1", "::ffff:10.0.0.7", 1, true),
            ("[::1]:9092", "::1", 9092, true),
            ("[::1]:9092", "[0:0::1]", 9092, true),
            ("localhost:1", "127.0.0.1", 1, false),
        ];
        for (text, host, port, expected) in cases {
            assert_eq!(pattern(text).covers(host, port), expected, "{text} and {host}:{port}");
        }
    }

    #[test]
    fn what_is_no_pattern_says_why() {
        for text in
            ["", "db", "db:", "db:x", "db:9-1", "db:70000", "::1:5", "[x]:5", "*.:5", "a b:5", "*x:5", "10.0.0.0/8:*"]
        {
            let error = text.parse::<HostPattern>().expect_err(text);
            assert!(error.to_string().contains("HOST:PORT"), "{error}");
        }
    }

    #[test]
    fn only_addresses_that_a_granted_name_gave_are_let_through() {
        let hosts = Hosts::grant(&[pattern("*.internal:*")], vec![("db.internal".into(), 5432)]).unwrap();
        let address: IpAddr = "10.1.2.3".parse().unwrap();
        assert!(!hosts.may_connect((address, 5432).into()));
        assert!(hosts.may_look_up("DB.internal"));
        assert!(!hosts.may_look_up("other.internal"), "allowed, but not asked for");
        hosts.found("DB.internal", address);
        assert!(hosts.may_connect((address, 5432).into()));
        assert!(!hosts.may_connect((address, 5433).into()));
        hosts.found("other.internal", "10.9.9.9".parse().unwrap());
        assert!(!hosts.may_connect(("10.9.9.9".parse::<IpAddr>().unwrap(), 5432).into()));
    }

    #[test]
    fn a_granted_name_does_not_lead_to_this_machine_unless_the_address_is_allowed_too() {
        let needed = || vec![("db.example".into(), 80), ("db.example".into(), 81)];
        let patterns = ["*:*", "*.example:*", "db.example:80-81", "127.0.0.1:80"].map(pattern);
        let (names, all) = (&patterns[..3], &patterns[..]);
        let special = ["127.0.0.1", "::1", "::ffff:127.0.0.1", "169.254.169.254", "64:ff9b::7f00:1", "0.0.0.0"];
        for text in special {
            let address: IpAddr = text.parse().unwrap();
            let hosts = Hosts::grant(names, needed()).unwrap();
            hosts.found("db.example", address);
            for port in [80, 81] {
                assert!(!hosts.may_connect((address, port).into()), "{text}:{port}");
                assert!(!hosts.may_connect((address.to_canonical(), port).into()), "{text}:{port}");
            }
        }
        let hosts = Hosts::grant(all, needed()).unwrap();
        for text in special {
            hosts.found("db.example", text.parse().unwrap());
        }
        assert!(hosts.may_connect("127.0.0.1:80".parse().unwrap()));
        assert!(hosts.may_connect("[::ffff:127.0.0.1]:80".parse().unwrap()));
        for other in ["127.0.0.1:81", "[::1]:80", "169.254.169.254:80", "0.0.0.0:80", "[64:ff9b::7f00:1]:80"] {
            assert!(!hosts.may_connect(other.parse().unwrap()), "{other}");
        }
        // Earlier results for the name remain valid, and private addresses are allowed.
        hosts.found("db.example", "10.0.0.1".parse().unwrap());
        hosts.found("db.example", "127.0.0.2".parse().unwrap());
        assert!(hosts.may_connect("10.0.0.1:81".parse().unwrap()));
        assert_eq!(hosts.refused.lock().len(), 11, "each is logged once");
    }

    #[test]
    fn numbers_that_are_names_and_addresses_under_other_names_lead_nowhere_special() {
        for host in ["2130706433", "0x7f.1", "127.1", "017700000001"] {
            let hosts = Hosts::grant(&[pattern("*:*")], vec![(host.into(), 80)]).unwrap();
            hosts.found(host, "127.0.0.1".parse().unwrap());
            assert!(!hosts.may_connect("127.0.0.1:80".parse().unwrap()), "{host}");
        }
        for host in ["127.0.0.1", "[::1]", "::ffff:127.0.0.1", "169.254.169.254"] {
            assert!(Hosts::grant(&[pattern("*:*")], vec![(host.into(), 80)]).is_err(), "{host}");
        }
    }

    #[test]
    fn a_plugin_gets_so_many_hosts_and_no_more() {
        let names = |count| (0..count).map(|number| (format!("host-{number}"), 80)).collect();
        assert!(Hosts::grant(&[pattern("*:*")], names(MAX_HOSTS)).is_ok());
        assert_eq!(Hosts::grant(&[pattern("*:*")], names(MAX_HOSTS + 1)).unwrap_err(), GrantError::TooMany);
    }

    #[test]
    fn a_granted_address_needs_no_look_up() {
        let hosts = Hosts::grant(&[pattern("127.0.0.1:*")], vec![("127.0.0.1".into(), 80)]).unwrap();
        assert!(hosts.may_connect("127.0.0.1:80".parse().unwrap()));
        assert!(hosts.may_connect("[::ffff:127.0.0.1]:80".parse().unwrap()));
        assert!(!hosts.may_connect("127.0.0.1:81".parse().unwrap()));
    }

    #[test]
    fn a_refusal_names_key_value_and_bound() {
        let error = Hosts::grant(&[pattern("a:1"), pattern("*.b:2")], vec![("c".into(), 3)]).unwrap_err().to_string();
        for part in ["weir.allow.connect", "c:3", "a:1, *.b:2"] {
            assert!(error.contains(part), "{part} in {error}");
        }
    }
}
