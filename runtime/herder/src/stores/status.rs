//! The last reported states of connectors and tasks, as in Kafka Connect's status topic.

use std::collections::BTreeMap;

use parking_lot::RwLock;

use weir_api::State;

/// The status of a connector or a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartStatus {
    /// The state.
    pub state: State,
    /// The reason of a failure.
    pub trace: Option<String>,
    /// The worker that reported it, `host:port`.
    pub worker_id: String,
    /// The version of the plugin, if it is known.
    pub version: Option<String>,
}

/// The statuses of a connector and its tasks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Statuses {
    /// The connector's own status.
    pub connector: Option<PartStatus>,
    /// The statuses of its tasks, by number.
    pub tasks: BTreeMap<u32, PartStatus>,
}

/// Stores statuses. A later status replaces an earlier one.
pub trait StatusStore: Send + Sync + 'static {
    /// Stores a connector's own status.
    fn put_connector(&self, name: &str, status: PartStatus);

    /// Stores the status of a task.
    fn put_task(&self, name: &str, task: u32, status: PartStatus);

    /// Forgets the tasks of a connector.
    fn remove_tasks(&self, name: &str);

    /// Forgets a connector and its tasks.
    fn remove(&self, name: &str);

    /// Returns the statuses of a connector and its tasks; `None` if nothing was reported.
    fn get(&self, name: &str) -> Option<Statuses>;
}

/// Statuses that are stored only in memory.
#[derive(Debug, Default)]
pub struct MemoryStatuses(RwLock<BTreeMap<String, Statuses>>);

impl StatusStore for MemoryStatuses {
    fn put_connector(&self, name: &str, status: PartStatus) {
        let mut statuses = self.0.write();
        match statuses.get_mut(name) {
            Some(known) => known.connector = Some(status),
            None => {
                drop(statuses.insert(name.to_owned(), Statuses { connector: Some(status), tasks: BTreeMap::new() }))
            }
        }
    }

    fn put_task(&self, name: &str, task: u32, status: PartStatus) {
        let mut statuses = self.0.write();
        // The status of a task that is aborted after its connector was deleted is ignored.
        if let Some(known) = statuses.get_mut(name) {
            known.tasks.insert(task, status);
        }
    }

    fn remove_tasks(&self, name: &str) {
        if let Some(known) = self.0.write().get_mut(name) {
            known.tasks.clear();
        }
    }

    fn remove(&self, name: &str) {
        self.0.write().remove(name);
    }

    fn get(&self, name: &str) -> Option<Statuses> {
        self.0.read().get(name).cloned()
    }
}
