//! How a herder steers a running task and hears of it: a cheap handle on one side, what the loop looks at on the other.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use tracing::{error, info, warn};
use weir_data::text::{MAX_TRACE, bounded};

use super::{Error, TaskId};
use weir_api::State;
use weir_config::providers::Secrets;
use weir_metrics::TaskMetrics;

/// What a task is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// Carry rows.
    Running,
    /// Keep everything, carry nothing.
    Paused,
    /// End, in order.
    Stopped,
}

/// State and trace as reported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// The state.
    pub state: State,
    /// Why it failed.
    pub trace: Option<String>,
}

/// Hears of each status of a task.
pub trait StatusListener: Send + Sync + 'static {
    /// Called with each new status, one at a time. Must return soon.
    fn changed(&self, status: &Status);
}

/// A status that one side sets and the other reads.
#[derive(Clone)]
pub struct StatusCell {
    status: Arc<Mutex<Status>>,
    listener: Arc<dyn StatusListener>,
}

/// What there is to know and to do when a task fails.
#[derive(Debug, Clone)]
pub struct OnFailure {
    /// Taken out of its trace.
    pub secrets: Arc<Secrets>,
    /// Told of it.
    pub failed: Arc<Notify>,
}

impl StatusCell {
    /// A cell with this state and no trace.
    pub fn new(state: State, listener: Arc<dyn StatusListener>) -> Self {
        let status = Status { state, trace: None };
        listener.changed(&status);
        Self { status: Arc::new(Mutex::new(status)), listener }
    }

    /// The status now.
    pub fn get(&self) -> Status {
        self.status.lock().clone()
    }

    /// Sets a state without a trace.
    pub fn set(&self, state: State) {
        self.replace(Status { state, trace: None });
    }

    /// Sets FAILED with its trace.
    pub fn fail(&self, trace: String) {
        self.replace(Status { state: State::Failed, trace: Some(trace) });
    }

    fn replace(&self, new: Status) {
        let mut status = self.status.lock();
        *status = new;
        // The lock is held, so that the listener hears of statuses in their order.
        self.listener.changed(&status);
    }
}

/// Tells a wait inside of a loop that the task is to stop.
#[derive(Debug, Clone)]
pub struct Stopping(watch::Receiver<Wanted>);

impl Stopping {
    /// Returns when the task is to stop.
    pub async fn asked(&mut self) {
        if self.0.wait_for(|wanted| *wanted == Wanted::Stopped).await.is_err() {
            // As in `Control::changed`.
            std::future::pending::<()>().await;
        }
    }

    /// Of a task that runs until the sender says otherwise.
    #[cfg(test)]
    pub(super) fn channel() -> (watch::Sender<Wanted>, Self) {
        let (sender, receiver) = watch::channel(Wanted::Running);
        (sender, Self(receiver))
    }
}

/// The loop's side.
pub struct Control {
    wanted: watch::Receiver<Wanted>,
    status: StatusCell,
    metrics: Arc<TaskMetrics>,
    reported: Option<State>,
}

impl Control {
    /// What is wanted now.
    pub fn wanted(&self) -> Wanted {
        *self.wanted.borrow()
    }

    /// Returns when something else is wanted than at the last call of [`Control::wanted`].
    pub async fn changed(&mut self) {
        if self.wanted.changed().await.is_err() {
            // The herder is gone, and with it everything that could be wanted.
            std::future::pending::<()>().await;
        }
    }

    /// For waits that a stop is to end.
    pub fn stopping(&self) -> Stopping {
        Stopping(self.wanted.clone())
    }

    /// Waits while the task is to be paused before it has started. Kafka Connect does not initialise such a task.
    pub async fn wait_to_start(&mut self) -> Wanted {
        loop {
            match self.wanted() {
                Wanted::Paused => self.report(State::Paused),
                wanted => return wanted,
            }
            self.changed().await;
        }
    }

    /// Reports a state, if it is another one than the last.
    pub fn report(&mut self, state: State) {
        if self.reported != Some(state) {
            self.reported = Some(state);
            self.status.set(state);
            self.metrics.state(state);
            info!(?state, "task state");
        }
    }
}

/// The herder's side of one task.
pub struct TaskHandle {
    id: TaskId,
    wanted: watch::Sender<Wanted>,
    status: StatusCell,
    metrics: Arc<TaskMetrics>,
    /// It failed for what only another configuration can mend.
    hopeless: Arc<AtomicBool>,
    secrets: Arc<Secrets>,
    running: Option<JoinHandle<()>>,
}

