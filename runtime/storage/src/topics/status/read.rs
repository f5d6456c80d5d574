//! How a record of the status topic changes the state (`KafkaStatusBackingStore.read`). Records that cannot be used are logged and have no
//! effect.

use std::collections::hash_map::Entry;

use tracing::{error, warn};
use weir_api::{ConnectorTaskId, State};
use weir_json::node::Node;

use super::super::{ReadRecord, json, key};
use super::{CONNECTOR, Status, StatusState, TASK, TOPIC, TOPIC_SEPARATOR, TopicStatus};

impl StatusState {
    /// Applies the next record of a partition. All records about a connector, a task or a topic are in the same partition.
    pub fn apply(&mut self, record: ReadRecord<'_>) {
        let key = String::from_utf8_lossy(record.key.unwrap_or_default());
        let is_used = if let Some(connector) = key.strip_prefix(CONNECTOR) {
            self.connector_status(connector, record.value)
        } else if key.starts_with(TASK) {
            key::task(&key, 2).is_some_and(|task| self.task_status(task, record.value))
        } else if let Some(rest) = key.strip_prefix(TOPIC) {
            topic_key(rest).is_some_and(|(topic, connector)| self.topic_status(topic, connector, record.value))
        } else {
            false
        };
        if !is_used {
            warn!(%key, offset = record.offset, "ignoring a record of the status topic that is not valid");
        }
    }

    fn connector_status(&mut self, connector: &str, value: Option<&[u8]>) -> bool {
        if connector.is_empty() {
            return false;
        }
        let Some(value) = value else {
            self.connectors.remove(connector);
            self.tasks.remove(connector);
            return true;
        };
        let Some(status) = read(value, status) else { return false };
        self.connectors.insert(connector.to_owned(), status);
        true
    }

    fn task_status(&mut self, id: ConnectorTaskId, value: Option<&[u8]>) -> bool {
        let ConnectorTaskId { connector, task } = id;
        let Some(value) = value else {
            if let Entry::Occupied(mut tasks) = self.tasks.entry(connector) {
                tasks.get_mut().remove(&task);
                if tasks.get().is_empty() {
                    tasks.remove();
                }
            }
            return true;
        };
        let Some(status) = read(value, status) else { return false };
        let tasks = self.tasks.entry(connector).or_default();
        // Its previous worker did not know yet that another one has started the task.
        let is_late = |known: &Status| known.state == State::Running && known.generation >= status.generation;
        if status.state != State::Unassigned || !tasks.get(&task).is_some_and(is_late) {
            tasks.insert(task, status);
        }
        true
    }

    fn topic_status(&mut self, topic: &str, connector: &str, value: Option<&[u8]>) -> bool {
        let Some(value) = value else {
            if let Entry::Occupied(mut topics) = self.topics.entry(connector.to_owned()) {
                topics.get_mut().remove(topic);
                if topics.get().is_empty() {
                    topics.remove();
                }
            }
            return true;
        };
        let Some(status) = read(value, topic_value) else { return false };
        self.topics.entry(connector.to_owned()).or_default().insert(topic.to_owned(), status);
        true
    }
}

/// Returns the topic and the connector in the rest of a key. A topic's name has no colon. What follows the colon is not compared, only
/// skipped, as in Kafka Connect.
fn topic_key(rest: &str) -> Option<(&str, &str)> {
    let (topic, _) = rest.split_once(':')?;
    let connector = rest.get(topic.len() + TOPIC_SEPARATOR.len()..)?;
    (!topic.is_empty() && !connector.is_empty()).then_some((topic, connector))
}

fn read<T>(value: &[u8], fields: impl FnOnce(&Node<'_>) -> Option<T>) -> Option<T> {
    match json::read(value) {
        Ok(node) => fields(&node),
        Err(error) => {
            error!(%error, "the value of a record of the status topic is not JSON");
            None
        }
    }
}

fn status(fields: &Node<'_>) -> Option<Status> {
    let state = match &*fields.get("state")?.text()? {
        "UNASSIGNED" => State::Unassigned,
        "RUNNING" => State::Running,
        "PAUSED" => State::Paused,
        "STOPPED" => State::Stopped,
        "FAILED" => State::Failed,
        "RESTARTING" => State::Restarting,
        _ => return None,
    };
    Some(Status {
        state,
        trace: optional(fields.get("trace"))?,
        worker_id: optional(fields.get("worker_id"))?.unwrap_or_default(),
        generation: json::int(fields.get("generation"))?,
        version: optional(fields.get("version"))?,
    })
}

fn topic_value(value: &Node<'_>) -> Option<TopicStatus> {
    let fields = value.get("topic")?;
    Some(TopicStatus {
        topic: fields.get("name")?.text()?.into_owned(),
        connector: fields.get("connector")?.text()?.into_owned(),
        task: json::int(fields.get("task")).and_then(|task| u32::try_from(task).ok())?,
        discovered: json::integer(fields.get("discoverTimestamp"))?,
    })
}

/// Returns a text that may be null or missing; `None` if it is something else.
fn optional(node: Option<&Node<'_>>) -> Option<Option<String>> {
    match node {
        None | Some(Node::Null) => Some(None),
        Some(Node::String(_)) => Some(node.and_then(Node::text).map(|text| text.into_owned())),
        Some(_) => None,
    }
}
