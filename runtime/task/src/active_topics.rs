//! The topics that a connector has written to or read from (KIP-558): one list for all of its tasks, and what each task has noted
//! in it already, so that a record costs nothing and a batch a comparison.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;

/// The topics of one connector.
#[derive(Debug, Default)]
pub struct ActiveTopics {
    names: Mutex<BTreeSet<String>>,
    /// Counts resets.
    resets: AtomicU64,
}

impl ActiveTopics {
    /// Returns their names, sorted.
    pub fn names(&self) -> Vec<String> {
        self.names.lock().iter().cloned().collect()
    }

    /// Clears the list. Topics that are still written to or read from are noted again with the next batch.
    pub fn reset(&self) {
        let mut names = self.names.lock();
        names.clear();
        // Within the lock: a task that sees the new count also sees the empty list.
        self.resets.fetch_add(1, Ordering::Release);
    }
}

/// What one task has noted.
#[derive(Debug, Default)]
pub struct TopicNotes {
    /// `None` if nothing is tracked (`topic.tracking.enable=false`).
    topics: Option<Arc<ActiveTopics>>,
    noted: HashSet<String>,
    resets: u64,
}

impl TopicNotes {
    /// Creates the notes of one task of a connector.
    pub fn new(topics: Option<Arc<ActiveTopics>>) -> Self {
        Self { topics, ..Self::default() }
    }

    /// Whether [`TopicNotes::note`] is to be called for this topic, once it is known to be in use.
    pub fn is_new(&mut self, name: &str) -> bool {
        let Some(topics) = &self.topics else { return false };
        let resets = topics.resets.load(Ordering::Acquire);
        if resets != self.resets {
            self.resets = resets;
            self.noted.clear();
        }
        !self.noted.contains(name)
    }

    /// Notes a topic.
    pub fn note(&mut self, name: &str) {
        if let Some(topics) = &self.topics
            && self.noted.insert(name.to_owned())
        {
            topics.names.lock().insert(name.to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_is_noted_once_by_each_task_and_again_after_a_reset() {
        let topics = Arc::new(ActiveTopics::default());
        let mut tasks = [TopicNotes::new(Some(Arc::clone(&topics))), TopicNotes::new(Some(Arc::clone(&topics)))];
        for task in &mut tasks {
            assert!(task.is_new("b"));
            task.note("b");
            assert!(!task.is_new("b"));
        }
        tasks[0].note("a");
        assert_eq!(topics.names(), ["a", "b"]);
        topics.reset();
        assert_eq!(topics.names(), Vec::<String>::new());
        assert!(tasks[1].is_new("b"));
        tasks[1].note("b");
        assert_eq!(topics.names(), ["b"]);
    }

    #[test]
    fn nothing_is_noted_where_nothing_is_tracked() {
        let mut task = TopicNotes::new(None);
        assert!(!task.is_new("a"));
        task.note("a");
    }
}