impl TaskHandle {
    /// Starts a loop on the tokio runtime. What it returns becomes the task's last status.
    ///
    pub fn spawn<F, R>(
        id: TaskId,
        wanted: Wanted,
        metrics: Arc<TaskMetrics>,
        on_failure: OnFailure,
        listener: Arc<dyn StatusListener>,
        run: F,
    ) -> Self
    where
        F: FnOnce(Control) -> R,
        R: Future<Output = Result<(), Error>> + Send + 'static,
    {
        use tracing::Instrument as _;
        let (sender, receiver) = watch::channel(wanted);
        let status = StatusCell::new(State::Unassigned, listener);
        let hopeless = Arc::new(AtomicBool::new(false));
        let secrets = Arc::clone(&on_failure.secrets);
        let work =
            run(Control { wanted: receiver, status: status.clone(), metrics: Arc::clone(&metrics), reported: None });
        let span = tracing::error_span!("task", connector = %id.connector, task = id.task);
        let running = tokio::spawn({
            let (status, metrics, hopeless) = (status.clone(), Arc::clone(&metrics), Arc::clone(&hopeless));
            async move {
                match work.await {
                    Ok(()) => {
                        info!("task ended");
                        status.set(State::Unassigned);
                        metrics.state(State::Unassigned);
                    }
                    Err(failure) => {
                        let trace = on_failure.secrets.hide(&failure.to_string()).into_owned();
                        let trace = bounded(trace, MAX_TRACE);
                        error!(trace, "task failed");
                        // Before the state, which somebody may read at once.
                        hopeless.store(matches!(failure, Error::Config(_)), Ordering::Release);
                        status.fail(trace);
                        metrics.state(State::Failed);
                        on_failure.failed.notify_one();
                    }
                }
            }
            .instrument(span)
        });
        Self { id, wanted: sender, status, metrics, hopeless, secrets, running: Some(running) }
    }

    /// A task that could not even be made.
    pub fn failed(id: TaskId, trace: String, metrics: Arc<TaskMetrics>, listener: Arc<dyn StatusListener>) -> Self {
        let status = StatusCell::new(State::Unassigned, listener);
        status.fail(bounded(trace, MAX_TRACE));
        metrics.state(State::Failed);
        let hopeless = Arc::new(AtomicBool::new(true));
        let secrets = Arc::default();
        Self { id, wanted: watch::channel(Wanted::Stopped).0, status, metrics, hopeless, secrets, running: None }
    }

    /// True = it failed for a reason that trying again cannot mend.
    pub fn is_hopeless(&self) -> bool {
        self.hopeless.load(Ordering::Acquire)
    }

    /// What it counts.
    pub fn metrics(&self) -> &Arc<TaskMetrics> {
        &self.metrics
    }

    /// Its status now. One that reaches no Kafka broker is in the state that it would be in, and its trace says so.
    pub fn status(&self) -> Status {
        // Looked at before the status: a loop sets that last, so that it is not the one of a moment before.
        let has_ended = self.running.as_ref().is_some_and(JoinHandle::is_finished);
        let mut status = self.status.get();
        if matches!(status.state, State::Running | State::Paused)
            && let Some(outage) = self.metrics.connections.outage()
        {
            status.trace = Some(bounded(self.secrets.hide(&outage).into_owned(), MAX_TRACE));
        }
        // A loop that panicked is a defect of ours, and still must not look alive.
        if has_ended && status.state == State::Running {
            status = Status {
                state: State::Failed,
                trace: Some("the task's loop ended unexpectedly; see the log".to_owned()),
            };
        }
        status
    }

    /// Asks for another state. Stopping is asked for by [`TaskHandle::stop`].
    pub fn want(&self, wanted: Wanted) {
        self.wanted.send_if_modified(|now| *now != Wanted::Stopped && std::mem::replace(now, wanted) != wanted);
    }

    /// Marks the task as about to be restarted.
    pub fn mark_restarting(&self) {
        self.status.set(State::Restarting);
    }

    /// Ends the task: in order within `patience`, by cutting it off after.
    pub async fn stop(mut self, patience: Duration) {
        self.wanted.send_replace(Wanted::Stopped);
        let Some(mut running) = self.running.take() else { return };
        if tokio::time::timeout(patience, &mut running).await.is_err() {
            warn!(
                task = %self.id,
                task.shutdown.graceful.timeout.ms = u64::try_from(patience.as_millis()).unwrap_or(u64::MAX),
                "the task did not stop in time and is cut off; rows since its last commit will come again"
            );
            running.abort();
            // Returns once the loop's future is dropped, and with it the guest.
            let _ = running.await;
        }
    }
}

impl Drop for TaskHandle {
    fn drop(&mut self) {
        if let Some(running) = self.running.take() {
            running.abort();
        }
    }
}
