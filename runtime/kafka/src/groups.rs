//! Reads and changes the offsets of a consumer group from outside the group, as the REST API does for sinks.

use std::sync::Arc;
use std::time::Duration;

use rdkafka::config::FromClientConfigAndContext as _;
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use rdkafka::producer::BaseProducer;
use weir_data::topic_partition::{TopicPartition, TopicPartitionOffset};

use super::admin_context::AdminContext;
use super::connection::Connections;
use super::consumer::{list, offset_list};
use super::native::{Request, request};
use super::{Properties, client_config};

/// A client that is opened for some requests and closed after them.
pub struct Groups(Arc<BaseProducer<AdminContext>>);

impl Groups {
    /// Creates the client. Nothing is sent yet. `properties` are those of an admin client.
    pub fn open(properties: &Properties, connections: &Connections) -> KafkaResult<Self> {
        let context = AdminContext::new(&connections.open("admin", properties));
        // librdkafka has only producers and consumers, and a producer needs fewer resources.
        Ok(Self(Arc::new(BaseProducer::from_config_and_context(&client_config(properties), context)?)))
    }

    /// Returns the offsets that the group has committed, sorted. A group that does not exist has no offsets.
    pub async fn offsets(&self, group: &str, limit: Duration) -> KafkaResult<Vec<TopicPartitionOffset>> {
        let mut offsets = self.ask(group, move |client, group| request(client, group, Request::List, limit)).await?;
        // A negative offset means that there is none.
        offsets.retain(|committed| committed.offset >= 0);
        offsets.sort();
        Ok(offsets)
    }

    /// Commits offsets for a group without members. Fails with `UnknownMemberId` if it has members.
    pub async fn alter(&self, group: &str, offsets: &[TopicPartitionOffset], limit: Duration) -> KafkaResult<()> {
        let list = offset_list(offsets)?;
        self.ask(group, move |client, group| request(client, group, Request::Alter(&list), limit)).await.map(drop)
    }

    /// Deletes the offsets of some partitions. Fails with `GroupSubscribedToTopic` if the group reads the topic.
    pub async fn forget(&self, group: &str, partitions: &[TopicPartition], limit: Duration) -> KafkaResult<()> {
        let list = list(partitions);
        self.ask(group, move |client, group| request(client, group, Request::Forget(&list), limit)).await.map(drop)
    }

    /// Deletes a group. It does not fail if the group does not exist. The error is `NonEmptyGroup` if it has members.
    pub async fn delete(&self, group: &str, limit: Duration) -> KafkaResult<()> {
        match self.ask(group, move |client, group| request(client, group, Request::Delete, limit)).await {
            Err(KafkaError::AdminOp(RDKafkaErrorCode::GroupIdNotFound)) => Ok(()),
            other => other.map(drop),
        }
    }

    /// Runs a request where it may block.
    async fn ask(
        &self,
        group: &str,
        work: impl FnOnce(&BaseProducer<AdminContext>, &str) -> KafkaResult<Vec<TopicPartitionOffset>> + Send + 'static,
    ) -> KafkaResult<Vec<TopicPartitionOffset>> {
        let (client, group) = (Arc::clone(&self.0), group.to_owned());
        tokio::task::spawn_blocking(move || work(&client, &group))
            .await
            .unwrap_or(Err(KafkaError::AdminOp(RDKafkaErrorCode::Fail)))
    }
}
