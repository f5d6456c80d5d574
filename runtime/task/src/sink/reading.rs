//! Which topics a sink task reads. A pattern is Java's and matches the whole name, which librdkafka's own patterns do not; so the names are
//! matched here, repeatedly, as Java's consumer does. Named topics are looked for until all of them exist, which librdkafka does only every
//! `metadata.max.age.ms`.

use std::collections::{BTreeSet, HashSet, VecDeque};
use std::time::Duration;

use tokio::sync::oneshot::error::TryRecvError;
use tokio::time::Instant;
use tracing::{debug, info, warn};
use weir_java::regex::JavaRegex;

use crate::Error;
use weir_config::Subscription;
use weir_kafka::Properties;
use weir_kafka::consumer::{Looking, SinkConsumer, Wanted};
use weir_kafka::consumer_fault::{ConsumerError, ConsumerFault};

/// librdkafka's name for the time between two looks for new topics, in milliseconds: `metadata.max.age.ms` of Java's consumer.
const LOOK_KEY: &str = "topic.metadata.refresh.interval.ms";
/// Its default.
const LOOK_INTERVAL: Duration = Duration::from_secs(300);
/// The shortest that it may be: a look is a request to the broker.
const SHORTEST_LOOK_INTERVAL: Duration = Duration::from_millis(100);
/// The longest time while nothing matches yet, or Kafka did not answer.
const EAGER_LOOK_INTERVAL: Duration = Duration::from_secs(5);
/// The time between two looks for a topic that is named and not there: Java's `retry.backoff.max.ms`.
const MISSING_LOOK_INTERVAL: Duration = Duration::from_secs(1);
/// Maximum number of named topics in one lookup, because each needs a request.
const NAMES_AT_ONCE: usize = 16;

/// The topics of a task.
pub(super) struct Reading {
    topics: Topics,
    /// When to look again; `None` if all topics are known.
    next_look: Option<Instant>,
    looking: Option<Looking>,
}

enum Topics {
    Named(Names),
    Pattern(Pattern),
}

/// `topics`.
struct Names {
    all: BTreeSet<String>,
    /// Those that may not exist. The first are asked for next.
    missing: VecDeque<String>,
    /// Those that the consumer has found to be missing.
    told: BTreeSet<String>,
    /// Those that exist by now, and of which the consumer may not know that.
    late: BTreeSet<String>,
    /// Since when there are any.
    late_since: Option<Instant>,
    /// Whether no lookup has completed yet.
    is_new: bool,
}

/// `topics.regex`.
struct Pattern {
    regex: JavaRegex,
    topics: Vec<String>,
    interval: Duration,
    /// Since when other topics match than are read.
    changed_since: Option<Instant>,
}

impl Reading {
    /// Subscribes. `settings` are the consumer's.
    pub(super) async fn start(
        subscription: &Subscription,
        settings: &Properties,
        consumer: &SinkConsumer,
    ) -> Result<Self, Error> {
        let topics = match subscription {
            Subscription::Topics(names) => {
                subscribe(consumer, names).await?;
                Topics::Named(Names::new(names))
            }
            Subscription::Pattern(pattern) => {
                let regex = JavaRegex::new(pattern)
                    .map_err(|error| Error::Config(format!("topics.regex cannot be used: {error}")))?;
                let interval = settings.get(LOOK_KEY).and_then(|value| value.parse().ok()).map(Duration::from_millis);
                let interval = interval.unwrap_or(LOOK_INTERVAL).max(SHORTEST_LOOK_INTERVAL);
                Topics::Pattern(Pattern { regex, topics: Vec::new(), interval, changed_since: None })
            }
        };
        Ok(Self { topics, next_look: Some(Instant::now()), looking: None })
    }

    /// When [`Reading::refresh`] has something to do, if not before, when the consumer has an event; `None` for never.
    pub(super) fn next_look(&self) -> Option<Instant> {
        self.next_look.filter(|_| self.looking.is_none())
    }

