//! Locks on what only one worker may use at a time: the offset file, the connectors file and the plugin store. The system releases them
//! when the process ends, in whatever way, so no lock is left behind.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read as _, Seek as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use rustix::fs::OFlags;
use tracing::warn;
use weir_plugin::{PrivateDir, Strangers};

use weir_config::WorkerConfig;

/// The pause between attempts while another worker has a lock.
const PAUSE: Duration = Duration::from_millis(200);
/// Maximum number of bytes that are read of the owner's description.
const OWNER_MAX: u64 = 1024;

/// The reason why a worker does not get a lock.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Another worker has it.
    #[error(
        "{} ({key}) is in use by another worker: {owner}. Two workers would overwrite each other's files. Stop the other worker, or \
         configure different files for this one", path.display()
    )]
    InUse {
        /// The key that names the file or directory.
        key: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// The other worker's description of itself.
        owner: String,
    },
    /// The lock file cannot be opened.
    #[error("cannot lock {} ({key}): {cause}{next}", path.display())]
    Io {
        /// The key that names the file or directory.
        key: &'static str,
        /// The lock file.
        path: PathBuf,
        /// The system's error.
        #[source]
        cause: io::Error,
        /// What to do, as a sentence.
        next: String,
    },
}

/// The locks of this worker, held until this is dropped.
#[derive(Debug)]
pub(crate) struct Locks(#[expect(dead_code, reason = "an open file is a lock")] Vec<File>);

/// A file or directory that only one worker may use.
struct Lockable {
    key: &'static str,
    path: PathBuf,
    lock: PathBuf,
    /// Whether a worker without write permission runs without the lock.
    optional: bool,
}

impl Lockable {
    fn file(key: &'static str, path: &Path) -> Self {
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(".lock");
        Self { key, path: path.to_owned(), lock: path.with_file_name(name), optional: false }
    }

    /// The lock of the plugin store. It is optional, because the store may belong to root, and then only root changes it.
    fn store(path: &Path) -> Self {
        Self { key: "weir.plugin.store", path: path.to_owned(), lock: path.join("lock"), optional: true }
    }

    fn failed(&self, cause: io::Error) -> Error {
        let next = match (cause.kind(), self.lock.parent()) {
            (ErrorKind::NotFound, Some(directory)) if directory != Path::new("") => {
                format!(". Create the directory {}", directory.display())
            }
            (ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem, _) => {
                ". Give the worker's user permission to write in this directory".to_owned()
            }
            _ => String::new(),
        };
        Error::Io { key: self.key, path: self.lock.clone(), cause, next }
    }

    fn open(&self) -> io::Result<File> {
        // In /tmp another user could have created a link.
        let no_follow = i32::try_from(OFlags::NOFOLLOW.bits()).unwrap_or_default();
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).mode(0o600).custom_flags(no_follow);
        options.open(&self.lock)
    }

    /// Tries until this time. Returns `None` if the lock is optional or not supported, and cannot be taken.
    async fn take(&self, until: Instant, owner: &str) -> Result<Option<File>, Error> {
        let mut file = match self.open() {
            Ok(file) => file,
            Err(error) if self.optional => {
                warn!(file = %self.lock.display(), %error, "cannot lock the plugin store; continuing without a lock");
                return Ok(None);
            }
            Err(error) => return Err(self.failed(error)),
        };
        let mut warned = false;
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if Instant::now() >= until => {
                    let owner = owner_of(&mut file);
                    return Err(Error::InUse { key: self.key, path: self.path.clone(), owner });
                }
                Err(TryLockError::WouldBlock) => {
                    if !std::mem::replace(&mut warned, true) {
                        let (path, owner) = (self.path.display(), owner_of(&mut file));
                        let seconds = until.saturating_duration_since(Instant::now()).as_secs();
                        warn!(%path, owner, seconds, "another worker uses the same files; waiting for it to stop");
                    }
                    tokio::time::sleep(PAUSE).await;
                }
                // Some network file systems do not support locks.
                Err(TryLockError::Error(error)) => {
                    warn!(file = %self.lock.display(), %error, "no support for locks here; let no other worker use these files");
                    return Ok(None);
                }
            }
        }
        // For the message of a worker that is started later. Ignore failures; the lock does not depend on it.
        let _ = file.set_len(0).and_then(|()| file.rewind()).and_then(|()| file.write_all(owner.as_bytes()));
        Ok(Some(file))
    }
}

/// Returns what the owner of a lock wrote into the file.
fn owner_of(file: &mut File) -> String {
    let mut text = Vec::new();
    // What cannot be read is treated as missing.
    let _ = file.rewind().and_then(|()| io::Read::by_ref(file).take(OWNER_MAX).read_to_end(&mut text));
    match String::from_utf8_lossy(&text).trim() {
        "" => "details unknown".to_owned(),
        owner => weir_data::text::one_line(owner).into_owned(),
    }
}

