//! What the config topic says, as far as it decides who runs what.

use std::collections::BTreeMap;

use crate::work::{Generation, Name, Tasks, Work, WorkSet};

/// A record of the config topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// The configuration of a connector, new or changed.
    Connector(Name),
    /// The tombstone of a connector.
    ConnectorRemoved(Name),
    /// The commit of a set of task configurations. If the set is incomplete because the topic was compacted, `count` is 0.
    Tasks {
        /// The connector.
        connector: Name,
        /// The offset of the commit record.
        generation: Generation,
        /// The number of tasks.
        count: u32,
    },
    /// The number of tasks that the last round of fencing recorded.
    TaskCount {
        /// The connector.
        connector: Name,
        /// The number of tasks.
        count: u32,
    },
    /// The target state of a connector.
    TargetState(Name),
    /// A request to restart a connector.
    Restart(Restart),
    /// Any other record. Only its offset matters.
    Other,
}

/// A request to restart a connector and possibly its tasks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restart {
    /// The connector.
    pub connector: Name,
    /// Whether to restart its tasks, too.
    pub include_tasks: bool,
    /// Whether to restart only what has failed.
    pub only_failed: bool,
}

/// A connector of the config topic.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Connector {
    /// The current task configurations. `None` before the first commit.
    pub generation: Option<Generation>,
    /// The number of tasks.
    pub task_count: u32,
    /// The number of tasks in the last record of a round of fencing.
    pub fenced_count: Option<u32>,
    /// Whether task configurations were committed after the last round of fencing.
    pub pending_fencing: bool,
}

/// What the config topic says up to a position.
#[derive(Debug, Clone, Default)]
pub struct Config {
    position: i64,
    connectors: BTreeMap<Name, Connector>,
}

impl Config {
    /// Applies the record at `offset`.
    pub fn apply(&mut self, offset: i64, change: &Change) {
        self.position = self.position.max(offset + 1);
        match change {
            Change::Connector(name) => {
                self.connectors.entry(name.clone()).or_default();
            }
            Change::ConnectorRemoved(name) => {
                self.connectors.remove(name);
            }
            Change::Tasks { connector, generation, count } => {
                // Tasks of a connector that was deleted may be left in the topic.
                if let Some(known) = self.connectors.get_mut(connector) {
                    known.generation = Some(*generation);
                    known.task_count = *count;
                    known.pending_fencing = true;
                }
            }
            Change::TaskCount { connector, count } => {
                if let Some(known) = self.connectors.get_mut(connector) {
                    known.fenced_count = Some(*count);
                    known.pending_fencing = false;
                }
            }
            Change::TargetState(_) | Change::Restart(_) | Change::Other => {}
        }
    }

    /// Returns the offset of the next record to read.
    pub fn position(&self) -> i64 {
        self.position
    }

    /// Returns a connector.
    pub fn connector(&self, name: &str) -> Option<&Connector> {
        self.connectors.get(name)
    }

    /// Returns all connectors.
    pub fn connectors(&self) -> impl Iterator<Item = (&Name, &Connector)> {
        self.connectors.iter()
    }

    /// Whether the work exists, with these task configurations.
    pub fn has(&self, work: &Work, generation: Generation) -> bool {
        match work {
            Work::Connector(name) => self.connectors.contains_key(name),
            Work::Task(name, id) => self
                .connectors
                .get(name)
                .is_some_and(|known| known.generation == Some(generation) && *id < known.task_count),
        }
    }

    /// Returns all connectors and tasks.
    pub fn work(&self) -> WorkSet {
        let mut work = WorkSet::default();
        for (name, connector) in &self.connectors {
            work.connectors.insert(name.clone());
            if let Some(generation) = connector.generation.filter(|_| connector.task_count > 0) {
                let ids = (0..connector.task_count).collect();
                work.tasks.insert(name.clone(), Tasks { generation, ids });
            }
        }
        work
    }
}
