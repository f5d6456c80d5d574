//! The records that workers write to the status topic.

use weir_api::{ConnectorTaskId, State};

use super::super::NewRecord;
use super::super::json::Object;
use super::{CONNECTOR, Status, TASK, TOPIC, TOPIC_SEPARATOR, TopicStatus};

fn value(status: &Status) -> Option<Vec<u8>> {
    let Status { state, trace, worker_id, generation, version } = status;
    let object = Object::new()
        .text("state", name(*state))
        .optional("trace", trace.as_deref())
        .text("worker_id", worker_id)
        .number("generation", (*generation).into())
        .optional("version", version.as_deref());
    Some(object.finish())
}

fn name(state: State) -> &'static str {
    match state {
        State::Unassigned => "UNASSIGNED",
        State::Running => "RUNNING",
        State::Paused => "PAUSED",
        State::Stopped => "STOPPED",
        State::Failed => "FAILED",
        State::Restarting => "RESTARTING",
    }
}

fn task_key(task: &ConnectorTaskId) -> String {
    format!("{TASK}{}-{}", task.connector, task.task)
}

fn topic_key(connector: &str, topic: &str) -> String {
    format!("{TOPIC}{topic}{TOPIC_SEPARATOR}{connector}")
}

/// Returns the record with the status of a connector.
pub fn connector_status(connector: &str, status: &Status) -> NewRecord {
    NewRecord { key: format!("{CONNECTOR}{connector}"), value: value(status) }
}

/// Returns the record with the status of a task.
pub fn task_status(task: &ConnectorTaskId, status: &Status) -> NewRecord {
    NewRecord { key: task_key(task), value: value(status) }
}

/// Returns the record that says that a connector uses a topic.
pub fn topic_status(status: &TopicStatus) -> NewRecord {
    let TopicStatus { topic, connector, task, discovered } = status;
    let object = Object::new()
        .text("name", topic)
        .text("connector", connector)
        .number("task", (*task).into())
        .number("discoverTimestamp", *discovered);
    NewRecord { key: topic_key(connector, topic), value: Some(Object::new().raw("topic", &object.finish()).finish()) }
}

/// Returns the record that deletes the status of a connector. Readers then forget its tasks, too; those have records of their own, which
/// should be deleted first.
pub fn remove_connector(connector: &str) -> NewRecord {
    NewRecord { key: format!("{CONNECTOR}{connector}"), value: None }
}

/// Returns the record that deletes the status of a task.
pub fn remove_task(task: &ConnectorTaskId) -> NewRecord {
    NewRecord { key: task_key(task), value: None }
}

/// Returns the record that says that a connector does not use a topic any more.
pub fn remove_topic(connector: &str, topic: &str) -> NewRecord {
    NewRecord { key: topic_key(connector, topic), value: None }
}
