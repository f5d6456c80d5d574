//! What can be assigned to a worker: connectors and tasks.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The name of a connector.
pub type Name = Arc<str>;

/// The offset, in the config topic, of the commit record that made a set of task configurations current. It is the same on all workers, and
/// grows with each set.
pub type Generation = i64;

/// A connector's own instance, or one of its tasks.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Work {
    /// The instance of the connector.
    Connector(Name),
    /// A task, by its connector and number.
    Task(Name, u32),
}

impl Work {
    /// Returns the name of the connector.
    pub fn connector(&self) -> &Name {
        match self {
            Self::Connector(name) | Self::Task(name, _) => name,
        }
    }
}

/// Tasks of one connector, all with the same task configurations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tasks {
    /// The task configurations.
    pub generation: Generation,
    /// The numbers of the tasks.
    pub ids: BTreeSet<u32>,
}

/// Connectors and tasks. The tasks of a connector have the same generation.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WorkSet {
    /// The connectors.
    pub connectors: BTreeSet<Name>,
    /// The tasks of each connector, which need not be in `connectors`.
    pub tasks: BTreeMap<Name, Tasks>,
}

impl WorkSet {
    /// Whether it contains neither connectors nor tasks.
    pub fn is_empty(&self) -> bool {
        self.connectors.is_empty() && self.tasks.is_empty()
    }

    /// Returns the number of connectors and tasks.
    pub fn len(&self) -> usize {
        self.connectors.len() + self.task_count()
    }

    /// Returns the number of tasks.
    pub fn task_count(&self) -> usize {
        self.tasks.values().map(|tasks| tasks.ids.len()).sum()
    }

    /// Whether it contains the connector, or the task with these task configurations. A connector's own generation is 0.
    pub fn contains(&self, work: &Work, generation: Generation) -> bool {
        match work {
            Work::Connector(name) => self.connectors.contains(name),
            Work::Task(name, id) => {
                self.tasks.get(name).is_some_and(|tasks| tasks.generation == generation && tasks.ids.contains(id))
            }
        }
    }

    /// Adds a task.
    ///
    /// # Panics
    /// In debug builds, if it contains tasks of the connector with other task configurations.
    pub fn insert_task(&mut self, connector: &Name, id: u32, generation: Generation) {
        if let Some(tasks) = self.tasks.get_mut(connector) {
            debug_assert_eq!(tasks.generation, generation, "tasks of {connector} with two generations");
            tasks.ids.insert(id);
        } else {
            self.tasks.insert(connector.clone(), Tasks { generation, ids: [id].into() });
        }
    }

    /// Returns the work with its generations, in order. The generation of a connector is 0.
    pub fn iter(&self) -> impl Iterator<Item = (Work, Generation)> {
        let connectors = self.connectors.iter().map(|name| (Work::Connector(name.clone()), 0));
        let tasks = self
            .tasks
            .iter()
            .flat_map(|(name, tasks)| tasks.ids.iter().map(|id| (Work::Task(name.clone(), *id), tasks.generation)));
        connectors.chain(tasks)
    }

    /// Returns what it contains and `other` does not. A task with other task configurations is not the same.
    pub fn minus(&self, other: &Self) -> Self {
        let connectors = self.connectors.difference(&other.connectors).cloned().collect();
        let mut left = Self { connectors, tasks: BTreeMap::new() };
        for (name, tasks) in &self.tasks {
            let ids: BTreeSet<u32> = match other.tasks.get(name) {
                Some(others) if others.generation == tasks.generation => {
                    tasks.ids.difference(&others.ids).copied().collect()
                }
                _ => tasks.ids.clone(),
            };
            if !ids.is_empty() {
                left.tasks.insert(name.clone(), Tasks { generation: tasks.generation, ids });
            }
        }
        left
    }
}
