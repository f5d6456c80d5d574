//! What a source or sink needs from outside its sandbox.

use crate::bindings::capabilities::interface as wit;

/// Access to something outside the sandbox. The worker's operator limits what may be granted (`weir.allow.read`,
/// `weir.allow.write`, `weir.allow.connect`). The plugin can reach nothing that it does not list.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Capability {
    /// Read the files in this directory and its subdirectories. The plugin sees the directory under the name that it gives
    /// here.
    ReadDirectory(String),
    /// Read, create, write and remove files in this directory and its subdirectories.
    WriteDirectory(String),
    /// Open connections to this host and port, and resolve the name. The host is a name or an IP address.
    Connect(String, u16),
}

impl From<Capability> for wit::Capability {
    fn from(capability: Capability) -> wit::Capability {
        let (kind, target) = match capability {
            Capability::ReadDirectory(directory) => ("read-directory", directory),
            Capability::WriteDirectory(directory) => ("write-directory", directory),
            // The colons of an IPv6 address would be taken for that before the port.
            Capability::Connect(host, port) if host.contains(':') && !host.starts_with('[') => {
                ("connect", format!("[{host}]:{port}"))
            }
            Capability::Connect(host, port) => ("connect", format!("{host}:{port}")),
        };
        wit::Capability { kind: kind.into(), target, options: Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_written_as_the_operator_writes_it() {
        for (capability, kind, target) in [
            (Capability::ReadDirectory("/in".into()), "read-directory", "/in"),
            (Capability::WriteDirectory("/out".into()), "write-directory", "/out"),
            (Capability::Connect("db.example.org".into(), 5432), "connect", "db.example.org:5432"),
            (Capability::Connect("::1".into(), 80), "connect", "[::1]:80"),
            (Capability::Connect("[::1]".into(), 80), "connect", "[::1]:80"),
        ] {
            let wit: wit::Capability = capability.into();
            assert_eq!((wit.kind.as_str(), wit.target.as_str(), wit.options), (kind, target, vec![]));
        }
    }
}
