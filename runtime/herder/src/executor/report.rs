//! Stores the statuses that the tasks of this worker report.

use std::sync::Arc;

use parking_lot::Mutex;

use crate::services::Services;
use crate::stores::PartStatus;
use weir_task::TaskId;
use weir_task::control::{Status, StatusListener};

/// Stores what a task reports, until the task is replaced.
pub(super) struct TaskReporter {
    services: Arc<Services>,
    id: TaskId,
    version: String,
    /// Locked while a status is stored, so that none is stored after the reporter was retired.
    retired: Mutex<bool>,
}

impl TaskReporter {
    pub(super) fn new(services: Arc<Services>, id: TaskId, version: String) -> Arc<Self> {
        Arc::new(Self { services, id, version, retired: Mutex::new(false) })
    }

    /// Stores nothing from now on: the task is being stopped, and a new one may have its number.
    pub(super) fn retire(&self) {
        *self.retired.lock() = true;
    }
}

impl StatusListener for TaskReporter {
    fn changed(&self, status: &Status) {
        let retired = self.retired.lock();
        if !*retired {
            let status = PartStatus {
                state: status.state,
                trace: status.trace.clone(),
                worker_id: self.services.worker_id.clone(),
                version: Some(self.version.clone()),
            };
            self.services.statuses.put_task(&self.id.connector, self.id.task, status);
        }
    }
}
