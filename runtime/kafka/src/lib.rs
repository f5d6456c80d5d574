//! Kafka I/O on librdkafka: producers that tasks share, consumers that hand rebalances to their task, admin clients, compacted topics, the
//! in-process broker of `weir dev`. Nothing in this crate depends on connectors.

pub mod admin;
mod admin_context;
pub mod cluster;
pub mod compacted;
pub mod connection;
pub mod consumer;
pub mod consumer_fault;
pub mod dev_broker;
mod failure_text;
pub mod fault;
pub mod groups;
pub mod internal_topics;
pub mod lanes;
mod membership;
pub mod native;
pub mod producer;
mod refusal;
mod statistics;
mod topic_lookups;
pub mod trial;
pub mod worker_group;

use std::collections::BTreeMap;

use rdkafka::ClientConfig;

pub use rdkafka::error::{KafkaError, RDKafkaErrorCode};
pub use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

/// librdkafka's properties, complete.
pub type Properties = BTreeMap<String, String>;

fn client_config(properties: &Properties) -> ClientConfig {
    let mut config = ClientConfig::new();
    for (key, value) in properties {
        config.set(key, value);
    }
    config
}