    /// Handles the consumer's report that a topic does not exist, or no longer exists. `reason` is librdkafka's text.
    pub(super) fn is_incomplete(&mut self, consumer: &SinkConsumer, reason: &str) {
        if let Topics::Named(names) = &mut self.topics {
            consumer.forget_assigned();
            names.is_missing(reason);
            self.next_look.get_or_insert_with(|| Instant::now() + MISSING_LOOK_INTERVAL);
        }
    }

    /// Looks for topics, if it is time, and reads those that were found.
    pub(super) async fn refresh(&mut self, consumer: &SinkConsumer, now: Instant) -> Result<(), Error> {
        let answer = self.looking.as_mut().map_or(Err(TryRecvError::Empty), |looking| looking.try_recv());
        if !matches!(answer, Err(TryRecvError::Empty)) {
            self.looking = None;
        }
        if let Ok(found) = answer {
            let pause = match &mut self.topics {
                Topics::Named(names) => names.found(consumer, found).await?,
                Topics::Pattern(pattern) => Some(pattern.found(consumer, found).await?),
            };
            self.next_look = pause.map(|pause| Instant::now() + pause);
        }
        if self.looking.is_none() && self.next_look.is_some_and(|at| now >= at) {
            self.looking = Some(consumer.look(match &self.topics {
                Topics::Named(names) => names.wanted(),
                Topics::Pattern(_) => Wanted::All,
            }));
        }
        Ok(())
    }
}

impl Names {
    fn new(names: &[String]) -> Self {
        let all: BTreeSet<String> = names.iter().cloned().collect();
        Self {
            missing: all.iter().cloned().collect(),
            all,
            told: BTreeSet::new(),
            late: BTreeSet::new(),
            late_since: None,
            is_new: true,
        }
    }

    fn is_missing(&mut self, reason: &str) {
        // `Subscribed topic not available: NAME: ...`, and a name has no colon.
        let name = reason.split(": ").find_map(|word| self.all.get(word));
        let names: Vec<String> = match name {
            Some(name) => vec![name.clone()],
            None => self.all.iter().cloned().collect(),
        };
        let missing: HashSet<&String> = self.missing.iter().collect();
        let new: Vec<String> = names.iter().filter(|name| !missing.contains(name)).cloned().collect();
        self.missing.extend(new);
        self.told.extend(names);
    }

    fn wanted(&self) -> Wanted {
        // One request for all topics of the cluster is less than one for each of many.
        match self.is_new && self.missing.len() > NAMES_AT_ONCE {
            true => Wanted::All,
            false => Wanted::Named(self.missing.iter().take(NAMES_AT_ONCE).cloned().collect()),
        }
    }

    /// Handles the topics that were found. Returns when to look again; `None` if all exist.
    async fn found(
        &mut self,
        consumer: &SinkConsumer,
        found: Result<Vec<String>, ConsumerError>,
    ) -> Result<Option<Duration>, Error> {
        match found {
            Ok(found) => {
                let topics = self.note(&found);
                if !topics.is_empty() {
                    info!(?topics, "topics exist by now");
                    self.late.extend(topics);
                }
                if !self.late.is_empty() {
                    self.tell(consumer).await?;
                }
            }
            Err(error) if error.fault() != ConsumerFault::Transient => return Err(Error::consumer(&error)),
            // Connection errors are logged elsewhere.
            Err(error) => debug!(reason = error.reason, "cannot look for topics; trying again"),
        }
        Ok((!self.missing.is_empty() || !self.late.is_empty()).then_some(MISSING_LOOK_INTERVAL))
    }

    /// Has the consumer read topics that are late. It joins the group with the topics that it knows, and learns of others from the looks
    /// for them until then.
    async fn tell(&mut self, consumer: &SinkConsumer) -> Result<(), Error> {
        let since = *self.late_since.get_or_insert_with(Instant::now);
        if !consumer.may_change_topics(since.into_std()) {
            return Ok(());
        }
        self.late_since = None;
        let late = std::mem::take(&mut self.late);
        if late.iter().all(|topic| consumer.was_assigned(topic)) {
            return Ok(());
        }
        // librdkafka looks at all topics again, and joins the group with those that exist.
        let all: Vec<String> = self.all.iter().cloned().collect();
        subscribe(consumer, &all).await
    }

