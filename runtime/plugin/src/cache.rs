//! Compiled code on disk: one file for each component and engine, so that a start costs no compilation.
//!
//! A file is the magic, the component's id, a checksum and the code. Whatever does not fit together is treated as not there; the code
//! is trusted, so the folder must be one that nobody else can write.

use std::fs::{self, File};
use std::hash::{Hash, Hasher};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use wasmtime::component::Component;

use crate::artifact;
use crate::component::ComponentId;

/// Begins every file. The number grows when the layout changes.
const MAGIC: &[u8; 16] = b"weir compiled 1\n";
const HASH: usize = 32;
const HEADER: usize = MAGIC.len() + 2 * HASH;

/// The folder of compiled components.
#[derive(Debug)]
pub(crate) struct Cache {
    folder: PathBuf,
    /// Part of every name: engine version and settings.
    engine: String,
    /// False = nothing is kept, and nothing removed.
    writes: bool,
}

/// The folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CacheError {
    /// It cannot be made or looked at.
    #[error("the folder for compiled plugins, {}, cannot be used; make it writable for the worker's user, or choose another", .folder.display())]
    Io {
        /// The folder.
        folder: PathBuf,
        /// What went wrong.
        #[source]
        source: io::Error,
    },
    /// Others may write there.
    #[error(
        "the folder for compiled plugins, {}, can be written by others (mode {mode:o}); its content is run as code. Run \
         `chmod go-w {}`, after making sure that nothing foreign is in it", .folder.display(), .folder.display()
    )]
    Shared {
        /// The folder.
        folder: PathBuf,
        /// Its permissions.
        mode: u32,
    },
}

/// Why a file is not used.
#[derive(Debug, thiserror::Error)]
enum Unusable {
    #[error("it cannot be read")]
    Io(#[from] io::Error),
    #[error("it is too short")]
    Short,
    #[error("it does not begin as such files do")]
    Magic,
    #[error("it belongs to another component")]
    Component,
    #[error("its checksum is wrong")]
    Checksum,
    #[error("the engine refuses it: {0}")]
    Engine(String),
}

impl Cache {
    /// Opens the folder, and makes it if it is not there, for the worker's user alone.
    pub(crate) fn open(folder: PathBuf, engine: &wasmtime::Engine) -> Result<Self, CacheError> {
        make_private(&folder).map_err(|source| CacheError::Io { folder: folder.clone(), source })?;
        Ok(Self { writes: true, ..Self::read_only(folder, engine)? })
    }

    /// Takes what the folder holds, if it is there, and changes nothing in it.
    pub(crate) fn read_only(folder: PathBuf, engine: &wasmtime::Engine) -> Result<Self, CacheError> {
        match fs::metadata(&folder) {
            Ok(metadata) => {
                if let Some(mode) = writable_by_others(&metadata) {
                    return Err(CacheError::Shared { folder, mode });
                }
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(source) => return Err(CacheError::Io { folder, source }),
        }
        let mut settings = Sha256Hasher(Sha256::new());
        engine.precompile_compatibility_hash().hash(&mut settings);
        let engine = hex(&settings.0.finalize()[..8]);
        Ok(Self { folder, engine, writes: false })
    }

    /// The compiled component, if it is there and in order. A damaged file is logged.
    pub(crate) fn load(&self, engine: &wasmtime::Engine, id: &ComponentId) -> Option<Component> {
        let path = self.path(id);
        match read(&path, id).and_then(|code| {
            artifact::deserialize(engine, &code[HEADER..]).map_err(|error| Unusable::Engine(format!("{error:#}")))
        }) {
            Ok(component) => Some(component),
            Err(Unusable::Io(error)) if error.kind() == io::ErrorKind::NotFound => None,
            Err(reason) => {
                let path = path.display();
                tracing::warn!(%path, %reason, "a compiled plugin in the cache is unusable; will compile it again");
                None
            }
        }
    }

    /// Keeps a compiled component. Failing to is logged only: the worker runs all the same, and compiles again next time.
    pub(crate) fn store(&self, component: &Component, id: &ComponentId) {
        if !self.writes {
            return;
        }
        let path = self.path(id);
        let stored = component.serialize().map_err(io::Error::other).and_then(|code| self.write(&path, id, &code));
        match stored {
            Ok(()) => self.remove_others(id, &path),
            Err(error) => {
                let path = path.display();
                tracing::warn!(%path, %error, "cannot keep a compiled plugin; it will be compiled again at the next start");
            }
        }
    }

    /// Forgets a component, for every engine.
    pub(crate) fn remove(&self, id: &ComponentId) {
        if !self.writes {
            return;
        }
        self.remove_others(id, Path::new(""));
    }

    fn path(&self, id: &ComponentId) -> PathBuf {
        self.folder.join(format!("{id}-{}.cwasm", self.engine))
    }

    fn write(&self, path: &Path, id: &ComponentId, code: &[u8]) -> io::Result<()> {
        let mut file = tempfile::NamedTempFile::new_in(&self.folder)?;
        file.write_all(MAGIC)?;
        file.write_all(id.as_bytes())?;
        file.write_all(&Sha256::digest(code))?;
        file.write_all(code)?;
        file.as_file().sync_all()?;
        file.persist(path).map_err(|error| error.error)?;
        File::open(&self.folder)?.sync_all()
    }

    /// Removes what other engines left for this component: after an upgrade it would lie there for ever.
    fn remove_others(&self, id: &ComponentId, keep: &Path) {
        let Ok(entries) = fs::read_dir(&self.folder) else { return };
        let prefix = format!("{id}-");
        for path in entries.flatten().map(|entry| entry.path()) {
            let ours = path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with(&prefix));
            if ours && path != keep {
                // Not there any more is as good as removed, and the next start tries again.
                let _ = fs::remove_file(&path);
            }
        }
    }
}

fn read(path: &Path, id: &ComponentId) -> Result<Vec<u8>, Unusable> {
    let file = fs::read(path)?;
    if file.len() < HEADER {
        return Err(Unusable::Short);
    }
    let (magic, rest) = file.split_at(MAGIC.len());
    let (component, rest) = rest.split_at(HASH);
    let (checksum, code) = rest.split_at(HASH);
    if magic != MAGIC {
        return Err(Unusable::Magic);
    }
    if component != id.as_bytes() {
        return Err(Unusable::Component);
    }
    if checksum != Sha256::digest(code).as_slice() {
        return Err(Unusable::Checksum);
    }
    Ok(file)
}

#[cfg(unix)]
fn make_private(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

#[cfg(unix)]
fn writable_by_others(metadata: &fs::Metadata) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt;
    let mode = metadata.permissions().mode() & 0o7777;
    (mode & 0o022 != 0).then_some(mode)
}

#[cfg(not(unix))]
fn make_private(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)
}

