//! Reads the names of a directory at once, as wasmtime does, but only as many as the instance has memory for.

use std::fs::File;
use std::io;
use std::sync::Arc;
use std::vec;

use cap_primitives::fs::{FileTypeExt, read_base_dir};
use wasmtime_wasi::p2::FsResult;
use wasmtime_wasi::p2::bindings::filesystem::types::{DescriptorType, DirectoryEntry, ErrorCode};

use crate::budget::{Budget, Charge};

/// The cost of a name apart from its bytes.
const ENTRY_BYTES: usize = 64;
/// The amount of memory that is requested at once.
const PIECE: usize = 64 << 10;

/// Names that were not returned yet. `None` for one that is not UTF-8.
pub(super) struct Entries {
    rest: vec::IntoIter<Option<DirectoryEntry>>,
    _memory: Vec<Charge>,
}

impl Entries {
    /// Reads all names of a directory. Returns `None` if they do not fit into the budget.
    pub(super) fn read(dir: &File, budget: &Arc<Budget>) -> io::Result<Option<Self>> {
        let (mut entries, mut memory, mut left) = (Vec::new(), Vec::new(), 0);
        for entry in read_base_dir(dir)? {
            let entry = entry?;
            let name = entry.file_name();
            let cost = name.len() + ENTRY_BYTES;
            if left < cost {
                let Some(charge) = budget.charge(PIECE) else { return Ok(None) };
                memory.push(charge);
                left += PIECE;
            }
            left -= cost;
            let kind = entry.file_type().map_or(DescriptorType::Unknown, kind);
            entries.push(name.into_string().ok().map(|name| DirectoryEntry { type_: kind, name }));
        }
        Ok(Some(Self { rest: entries.into_iter(), _memory: memory }))
    }

    pub(super) fn next(&mut self) -> Option<FsResult<DirectoryEntry>> {
        self.rest.next().map(|entry| entry.ok_or_else(|| ErrorCode::IllegalByteSequence.into()))
    }
}

fn kind(kind: cap_primitives::fs::FileType) -> DescriptorType {
    if kind.is_dir() {
        DescriptorType::Directory
    } else if kind.is_file() {
        DescriptorType::RegularFile
    } else if kind.is_symlink() {
        DescriptorType::SymbolicLink
    } else if kind.is_block_device() {
        DescriptorType::BlockDevice
    } else if kind.is_char_device() {
        DescriptorType::CharacterDevice
    } else if kind.is_fifo() {
        DescriptorType::Fifo
    } else if kind.is_socket() {
        DescriptorType::Socket
    } else {
        DescriptorType::Unknown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_that_does_not_fit_is_not_read_and_leaves_nothing_behind() {
        let directory = tempfile::tempdir().unwrap();
        for number in 0..2000 {
            std::fs::write(directory.path().join(format!("{number:0200}")), "").unwrap();
        }
        let dir = File::open(directory.path()).unwrap();
        let budget = Budget::new(200 << 10);
        assert!(Entries::read(&dir, &budget).unwrap().is_none());
        assert!(budget.charge(200 << 10).is_some(), "nothing is taken any more");
        let budget = Budget::new(1 << 20);
        let mut entries = Entries::read(&dir, &budget).unwrap().expect("it fits");
        assert_eq!(std::iter::from_fn(|| entries.next()).filter(Result::is_ok).count(), 2000);
        assert!(budget.charge(900 << 10).is_none());
        drop(entries);
        assert!(budget.charge(1 << 20).is_some());
    }
}
