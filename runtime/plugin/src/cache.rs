//! Compiled components on disk, one file per component and engine, so that a start compiles nothing; and the descriptions of components,
//! one file per component and version of the contract, so that a start calls no `describe`.
//!
//! A file contains a magic number, the component's id, a message authentication code and the content. Because the content is executed, the
//! code is computed with a key that only the worker's user can read (`seal.rs`), over all of this and the settings of the engine or the
//! version of the contract. The directory cannot be changed by other users (`private/private_dir.rs`). A file that does not match is
//! treated as missing.

use std::hash::{Hash, Hasher};
use std::io;
use std::path::PathBuf;

use sha2::{Digest, Sha256};
use wasmtime::component::Component;

use crate::artifact;
use crate::component::ComponentId;
use crate::contract::newest;
use crate::private::{PrivateDir, PrivateDirError, Strangers};
use crate::seal::{Key, MARK};

/// The magic number of compiled components. Its number increases when the format changes.
const MAGIC: &[u8; 16] = b"weir compiled 2\n";
/// The magic number of descriptions.
const DESCRIPTION_MAGIC: &[u8; 16] = b"weir described1\n";
/// The ending of the names of compiled components.
const COMPILED: &str = ".cwasm";
const ID: usize = 32;
const HEADER: usize = MAGIC.len() + ID + MARK;

/// The directory of compiled components.
#[derive(Debug)]
pub(crate) struct Cache {
    /// `None` if it does not exist and must not be created.
    dir: Option<(PrivateDir, Key)>,
    /// The version and settings of the engine. They are part of each authentication code, and of each name as a prefix.
    engine: [u8; 32],
    /// Whether files are written and removed.
    writes: bool,
}

/// Why the directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CacheError {
    /// It cannot be created or opened, or another user can change it.
    #[error("the directory for compiled plugins (weir.plugin.cache), {}, cannot be used; its content is executed, so it must be safe: {source}", .path.display())]
    Dir {
        /// The directory.
        path: PathBuf,
        /// The error.
        source: PrivateDirError,
    },
    /// The key for authentication codes cannot be created or read.
    #[error(
        "the file `key` in the directory for compiled plugins (weir.plugin.cache), {}, cannot be used: {source}. Remove the directory; it \
         is created again", .path.display()
    )]
    Key {
        /// The directory.
        path: PathBuf,
        /// The error.
        source: io::Error,
    },
}

/// Why a file is not used.
#[derive(Debug, thiserror::Error)]
enum Unusable {
    #[error("it cannot be read: {0}")]
    Io(#[from] io::Error),
    #[error("it is too short")]
    Short,
    #[error("bad magic number")]
    Magic,
    #[error("it belongs to another component")]
    Component,
    #[error("it was not written by this worker, or was changed later")]
    Mark,
    #[error("the engine rejects it: {0}")]
    Engine(String),
}

impl Cache {
    /// Opens the directory. Creates it if it does not exist, with access for the worker's user only.
    pub(crate) fn open(path: PathBuf, engine: &wasmtime::Engine) -> Result<Self, CacheError> {
        let dir = match PrivateDir::create(&path, Strangers::AreKeptOut) {
            Ok(dir) => dir,
            Err(source) => return Err(CacheError::Dir { path, source }),
        };
        let key = Key::open(&dir).map_err(|source| CacheError::Key { path, source })?;
        Ok(Self { dir: Some((dir, key)), engine: settings(engine), writes: true })
    }

    /// Opens the directory for reading, if it exists.
    pub(crate) fn read_only(path: PathBuf, engine: &wasmtime::Engine) -> Result<Self, CacheError> {
        let dir = match PrivateDir::open(&path, Strangers::AreKeptOut) {
            Ok(dir) => {
                let key = Key::read(&dir).map_err(|source| CacheError::Key { path, source })?;
                key.map(|key| (dir, key))
            }
            Err(error) if error.is_missing() => None,
            Err(source) => return Err(CacheError::Dir { path, source }),
        };
        Ok(Self { dir, engine: settings(engine), writes: false })
    }

