//! The statuses of all connectors and tasks, and the topics that connectors use.

use std::collections::{BTreeMap, HashMap};

use weir_api::ConnectorTaskId;

use super::{Status, TopicStatus};

/// The state after the records that were read so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StatusState {
    pub(super) connectors: BTreeMap<String, Status>,
    pub(super) tasks: HashMap<String, BTreeMap<u32, Status>>,
    /// By connector and topic.
    pub(super) topics: HashMap<String, BTreeMap<String, TopicStatus>>,
}

impl StatusState {
    /// Returns the names of the connectors that have a status of their own.
    pub fn connectors(&self) -> impl Iterator<Item = &str> {
        self.connectors.keys().map(String::as_str)
    }

    /// Returns the status of a connector.
    pub fn connector(&self, connector: &str) -> Option<&Status> {
        self.connectors.get(connector)
    }

    /// Returns the status of a task.
    pub fn task(&self, task: &ConnectorTaskId) -> Option<&Status> {
        self.tasks.get(&task.connector)?.get(&task.task)
    }

    /// Returns the statuses of a connector's tasks, by number.
    pub fn tasks(&self, connector: &str) -> impl Iterator<Item = (u32, &Status)> {
        let tasks = self.tasks.get(connector).into_iter().flatten();
        tasks.map(|(task, status)| (*task, status))
    }

    /// Returns the topics that a connector uses, by name.
    pub fn topics(&self, connector: &str) -> impl Iterator<Item = (&str, &TopicStatus)> {
        let topics = self.topics.get(connector).into_iter().flatten();
        topics.map(|(topic, status)| (topic.as_str(), status))
    }

    /// Whether it is known that a connector uses a topic.
    pub fn has_topic(&self, connector: &str, topic: &str) -> bool {
        self.topics.get(connector).is_some_and(|topics| topics.contains_key(topic))
    }
}
