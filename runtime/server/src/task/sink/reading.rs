//! Which topics a sink task reads. A pattern is Java's and matches the whole name, which librdkafka's own patterns do not; so the
//! names are looked at here, again and again, as Java's consumer does.

use std::time::Duration;

use tokio::time::Instant;
use tracing::{info, warn};
use weir_java::regex::JavaRegex;

use super::options::Subscription;
use crate::kafka::Properties;
use crate::kafka::consumer::SinkConsumer;
use crate::task::Error;

/// librdkafka's name for the time between two looks for new topics, in milliseconds: `metadata.max.age.ms` of Java's consumer.
const LOOK_KEY: &str = "topic.metadata.refresh.interval.ms";
/// Its default.
const LOOK_INTERVAL: Duration = Duration::from_secs(300);
/// The shortest that it may be.
const SHORTEST_LOOK_INTERVAL: Duration = Duration::from_millis(100);
/// The longest time while nothing matches yet, or Kafka did not answer.
const EAGER_LOOK_INTERVAL: Duration = Duration::from_secs(5);

/// The topics of a task.
pub(super) struct Reading {
    pattern: Option<Pattern>,
}

struct Pattern {
    regex: JavaRegex,
    topics: Vec<String>,
    interval: Duration,
    next_look: Instant,
}

impl Reading {
    /// Subscribes. `settings` are the consumer's.
    pub(super) async fn start(
        subscription: &Subscription,
        settings: &Properties,
        consumer: &SinkConsumer,
    ) -> Result<Self, Error> {
        match subscription {
            Subscription::Topics(topics) => {
                subscribe(consumer, topics).await?;
                Ok(Self { pattern: None })
            }
            Subscription::Pattern(pattern) => {
                let regex = JavaRegex::new(pattern)
                    .map_err(|error| Error::Config(format!("topics.regex cannot be used: {error}")))?;
                let interval = settings.get(LOOK_KEY).and_then(|value| value.parse().ok()).map(Duration::from_millis);
                let pattern = Pattern {
                    regex,
                    topics: Vec::new(),
                    // Never without a pause: a look is a request to the broker.
                    interval: interval.unwrap_or(LOOK_INTERVAL).max(SHORTEST_LOOK_INTERVAL),
                    next_look: Instant::now(),
                };
                let mut reading = Self { pattern: Some(pattern) };
                reading.refresh(consumer, Instant::now()).await?;
                Ok(reading)
            }
        }
    }

    /// When [`Reading::refresh`] has something to do; none = never.
    pub(super) fn next_look(&self) -> Option<Instant> {
        self.pattern.as_ref().map(|pattern| pattern.next_look)
    }

    /// Looks for topics that match by now, if it is time.
    pub(super) async fn refresh(&mut self, consumer: &SinkConsumer, now: Instant) -> Result<(), Error> {
        let Some(pattern) = self.pattern.as_mut().filter(|pattern| now >= pattern.next_look) else { return Ok(()) };
        let interval = match consumer.topics().await {
            Ok(names) => {
                let topics: Vec<String> =
                    names.into_iter().filter(|name| pattern.regex.matches(name).unwrap_or(false)).collect();
                if topics != pattern.topics {
                    info!(?topics, "topics that match topics.regex");
                    subscribe(consumer, &topics).await?;
                    pattern.topics = topics;
                }
                if pattern.topics.is_empty() { pattern.interval.min(EAGER_LOOK_INTERVAL) } else { pattern.interval }
            }
            Err(error) => {
                warn!(%error, "cannot look for topics that match topics.regex; trying again");
                pattern.interval.min(EAGER_LOOK_INTERVAL)
            }
        };
        pattern.next_look = Instant::now() + interval;
        Ok(())
    }
}

async fn subscribe(consumer: &SinkConsumer, topics: &[String]) -> Result<(), Error> {
    consumer.subscribe(topics.to_vec()).await.map_err(|cause| Error::Kafka { what: "cannot subscribe", cause })
}