    /// Returns the compiled component, if there is a valid file. An invalid one is logged.
    pub(crate) fn load(&self, engine: &wasmtime::Engine, id: &ComponentId) -> Option<Component> {
        let opened = self.dir.as_ref()?;
        let name = self.name(id);
        let loaded = read(opened, &name, id, MAGIC, &self.engine).and_then(|file| {
            artifact::deserialize(engine, &file[HEADER..]).map_err(|error| Unusable::Engine(format!("{error:#}")))
        });
        match loaded {
            Ok(component) => Some(component),
            Err(Unusable::Io(error)) if error.kind() == io::ErrorKind::NotFound => None,
            Err(reason) => {
                self.give_up(&name, &reason, "a compiled plugin in the cache is unusable; will compile it again");
                None
            }
        }
    }

    /// Stores a compiled component. An error is only logged, because the worker can compile it again.
    pub(crate) fn store(&self, component: &Component, id: &ComponentId) {
        let Some((dir, key)) = self.dir.as_ref().filter(|_| self.writes) else { return };
        let name = self.name(id);
        let stored = component.serialize().map_err(io::Error::other).and_then(|code| {
            let mark = key.mark(&self.marked(id, &code));
            dir.replace(&name, &[MAGIC, id.as_bytes(), &mark, &code])
        });
        match stored {
            Ok(()) => self.remove_files(id, |other| other != name && other.ends_with(COMPILED)),
            Err(error) => {
                let path = dir.path().join(name);
                let path = path.display();
                tracing::warn!(%path, %error, "cannot store a compiled plugin; it is compiled again at the next start");
            }
        }
    }

    /// Removes a component, for all engines.
    pub(crate) fn remove(&self, id: &ComponentId) {
        self.remove_files(id, |_| true);
    }

    /// Returns the description of a component, if there is a valid file. An invalid one is logged.
    pub(crate) fn description(&self, id: &ComponentId) -> Option<Vec<u8>> {
        let opened = self.dir.as_ref()?;
        let name = description_name(id);
        match read(opened, &name, id, DESCRIPTION_MAGIC, &contract()) {
            Ok(mut file) => Some(file.split_off(HEADER)),
            Err(Unusable::Io(error)) if error.kind() == io::ErrorKind::NotFound => None,
            Err(reason) => {
                let what = "the description of a plugin in the cache is unusable; will ask the plugin again";
                self.give_up(&name, &reason, what);
                None
            }
        }
    }

    /// Stores the description of a component. An error is only logged, because `describe` can be called again.
    pub(crate) fn keep_description(&self, id: &ComponentId, description: &[u8]) {
        let Some((dir, key)) = self.dir.as_ref().filter(|_| self.writes) else { return };
        let name = description_name(id);
        let mark = key.mark(&[DESCRIPTION_MAGIC, &contract(), id.as_bytes(), description]);
        if let Err(error) = dir.replace(&name, &[DESCRIPTION_MAGIC, id.as_bytes(), &mark, description]) {
            let path = dir.path().join(name);
            let path = path.display();
            tracing::warn!(%path, %error, "cannot store the description of a plugin; the plugin is described again at the next start");
        }
    }

    fn name(&self, id: &ComponentId) -> String {
        format!("{id}-{}{COMPILED}", hex(&self.engine[..8]))
    }

    /// Returns what the authentication code is computed over.
    fn marked<'a>(&'a self, id: &'a ComponentId, code: &'a [u8]) -> [&'a [u8]; 4] {
        [MAGIC, &self.engine, id.as_bytes(), code]
    }