#[cfg(not(unix))]
fn writable_by_others(_: &fs::Metadata) -> Option<u32> {
    None
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A hash that is the same with every build of the worker, unlike the standard library's.
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
    use super::*;

    const EMPTY: &str = "(component)";

    fn component(engine: &wasmtime::Engine) -> (Component, ComponentId) {
        let wasm = wat::parse_str(EMPTY).unwrap();
        (Component::new(engine, &wasm).unwrap(), ComponentId::of(&wasm))
    }

    #[test]
    fn what_was_stored_is_loaded_and_what_was_removed_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let engine = wasmtime::Engine::default();
        let cache = Cache::open(folder.path().join("a/b"), &engine).unwrap();
        let (component, id) = component(&engine);
        assert!(cache.load(&engine, &id).is_none());
        cache.store(&component, &id);
        assert!(cache.load(&engine, &id).is_some());
        cache.remove(&id);
        assert!(cache.load(&engine, &id).is_none());
    }

    #[test]
    fn a_file_with_any_damage_is_not_loaded() {
        let folder = tempfile::tempdir().unwrap();
        let engine = wasmtime::Engine::default();
        let cache = Cache::open(folder.path().join("cache"), &engine).unwrap();
        let (component, id) = component(&engine);
        cache.store(&component, &id);
        let path = cache.path(&id);
        let whole = fs::read(&path).unwrap();
        let flip = |at: usize| {
            let mut bytes = whole.clone();
            bytes[at] ^= 1;
            bytes
        };
        let damaged = [
            flip(0),
            flip(MAGIC.len()),
            flip(MAGIC.len() + HASH),
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
    fn another_components_file_is_not_loaded() {
        let folder = tempfile::tempdir().unwrap();
        let engine = wasmtime::Engine::default();
        let cache = Cache::open(folder.path().join("cache"), &engine).unwrap();
        let (component, id) = component(&engine);
        cache.store(&component, &id);
        let other = ComponentId::of(b"other");
        fs::copy(cache.path(&id), cache.path(&other)).unwrap();
        assert!(cache.load(&engine, &other).is_none());
    }

    #[test]
    fn other_engine_settings_make_another_file_and_the_old_one_goes() {
        let folder = tempfile::tempdir().unwrap();
        let old = wasmtime::Engine::default();
        let new = wasmtime::Engine::new(wasmtime::Config::new().epoch_interruption(true)).unwrap();
        let first = Cache::open(folder.path().join("cache"), &old).unwrap();
        let second = Cache::open(folder.path().join("cache"), &new).unwrap();
        let (component_old, id) = component(&old);
        first.store(&component_old, &id);
        assert!(second.load(&new, &id).is_none());
        second.store(&component(&new).0, &id);
        assert!(second.load(&new, &id).is_some());
        assert!(!first.path(&id).exists());
    }

    #[cfg(unix)]
    #[test]
    fn a_folder_that_others_can_write_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let engine = wasmtime::Engine::default();
        let made = folder.path().join("made");
        Cache::open(made.clone(), &engine).unwrap();
        assert_eq!(fs::metadata(&made).unwrap().permissions().mode() & 0o777, 0o700);
        fs::set_permissions(&made, fs::Permissions::from_mode(0o777)).unwrap();
        let error = Cache::open(made, &engine).unwrap_err();
        assert!(error.to_string().contains("chmod go-w"), "{error}");
    }
}
