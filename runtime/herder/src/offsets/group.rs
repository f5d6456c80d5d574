//! A sink's offsets, in its consumer group.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::json;
use tracing::error;
use weir_kafka::{KafkaError, RDKafkaErrorCode};
use weir_plugin::{OffsetChange, TopicPartition, TopicPartitionOffset};

use super::super::services::Services;
use super::error::{Change, OffsetsError};
use super::request::{self, SinkChange};
use weir_api::ConnectorOffset;
use weir_config::ConnectorConfig;
use weir_kafka::groups::Groups;
use weir_kafka::producer::describe;

/// Timeout for all requests to Kafka together: a little less than that of a REST request, so that the client receives the error.
const LIMIT: Duration = Duration::from_secs(80);

struct Group {
    id: String,
    client: Groups,
    deadline: Instant,
}

impl Group {
    fn open(services: &Services, config: &ConnectorConfig) -> Result<Self, KafkaError> {
        let mut properties = config.admin_properties();
        // Kafka Connect's name for this client.
        let name = || format!("connector-worker-adminclient-{}", config.name);
        properties.entry("client.id".to_owned()).or_insert_with(name);
        let id = config.consumer_properties(0).remove("group.id");
        let id = id.ok_or_else(|| KafkaError::AdminOpCreation("the sink's consumer has no group".to_owned()))?;
        Ok(Self {
            id,
            client: Groups::open(&properties, services.admins.connections())?,
            deadline: Instant::now() + LIMIT,
        })
    }

    fn left(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now()).max(Duration::from_secs(1))
    }
}

/// Logs an error of Kafka, and returns the answer to it.
fn failure(config: &ConnectorConfig, answer: OffsetsError, cause: &KafkaError) -> OffsetsError {
    error!(connector = config.name, cause = describe(cause), "{answer}");
    answer
}

pub(super) async fn list(services: &Services, config: &ConnectorConfig) -> Result<Vec<ConnectorOffset>, OffsetsError> {
    let failed =
        |cause: KafkaError| failure(config, OffsetsError::GroupUnreadable { connector: config.name.clone() }, &cause);
    let group = Group::open(services, config).map_err(failed)?;
    let offsets = group.client.offsets(&group.id, group.left()).await.map_err(failed)?;
    Ok(offsets
        .into_iter()
        .map(|TopicPartitionOffset { topic, partition, offset }| ConnectorOffset {
            partition: json!({"kafka_partition": partition, "kafka_topic": topic}),
            offset: json!({"kafka_offset": offset}),
        })
        .collect())
}

pub(super) async fn modify(
    services: &Services,
    config: &ConnectorConfig,
    change: Option<Vec<ConnectorOffset>>,
) -> Result<bool, OffsetsError> {
    let group = Group::open(services, config).map_err(|cause| super::failed(config, &describe(&cause)))?;
    let reset = change.is_none();
    let change: SinkChange = match change {
        Some(offsets) => request::sink(offsets)?,
        None => {
            let answer = OffsetsError::GroupUnreadableForReset { connector: config.name.clone() };
            let offsets = group.client.offsets(&group.id, group.left()).await;
            let offsets = offsets.map_err(|cause| failure(config, answer, &cause))?;
            offsets.into_iter().map(|committed| (committed.into_parts().0, None)).collect()
        }
    };
    let is_complete = super::ask_plugin(services, config, OffsetChange::Sink(to_plugin(&change))).await?;
    let (done, change) = match reset {
        true => (group.client.delete(&group.id, group.left()).await, Change::Reset),
        false => {
            let before = group.client.offsets(&group.id, group.left()).await;
            let done = alter(&group, config, change).await?;
            let restored = match (&done, before) {
                (Ok(()), _) => Ok(()),
                (Err(_), Ok(before)) => restore(&group, before).await,
                (Err(_), Err(cause)) => Err(cause),
            };
            (done, Change::Alter { uncertain: restored.is_err() })
        }
    };
    done.map_err(|cause| {
        let connector = config.name.clone();
        let answer = match &cause {
            // The group has members; each kind of request has its own error for that.
            KafkaError::AdminOp(
                RDKafkaErrorCode::UnknownMemberId
                | RDKafkaErrorCode::GroupSubscribedToTopic
                | RDKafkaErrorCode::NonEmptyGroup,
            ) => OffsetsError::GroupInUse { connector, change },
            _ => OffsetsError::GroupNotChanged { connector, change },
        };
        failure(config, answer, &cause)
    })?;
    Ok(is_complete)
}

/// Restores the group's previous offsets: Kafka may have refused the change for one partition and accepted it for another.
async fn restore(group: &Group, before: Vec<TopicPartitionOffset>) -> Result<(), KafkaError> {
    let by_partition = |offsets: Vec<TopicPartitionOffset>| -> BTreeMap<_, _> {
        offsets.into_iter().map(TopicPartitionOffset::into_parts).collect()
    };
    let before = by_partition(before);
    let now = by_partition(group.client.offsets(&group.id, group.left()).await?);
    let new: Vec<_> = now.keys().filter(|partition| !before.contains_key(partition)).cloned().collect();
    let altered = before.into_iter().filter(|(partition, offset)| now.get(partition) != Some(offset));
    let altered: Vec<TopicPartitionOffset> = altered.map(|(partition, offset)| partition.at(offset)).collect();
    if !altered.is_empty() {
        group.client.alter(&group.id, &altered, group.left()).await?;
    }
    if !new.is_empty() {
        group.client.forget(&group.id, &new, group.left()).await?;
    }
    Ok(())
}

fn to_plugin(change: &SinkChange) -> Vec<TopicPartitionOffset> {
    change.iter().map(|(partition, offset)| partition.clone().at(offset.unwrap_or(-1))).collect()
}

/// Commits the given offsets, and deletes those of partitions without one.
async fn alter(
    group: &Group,
    config: &ConnectorConfig,
    change: SinkChange,
) -> Result<Result<(), KafkaError>, OffsetsError> {
    let (mut altered, mut forgotten) = (Vec::new(), Vec::new());
    for (id, offset) in change {
        let TopicPartition { topic, partition } = &id;
        // No broker has such a partition, and librdkafka does not send it.
        if topic.is_empty() || topic.contains('\0') || *partition < 0 {
            return Ok(Err(KafkaError::AdminOp(RDKafkaErrorCode::UnknownTopicOrPartition)));
        }
        match offset {
            Some(offset @ ..0) => return Err(super::failed(config, &format!("Invalid negative offset {offset}"))),
            Some(offset) => altered.push(id.at(offset)),
            None => forgotten.push(id),
        }
    }
    if !altered.is_empty()
        && let Err(error) = group.client.alter(&group.id, &altered, group.left()).await
    {
        return Ok(Err(error));
    }
    if forgotten.is_empty() {
        return Ok(Ok(()));
    }
    Ok(group.client.forget(&group.id, &forgotten, group.left()).await)
}