    /// Removes files of this component, such as those of other engines, which would remain for ever after an upgrade, and files that are
    /// invalid, so that they are not read and logged again.
    fn give_up(&self, name: &str, reason: &Unusable, what: &str) {
        let Some((dir, _)) = &self.dir else { return };
        let path = dir.path().join(name);
        tracing::warn!(path = %path.display(), %reason, "{what}");
        if self.writes && !matches!(reason, Unusable::Io(_)) {
            // A new file would replace it as well.
            let _ = dir.remove(name);
        }
    }

    fn remove_files(&self, id: &ComponentId, which: impl Fn(&str) -> bool) {
        let Some((dir, _)) = self.dir.as_ref().filter(|_| self.writes) else { return };
        let Ok(names) = dir.names() else { return };
        let prefix = format!("{id}-");
        for name in names.iter().filter(|name| name.starts_with(&prefix) && which(name)) {
            // The file may have been removed already; otherwise the next start tries again.
            let _ = dir.remove(name);
        }
    }
}

/// Returns the file if this worker wrote it for this component, with this magic number and this engine or version of the contract.
fn read(
    (dir, key): &(PrivateDir, Key),
    name: &str,
    id: &ComponentId,
    magic: &[u8],
    scope: &[u8; 32],
) -> Result<Vec<u8>, Unusable> {
    let file = dir.read(name)?;
    if file.len() < HEADER {
        return Err(Unusable::Short);
    }
    let (begin, rest) = file.split_at(MAGIC.len());
    let (component, rest) = rest.split_at(ID);
    let (mark, content) = rest.split_at(MARK);
    if begin != magic {
        return Err(Unusable::Magic);
    }
    if component != id.as_bytes() {
        return Err(Unusable::Component);
    }
    if !key.is_mark(mark, &[magic, scope, id.as_bytes(), content]) {
        return Err(Unusable::Mark);
    }
    Ok(file)
}

fn description_name(id: &ComponentId) -> String {
    format!("{id}-{}.description", newest())
}

/// The version of the contract, in the length of an engine's settings.
fn contract() -> [u8; 32] {
    Sha256::digest(newest().to_string()).into()
}

fn settings(engine: &wasmtime::Engine) -> [u8; 32] {
    let mut settings = Sha256Hasher(Sha256::new());
    engine.precompile_compatibility_hash().hash(&mut settings);
    settings.0.finalize().into()
}

/// Writes lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A hash that is the same in each build of the worker, unlike that of the standard library.
struct Sha256Hasher(Sha256);

impl Hasher for Sha256Hasher {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(&self) -> u64 {
        let hash = self.0.clone().finalize();
        u64::from_le_bytes(std::array::from_fn(|index| hash[index]))
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    use std::path::Path;

    use super::*;

    const EMPTY: &str = "(component)";

    fn component(engine: &wasmtime::Engine) -> (Component, ComponentId) {
        let wasm = wat::parse_str(EMPTY).unwrap();
        (Component::new(engine, &wasm).unwrap(), ComponentId::of(&wasm))
    }

    /// Returns a cache with one component, its file and its id.
    fn filled(path: &Path, engine: &wasmtime::Engine) -> (Cache, PathBuf, ComponentId) {
        let cache = Cache::open(path.to_owned(), engine).unwrap();
        let (component, id) = component(engine);
        cache.store(&component, &id);
        let file = path.join(cache.name(&id));
        assert!(cache.load(engine, &id).is_some());
        (cache, file, id)
    }

    #[test]
    fn what_was_stored_is_loaded_and_what_was_removed_is_not() {
        let root = tempfile::tempdir().unwrap();
        let engine = wasmtime::Engine::default();
        let cache = Cache::open(root.path().join("a/b"), &engine).unwrap();
        let (component, id) = component(&engine);
        assert!(cache.load(&engine, &id).is_none());
        cache.store(&component, &id);
        assert!(cache.load(&engine, &id).is_some());
        let again = Cache::open(root.path().join("a/b"), &engine).unwrap();
        assert!(again.load(&engine, &id).is_some(), "after a restart");
        let looking = Cache::read_only(root.path().join("a/b"), &engine).unwrap();
        assert!(looking.load(&engine, &id).is_some());
        looking.remove(&id);
        assert!(cache.load(&engine, &id).is_some(), "looking removes nothing");
        cache.remove(&id);
        assert!(cache.load(&engine, &id).is_none());
    }

