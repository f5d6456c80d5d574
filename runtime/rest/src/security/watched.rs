//! A file that is read again when it changes.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use parking_lot::Mutex;
use tracing::{info, warn};

use super::Error;

/// The shortest time between two checks whether the file has changed.
const LOOK: Duration = Duration::from_secs(1);

/// The parsed content of a file, read again when the file changes.
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

/// Size and modification time, by which a change is noticed.
type Stamp = (u64, SystemTime);

impl<T> Watched<T> {
    /// Reads the file for the first time.
    pub(super) fn open(path: PathBuf, read: fn(&Path) -> Result<T, Error>) -> Result<Self, Error> {
        // Taken before the file is read, so that a change in between is noticed at the next check.
        let stamp = stamp(&path);
        let value = Arc::new(read(&path)?);
        let state = Mutex::new(State { looked: Instant::now(), stamp, value });
        Ok(Self { path, read, state })
    }

    /// Returns the content as of at most a second ago. Checks the file at most once in this time, and blocks while it does. If the file
    /// is not valid any more, the previous content stays in effect and the error is logged.
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
                info!(%file, "changed file reloaded");
                state.value = Arc::new(value);
            }
            Err(error) => {
                warn!(%file, %error, "the changed file is not valid; its previous content stays in effect")
            }
        }
    }

    /// Reads the file now, whether or not it has changed.
    pub(super) fn reload(&self) {
        let stamp = stamp(&self.path);
        self.take(&mut self.state.lock(), stamp);
    }

    /// Checks the file now.
    #[cfg(test)]
    pub(super) fn look_now(&self) {
        self.look(&mut self.state.lock());
    }
}

fn stamp(path: &Path) -> Option<Stamp> {
    let metadata = std::fs::metadata(path).ok()?;
    Some((metadata.len(), metadata.modified().ok()?))
}
