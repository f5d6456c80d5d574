//! Creates the topics of a source task, before the first record is sent there (`topic.creation.*`, KIP-158). Order and texts are Kafka
//! Connect's (`AbstractWorkerSourceTask.maybeCreateTopic`, `TopicAdmin`).

use std::collections::HashSet;
use std::sync::Arc;

use futures_util::future::try_join_all;
use tracing::{info, warn};
use weir_data::records::Records;
use weir_data::topic_name;

use super::options::Options;
use crate::Error;
use weir_config::topic_creation::TopicCreation;
use weir_kafka::Properties;
use weir_kafka::admin::{self, Admin, Admins, Creation, NewTopic};
use weir_kafka::internal_topics::is_internal;

/// Knows which topics of a task exist.
pub(super) struct Topics {
    /// `None` if Weir creates no topics.
    groups: Option<Arc<TopicCreation>>,
    admin: Properties,
    admins: Admins,
    existing: HashSet<String>,
}

impl Topics {
    pub(super) fn new(options: &Options) -> Self {
        Self {
            groups: options.topic_creation.clone(),
            admin: options.admin.clone(),
            admins: options.admins.clone(),
            existing: HashSet::new(),
        }
    }

    /// Returns when each topic that a record goes to exists, or is left to the broker. A topic costs a request once for each task; a
    /// batch whose topics are known costs one look-up in a table for each of them. Records in `left_out` do not count.
    ///
    /// # Errors
    ///
    /// A topic does not exist and cannot be created.
    pub(super) async fn ensure(&mut self, records: &Records, left_out: &[u32]) -> Result<(), Error> {
        let Some(groups) = &self.groups else { return Ok(()) };
        if records.topics.names.iter().all(|name| self.existing.contains(name)) {
            return Ok(());
        }
        let mut missing = vec![false; records.topics.names.len()];
        // Both are sorted.
        let mut left_out = left_out.iter().peekable();
        for record in (0..records.count).filter(|record| left_out.next_if_eq(&record).is_none()) {
            if let Some(missing) = missing.get_mut(records.topics.index(record as usize)) {
                *missing = true;
            }
        }
        let names = records.topics.names.iter().zip(missing).filter(|(_, used)| *used).map(|(name, _)| name);
        let names: Vec<&String> = names.filter(|name| !self.existing.contains(*name) && !is_internal(name)).collect();
        if names.is_empty() {
            return Ok(());
        }
        let failed = |error: admin::Error| Error::Topic(format!("{error}\n{SETTINGS}"));
        if let Some((name, why)) = names.iter().find_map(|name| Some((name, topic_name::fault(name)?))) {
            let shown: String = name.chars().take(80).collect();
            let cause = format!("Kafka does not allow the name: {why}");
            return Err(Error::Topic(format!(
                "Error while attempting to describe topics {shown:?}\nCaused by: {cause}"
            )));
        }
        // Kept while there are requests.
        let client = self.admins.get(&self.admin).map_err(failed)?;
        let brokers = self.admin.get("bootstrap.servers").map(String::as_str).unwrap_or_default();
        try_join_all(names.iter().map(|name| ensure(&client, groups, name, brokers))).await?;
        self.existing.extend(names.into_iter().cloned());
        Ok(())
    }
}

/// Where an admin client's settings come from, for the operator who has to correct them.
const SETTINGS: &str = "Next: the admin client has the worker's unprefixed client keys, admin.* of the worker, and admin.override.* of the connector";

async fn ensure(client: &Admin, groups: &TopicCreation, name: &str, brokers: &str) -> Result<(), Error> {
    info!(topic = name, "first record for a topic; checking whether the topic exists");
    if exists(client, name, brokers).await? {
        return Ok(());
    }
    let Some((topic, group)) = groups.topic(name) else { return Ok(()) };
    match client.create_topic(&topic).await {
        Ok(Creation::Created) => info!(%topic, group, "created the topic"),
        Ok(Creation::Exists) => info!(topic = name, "topic exists: another task created it"),
        Err(error) => return Err(Error::Topic(refused(&topic, group, &error))),
    }
    Ok(())
}

/// Repeats the request for as long as Kafka does not answer, as Kafka Connect does.
async fn exists(client: &Admin, name: &str, brokers: &str) -> Result<bool, Error> {
    loop {
        let error = match client.describe_topic(name).await {
            Ok(found) => return Ok(found.is_some()),
            Err(error) => error,
        };
        return Err(Error::Topic(match &error {
            admin::Error::TimedOut => {
                warn!(topic = name, %error, "cannot determine whether the topic exists; retrying. {SETTINGS}");
                continue;
            }
            error if error.is_not_authorized() => {
                format!(
                    "Not authorized to describe topic(s) '{name}' on the brokers {brokers}\nNext: allow the admin client's user \
                     DESCRIBE on the topic. {SETTINGS}"
                )
            }
            error => format!("Error while attempting to describe topics '{name}'\nCaused by: {error}\n{SETTINGS}"),
        }));
    }
}

fn refused(topic: &NewTopic, group: &str, error: &admin::Error) -> String {
    let name = &topic.name;
    match error {
        // Kafka Connect's log says that the broker may create it, but its task fails nevertheless.
        error if error.is_not_authorized() => format!(
            "Task failed to create new topic {topic}. Ensure that the task is authorized to create topics or that the topic exists \
             and restart the task"
        ),
        admin::Error::TimedOut => format!(
            "Timed out while checking for or creating topic(s) '{name}'. This could indicate a connectivity issue, unavailable topic \
             partitions, or if this is your first use of the topic it may have taken too long to create."
        ),
        error => format!(
            "Error while attempting to create/find topic(s) '{name}'\nCaused by: {error}\nNext: check topic.creation.{group}.*, which \
             makes {topic}"
        ),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use weir_kafka::RDKafkaErrorCode;

    use super::*;

    #[test]
    fn a_topic_that_cannot_be_created_fails_the_task_with_kafka_connects_message() {
        let topic = NewTopic { name: "t".into(), partitions: 1, replication_factor: 3, configs: BTreeMap::new() };
        let text = |code| refused(&topic, "default", &admin::Error::Kafka(code));
        assert_eq!(
            text(RDKafkaErrorCode::TopicAuthorizationFailed),
            "Task failed to create new topic (name=t, numPartitions=1, replicationFactor=3, replicasAssignments=null, configs={}). \
             Ensure that the task is authorized to create topics or that the topic exists and restart the task"
        );
        let text = text(RDKafkaErrorCode::InvalidReplicationFactor);
        assert!(text.starts_with("Error while attempting to create/find topic(s) 't'\nCaused by: "), "{text}");
        assert!(text.contains("topic.creation.default.*"), "{text}");
    }
}
