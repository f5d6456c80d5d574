//! Restarting a connector, its tasks, or both.

use std::sync::Arc;

use tracing::{info, warn};

use super::connector::Connector;
use crate::error::Error;
use weir_api::{ConnectorStateInfo, State, TargetState};
use weir_task::control::Wanted;

impl Connector {
    /// Restarts the connector's own instance. Tasks are restarted only if it requests different ones.
    pub(super) async fn restart(self: &Arc<Self>) -> Result<(), Error> {
        let _changing = self.changing.lock().await;
        self.restart_instance().await
    }

    /// Restarts with current values of config providers. If they cannot be read, the connector is FAILED and its tasks continue.
    pub(super) async fn restart_instance(self: &Arc<Self>) -> Result<(), Error> {
        let refreshed = self.refresh().await;
        self.running.stop_instance().await;
        if let Err(error) = refreshed {
            self.running.fail(self.config().as_ref(), error.to_string());
            return Err(error);
        }
        self.start().await
    }

    /// If values of config providers have changed, creates all tasks again. Returns whether it has.
    async fn refresh_tasks(self: &Arc<Self>) -> Result<bool, Error> {
        let recreated = self.refresh().await? && self.target() == TargetState::Started;
        if recreated {
            self.running.stop_instance().await;
            self.start().await?;
        }
        Ok(recreated)
    }

    /// Restarts the connector, and its tasks if requested (`includeTasks`); only failed ones if requested (`onlyFailed`). Returns
    /// afterwards the states from before the restart, with RESTARTING for what was restarted (`RestartPlan`). A failure to start becomes
    /// the state of the part, and is not returned as an error.
    pub(super) async fn restart_with(self: &Arc<Self>, include_tasks: bool, only_failed: bool) -> ConnectorStateInfo {
        let _changing = self.changing.lock().await;
        let chosen = |state: State| !only_failed || state == State::Failed;
        let mut plan = self.status();
        let connector = chosen(plan.connector.state);
        if connector {
            plan.connector.state = State::Restarting;
            self.running.set_state(self.config().as_ref(), State::Restarting);
        }
        let mut restarting = Vec::new();
        for task in plan.tasks.iter_mut().filter(|task| include_tasks && chosen(task.state)) {
            task.state = State::Restarting;
            restarting.push(task.id);
        }
        info!(connector = self.name, itself = connector, tasks = ?restarting, "restarting");
        self.running.set_restarting(|id| restarting.contains(&id), true);
        let mut done = Ok(false);
        if connector {
            if let Err(error) = self.restart_instance().await {
                warn!(connector = self.name, %error, "restarting the connector failed");
            }
        } else if !restarting.is_empty() {
            done = self.refresh_tasks().await;
        }
        if let Err(error) = done {
            warn!(connector = self.name, %error, "restarting the connector's tasks failed");
            self.running.set_restarting(|_| true, false);
            return plan;
        }
        // Tasks that the connector has created again in the meantime have been restarted already.
        restarting.retain(|id| self.running.is_restarting(*id));
        // All at the same time, so that the timeout for stopping applies to all of them together.
        let restarts = restarting.iter().map(|task| self.restart_one(*task));
        for (task, done) in restarting.iter().zip(futures_util::future::join_all(restarts).await) {
            if let Err(error) = done {
                warn!(connector = self.name, task, %error, "restarting a task failed");
            }
        }
        plan
    }

    /// Stops a task and starts it again with the configuration it has.
    pub(super) async fn restart_task(self: &Arc<Self>, task: u32) -> Result<(), Error> {
        let _changing = self.changing.lock().await;
        self.restart_task_refreshed(task).await
    }

    /// Restarts the task with current values of config providers.
    pub(super) async fn restart_task_refreshed(self: &Arc<Self>, task: u32) -> Result<(), Error> {
        let exists = !self.has_ended() && self.running.tasks().contains(&task);
        if exists && self.refresh_tasks().await? {
            return Ok(());
        }
        self.restart_one(task).await
    }

    async fn restart_one(&self, task: u32) -> Result<(), Error> {
        let missing = || Error::no_task(&self.name, task);
        let config = self.config().filter(|_| !self.has_ended()).ok_or_else(missing)?;
        let wanted = if self.target() == TargetState::Paused { Wanted::Paused } else { Wanted::Running };
        self.running.restart_task(task, config, wanted).await
    }
}
