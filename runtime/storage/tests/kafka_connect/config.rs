//! The config topic.

use serde_json::{Value, json};
use weir_api::TargetState;
use weir_storage::topics::NewRecord;
use weir_storage::topics::config::{self, ConfigEvent, ConfigState, Properties, RestartRequest, SessionKey};

use super::{STANDARD, read, run_cases, sorted, text, written};
use base64::Engine as _;

fn target(name: &str) -> TargetState {
    match name {
        "STARTED" => TargetState::Started,
        "PAUSED" => TargetState::Paused,
        "STOPPED" => TargetState::Stopped,
        other => panic!("{other}"),
    }
}

fn properties(config: &Value) -> impl Iterator<Item = (&str, Option<&str>)> {
    config.as_object().expect("properties").iter().map(|(name, value)| (name.as_str(), value.as_str()))
}

/// The records of an operation, grouped as a leader writes them in transactions; and whether it is a leader that writes them.
fn write(case: &Value) -> (Vec<Vec<NewRecord>>, bool) {
    let connector = case["connector"].as_str().unwrap_or_default();
    let number = |member: &str| u32::try_from(case[member].as_u64().expect("a number")).expect("32 bits");
    let one = |record| (vec![vec![record]], true);
    match text(case, "operation") {
        "put-connector" => {
            let target = case["target"].as_str().map(|name| config::target_state(connector, target(name)));
            let config = config::connector_config(connector, properties(&case["config"]));
            (vec![target.into_iter().chain([config]).collect()], true)
        }
        "remove-connector" => (vec![config::remove_connector(connector).into()], true),
        "put-tasks" => {
            let tasks = case["tasks"].as_array().expect("tasks");
            let count = u32::try_from(tasks.len()).expect("few");
            let tasks = (0..).zip(tasks).map(|(task, config)| config::task_config(connector, task, properties(config)));
            (vec![tasks.collect(), vec![config::commit(connector, count)]], true)
        }
        "put-target" => (vec![vec![config::target_state(connector, target(text(case, "target")))]], false),
        "put-task-count" => one(config::tasks_fencing(connector, number("count"))),
        "put-session-key" => one(config::session_key(&SessionKey {
            key: STANDARD.decode(text(case, "key")).expect("Base64"),
            algorithm: text(case, "algorithm").to_owned(),
            created: case["created"].as_i64().expect("a number"),
        })),
        "put-restart" => one(config::restart(&RestartRequest {
            connector: connector.to_owned(),
            only_failed: case["only_failed"] == true,
            include_tasks: case["include_tasks"] == true,
        })),
        "put-logger" => (vec![vec![config::logger_level(text(case, "namespace"), text(case, "level"))]], false),
        other => panic!("{other}"),
    }
}

#[test]
fn the_config_topic_is_written_as_by_kafka_connect() {
    run_cases("write-config", |case| {
        let (groups, is_leader) = write(case);
        let records = written(groups.iter().flatten().cloned());
        let transactions: Value = groups.into_iter().map(written).collect();
        let none = Value::Array(Vec::new());
        match is_leader {
            true => json!({"records": records, "transactions": transactions, "outside_transactions": none}),
            false => json!({"records": records, "transactions": none, "outside_transactions": records}),
        }
    });
}

#[test]
fn the_config_topic_is_read_as_by_kafka_connect() {
    run_cases("read-config", |case| {
        let mut state = ConfigState::default();
        let mut events = Vec::new();
        read(case, "read", |record| events.extend(state.apply(record).as_ref().and_then(event)));
        json!({"events": events, "state": all(&state)})
    });
}

/// An event as Kafka Connect's listener is called; `None` if it is not.
fn event(event: &ConfigEvent) -> Option<Value> {
    Some(match event {
        ConfigEvent::ConnectorChanged { connector, .. } => {
            json!({"event": "connector-changed", "connector": connector})
        }
        ConfigEvent::ConnectorRemoved(connector) => json!({"event": "connector-removed", "connector": connector}),
        ConfigEvent::TasksChanged { tasks, .. } => {
            let tasks: Vec<_> = tasks.iter().map(|task| format!("{}-{}", task.connector, task.task)).collect();
            json!({"event": "tasks-changed", "tasks": tasks})
        }
        ConfigEvent::TargetChanged(connector) => json!({"event": "target-changed", "connector": connector}),
        ConfigEvent::TasksFenced(_) => return None,
        ConfigEvent::SessionKey(key) => json!({"event": "session-key", "key": session_key(key)}),
        ConfigEvent::Restart(RestartRequest { connector, only_failed, include_tasks }) => json!({
            "event": "restart", "connector": connector, "only_failed": only_failed, "include_tasks": include_tasks
        }),
        ConfigEvent::LoggerLevel { namespace, level } => {
            json!({"event": "logger-level", "namespace": namespace, "level": level})
        }
    })
}