    #[test]
    fn a_description_is_kept_beside_the_code_and_is_no_code() {
        let root = tempfile::tempdir().unwrap();
        let engine = wasmtime::Engine::default();
        let (cache, path, id) = filled(&root.path().join("cache"), &engine);
        cache.keep_description(&id, b"a source");
        assert_eq!(cache.description(&id).as_deref(), Some(&b"a source"[..]));
        cache.store(&component(&engine).0, &id);
        assert_eq!(cache.description(&id).as_deref(), Some(&b"a source"[..]), "new code leaves it there");
        let description = root.path().join("cache").join(description_name(&id));
        let other = ComponentId::of(b"other");
        fs::copy(&description, root.path().join("cache").join(description_name(&other))).unwrap();
        assert_eq!(cache.description(&other), None);
        let good = fs::read(&description).unwrap();
        let mut changed = good.clone();
        *changed.last_mut().unwrap() ^= 1;
        for bad in [changed, good[..HEADER - 1].to_vec(), fs::read(&path).unwrap()] {
            fs::write(&description, bad).unwrap();
            assert_eq!(cache.description(&id), None);
        }
        fs::write(&path, good).unwrap();
        assert!(cache.load(&engine, &id).is_none());
        cache.keep_description(&id, b"a sink");
        assert_eq!(cache.description(&id).as_deref(), Some(&b"a sink"[..]));
        cache.remove(&id);
        assert_eq!(cache.description(&id), None);
    }

    #[test]
    fn looking_makes_nothing() {
        let root = tempfile::tempdir().unwrap();
        let engine = wasmtime::Engine::default();
        let (component, id) = component(&engine);
        let cache = Cache::read_only(root.path().join("a"), &engine).unwrap();
        cache.store(&component, &id);
        assert!(cache.load(&engine, &id).is_none());
        assert!(!root.path().join("a").exists());
        fs::create_dir(root.path().join("a")).unwrap();
        Cache::read_only(root.path().join("a"), &engine).unwrap().store(&component, &id);
        assert_eq!(fs::read_dir(root.path().join("a")).unwrap().count(), 0);
    }

    #[test]
    fn a_file_with_any_damage_is_not_loaded() {
        let root = tempfile::tempdir().unwrap();
        let engine = wasmtime::Engine::default();
        let (cache, path, id) = filled(&root.path().join("cache"), &engine);
        let whole = fs::read(&path).unwrap();
        let flip = |at: usize| {
            let mut bytes = whole.clone();
            bytes[at] ^= 1;
            bytes
        };
        let damaged = [
            flip(0),
            flip(MAGIC.len()),
            flip(MAGIC.len() + ID),
            flip(HEADER),
            flip(whole.len() - 1),
            whole[..whole.len() / 2].to_vec(),
            whole[..HEADER - 1].to_vec(),
            Vec::new(),
            b"x".repeat(10_000),
        ];
        for bytes in damaged {
            fs::write(&path, bytes).unwrap();
            assert!(cache.load(&engine, &id).is_none());
        }
        fs::write(&path, whole).unwrap();
        assert!(cache.load(&engine, &id).is_some());
    }

    #[test]
    fn another_components_code_is_not_loaded_under_any_header() {
        let root = tempfile::tempdir().unwrap();
        let engine = wasmtime::Engine::default();
        let (cache, path, _) = filled(&root.path().join("cache"), &engine);
        let other = ComponentId::of(b"other");
        let placed = root.path().join("cache").join(cache.name(&other));
        let mut bytes = fs::read(&path).unwrap();
        fs::write(&placed, &bytes).unwrap();
        assert!(cache.load(&engine, &other).is_none(), "as it is");
        bytes[MAGIC.len()..MAGIC.len() + ID].copy_from_slice(other.as_bytes());
        fs::write(&placed, &bytes).unwrap();
        assert!(cache.load(&engine, &other).is_none(), "with the other one's id");
    }

