//! The names under which clients may address the REST server: `weir.rest.hosts.allowed`, and the worker's names in other keys.

use std::net::{IpAddr, Ipv6Addr};

use crate::error::Error;
use crate::keys::KeyReader;

/// Key of further names.
const HOSTS_ALLOWED: &str = "weir.rest.hosts.allowed";

/// The names that a request may have in its `Host` header.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HostNames {
    /// Whether every name is allowed.
    any: bool,
    /// Whole names, in lower case.
    names: Vec<String>,
    /// Ends of allowed names, `.example.com`.
    ends: Vec<String>,
}

impl HostNames {
    /// Reads the key, and adds the names that the worker has itself.
    pub(crate) fn read<'n>(reader: &mut KeyReader<'_>, own: impl Iterator<Item = &'n str>) -> Self {
        let entries = reader.list(HOSTS_ALLOWED);
        let mut names = reader.or_note(Self::parse(&entries)).unwrap_or_default();
        own.for_each(|name| names.add(name));
        names
    }

    /// Parses the entries of the key: names, `*.example.com` for all names below one, `*` for every name.
    fn parse(entries: &[String]) -> Result<Self, Error> {
        let mut names = Self::default();
        for entry in entries {
            let name = entry.strip_prefix("*.").unwrap_or(entry);
            if entry == "*" {
                names.any = true;
            } else if name.is_empty() || name.contains(['*', ':', '/', '@', ' ']) {
                let next = "write a name without protocol and port, '*.example.com' for all names below a domain, or '*' for every name";
                return Err(Error::invalid(HOSTS_ALLOWED, entry, next));
            } else if entry.len() == name.len() {
                names.add(name);
            } else {
                names.ends.push(format!(".{}", normal(name)));
            }
        }
        Ok(names)
    }

    /// Adds a name of this worker.
    fn add(&mut self, name: &str) {
        if !name.is_empty() {
            self.names.push(normal(name));
        }
    }

    /// Whether a client may use this host. An address is always allowed: a web page can make a browser send the page's own name to
    /// this worker (DNS rebinding), but not another address than the one to which it is connected. The same applies to names that
    /// browsers always resolve to this machine.
    pub fn allow(&self, host: &str) -> bool {
        let literal = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        if host.parse::<IpAddr>().is_ok() || literal.is_some_and(|host| host.parse::<Ipv6Addr>().is_ok()) {
            return true;
        }
        let host = normal(host);
        self.any
            || host == "localhost"
            || host.ends_with(".localhost")
            || self.names.contains(&host)
            || self.ends.iter().any(|end| host.ends_with(end))
    }
}

/// Returns a name in lower case, without the dot at the end of an absolute name.
fn normal(name: &str) -> String {
    name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(entries: &[&str]) -> Result<HostNames, Error> {
        HostNames::parse(&entries.iter().map(|entry| (*entry).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn addresses_and_names_of_this_machine_always_will_do() {
        let none = HostNames::default();
        for host in ["127.0.0.1", "10.1.2.3", "[::1]", "localhost", "LOCALHOST", "localhost.", "a.localhost"] {
            assert!(none.allow(host), "{host}");
        }
        // A browser converts these to an address before it sends them.
        for host in ["evil.example", "localhost.evil.example", "xlocalhost", "127.0.0.1.evil.example", "2130706433", ""]
        {
            assert!(!none.allow(host), "{host}");
        }
    }

    #[test]
    fn names_are_compared_whole_and_in_any_case() {
        let mut some = names(&["Connect.example", "*.internal"]).expect("in order");
        some.add("worker");
        some.add("");
        for host in ["connect.EXAMPLE", "connect.example.", "a.internal", "a.b.internal", "worker"] {
            assert!(some.allow(host), "{host}");
        }
        for host in ["a.connect.example", "internal", "xinternal", "worker.evil.example", ""] {
            assert!(!some.allow(host), "{host}");
        }
        assert!(names(&["*"]).expect("in order").allow("evil.example"));
    }

    #[test]
    fn what_is_not_a_name_is_refused() {
        for entry in ["http://a", "a:8083", "a.*", "*.", "**", "a@b", "*.*"] {
            let error = names(&[entry]).expect_err(entry).to_string();
            assert!(error.contains("weir.rest.hosts.allowed") && error.contains("without protocol"), "{error}");
        }
    }
}
