//! The names under which clients may address the REST server: `weir.rest.hosts.allowed`, and the worker's names in other keys.

use std::net::{IpAddr, Ipv6Addr};

use super::error::Error;

/// Key of further names.
pub(super) const HOSTS_ALLOWED: &str = "weir.rest.hosts.allowed";

/// Names that the `Host` of a request may have.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HostNames {
    /// Whether every name will do.
    any: bool,
    /// Whole names, in lower case.
    names: Vec<String>,
    /// Ends of names, `.example.com`.
    ends: Vec<String>,
}

impl HostNames {
    /// Reads the entries of the key: names, `*.example.com` for all names below one, `*` for every name.
    pub(super) fn parse(entries: &[String]) -> Result<Self, Error> {
        let mut names = Self::default();
        for entry in entries {
            let name = entry.strip_prefix("*.").unwrap_or(entry);
            if entry == "*" {
                names.any = true;
            } else if name.is_empty() || name.contains(['*', ':', '/', '@', ' ']) {
                let next = "write a name without protocol and port, '*.example.com' for the names below one, or '*' for every name";
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
    pub(super) fn add(&mut self, name: &str) {
        if !name.is_empty() {
            self.names.push(normal(name));
        }
    }

    /// Whether a client may address the worker so. An address always will do: a web page can make a browser send the page's own name
    /// to this worker (DNS rebinding), never an address that is not the one connected to. The same holds for names that browsers
    /// know to be this machine.
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

/// In lower case, without the dot that ends a complete name.
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
        // What browsers take as an address arrives as one.
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
