//! How a record of the config topic changes the state (`KafkaConfigBackingStore.ConsumeCallback`). Records that cannot be used are logged
//! and have no effect.

use std::sync::Arc;

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use tracing::{debug, error, warn};
use weir_api::{ConnectorTaskId, TargetState};
use weir_json::node::Node;

use super::super::{ReadRecord, json, key};
use super::state::Connector;
use super::{
    COMMIT, CONNECTOR, ConfigEvent, ConfigState, LOGGER, Properties, RESTART, RestartRequest, SESSION_KEY, SessionKey,
    TARGET_STATE, TASK, TASKS_FENCING,
};

/// Java's decoder, which does not require padding.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

impl ConfigState {
    /// Applies the next record. Returns what it has changed for the workers.
    pub fn apply(&mut self, record: ReadRecord<'_>) -> Option<ConfigEvent> {
        let value = match record.value.map_or(Ok(Node::Null), json::read) {
            Ok(value) => value,
            Err(error) => {
                // Like Kafka Connect, does not even count the offset.
                error!(offset = record.offset, %error, "ignoring a record of the config topic whose value is not JSON");
                return None;
            }
        };
        self.offset = record.offset + 1;
        let Some(key) = record.key else {
            error!(offset = record.offset, "ignoring a record of the config topic without a key");
            return None;
        };
        let key = &*String::from_utf8_lossy(key);
        if let Some(connector) = key.strip_prefix(TARGET_STATE) {
            self.read_target(connector, &value)
        } else if let Some(connector) = key.strip_prefix(CONNECTOR) {
            self.read_connector(connector, &value)
        } else if key.starts_with(TASK) {
            self.read_task(key, &value);
            None
        } else if let Some(connector) = key.strip_prefix(COMMIT) {
            self.read_commit(connector, &value)
        } else if let Some(connector) = key.strip_prefix(RESTART) {
            restart(connector, &value)
        } else if let Some(connector) = key.strip_prefix(TASKS_FENCING) {
            self.read_fencing(connector, &value)
        } else if key == SESSION_KEY {
            self.read_session_key(&value)
        } else if let Some(namespace) = key.strip_prefix(LOGGER) {
            logger_level(namespace, &value)
        } else {
            error!(key, "ignoring a record of the config topic with an unknown key");
            None
        }
    }

    fn connector(&mut self, name: &str) -> &mut Connector {
        if !self.connectors.contains_key(name) {
            self.connectors.insert(name.to_owned(), Arc::default());
        }
        let connector = self.connectors.get_mut(name).expect("it was just added");
        Arc::make_mut(connector)
    }

    fn read_target(&mut self, name: &str, value: &Node<'_>) -> Option<ConfigEvent> {
        if *value == Node::Null {
            let connector = self.connector(name);
            connector.target = connector.config.is_some().then_some(TargetState::Started);
            return None;
        }
        let fields = object(value, || format!("target state of connector {name}"))?;
        let newer = fields.get("state.v2").and_then(Node::text);
        let Some(state) = newer.or_else(|| fields.get("state").and_then(Node::text)) else {
            let found = json::kind(fields.get("state"));
            error!(connector = name, found, "ignoring a target state whose 'state' is not a string");
            return None;
        };
        let target = match &*state {
            "STARTED" => TargetState::Started,
            "PAUSED" => TargetState::Paused,
            "STOPPED" => TargetState::Stopped,
            unknown => {
                error!(connector = name, unknown, "ignoring an unknown target state");
                return None;
            }
        };
        let connector = self.connector(name);
        let is_changed = connector.target.replace(target) != Some(target);
        // A connector that is created with a target state does not exist yet.
        (is_changed && connector.config.is_some()).then(|| ConfigEvent::TargetChanged(name.to_owned()))
    }

    fn read_connector(&mut self, name: &str, value: &Node<'_>) -> Option<ConfigEvent> {
        if *value == Node::Null {
            self.connector(name).remove();
            return Some(ConfigEvent::ConnectorRemoved(name.to_owned()));
        }
        let config = properties(value, || format!("configuration of connector {name}"))?;
        let connector = self.connector(name);
        let is_new = connector.config.replace(Arc::new(config)).is_none();
        connector.target.get_or_insert(TargetState::Started);
        Some(ConfigEvent::ConnectorChanged { connector: name.to_owned(), is_new })
    }

    fn read_task(&mut self, key: &str, value: &Node<'_>) {
        let Some(ConnectorTaskId { connector, task }) = key::task(key, 1) else {
            error!(key, "ignoring a task's configuration because its key has no number of a task");
            return;
        };
        if let Some(config) = properties(value, || format!("configuration of task {connector}-{task}")) {
            self.connector(&connector).deferred.get_or_insert_default().insert(task, Arc::new(config));
        }
    }

