//! The offset file of a standalone worker. It is replaced as a whole, by a rename of a file that is already on disk, so that a
//! crash leaves the old one or the new one. Commits that arrive while one is written share the next write.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::Mutex as AsyncMutex;

use super::Entry;
use super::document::{self, Offsets};
use super::partition::canonical;
use crate::replace_file::replace_file;

/// Why offsets cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file is there, and not one that this worker wrote whole.
    #[error(
        "the offset file {path} cannot be used: {reason}. It was left as it is. Put back a copy that is whole, or move it away to let \
         all source connectors start from the beginning (offset.storage.file.filename)"
    )]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The system refused.
    #[error("cannot {action} the offset file {path} (offset.storage.file.filename): {cause}")]
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

struct Shared {
    path: PathBuf,
    /// What is or will be in the file.
    offsets: Mutex<State>,
    /// Held by the one who writes.
    writing: AsyncMutex<()>,
}

struct State {
    offsets: Offsets,
    /// For connectors whose source asked for a partition that is not there: the texts of the partitions that are, by the text that
    /// all equal ones have. Made anew after a partition has come or gone.
    texts: HashMap<String, HashMap<String, String>>,
    /// Counts changes; a write covers all changes up to the count it started with.
    changes: u64,
    written: u64,
}

/// An open offset file. Cheap to clone.
#[derive(Clone)]
pub struct OffsetFile(Arc<Shared>);

/// The key under which Kafka Connect stores an offset: `["connector",{partition}]`.
fn key(connector: &str, partition: &str) -> String {
    format!("[{},{partition}]", serde_json::Value::from(connector))
}

impl State {
    fn get(&mut self, connector: &str, wanted: &str) -> Option<String> {
        let wanted_key = key(connector, wanted);
        if let Some(offset) = self.offsets.get(&wanted_key) {
            return Some(offset.clone());
        }
        if !self.texts.contains_key(connector) {
            let stored = entries(&self.offsets, connector);
            let texts = stored.map(|(partition, _)| (canonical(partition), partition.to_owned())).collect();
            self.texts.insert(connector.to_owned(), texts);
        }
        let text = self.texts.get(connector)?.get(&canonical(wanted))?;
        let offset = self.offsets.remove(&key(connector, text))?;
        self.offsets.insert(wanted_key, offset.clone());
        self.texts.remove(connector);
        // Written with the next commit; until then the file has the other text, which means the same.
        self.changes += 1;
        Some(offset)
    }
}

/// The source partitions of a connector with their offsets.
fn entries<'a>(offsets: &'a Offsets, connector: &str) -> impl Iterator<Item = (&'a str, &'a str)> + use<'a> {
    let start = key(connector, "").trim_end_matches(']').to_owned();
    offsets
        .range(start.clone()..)
        .map_while(move |(key, offset)| Some((key.strip_prefix(&start)?.strip_suffix(']')?, offset.as_str())))
}

impl OffsetFile {
    /// Reads the file; one that is missing or empty holds no offsets.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let text = match std::fs::read(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
            Err(cause) => return Err(Error::Io { action: "read", path: path.to_owned(), cause }),
        };
        let offsets = if text.is_empty() {
            Offsets::new()
        } else {
            document::parse(&text).map_err(|reason| Error::Damaged { path: path.to_owned(), reason })?
        };
        Ok(Self(Arc::new(Shared {
            path: path.to_owned(),
            offsets: Mutex::new(State { offsets, texts: HashMap::new(), changes: 0, written: 0 }),
            writing: AsyncMutex::new(()),
        })))
    }

    /// The offsets stored for these source partitions of a connector, in their order. A partition that is stored under another
    /// text, because an operator wrote it, is found, and has the text that is asked for from then on.
    pub fn get(&self, connector: &str, partitions: &[String]) -> Vec<Option<String>> {
        let mut state = self.0.offsets.lock();
        partitions.iter().map(|partition| state.get(connector, partition)).collect()
    }

    /// All source partitions of a connector and their offsets, sorted by their texts.
    pub fn all(&self, connector: &str) -> Vec<(String, String)> {
        let state = self.0.offsets.lock();
        entries(&state.offsets, connector)
            .map(|(partition, offset)| (partition.to_owned(), offset.to_owned()))
            .collect()
    }

    /// Stores offsets; they are durable when this returns.
    pub async fn set(&self, connector: &str, entries: Vec<Entry>) -> Result<(), Error> {
        let change = {
            let mut state = self.0.offsets.lock();
            for (partition, offset) in entries {
                let key = key(connector, &partition);
                let (old, is_there) = match offset {
                    Some(offset) => (state.offsets.insert(key, offset), true),
                    None => (state.offsets.remove(&key), false),
                };
                if old.is_some() != is_there {
                    state.texts.remove(connector);
                }
            }
            state.changes += 1;
            state.changes
        };
        let _writing = self.0.writing.lock().await;
        if self.0.offsets.lock().written >= change {
            return Ok(());
        }
        let shared = Arc::clone(&self.0);
        let written = tokio::task::spawn_blocking(move || {
            let (text, changes) = {
                let state = shared.offsets.lock();
                (document::render(&state.offsets), state.changes)
            };
            replace_file(&shared.path, text.as_bytes()).map(|()| changes)
        })
        .await
        .unwrap_or_else(|panic| Err(std::io::Error::other(panic)));
        match written {
            Ok(changes) => {
                self.0.offsets.lock().written = changes;
                Ok(())
            }
            Err(cause) => Err(Error::Io { action: "write", path: self.0.path.clone(), cause }),
        }
    }
}

