//! The entities of Kafka Connect's REST API, without any logic. The field names and their order are those of
//! `org.apache.kafka.connect.runtime.rest.entities`. [`json`] reads those that clients send.

pub mod json;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

/// The version of Kafka Connect whose REST API and converters Weir implements. Clients use it to find out which requests are supported.
pub const KAFKA_CONNECT: &str = "4.3.1";

/// The commit that this version of Kafka Connect reports.
pub const KAFKA_COMMIT: &str = "26b251a451ce941d";

/// A connector's configuration as submitted, in the order of submission. Plugins receive the same type.
pub type ConfigMap = IndexMap<String, String>;

/// `source`, `sink`, or `unknown` if the class no longer exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ConnectorType {
    /// Writes records to Kafka.
    Source,
    /// Reads records from Kafka.
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

/// The response of `GET /connectors/{c}` and of the requests that create or change a connector.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ConnectorInfo {
    /// The connector's name.
    pub name: String,
    /// The configuration as submitted.
    pub config: ConfigMap,
    /// The connector's tasks, in order.
    pub tasks: Vec<ConnectorTaskId>,
    /// Source or sink.
    #[serde(rename = "type")]
    pub kind: ConnectorType,
}

/// An entry of `GET /connectors/{c}/tasks`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TaskInfo {
    /// The task.
    pub id: ConnectorTaskId,
    /// The configuration that the connector created for it.
    pub config: ConfigMap,
}

/// The reported state of a connector or a task (`AbstractStatus.State`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum State {
    /// Not started yet, or shut down.
    Unassigned,
    /// Running.
    Running,
    /// Paused.
    Paused,
    /// Stopped; connectors only.
    Stopped,
    /// Failed, until it is restarted or reconfigured.
    Failed,
    /// A restart was requested and has not happened yet.
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

/// The response of `GET /connectors/{c}/status`.
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
    /// The source partition, whose members the source defines, or `kafka_topic` and `kafka_partition`; null if a request has none.
    pub partition: serde_json::Value,
    /// The source offset, whose members the source defines, or `kafka_offset`; null resets the offset.
    pub offset: serde_json::Value,
}

/// The response of `GET /connectors/{c}/offsets`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ConnectorOffsets {
    /// The offsets.
    pub offsets: Vec<ConnectorOffset>,
}

/// The response of the requests that change offsets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Message {
    /// A text for people.
    pub message: String,
}

/// The state that an operator requests for a connector (`TargetState`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum TargetState {
    /// The connector and its tasks run.
    Started,
    /// The tasks exist and do nothing.
    Paused,
    /// There are no tasks.
    Stopped,
}