    fn read_commit(&mut self, name: &str, value: &Node<'_>) -> Option<ConfigEvent> {
        let connector = self.connector(name);
        // The connector was deleted before its tasks' configurations were written, and nothing else of it is left in the topic.
        let Some(config) = connector.config.clone() else {
            debug!(connector = name, "ignoring the configurations of the tasks of a connector that does not exist");
            connector.remove();
            return None;
        };
        let count = int(value, "tasks", || format!("commit of the tasks of connector {name}"))?;
        let mut tasks = Vec::new();
        let deferred = connector.deferred.as_mut().map(std::mem::take);
        // A smaller set of tasks may follow remains of a larger one, so that more tasks than these are no problem.
        if (0..count).all(|task| deferred.as_ref().is_some_and(|deferred| deferred.contains_key(&task))) {
            if let Some(deferred) = deferred {
                tasks = deferred.keys().map(|&task| ConnectorTaskId { connector: name.to_owned(), task }).collect();
                connector.tasks.extend(deferred);
                connector.generation = Some(connector.generation.map_or(0, |generation| generation + 1));
            }
            connector.is_inconsistent = false;
            connector.applied = Some(config);
        } else {
            debug!(connector = name, count, "the set of configurations of a connector's tasks is not complete");
            connector.is_inconsistent = true;
        }
        connector.task_count = Some(count);
        connector.is_fencing_pending = true;
        Some(ConfigEvent::TasksChanged { connector: name.to_owned(), tasks })
    }

    fn read_fencing(&mut self, name: &str, value: &Node<'_>) -> Option<ConfigEvent> {
        let tasks = int(value, "task-count", || format!("number of fenced tasks of connector {name}"))?;
        let connector = self.connector(name);
        connector.fenced_tasks = Some(tasks);
        connector.is_fencing_pending = false;
        Some(ConfigEvent::TasksFenced(name.to_owned()))
    }

    fn read_session_key(&mut self, value: &Node<'_>) -> Option<ConfigEvent> {
        let fields = object(value, || "session key".to_owned())?;
        let text = |name| fields.get(name).and_then(Node::text);
        let key = text("key").and_then(|key| BASE64.decode(&*key).ok()).filter(|key| !key.is_empty());
        let created = json::integer(fields.get("creation-timestamp"));
        let (Some(key), Some(algorithm), Some(created)) = (key, text("algorithm"), created) else {
            error!("ignoring a session key that lacks a key in Base64, an algorithm or a time of creation");
            return None;
        };
        let key = SessionKey { key, algorithm: algorithm.into_owned(), created };
        self.session_key = Some(key.clone());
        Some(ConfigEvent::SessionKey(key))
    }
}

impl Connector {
    /// Deletes the connector. Its target state has a tombstone of its own, and what is known about fencing remains.
    fn remove(&mut self) {
        self.config = None;
        self.task_count = None;
        self.tasks.clear();
        self.deferred = None;
        self.applied = None;
    }
}

fn restart(connector: &str, value: &Node<'_>) -> Option<ConfigEvent> {
    let fields = object(value, || format!("restart request for connector {connector}"))?;
    let flag = |name| match fields.get(name) {
        Some(Node::Boolean(flag)) => *flag,
        other => {
            let found = json::kind(other);
            warn!(connector, name, found, "a restart request lacks a boolean; using false");
            false
        }
    };
    Some(ConfigEvent::Restart(RestartRequest {
        connector: connector.to_owned(),
        only_failed: flag("only-failed"),
        include_tasks: flag("include-tasks"),
    }))
}

fn logger_level(namespace: &str, value: &Node<'_>) -> Option<ConfigEvent> {
    let fields = object(value, || format!("level of logger {namespace}"))?;
    let Some(level) = fields.get("level").and_then(Node::text) else {
        let found = json::kind(fields.get("level"));
        error!(namespace, found, "ignoring the level of a logger that is not a string");
        return None;
    };
    Some(ConfigEvent::LoggerLevel { namespace: namespace.to_owned(), level: level.into_owned() })
}

/// Returns the value if it is an object. Logs otherwise; `what` says what the record is about.
fn object<'n, 'a>(value: &'n Node<'a>, what: impl FnOnce() -> String) -> Option<&'n Node<'a>> {
    if matches!(value, Node::Object(_)) {
        return Some(value);
    }
    error!(record = what(), found = json::kind(Some(value)), "ignoring a record whose value is not an object");
    None
}

fn int(value: &Node<'_>, name: &str, what: impl Fn() -> String) -> Option<u32> {
    let number = json::int(object(value, &what)?.get(name));
    if number.is_none() {
        // Kafka Connect stops reading the topic here.
        error!(record = what(), field = name, "ignoring a record without a whole number");
    }
    number.map(|number| u32::try_from(number).unwrap_or(0))
}

/// Returns the configuration in a value. Kafka Connect only writes strings and null.
fn properties(value: &Node<'_>, what: impl Fn() -> String) -> Option<Properties> {
    let properties = object(value, &what)?.get("properties");
    let Some(Node::Object(members)) = properties else {
        error!(
            record = what(),
            found = json::kind(properties),
            "ignoring a record whose 'properties' are not an object"
        );
        return None;
    };
    let text = |value: &Node<'_>| match value {
        Node::Null => None,
        Node::String(_) => value.text().map(|text| text.into_owned()),
        other => {
            let mut text = Vec::new();
            other.write(&mut text);
            String::from_utf8(text).ok()
        }
    };
    Some(members.iter().map(|(name, value)| (name.clone().into_owned(), text(value))).collect())
}
