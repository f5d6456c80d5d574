//! What the supervisor of `restarts.rs` sees of a connector, and what it does to it.

use std::sync::Arc;

use tokio::time::Instant;
use tokio_util::task::AbortOnDropHandle;
use tracing::{Instrument as _, warn};

use super::super::error::Error;
use super::super::restarts::{self, Health, Life, Part, Restartable, Seen};
use super::{Connector, Data};
use weir_api::{State, TargetState};
use weir_config::RestartPolicy;

impl Connector {
    /// Restarts from here on what fails, as the policy says. The supervisor may be who calls this, so it is never replaced.
    pub(super) fn supervise(self: &Arc<Self>, policy: RestartPolicy) {
        let mut data = self.data.lock();
        data.book = data.book.anew(policy);
        if data.book.is_open() && data.supervisor.is_none() {
            let span = tracing::error_span!("connector", connector = %self.name);
            let supervisor = restarts::supervise(Arc::downgrade(self), Arc::clone(&self.failed));
            data.supervisor = Some(AbortOnDropHandle::new(tokio::spawn(supervisor.instrument(span))));
        }
    }

    async fn heal(self: &Arc<Self>, part: Part) -> Result<(), Error> {
        match part {
            Part::Connector => self.restart_instance().await,
            Part::Task(task) => {
                self.set_restarting(task, true);
                let healed = self.restart_task_anew(task).await;
                self.set_restarting(task, false);
                healed
            }
        }
    }

    fn set_restarting(&self, task: u32, restarting: bool) {
        if let Some(task) = self.data.lock().tasks.get_mut(task as usize) {
            task.restarting = restarting;
        }
    }
}

impl Restartable for Connector {
    fn look(&self, now: Instant) -> (Vec<(Part, Life)>, Option<Instant>) {
        let mut data = self.data.lock();
        let seen = data.seen();
        data.book.look(now, &seen)
    }

    async fn restart(self: Arc<Self>, part: Part, life: Life) {
        let _changing = self.changing.lock().await;
        // Somebody may have paused, stopped, deleted, changed or restarted it while this waited for its turn.
        let still_failed = |seen: &Seen| seen.part == part && seen.life == life && seen.health == Health::Failed;
        if !self.data.lock().seen().iter().any(still_failed) {
            return;
        }
        // Why the connector itself does not start is said where it fails.
        if let Err(error) = self.heal(part).await
            && part != Part::Connector
        {
            warn!(%part, %error, "what has failed could not be restarted");
        }
        let mut data = self.data.lock();
        let now = data.seen().into_iter().find(|seen| seen.part == part).map_or(life, |seen| seen.life);
        data.book.restarted(part, now);
    }
}

impl Data {
    /// How all parts are; nothing while nothing is to run.
    fn seen(&self) -> Vec<Seen> {
        if self.ended || self.target != TargetState::Started {
            return Vec::new();
        }
        let health = |failed: bool, hopeless: bool| match (failed, hopeless) {
            (false, _) => Health::Well,
            (true, false) => Health::Failed,
            (true, true) => Health::Hopeless,
        };
        let failed = self.status.state == State::Failed;
        let itself = Seen { part: Part::Connector, life: self.life, health: health(failed, self.hopeless) };
        let tasks = (0..).zip(&self.tasks).map(|(number, task)| Seen {
            part: Part::Task(number),
            life: task.life,
            health: health(
                task.status().state == State::Failed,
                task.handle.as_ref().is_some_and(|handle| handle.is_hopeless()),
            ),
        });
        std::iter::once(itself).chain(tasks).collect()
    }

    /// The trace of a part that has failed, with what is going to happen to it.
    pub(super) fn trace(&self, part: Part, trace: Option<String>) -> Option<String> {
        let wanted = !self.ended && self.target == TargetState::Started;
        match (trace, self.book.note(part, Instant::now()).filter(|_| wanted)) {
            (Some(trace), Some(note)) => Some(format!("{trace}\n{note}")),
            (trace, _) => trace,
        }
    }
}
