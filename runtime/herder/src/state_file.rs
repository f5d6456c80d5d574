//! The file in which a standalone worker keeps its connectors across restarts (`weir.standalone.state`): a header line that counts
//! and hashes what follows, then one line for each connector.
//!
//! ```text
//! {"weir":"connectors","version":1,"entries":1,"sha256":"…"}
//! {"name":"a","target":"PAUSED","command_line":false,"config":{"connector.class":"FileStreamSource","name":"a"}}
//! ```
//!
//! It is replaced as a whole, so that whatever happens it holds the connectors before a change or after it. It holds configurations
//! as they were submitted, not what config providers made of them.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex as AsyncMutex;

use weir_api::TargetState;
use weir_plugin::ConfigMap;
use weir_storage::hashed_lines::{self, Problem};
use weir_storage::own_io;
use weir_storage::replace_file::{Replace, replace_file};

/// What the first line says the file is.
const KIND: &str = "connectors";

/// What is kept of a connector.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Kept {
    pub(super) name: String,
    pub(super) target: TargetState,
    /// Its configuration comes from a file of the command line.
    pub(super) command_line: bool,
    /// As submitted.
    pub(super) config: ConfigMap,
}

/// Why the file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file is there, and not one that this worker wrote whole.
    #[error("the file of connectors {path} cannot be used: {reason} (weir.standalone.state)")]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it, and what to do.
        reason: String,
    },
    /// The system refused.
    #[error("cannot {action} the file of connectors {path} (weir.standalone.state): {cause}")]
    Io {
        /// `read` or `write`.
        action: &'static str,
        /// Which file.
        path: PathBuf,
        /// The system's answer.
        #[source]
        cause: std::io::Error,
    },
}

/// An open file.
pub struct StateFile {
    path: PathBuf,
    replace: Replace,
    /// What was in it when it was opened, until somebody takes it.
    kept: Mutex<Vec<Kept>>,
    /// Counts changes of the connectors; a write covers all changes up to the count it started with.
    changes: AtomicU64,
    /// The count that the last write covered. Held by the one who writes, and by the write itself, which a newer one must not overtake
    /// even if its caller has left.
    written: Arc<AsyncMutex<u64>>,
}

impl StateFile {
    /// Reads the file; one that is missing or empty keeps no connectors. What cannot be written later is noticed now.
    pub fn open(path: &Path) -> Result<Self, Error> {
        Self::open_with(path, Arc::new(replace_file))
    }

    fn open_with(path: &Path, replace: Replace) -> Result<Self, Error> {
        let (kept, is_empty) = read(path)?;
        if is_empty {
            let failed = |cause| Error::Io { action: "write", path: path.to_owned(), cause };
            replace(path, render(&[]).as_bytes()).map_err(failed)?;
        }
        Ok(Self {
            path: path.to_owned(),
            replace,
            kept: Mutex::new(kept),
            changes: AtomicU64::new(0),
            written: Arc::default(),
        })
    }

    /// Reads the file and writes nothing: whether it is whole, if it is there.
    pub fn look(path: &Path) -> Result<(), Error> {
        read(path).map(drop)
    }

    /// The connectors that were in the file when it was opened.
    pub(super) fn take(&self) -> Vec<Kept> {
        std::mem::take(&mut self.kept.lock())
    }

    /// Writes the connectors after a change; it is durable when this returns. `connectors` says what there is when it is called, none
    /// = nothing is to be written any more. Changes that are made meanwhile share the next write.
    pub(super) async fn save(&self, connectors: impl FnOnce() -> Option<Vec<Kept>>) -> Result<(), Error> {
        let change = self.changes.fetch_add(1, Ordering::AcqRel) + 1;
        let mut written = Arc::clone(&self.written).lock_owned().await;
        if *written >= change {
            return Ok(());
        }
        let covers = self.changes.load(Ordering::Acquire);
        let stopping = || std::io::Error::other("the worker is stopping");
        let text = connectors().map(|connectors| render(&connectors));
        let (path, replace) = (self.path.clone(), Arc::clone(&self.replace));
        let done = match text {
            Some(text) => own_io::spawn_blocking(move || {
                replace(&path, text.as_bytes())?;
                *written = covers;
                Ok(())
            })
            .await
            .unwrap_or_else(|panic| Err(std::io::Error::other(panic))),
            None => Err(stopping()),
        };
        done.map_err(|cause| Error::Io { action: "write", path: self.path.clone(), cause })
    }
}

/// What is in the file, and whether that is nothing at all.
fn read(path: &Path) -> Result<(Vec<Kept>, bool), Error> {
    let text = match std::fs::read(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
        Err(cause) => return Err(Error::Io { action: "read", path: path.to_owned(), cause }),
    };
    let damaged = "Put back a copy that is whole, or move it away to start without the connectors that it kept";
    let kept =
        parse(&text).map_err(|problem| Error::Damaged { path: path.to_owned(), reason: problem.with_next(damaged) })?;
    Ok((kept, text.is_empty()))
}

fn render(connectors: &[Kept]) -> String {
    let lines = connectors.iter().map(|kept| serde_json::to_string(kept).unwrap_or_default());
    hashed_lines::render(KIND, None, lines)
}

