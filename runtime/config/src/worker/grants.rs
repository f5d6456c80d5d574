//! Reads `weir.allow.*`: the most that a plugin may be granted.

use std::path::{Path, PathBuf};

use weir_plugin::{ALLOW_CONNECT, ALLOW_READ, ALLOW_WRITE, Allowed, HostPattern};

use crate::error::Error;
use crate::keys::KeyReader;

pub(super) fn read(reader: &mut KeyReader<'_>) -> Allowed {
    let (read, write) = (directories(reader, ALLOW_READ), directories(reader, ALLOW_WRITE));
    let mut connect = Vec::new();
    for text in reader.list(ALLOW_CONNECT) {
        let pattern = text.parse::<HostPattern>();
        connect
            .extend(reader.or_note(pattern.map_err(|error| Error::invalid(ALLOW_CONNECT, &text, error.to_string()))));
    }
    Allowed { read, write, connect, ..Allowed::default() }
}

fn directories(reader: &mut KeyReader<'_>, name: &str) -> Vec<PathBuf> {
    let directories: Vec<PathBuf> = reader.list(name).into_iter().map(PathBuf::from).collect();
    for directory in directories.iter().filter(|directory| !directory.is_absolute()) {
        let absolute = std::path::absolute(directory).unwrap_or_else(|_| Path::new("/").join(directory));
        let detail = format!("a directory is named by its absolute path. Write {}", absolute.display());
        reader.errors.push(Error::invalid(name, directory.display(), detail));
    }
    directories
}
