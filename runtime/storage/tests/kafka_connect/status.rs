//! The status topic.

use serde_json::{Value, json};
use weir_api::{ConnectorTaskId, State};
use weir_storage::topics::NewRecord;
use weir_storage::topics::status::{self, Status, StatusState, TopicStatus};

use super::{read, run_cases, sorted, text, written};

const STATES: [(&str, State); 6] = [
    ("UNASSIGNED", State::Unassigned),
    ("RUNNING", State::Running),
    ("PAUSED", State::Paused),
    ("STOPPED", State::Stopped),
    ("FAILED", State::Failed),
    ("RESTARTING", State::Restarting),
];

fn number(case: &Value, member: &str) -> i64 {
    case[member].as_i64().unwrap_or_else(|| panic!("{member} of {case}"))
}

/// The record that is written after those in `read`, if one is.
fn write(case: &Value) -> Option<NewRecord> {
    let connector = text(case, "connector");
    let number = |member: &str| number(case, member);
    if let Some(topic) = case["uses"].as_str() {
        return Some(match case["delete"] == true {
            true => status::remove_topic(connector, topic),
            false => status::topic_status(&TopicStatus {
                topic: topic.to_owned(),
                connector: connector.to_owned(),
                task: u32::try_from(number("task")).expect("a task"),
                discovered: number("discovered"),
            }),
        });
    }
    let task = case["task"]
        .as_u64()
        .map(|task| ConnectorTaskId { connector: connector.to_owned(), task: u32::try_from(task).expect("a task") });
    let state = STATES.iter().find(|(name, _)| *name == text(case, "state"));
    let Some((_, state)) = state else {
        return Some(task.map_or_else(|| status::remove_connector(connector), |task| status::remove_task(&task)));
    };
    let optional = |member: &str| case[member].as_str().map(str::to_owned);
    let new = Status {
        state: *state,
        trace: optional("trace"),
        worker_id: text(case, "worker_id").to_owned(),
        generation: i32::try_from(number("generation")).expect("32 bits"),
        version: optional("version"),
    };
    let mut known = StatusState::default();
    if case["read"].is_array() {
        read(case, "read", |record| known.apply(record));
    }
    let before = match &task {
        Some(task) => known.task(task),
        None => known.connector(connector),
    };
    if case["safe"] == true && before.is_some_and(|before| !before.may_be_replaced_by(&new)) {
        return None;
    }
    Some(task.map_or_else(|| status::connector_status(connector, &new), |task| status::task_status(&task, &new)))
}

#[test]
fn the_status_topic_is_written_as_by_kafka_connect() {
    run_cases("write-status", |case| json!({"records": written(write(case))}));
}

#[test]
fn the_status_topic_is_read_as_by_kafka_connect() {
    run_cases("read-status", |case| {
        let mut state = StatusState::default();
        read(case, "read", |record| state.apply(record));
        let connectors = case["connectors"].as_array().expect("names");
        json!({"state": sorted(connectors.iter().map(|name| {
            let name = name.as_str().expect("a name");
            (name.to_owned(), all(&state, name))
        }))})
    });
}

fn all(state: &StatusState, connector: &str) -> Value {
    let status = |status: &Status| {
        let (name, _) = STATES.iter().find(|(_, state)| *state == status.state).expect("a state");
        let Status { trace, worker_id, generation, version, .. } = status;
        json!({"state": name, "trace": trace, "worker_id": worker_id, "generation": generation, "version": version})
    };
    let topics = state.topics(connector).map(|(name, topic)| {
        let TopicStatus { topic, connector, task, discovered } = topic;
        (name.to_owned(), json!({"name": topic, "connector": connector, "task": task, "discovered": discovered}))
    });
    json!({
        "connector": state.connector(connector).map(status),
        "tasks": sorted(state.tasks(connector).map(|(task, of)| (task.to_string(), status(of)))),
        "topics": sorted(topics),
    })
}