fn parse(text: &[u8]) -> Result<Vec<Kept>, Problem> {
    if text.is_empty() {
        return Ok(Vec::new());
    }
    let lines = hashed_lines::parse(KIND, text)?;
    let parsed = |(number, line)| serde_json::from_str(line).map_err(|error| format!("line {}: {error}", number + 2));
    lines.into_iter().enumerate().map(parsed).collect::<Result<_, String>>().map_err(Problem::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(name: &str, target: TargetState) -> Kept {
        let config = [("name", name), ("topic", "x\ny"), ("password", "${file:/s:p}")];
        let config = config.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
        Kept { name: name.to_owned(), target, command_line: false, config }
    }

    fn sample() -> Vec<Kept> {
        vec![kept("a", TargetState::Paused), kept("b/\u{fc} ..", TargetState::Stopped), kept("c", TargetState::Started)]
    }

    #[test]
    fn what_is_written_is_read_back() {
        assert_eq!(parse(render(&sample()).as_bytes()), Ok(sample()));
        assert_eq!(parse(render(&[]).as_bytes()), Ok(vec![]));
    }

    #[test]
    fn every_cut_and_every_flipped_byte_is_refused() {
        let whole = render(&sample()).into_bytes();
        for end in 1..whole.len() {
            assert!(parse(&whole[..end]).is_err(), "cut at {end}");
        }
        for at in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[at] ^= 1;
            assert!(parse(&damaged).map_or(true, |read| read == sample()), "flipped at {at}");
        }
    }

    #[tokio::test]
    async fn a_damaged_file_is_refused_and_left_alone_and_an_unfinished_write_is_not_read() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("connectors");
        let file = StateFile::open(&path).expect("a new file");
        file.save(|| Some(sample())).await.expect("written");
        // What a worker leaves that was killed between its write and its rename.
        std::fs::write(folder.path().join(".weir-x1y2z3"), "{\"weir\":\"connec").expect("written");
        let again = StateFile::open(&path).expect("whole");
        assert_eq!(again.take(), sample());
        assert_eq!(again.take(), [], "once");

        std::fs::write(&path, "{\"weir\":\"connectors\"}\n").expect("written");
        let error = StateFile::open(&path).err().expect("refused").to_string();
        assert!(error.contains("weir.standalone.state") && error.contains("move it away"), "{error}");
        assert_eq!(std::fs::read(&path).expect("left"), b"{\"weir\":\"connectors\"}\n");
        let offsets = hashed_lines::render("offsets", None, std::iter::empty::<String>());
        std::fs::write(&path, offsets).expect("written");
        let error = StateFile::open(&path).err().expect("refused").to_string();
        assert!(error.contains("not a connectors file"), "{error}");
    }

    #[tokio::test]
    async fn a_place_that_cannot_be_written_is_noticed_at_the_start() {
        let folder = tempfile::tempdir().expect("folder");
        let error = StateFile::open(&folder.path().join("missing/connectors")).err().expect("refused").to_string();
        assert!(error.contains("cannot write"), "{error}");
    }

    #[tokio::test]
    async fn each_change_is_durable_when_it_is_acknowledged() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("connectors");
        let file = std::sync::Arc::new(StateFile::open(&path).expect("a new file"));
        let connectors = std::sync::Arc::new(Mutex::new(Vec::new()));
        let changes = (0..50).map(|number| {
            let (file, connectors, path) = (file.clone(), connectors.clone(), path.clone());
            tokio::spawn(async move {
                let name = format!("c{number}");
                connectors.lock().push(kept(&name, TargetState::Started));
                file.save(|| Some(connectors.lock().clone())).await.expect("written");
                let on_disk = StateFile::open(&path).expect("whole").take();
                assert!(on_disk.iter().any(|kept| kept.name == name), "{name} is acknowledged and not there");
            })
        });
        for change in changes.collect::<Vec<_>>() {
            change.await.expect("no panic");
        }
        assert!(file.save(|| None).await.is_err(), "a worker that stops acknowledges nothing");
        assert_eq!(StateFile::open(&path).expect("whole").take().len(), 50);
    }

    #[tokio::test]
    async fn a_write_whose_caller_has_left_does_not_overwrite_a_newer_one() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("connectors");
        StateFile::open(&path).expect("a new file");
        let (begin, begun) = std::sync::mpsc::channel();
        let (pass, passed) = std::sync::mpsc::channel::<()>();
        let passed = Mutex::new(passed);
        let replace = move |path: &Path, content: &[u8]| {
            let _ = begin.send(());
            passed.lock().recv().map_err(std::io::Error::other)?;
            replace_file(path, content)
        };
        let file = Arc::new(StateFile::open_with(&path, Arc::new(replace)).expect("a file"));
        let patience = std::time::Duration::from_millis(50);
        tokio::time::timeout(patience, file.save(|| Some(sample()))).await.expect_err("it waits");
        begun.recv().expect("it is being written");
        let newer = tokio::spawn({
            let file = Arc::clone(&file);
            async move { file.save(|| Some(vec![])).await }
        });
        tokio::time::sleep(2 * patience).await;
        assert!(begun.try_recv().is_err(), "a second write began while the first was on its way");
        pass.send(()).expect("the first");
        pass.send(()).expect("the second");
        newer.await.expect("no panic").expect("written");
        assert_eq!(StateFile::open(&path).expect("whole").take(), []);
    }
}
