//! The stores of a distributed worker: Kafka Connect's internal topics, read into the states of [`crate::topics`] and written with the
//! records that are defined there. Source offsets are stored by [`crate::offsets::TopicOffsets`].

mod clients;
mod configs;
mod statuses;

pub(crate) use clients::borrowed;
pub use clients::{TopicClients, TopicSettings};
pub use configs::{ConfigTopic, Error as ConfigError, Leadership};
pub use statuses::StatusTopic;
