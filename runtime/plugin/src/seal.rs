//! Message authentication codes for files that the worker writes and reads later. The key cannot be read by guests or other users, so that
//! they cannot create a valid code.

use std::io;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::private::{PrivateDir, random};

/// The number of bytes of a code.
pub(crate) const MARK: usize = 32;
/// The file with the key.
const FILE: &str = "key";
/// The block size of the hash.
const KEY: usize = 64;

/// The key of a directory.
pub(crate) struct Key([u8; KEY]);

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key(..)")
    }
}

impl Key {
    /// Returns the key of this directory, and creates it if there is none. Two workers that create it at the same time get the same key.
    pub(crate) fn open(dir: &PrivateDir) -> io::Result<Self> {
        loop {
            if let Some(key) = Self::read(dir)? {
                return Ok(key);
            }
            match dir.create_file(FILE, &[&random::<KEY>()?]) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Returns the key of this directory, if there is one.
    pub(crate) fn read(dir: &PrivateDir) -> io::Result<Option<Self>> {
        let bytes = match dir.read_secret(FILE) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        match bytes.try_into() {
            Ok(key) => Ok(Some(Self(key))),
            Err(_) => {
                Err(io::Error::new(io::ErrorKind::InvalidData, format!("the file {FILE} is not {KEY} bytes long")))
            }
        }
    }

    /// Computes the code of these parts, in this order.
    pub(crate) fn mark(&self, parts: &[&[u8]]) -> [u8; MARK] {
        self.of(parts).finalize().into_bytes().into()
    }

    /// Returns whether this is the code of these parts, in constant time.
    pub(crate) fn is_mark(&self, mark: &[u8], parts: &[&[u8]]) -> bool {
        self.of(parts).verify_slice(mark).is_ok()
    }

    fn of(&self, parts: &[&[u8]]) -> Hmac<Sha256> {
        let mut mac = <Hmac<Sha256>>::new(&self.0.into());
        for part in parts {
            // Each part is preceded by its length, so that bytes cannot move from one part to another.
            mac.update(&(part.len() as u64).to_le_bytes());
            mac.update(part);
        }
        mac
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use crate::private::Strangers;

    #[test]
    fn a_mark_fits_its_parts_and_its_key_only() {
        let root = tempfile::tempdir().unwrap();
        let dir = |name: &str| PrivateDir::create(&root.path().join(name), Strangers::AreKeptOut).unwrap();
        let key = Key::open(&dir("a")).unwrap();
        let mark = key.mark(&[b"ab", b"c"]);
        assert!(key.is_mark(&mark, &[b"ab", b"c"]));
        assert!(Key::open(&dir("a")).unwrap().is_mark(&mark, &[b"ab", b"c"]), "the same key after a restart");
        assert!(!key.is_mark(&mark, &[b"a", b"bc"]));
        assert!(!key.is_mark(&mark, &[b"ab", b"d"]));
        assert!(!key.is_mark(&mark[..MARK - 1], &[b"ab", b"c"]));
        assert!(!Key::open(&dir("b")).unwrap().is_mark(&mark, &[b"ab", b"c"]));
        assert!(!format!("{key:?}").contains(|digit: char| digit.is_ascii_digit()));
    }

    #[test]
    fn workers_that_begin_at_once_have_one_key() {
        let root = tempfile::tempdir().unwrap();
        let dir = PrivateDir::create(&root.path().join("a"), Strangers::AreKeptOut).unwrap();
        let keys: Vec<[u8; KEY]> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(|| Key::open(&dir).unwrap().0)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(keys.iter().all(|key| *key == keys[0]));
        assert_eq!(dir.names().unwrap(), [FILE]);
        assert_eq!(fs::metadata(dir.path().join(FILE)).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_key_that_others_could_read_or_that_is_cut_or_a_link_is_refused() {
        let root = tempfile::tempdir().unwrap();
        let dir = PrivateDir::create(&root.path().join("a"), Strangers::AreKeptOut).unwrap();
        Key::open(&dir).unwrap();
        let file = dir.path().join(FILE);
        fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(Key::open(&dir).unwrap_err().to_string().contains("640"));
        fs::remove_file(&file).unwrap();
        dir.replace(FILE, &[&[7; KEY - 1]]).unwrap();
        assert_eq!(Key::open(&dir).unwrap_err().kind(), io::ErrorKind::InvalidData);
        fs::rename(&file, root.path().join("known")).unwrap();
        fs::write(root.path().join("known"), [7; KEY]).unwrap();
        std::os::unix::fs::symlink(root.path().join("known"), &file).unwrap();
        Key::open(&dir).unwrap_err();
    }
}
