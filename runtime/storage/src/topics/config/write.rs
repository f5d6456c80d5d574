//! The records that workers write to the config topic.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use weir_api::TargetState;

use super::super::NewRecord;
use super::super::json::Object;
use super::{
    COMMIT, CONNECTOR, LOGGER, RESTART, RestartRequest, SESSION_KEY, SessionKey, TARGET_STATE, TASK, TASKS_FENCING,
};

fn record(prefix: &str, name: &str, value: Object) -> NewRecord {
    NewRecord { key: format!("{prefix}{name}"), value: Some(value.finish()) }
}

fn properties<'a>(config: impl IntoIterator<Item = (&'a str, Option<&'a str>)>) -> Object {
    let config = config.into_iter().fold(Object::new(), |object, (name, value)| object.optional(name, value));
    Object::new().raw("properties", &config.finish())
}

/// Returns the record with a connector's configuration, with its properties in this order.
pub fn connector_config<'a>(
    connector: &str,
    config: impl IntoIterator<Item = (&'a str, Option<&'a str>)>,
) -> NewRecord {
    record(CONNECTOR, connector, properties(config))
}

/// Returns the records that delete a connector. Those of its tasks stay until a connector with the same name replaces them.
pub fn remove_connector(connector: &str) -> [NewRecord; 2] {
    [CONNECTOR, TARGET_STATE].map(|prefix| NewRecord { key: format!("{prefix}{connector}"), value: None })
}

/// Returns the record with the configuration of a task. It has no effect before the next [`commit`].
pub fn task_config<'a>(
    connector: &str,
    task: u32,
    config: impl IntoIterator<Item = (&'a str, Option<&'a str>)>,
) -> NewRecord {
    record(TASK, &format!("{connector}-{task}"), properties(config))
}

/// Returns the record that makes the configurations of tasks 0 to `tasks` - 1 effective.
pub fn commit(connector: &str, tasks: u32) -> NewRecord {
    record(COMMIT, connector, Object::new().number("tasks", tasks.into()))
}

/// Returns the record with the target state of a connector.
pub fn target_state(connector: &str, target: TargetState) -> NewRecord {
    let name = |target| match target {
        TargetState::Started => "STARTED",
        TargetState::Paused => "PAUSED",
        TargetState::Stopped => "STOPPED",
    };
    // Workers older than 3.5 do not know STOPPED.
    let older = if target == TargetState::Stopped { TargetState::Paused } else { target };
    record(TARGET_STATE, connector, Object::new().text("state", name(older)).text("state.v2", name(target)))
}

/// Returns the record with the number of tasks that the next round of fencing has to consider.
pub fn tasks_fencing(connector: &str, tasks: u32) -> NewRecord {
    record(TASKS_FENCING, connector, Object::new().number("task-count", tasks.into()))
}

/// Returns the record with a session key.
pub fn session_key(key: &SessionKey) -> NewRecord {
    let value = Object::new()
        .text("key", &STANDARD.encode(&key.key))
        .text("algorithm", &key.algorithm)
        .number("creation-timestamp", key.created);
    record(SESSION_KEY, "", value)
}

/// Returns the record with a request to restart a connector.
pub fn restart(request: &RestartRequest) -> NewRecord {
    let value =
        Object::new().boolean("include-tasks", request.include_tasks).boolean("only-failed", request.only_failed);
    record(RESTART, &request.connector, value)
}

/// Returns the record that sets the level of a logger on all workers.
pub fn logger_level(namespace: &str, level: &str) -> NewRecord {
    record(LOGGER, namespace, Object::new().text("level", level))
}