    /// Notes which topics exist, and returns those of which the consumer does not know that.
    fn note(&mut self, found: &[String]) -> Vec<String> {
        let found: HashSet<&String> = found.iter().collect();
        let (found, missing): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.missing).into_iter().partition(|name| found.contains(name));
        self.missing = missing.into();
        // Others have their turn.
        let asked = self.missing.len().min(NAMES_AT_ONCE);
        self.missing.rotate_left(asked);
        // The consumer has looked for all of them itself when it subscribed.
        let is_new = std::mem::take(&mut self.is_new);
        found.into_iter().filter(|name| self.told.remove(name) || !is_new).collect()
    }
}

impl Pattern {
    /// Handles the names of all topics. Returns when to look again.
    async fn found(
        &mut self,
        consumer: &SinkConsumer,
        names: Result<Vec<String>, ConsumerError>,
    ) -> Result<Duration, Error> {
        match names {
            Ok(names) => {
                let topics: Vec<String> =
                    names.into_iter().filter(|name| self.regex.matches(name).unwrap_or(false)).collect();
                if topics != self.topics {
                    let since = *self.changed_since.get_or_insert_with(Instant::now);
                    if !consumer.may_change_topics(since.into_std()) {
                        return Ok(self.interval.min(MISSING_LOOK_INTERVAL));
                    }
                    info!(?topics, "topics that match topics.regex");
                    subscribe(consumer, &topics).await?;
                    self.topics = topics;
                }
                self.changed_since = None;
                Ok(if self.topics.is_empty() { self.interval.min(EAGER_LOOK_INTERVAL) } else { self.interval })
            }
            Err(error) => {
                warn!(reason = error.reason, "cannot look for topics that match topics.regex; trying again");
                Ok(self.interval.min(EAGER_LOOK_INTERVAL))
            }
        }
    }
}

async fn subscribe(consumer: &SinkConsumer, topics: &[String]) -> Result<(), Error> {
    consumer.subscribe(topics.to_vec()).await.map_err(|cause| Error::Kafka { what: "cannot subscribe", cause })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    #[test]
    fn a_topic_that_was_there_from_the_beginning_is_no_news_and_one_that_comes_later_is() {
        let mut topics = Names::new(&names(&["b", "a", "b"]));
        assert_eq!(topics.wanted(), Wanted::Named(names(&["a", "b"])));
        assert_eq!(topics.note(&names(&["a"])), names(&[]));
        assert_eq!(topics.wanted(), Wanted::Named(names(&["b"])));
        assert_eq!(topics.note(&[]), names(&[]));
        assert_eq!(topics.note(&names(&["b"])), names(&["b"]));
        assert!(topics.missing.is_empty());
    }

    #[test]
    fn a_topic_that_the_consumer_did_not_find_is_news_whenever_it_is_found() {
        let mut topics = Names::new(&names(&["a", "b"]));
        topics.is_missing("Subscribed topic not available: a: Broker: Unknown topic or partition");
        assert_eq!(topics.note(&names(&["a", "b"])), names(&["a"]));
        topics.is_missing("Subscribed topic not available: b: Broker: Unknown topic or partition");
        assert_eq!(topics.wanted(), Wanted::Named(names(&["b"])));
        topics.is_missing("some other text");
        assert_eq!(topics.wanted(), Wanted::Named(names(&["b", "a"])));
        assert_eq!(topics.note(&names(&["a", "b"])), names(&["b", "a"]));
    }

    #[test]
    fn of_many_topics_that_are_missing_some_are_asked_for_at_a_time() {
        let many: Vec<String> = (0..40).map(|index| format!("t{index:02}")).collect();
        let mut topics = Names::new(&many);
        assert_eq!(topics.wanted(), Wanted::All);
        assert_eq!(topics.note(&[]), names(&[]));
        let mut asked = BTreeSet::new();
        for _ in 0..3 {
            let Wanted::Named(wanted) = topics.wanted() else { panic!("named ones") };
            assert!(wanted.len() <= NAMES_AT_ONCE);
            asked.extend(wanted);
            topics.note(&[]);
        }
        assert_eq!(asked.into_iter().collect::<Vec<_>>(), many);
    }
}