fn session_key(key: &SessionKey) -> Value {
    json!({"key": STANDARD.encode(&key.key), "algorithm": key.algorithm, "created": key.created})
}

/// The names of all connectors of the cases, also of those that do not exist: some of what is known remains after they are deleted.
const NAMES: [&str; 14] = [
    "",
    "-",
    "a-",
    "a-b-1",
    "c",
    "commit-x",
    "connector-x",
    "d",
    "e",
    "f",
    "target-state-x",
    "task-x-0",
    "x",
    "ä €😀/?",
];

fn all(state: &ConfigState) -> Value {
    fn known<T>(of: impl Fn(&str) -> Option<T>) -> Value
    where
        Value: From<T>,
    {
        sorted(NAMES.into_iter().filter_map(|name| Some((name.to_owned(), of(name)?))))
    }
    let object = |config: &Properties| sorted(config.iter().map(|(name, value)| (name.clone(), value.clone())));
    let target = |target| match target {
        TargetState::Started => "STARTED",
        TargetState::Paused => "PAUSED",
        TargetState::Stopped => "STOPPED",
    };
    let configs = |name: &'static str| {
        (0..20).filter_map(move |task| Some((format!("{name}-{task}"), state.task_config(name, task)?)))
    };
    let connectors: Vec<&str> = state.connectors().collect();
    let known_names = state.connectors().all(|name| NAMES.contains(&name) || name.contains('\u{fffd}'));
    assert!(known_names, "{connectors:?}");
    let pending: Vec<&str> = NAMES.into_iter().filter(|name| state.is_fencing_pending(name)).collect();
    json!({
        "offset": state.offset(),
        "session_key": state.session_key().map(session_key),
        "connectors": sorted(state.connectors().map(|name| (name.to_owned(), object(state.config(name).expect("exists"))))),
        "targets": sorted(NAMES.into_iter().chain(connectors.iter().copied())
            .filter_map(|name| Some((name.to_owned(), state.target(name).map(target)?)))),
        "task_counts": known(|name| state.task_count(name)),
        "task_configs": sorted(NAMES.into_iter().flat_map(configs).map(|(task, config)| (task, object(config)))),
        "tasks": sorted(connectors.iter().map(|name| {
            (name.to_string(), state.tasks(name).map(|task| Value::from(task.task)).collect::<Vec<_>>())
        })),
        "fenced_tasks": known(|name| state.fenced_tasks(name)),
        "generations": known(|name| state.generation(name)),
        "applied": known(|name| state.applied_config(name).map(|config| object(config))),
        "pending_fencing": pending,
        "inconsistent": state.inconsistent().collect::<Vec<_>>(),
    })
}

#[test]
fn a_new_connector_is_distinguished_from_a_changed_one() {
    let mut state = ConfigState::default();
    let mut offset = 0;
    let mut is_new = |record: &NewRecord| {
        let record = weir_storage::topics::ReadRecord {
            offset,
            key: Some(record.key.as_bytes()),
            value: record.value.as_deref(),
        };
        offset += 1;
        match state.apply(record) {
            Some(ConfigEvent::ConnectorChanged { is_new, .. }) => Some(is_new),
            _ => None,
        }
    };
    let config = config::connector_config("c", [("a", Some("1"))]);
    assert_eq!(is_new(&config), Some(true));
    assert_eq!(is_new(&config), Some(false));
    let [removal, _] = config::remove_connector("c");
    assert_eq!(is_new(&removal), None);
    assert_eq!(is_new(&config), Some(true));
}

#[test]
fn a_snapshot_does_not_change() {
    let mut state = ConfigState::default();
    let apply = |state: &mut ConfigState, record: NewRecord| {
        let offset = state.offset().max(0);
        let key = Some(record.key.as_bytes());
        state.apply(weir_storage::topics::ReadRecord { offset, key, value: record.value.as_deref() })
    };
    apply(&mut state, config::connector_config("c", [("a", Some("1"))]));
    let snapshot = state.clone();
    apply(&mut state, config::connector_config("c", [("a", Some("2"))]));
    apply(&mut state, config::target_state("c", TargetState::Paused));
    assert_eq!(snapshot.config("c").map(|config| config["a"].clone()), Some(Some("1".to_owned())));
    assert_eq!(snapshot.target("c"), Some(TargetState::Started));
    assert_eq!((snapshot.offset(), state.offset()), (1, 3));
}
