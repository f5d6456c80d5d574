//! Connects a connector to the supervisor of `restarts.rs`: reports its health and restarts it.

use std::sync::Arc;

use tokio::time::Instant;
use tokio_util::task::AbortOnDropHandle;
use tracing::{Instrument as _, warn};

use super::connector::Connector;
use crate::error::Error;
use crate::restarts::{self, Generation, Health, Observation, Part, Restartable};
use weir_api::TargetState;
use weir_config::RestartPolicy;

impl Connector {
    /// Starts automatic restarts according to the policy. The supervisor itself may call this, so it is never replaced.
    pub(super) fn supervise(self: &Arc<Self>, policy: RestartPolicy) {
        let mut restarts = self.restarts.lock();
        restarts.history = restarts.history.with_policy(policy);
        if restarts.history.is_enabled() && restarts.supervisor.is_none() {
            let span = tracing::error_span!("connector", connector = %self.name);
            let supervisor = restarts::supervise(Arc::downgrade(self), Arc::clone(self.running.failed()));
            restarts.supervisor = Some(AbortOnDropHandle::new(tokio::spawn(supervisor.instrument(span))));
        }
    }

    async fn restart_part(self: &Arc<Self>, part: Part) -> Result<(), Error> {
        match part {
            Part::Connector => self.restart_instance().await,
            Part::Task(task) => {
                self.running.set_restarting(|id| id == task, true);
                let restarted = self.restart_task_refreshed(task).await;
                self.running.set_restarting(|id| id == task, false);
                restarted
            }
        }
    }

    /// Whether the connector is to run.
    fn is_wanted(&self) -> bool {
        !self.has_ended() && self.target() == TargetState::Started
    }

    /// Returns the health of all parts. Empty if the connector is not to run.
    fn observe(&self) -> Vec<Observation> {
        if self.is_wanted() { self.running.observe() } else { Vec::new() }
    }

    /// Adds to the trace of a failed part what automatic restarts will do.
    pub(super) fn trace(&self, part: Part, trace: Option<String>) -> Option<String> {
        let trace = trace?;
        let note = self.restarts.lock().history.note(part, Instant::now());
        Some(match note.filter(|_| self.is_wanted()) {
            Some(note) => format!("{trace}\n{note}"),
            None => trace,
        })
    }
}

impl Restartable for Connector {
    fn due(&self, now: Instant) -> (Vec<(Part, Generation)>, Option<Instant>) {
        let observed = self.observe();
        self.restarts.lock().history.due(now, &observed)
    }

    async fn restart(self: Arc<Self>, part: Part, generation: Generation) {
        let _changing = self.changing.lock().await;
        // The operator may have paused, stopped, deleted, changed or restarted it while this waited for the lock.
        let is_of = |observed: &Observation| observed.part == part;
        let still_failed =
            |observed: &Observation| observed.generation == generation && observed.health == Health::Failed;
        if !self.observe().iter().any(|observed| is_of(observed) && still_failed(observed)) {
            return;
        }
        // The reason why the connector itself did not start has been logged already.
        if let Err(error) = self.restart_part(part).await
            && part != Part::Connector
        {
            warn!(%part, %error, "automatic restart failed");
        }
        let now = self.observe().into_iter().find(is_of).map_or(generation, |observed| observed.generation);
        self.restarts.lock().history.restarted(part, now);
    }
}
