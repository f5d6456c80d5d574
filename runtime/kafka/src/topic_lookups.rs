//! Looks topics up in the cluster, one after another on a thread that may block. A topic that is requested several times before its turn is
//! looked up once, and no topic is lost while another one is looked up.

use std::collections::VecDeque;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::task::JoinHandle;

type Ask = Box<dyn FnOnce(&str) + Send>;

/// The topics that wait to be looked up.
#[derive(Default)]
struct Queue {
    topics: VecDeque<(String, Ask)>,
    /// Whether a thread takes topics out, and has not seen the end of the queue.
    is_served: bool,
}

/// The lookups of one task. They end with the task, except for the one in progress.
#[derive(Default)]
pub(super) struct TopicLookups {
    queue: Arc<Mutex<Queue>>,
    serving: Option<JoinHandle<()>>,
}

impl TopicLookups {
    /// Looks a topic up with `ask`, which blocks. If the topic waits already, the new lookup replaces the old one.
    pub(super) fn add(&mut self, topic: &str, ask: impl FnOnce(&str) + Send + 'static) {
        let mut queue = self.queue.lock();
        match queue.topics.iter_mut().find(|(waiting, _)| waiting == topic) {
            Some((_, waiting)) => *waiting = Box::new(ask),
            None => queue.topics.push_back((topic.to_owned(), Box::new(ask))),
        }
        // A thread that has panicked serves nothing any more.
        let is_alive = self.serving.as_ref().is_some_and(|serving| !serving.is_finished());
        if std::mem::replace(&mut queue.is_served, true) && is_alive {
            return;
        }
        drop(queue);
        let queue = Arc::clone(&self.queue);
        self.serving = Some(tokio::task::spawn_blocking(move || {
            let next = || {
                let mut queue = queue.lock();
                let next = queue.topics.pop_front();
                // Within the lock: a topic that is added now finds a thread, or starts one.
                queue.is_served = next.is_some();
                next
            };
            while let Some((topic, ask)) = next() {
                ask(&topic);
            }
        }));
    }
}

impl Drop for TopicLookups {
    fn drop(&mut self) {
        self.queue.lock().topics.clear();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[tokio::test]
    async fn topics_that_are_named_while_one_is_asked_about_are_asked_about_next_and_once() {
        let (asked, mut heard) = tokio::sync::mpsc::unbounded_channel();
        let (answer, answers) = mpsc::channel::<()>();
        let answers = Arc::new(Mutex::new(answers));
        let mut lookups = TopicLookups::default();
        let mut add = |topic: &str| {
            let (asked, answers) = (asked.clone(), Arc::clone(&answers));
            lookups.add(topic, move |topic| {
                asked.send(topic.to_owned()).unwrap();
                answers.lock().recv().unwrap();
            });
        };
        add("a");
        assert_eq!(heard.recv().await.as_deref(), Some("a"));
        ["b", "c", "b"].iter().for_each(|topic| add(topic));
        answer.send(()).unwrap();
        assert_eq!(heard.recv().await.as_deref(), Some("b"));
        // It may have changed since it was looked up.
        add("a");
        (0..3).for_each(|_| answer.send(()).unwrap());
        assert_eq!([heard.recv().await, heard.recv().await].map(Option::unwrap), ["c", "a"]);
        // Another thread, if this one has ended.
        add("d");
        answer.send(()).unwrap();
        assert_eq!(heard.recv().await.as_deref(), Some("d"));
        assert!(heard.try_recv().is_err());
    }

    #[tokio::test]
    async fn a_question_that_panics_does_not_keep_others_from_being_asked() {
        let mut lookups = TopicLookups::default();
        lookups.add("a", |_| panic!("as the test wants"));
        while lookups.serving.as_ref().is_some_and(|serving| !serving.is_finished()) {
            tokio::task::yield_now().await;
        }
        let (asked, mut heard) = tokio::sync::mpsc::unbounded_channel();
        lookups.add("b", move |topic| asked.send(topic.to_owned()).unwrap());
        assert_eq!(heard.recv().await.as_deref(), Some("b"));
    }
}
