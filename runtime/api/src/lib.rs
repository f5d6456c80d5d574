//! The entities of Kafka Connect's REST API, without any logic. The field names and their order are those of
//! `org.apache.kafka.connect.runtime.rest.entities`. [`json`] reads those that clients send.

pub mod json;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

/// The version of Kafka Connect whose REST API and converters these are. Clients decide by it what they may ask for.
pub const KAFKA_CONNECT: &str = "4.3.1";

/// The commit that Kafka Connect of this version names.
pub const KAFKA_COMMIT: &str = "26b251a451ce941d";

/// A connector's configuration as submitted, in the order of submission. It is the type that plugins are given.
pub type ConfigMap = IndexMap<String, String>;

/// `source`, `sink` or `unknown` (the class is no longer there).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ConnectorType {
    /// Brings rows into Kafka.
    Source,
    /// Takes rows out of Kafka.
    Sink,
    /// The class cannot be resolved.
    Unknown,
}

/// One task of a connector.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct ConnectorTaskId {
    /// The connector's name.
    pub connector: String,
    /// The number of the task, from 0.
    pub task: u32,
}

/// Answer of `GET /connectors/{c}` and of the calls that create or change one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ConnectorInfo {
    /// The connector's name.
    pub name: String,
    /// The configuration as submitted.
    pub config: ConfigMap,
    /// Its tasks, in order.
    pub tasks: Vec<ConnectorTaskId>,
    /// Source or sink.
    #[serde(rename = "type")]
    pub kind: ConnectorType,
}

/// An entry of `GET /connectors/{c}/tasks`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TaskInfo {
    /// Which task.
    pub id: ConnectorTaskId,
    /// What the connector made for it.
    pub config: ConfigMap,
}

/// State of a connector or a task as reported (`AbstractStatus.State`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum State {
    /// Not started yet, or shut down.
    Unassigned,
    /// Started.
    Running,
    /// Paused.
    Paused,
    /// Stopped; connectors only.
    Stopped,
    /// Failed; stays so until it is restarted or reconfigured.
    Failed,
    /// A restart was asked for and has not happened yet.
    Restarting,
}

/// State, worker and trace of a connector.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ConnectorState {
    /// The state.
    pub state: State,
    /// `host:port` of the worker that runs it.
    pub worker_id: String,
    /// Version of the plugin.
    pub version: Option<String>,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trace: Option<String>,
}

/// State, worker and trace of a task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TaskState {
    /// The number of the task.
    pub id: u32,
    /// The state.
    pub state: State,
    /// `host:port` of the worker that runs it.
    pub worker_id: String,
    /// Version of the plugin.
    pub version: Option<String>,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trace: Option<String>,
}

/// Answer of `GET /connectors/{c}/status`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ConnectorStateInfo {
    /// The connector's name.
    pub name: String,
    /// State of the connector.
    pub connector: ConnectorState,
    /// States of its tasks, by number.
    pub tasks: Vec<TaskState>,
    /// Source or sink.
    #[serde(rename = "type")]
    pub kind: ConnectorType,
}

/// An offset of a connector, as `GET` and `PATCH /connectors/{c}/offsets` have it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ConnectorOffset {
    /// Where: an object whose shape is the source's, or `kafka_topic` and `kafka_partition`; null where a request has none.
    pub partition: serde_json::Value,
    /// How far: an object whose shape is the source's, or `kafka_offset`; null = forget it.
    pub offset: serde_json::Value,
}

/// Answer of `GET /connectors/{c}/offsets`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ConnectorOffsets {
    /// The offsets.
    pub offsets: Vec<ConnectorOffset>,
}

/// Answer of the requests that change offsets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Message {
    /// For people.
    pub message: String,
}

/// What an operator wants of a connector (`TargetState`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum TargetState {
    /// Run.
    Started,
    /// Keep the tasks, do nothing.
    Paused,
    /// Have no tasks.
    Stopped,
}