/// Returns this worker's description of itself.
fn this_worker(config: &WorkerConfig) -> String {
    // Only Linux has this file.
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_else(|_| "unknown".to_owned());
    let since = httpdate::fmt_http_date(SystemTime::now());
    let urls = config
        .listeners
        .iter()
        .map(|listener| format!("{}://{}:{}", listener.protocol.as_str(), listener.bind_host(), listener.port));
    format!(
        "process {} on host {}, started {since}, listening at {}\n",
        std::process::id(),
        host.trim(),
        urls.collect::<Vec<_>>().join(", ")
    )
}

impl Locks {
    /// Takes all locks of this worker, and waits for `weir.lock.wait.ms` while another worker has one.
    pub(crate) async fn take(config: &WorkerConfig) -> Result<Self, Error> {
        let (until, owner) = (Instant::now() + config.lock_wait, this_worker(config));
        let mut held = Vec::new();
        held.extend(
            Lockable::file("offset.storage.file.filename", &config.offset_storage_file).take(until, &owner).await?,
        );
        if let Some(path) = &config.standalone_state {
            held.extend(Lockable::file("weir.standalone.state", path).take(until, &owner).await?);
        }
        // Created last: by default it is in the directory of the offset file, which must exist. Its errors are reported when the store is
        // opened.
        if PrivateDir::create(&config.plugin_store, Strangers::MayRead).is_ok() {
            held.extend(Lockable::store(&config.plugin_store).take(until, &owner).await?);
        }
        Ok(Self(held))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(entries: &[(&str, String)]) -> WorkerConfig {
        let least = [
            ("bootstrap.servers", "b:9092".to_owned()),
            ("key.converter", "StringConverter".to_owned()),
            ("value.converter", "StringConverter".to_owned()),
            ("weir.lock.wait.ms", "0".to_owned()),
        ];
        let keys = least.iter().chain(entries).map(|(key, value)| ((*key).to_owned(), value.clone())).collect();
        WorkerConfig::parse(keys).expect("in order")
    }

    fn refusal(taken: Result<Locks, Error>) -> String {
        taken.expect_err("in use").to_string()
    }

    #[tokio::test]
    async fn each_thing_that_two_workers_share_is_enough_for_a_refusal() {
        let root = tempfile::tempdir().expect("a directory");
        let path = |name: &str| root.path().join(name).display().to_string();
        let with = |offsets: &str, state: &str, store: &str| {
            config(&[
                ("offset.storage.file.filename", path(offsets)),
                ("weir.standalone.state", path(state)),
                ("weir.plugin.store", path(store)),
            ])
        };
        let held = Locks::take(&with("o", "s", "store")).await.expect("free");
        for (offsets, state, store, key) in [
            ("o", "s2", "store2", "offset.storage.file.filename"),
            ("o2", "s", "store2", "weir.standalone.state"),
            ("o2", "s2", "store", "weir.plugin.store"),
        ] {
            let refused = refusal(Locks::take(&with(offsets, state, store)).await);
            assert!(refused.contains(&format!("({key}) is in use by another worker: process ")), "{refused}");
            assert!(refused.contains("listening at http://127.0.0.1:8083"), "{refused}");
        }
        Locks::take(&with("o2", "s2", "store2")).await.expect("nothing is shared");
        drop(held);
        Locks::take(&with("o", "s", "store")).await.expect("free again");
    }

    #[tokio::test]
    async fn a_worker_waits_for_the_one_before_it() {
        let root = tempfile::tempdir().expect("a directory");
        let offsets = ("offset.storage.file.filename", root.path().join("o").display().to_string());
        let held = Locks::take(&config(std::slice::from_ref(&offsets))).await.expect("free");
        let next = config(&[offsets, ("weir.lock.wait.ms", "90000".to_owned())]);
        let waiting = tokio::spawn(async move { Locks::take(&next).await.map(drop) });
        tokio::time::sleep(2 * PAUSE).await;
        assert!(!waiting.is_finished());
        drop(held);
        waiting.await.expect("no panic").expect("free");
    }

    #[tokio::test]
    async fn a_directory_that_is_not_there_is_named_and_a_link_is_not_followed() {
        let root = tempfile::tempdir().expect("a directory");
        let offsets = |name: &str| {
            let path = root.path().join(name).display().to_string();
            config(&[("offset.storage.file.filename", path)])
        };
        let refused = refusal(Locks::take(&offsets("none/o")).await);
        assert!(refused.ends_with(&format!("Create the directory {}/none", root.path().display())), "{refused}");
        std::fs::write(root.path().join("precious"), "content").expect("written");
        std::os::unix::fs::symlink("precious", root.path().join("o.lock")).expect("linked");
        refusal(Locks::take(&offsets("o")).await);
        assert_eq!(std::fs::read_to_string(root.path().join("precious")).expect("read"), "content");
    }
}