    #[test]
    fn code_that_somebody_else_placed_there_is_not_loaded() {
        let root = tempfile::tempdir().unwrap();
        let engine = wasmtime::Engine::default();
        let (cache, path, id) = filled(&root.path().join("cache"), &engine);
        let good = fs::read(&path).unwrap();
        // Everything that an attacker can know or create: valid code, the id, a hash of them, and an authentication code with another key.
        let (code, header) = (&good[HEADER..], &good[..MAGIC.len() + ID]);
        let hash: [u8; 32] = Sha256::digest(code).into();
        let foreign = PrivateDir::create(&root.path().join("foreign"), Strangers::AreKeptOut).unwrap();
        let mark = Key::open(&foreign).unwrap().mark(&cache.marked(&id, code));
        for mark in [hash, mark, [0; MARK]] {
            fs::write(&path, [header, &mark, code].concat()).unwrap();
            assert!(cache.load(&engine, &id).is_none());
        }
        // The file of another cache with the same content.
        let (_, other, _) = filled(&root.path().join("other"), &engine);
        fs::copy(&other, &path).unwrap();
        assert!(cache.load(&engine, &id).is_none());
        fs::write(&path, good).unwrap();
        assert!(cache.load(&engine, &id).is_some());
    }

    #[test]
    fn a_link_in_place_of_a_file_is_not_followed() {
        let root = tempfile::tempdir().unwrap();
        let engine = wasmtime::Engine::default();
        let (cache, path, id) = filled(&root.path().join("cache"), &engine);
        let moved = root.path().join("moved");
        fs::rename(&path, &moved).unwrap();
        symlink(&moved, &path).unwrap();
        assert!(cache.load(&engine, &id).is_none(), "the content is good and is not looked at");
        cache.store(&component(&engine).0, &id);
        assert!(cache.load(&engine, &id).is_some());
        assert!(path.symlink_metadata().unwrap().is_file(), "the link was replaced");
    }

    #[test]
    fn other_engine_settings_make_another_file_and_the_old_one_goes() {
        let root = tempfile::tempdir().unwrap();
        let old = wasmtime::Engine::default();
        let new = wasmtime::Engine::new(wasmtime::Config::new().epoch_interruption(true)).unwrap();
        let (_, file, id) = filled(&root.path().join("cache"), &old);
        let second = Cache::open(root.path().join("cache"), &new).unwrap();
        assert!(second.load(&new, &id).is_none());
        fs::copy(&file, root.path().join("cache").join(second.name(&id))).unwrap();
        assert!(second.load(&new, &id).is_none(), "the old one under the new name");
        second.store(&component(&new).0, &id);
        assert!(second.load(&new, &id).is_some());
        assert!(!file.exists());
    }

    #[test]
    fn a_directory_that_others_can_write_or_own_is_refused() {
        let root = tempfile::tempdir().unwrap();
        let engine = wasmtime::Engine::default();
        let path = root.path().join("made");
        Cache::open(path.clone(), &engine).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o700);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o777)).unwrap();
        for open in [Cache::open, Cache::read_only] {
            let error = open(path.clone(), &engine).unwrap_err().to_string();
            assert!(error.contains("chmod go-w") && error.contains("weir.plugin.cache"), "{error}");
        }
        // Only root can change the owner of files.
        if std::os::unix::fs::chown(&path, Some(12345), None).is_ok() {
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
            for open in [Cache::open, Cache::read_only] {
                let error = open(path.clone(), &engine).unwrap_err().to_string();
                assert!(error.contains("12345"), "{error}");
            }
        }
    }
}