/// The offsets of one connector, as its guests may read them.
pub struct ConnectorOffsets {
    /// The file they are in.
    pub file: OffsetFile,
    /// The connector's name.
    pub connector: String,
}

impl weir_plugin::StoredOffsets for ConnectorOffsets {
    fn stored_offsets<'a>(
        &'a self,
        partitions: Vec<String>,
    ) -> Pin<Box<dyn Future<Output = Result<Vec<Option<String>>, String>> + Send + 'a>> {
        // In memory, so there is nothing to wait for.
        Box::pin(std::future::ready(Ok(self.file.get(&self.connector, &partitions))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn offsets_survive_a_reopening() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("connect.offsets");
        let file = OffsetFile::open(&path).unwrap();
        let partition = r#"{"filename":"in"}"#.to_owned();
        file.set("a", vec![(partition.clone(), Some(r#"{"position":1}"#.to_owned()))]).await.unwrap();
        file.set("b\"", vec![(partition.clone(), Some(r#"{"position":2}"#.to_owned()))]).await.unwrap();

        let again = OffsetFile::open(&path).unwrap();
        assert_eq!(again.get("a", std::slice::from_ref(&partition)), [Some(r#"{"position":1}"#.to_owned())]);
        assert_eq!(again.get("b\"", std::slice::from_ref(&partition)), [Some(r#"{"position":2}"#.to_owned())]);
        again.set("a", vec![(partition.clone(), None)]).await.unwrap();
        assert_eq!(OffsetFile::open(&path).unwrap().get("a", &[partition]), [None]);
    }

    #[tokio::test]
    async fn commits_at_once_are_all_durable() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("connect.offsets");
        let file = OffsetFile::open(&path).unwrap();
        let commits = (0..50).map(|number| {
            let file = file.clone();
            tokio::spawn(async move {
                file.set("c", vec![(format!("{{\"n\":{number}}}"), Some(format!("{{\"o\":{number}}}")))]).await
            })
        });
        for commit in commits.collect::<Vec<_>>() {
            commit.await.unwrap().unwrap();
        }
        let again = OffsetFile::open(&path).unwrap();
        for number in 0..50 {
            assert_eq!(again.get("c", &[format!("{{\"n\":{number}}}")]), [Some(format!("{{\"o\":{number}}}"))]);
        }
    }

    #[tokio::test]
    async fn a_connectors_partitions_are_listed_and_found_under_any_text_that_means_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("connect.offsets");
        let file = OffsetFile::open(&path).unwrap();
        let offset = |number: u32| format!(r#"{{"position":{number}}}"#);
        for (connector, number) in [("a", 1), ("a\",{", 2), ("ab", 3)] {
            file.set(connector, vec![(r#"{"x":1,"y":2}"#.to_owned(), Some(offset(number)))]).await.unwrap();
        }
        file.set("a", vec![(r#"{"x":2}"#.to_owned(), Some(offset(4)))]).await.unwrap();
        let listed = [(r#"{"x":1,"y":2}"#.to_owned(), offset(1)), (r#"{"x":2}"#.to_owned(), offset(4))];
        assert_eq!(file.all("a"), listed);
        assert_eq!(file.all("a\",{").len(), 1);
        assert_eq!(file.all("none"), []);

        let asked = [r#"{"y":2,"x":1}"#.to_owned(), r#"{"x":3}"#.to_owned()];
        assert_eq!(file.get("a", &asked), [Some(offset(1)), None]);
        assert_eq!(file.all("a")[1].0, asked[0], "it has the text that the source uses, once");
        file.set("a", vec![(asked[0].clone(), Some(offset(5)))]).await.unwrap();
        assert_eq!(OffsetFile::open(&path).unwrap().all("a").len(), 2);
    }

    #[test]
    fn a_damaged_file_is_refused_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("connect.offsets");
        std::fs::write(&path, "{\"weir\":\"offsets\"").unwrap();
        let error = OffsetFile::open(&path).err().expect("refused").to_string();
        assert!(error.contains("connect.offsets") && error.contains("offset.storage.file.filename"), "{error}");
        assert_eq!(std::fs::read(&path).unwrap(), b"{\"weir\":\"offsets\"");
    }
}
