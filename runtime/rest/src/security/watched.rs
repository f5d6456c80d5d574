//! A file that is read again when it changes.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use parking_lot::Mutex;
use tracing::{info, warn};

use super::Error;

/// How often it is looked whether the file has changed, at most.
const LOOK: Duration = Duration::from_secs(1);

/// What a file holds.
pub(super) struct Watched<T> {
    path: PathBuf,
    read: fn(&Path) -> Result<T, Error>,
    state: Mutex<State<T>>,
}

struct State<T> {
    looked: Instant,
    stamp: Option<Stamp>,
    value: Arc<T>,
}

/// What changes with the file.
type Stamp = (u64, SystemTime);

impl<T> Watched<T> {
    /// Reads the file for the first time.
    pub(super) fn open(path: PathBuf, read: fn(&Path) -> Result<T, Error>) -> Result<Self, Error> {
        // Before the file is read: what changes in between is seen the next time.
        let stamp = stamp(&path);
        let value = Arc::new(read(&path)?);
        let state = Mutex::new(State { looked: Instant::now(), stamp, value });
        Ok(Self { path, read, state })
    }

    /// What the file holds, as of no longer than a second ago. Looks at the file at most once in this time, which blocks as long
    /// as that takes. A file that cannot be used any more changes nothing, and is in the log.
    pub(super) fn value(&self) -> Arc<T> {
        let mut state = self.state.lock();
        if state.looked.elapsed() < LOOK {
            return Arc::clone(&state.value);
        }
        self.look(&mut state);
        Arc::clone(&state.value)
    }

    fn look(&self, state: &mut State<T>) {
        state.looked = Instant::now();
        let stamp = stamp(&self.path);
        if stamp == state.stamp {
            return;
        }
        self.take(state, stamp);
    }

    fn take(&self, state: &mut State<T>, stamp: Option<Stamp>) {
        state.stamp = stamp;
        let file = self.path.display();
        match (self.read)(&self.path) {
            Ok(value) => {
                info!(%file, "the file has changed and was read again");
                state.value = Arc::new(value);
            }
            Err(error) => {
                warn!(%file, %error, "the file has changed and cannot be used; what it said before stays in force")
            }
        }
    }

    /// Reads the file now, whether or not it looks as if it had changed.
    pub(super) fn reload(&self) {
        let stamp = stamp(&self.path);
        self.take(&mut self.state.lock(), stamp);
    }

    /// Looks at the file now.
    #[cfg(test)]
    pub(super) fn look_now(&self) {
        self.look(&mut self.state.lock());
    }
}

fn stamp(path: &Path) -> Option<Stamp> {
    let metadata = std::fs::metadata(path).ok()?;
    Some((metadata.len(), metadata.modified().ok()?))
}
