//! Restarting a connector, its tasks, or both.

use std::sync::Arc;

use tracing::{info, warn};

use super::super::error::Error;
use super::super::restarts::Life;
use super::super::tasks;
use super::{Connector, Wanted};
use weir_api::{ConnectorStateInfo, State, TargetState};

impl Connector {
    /// Restarts the connector's own instance. Tasks are touched only if it asks for others than before.
    pub(crate) async fn restart(self: &Arc<Self>) -> Result<(), Error> {
        let _changing = self.changing.lock().await;
        self.restart_instance().await
    }

    /// With the values that config providers have now. A connector that cannot have them is FAILED; its tasks go on.
    pub(super) async fn restart_instance(self: &Arc<Self>) -> Result<(), Error> {
        let refreshed = self.refresh().await;
        self.stop_instance().await;
        if let Err(error) = refreshed {
            self.fail(error.to_string());
            return Err(error);
        }
        self.start().await
    }

    /// If values of config providers have changed, the connector makes all tasks anew. True = it has.
    async fn refresh_tasks(self: &Arc<Self>) -> Result<bool, Error> {
        let anew = self.refresh().await? && self.data.lock().target == TargetState::Started;
        if anew {
            self.stop_instance().await;
            self.start().await?;
        }
        Ok(anew)
    }

    /// Restarts the connector, and its tasks if asked (`includeTasks`); only what has failed if asked (`onlyFailed`). Answers when
    /// it is done, with the states as they were, and RESTARTING for what was restarted (`RestartPlan`). A failure to start is
    /// the state of what failed, and not an error.
    pub(crate) async fn restart_with(self: &Arc<Self>, include_tasks: bool, only_failed: bool) -> ConnectorStateInfo {
        let _changing = self.changing.lock().await;
        let chosen = |state: State| !only_failed || state == State::Failed;
        let mut plan = self.status();
        let connector = chosen(plan.connector.state);
        if connector {
            plan.connector.state = State::Restarting;
            self.set_status(State::Restarting);
        }
        let mut restarting = Vec::new();
        for task in plan.tasks.iter_mut().filter(|task| include_tasks && chosen(task.state)) {
            task.state = State::Restarting;
            restarting.push(task.id);
        }
        info!(connector = self.name, itself = connector, tasks = ?restarting, "restarting");
        for (_, task) in (0..).zip(&mut self.data.lock().tasks).filter(|(id, _)| restarting.contains(id)) {
            task.restarting = true;
        }
        let mut done = Ok(false);
        if connector {
            if let Err(error) = self.restart_instance().await {
                warn!(connector = self.name, %error, "the connector could not be restarted");
            }
        } else if !restarting.is_empty() {
            done = self.refresh_tasks().await;
        }
        if let Err(error) = done {
            warn!(connector = self.name, %error, "the connector's tasks could not be restarted");
            self.data.lock().tasks.iter_mut().for_each(|task| task.restarting = false);
            return plan;
        }
        // Those that the connector has made anew meanwhile are restarted already.
        restarting.retain(|id| self.data.lock().tasks.get(*id as usize).is_some_and(|task| task.restarting));
        // All at once: the time that stopping takes is for all together.
        let restarts = restarting.iter().map(|task| self.restart_one(*task));
        for (task, done) in restarting.iter().zip(futures_util::future::join_all(restarts).await) {
            if let Err(error) = done {
                warn!(connector = self.name, task, %error, "a task could not be restarted");
            }
        }
        plan
    }

    /// Stops a task and starts it again with the configuration it has.
    pub(crate) async fn restart_task(self: &Arc<Self>, task: u32) -> Result<(), Error> {
        let _changing = self.changing.lock().await;
        self.restart_task_anew(task).await
    }

    /// With the values that config providers have now.
    pub(super) async fn restart_task_anew(self: &Arc<Self>, task: u32) -> Result<(), Error> {
        let is_there = {
            let data = self.data.lock();
            !data.ended && data.tasks.len() > task as usize
        };
        if is_there && self.refresh_tasks().await? {
            return Ok(());
        }
        self.restart_one(task).await
    }

    async fn restart_one(&self, task: u32) -> Result<(), Error> {
        let missing = || Error::NotFound(format!("Task {}-{task} not found", self.name));
        let (old, task_config, config, target) = {
            let mut data = self.data.lock();
            let (config, target) = (data.config.clone(), data.target);
            if data.ended {
                return Err(missing());
            }
            let running = data.tasks.get_mut(task as usize).ok_or_else(missing)?;
            (running.handle.take(), running.config.clone(), config.ok_or_else(missing)?, target)
        };
        if let Some(old) = old {
            old.stop(self.shared.worker.task_shutdown_graceful_timeout).await;
        }
        let wanted = if target == TargetState::Paused { Wanted::Paused } else { Wanted::Running };
        let handle = tasks::spawn(&self.shared, &config, task, &task_config, wanted, &self.active_topics, &self.failed);
        if let Some(running) = self.data.lock().tasks.get_mut(task as usize) {
            (running.handle, running.life) = (Some(handle), Life::begin());
            running.restarting = false;
        }
        Ok(())
    }
}
