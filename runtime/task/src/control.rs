//! Lets a herder control a running task and observe its status: the herder has a cheap handle, and the task's loop has a [`Control`].

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

/// What a task should do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// Process records.
    Running,
    /// Keep all resources, but process nothing.
    Paused,
    /// Stop gracefully.
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

/// Receives each status of a task.
pub trait StatusListener: Send + Sync + 'static {
    /// Called with each new status, one at a time. Must return quickly.
    fn changed(&self, status: &Status);
}

/// A status that the task sets and the herder reads.
#[derive(Clone)]
pub struct StatusCell {
    status: Arc<Mutex<Status>>,
    listener: Arc<dyn StatusListener>,
}

/// What is needed when a task fails.
#[derive(Debug, Clone)]
pub struct OnFailure {
    /// The values to remove from its trace.
    pub secrets: Arc<Secrets>,
    /// Notified of the failure.
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
        // The lock is held, so that the listener receives the statuses in order.
        self.listener.changed(&status);
    }
}

/// Tells a wait inside a loop that the task should stop.
#[derive(Debug, Clone)]
pub struct Stopping(watch::Receiver<Wanted>);

impl Stopping {
    /// Returns when the task should stop.
    pub async fn asked(&mut self) {
        if self.0.wait_for(|wanted| *wanted == Wanted::Stopped).await.is_err() {
            // As in `Control::changed`.
            std::future::pending::<()>().await;
        }
    }

    /// Creates one for a task that runs until the sender changes that.
    #[cfg(test)]
    pub(super) fn channel() -> (watch::Sender<Wanted>, Self) {
        let (sender, receiver) = watch::channel(Wanted::Running);
        (sender, Self(receiver))
    }
}

/// The view of a task's loop on what it should do.
pub struct Control {
    wanted: watch::Receiver<Wanted>,
    status: StatusCell,
    metrics: Arc<TaskMetrics>,
    reported: Option<State>,
}

impl Control {
    /// Returns what the task should do now.
    pub fn wanted(&self) -> Wanted {
        *self.wanted.borrow()
    }

    /// Returns when the task should do something else than at the last call of this function.
    pub async fn changed(&mut self) {
        if self.wanted.changed().await.is_err() {
            // The herder no longer exists, so nothing changes any more.
            std::future::pending::<()>().await;
        }
    }

    /// Returns a signal for waits that a stop should end.
    pub fn stopping(&self) -> Stopping {
        Stopping(self.wanted.clone())
    }

    /// Waits while the task should be paused before it has started. Kafka Connect does not initialise such a task.
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

/// Reports how a task's loop has ended. A loop that panics or is dropped has a defect, unless its handle has aborted it. Its task must then
/// not be reported as running, and automatic restarts must be notified.
struct End {
    status: StatusCell,
    metrics: Arc<TaskMetrics>,
    permanent: Arc<AtomicBool>,
    cut_off: Arc<AtomicBool>,
    on_failure: OnFailure,
    is_reported: bool,
}

impl End {
    fn report(mut self, ended: Result<(), Error>) {
        self.is_reported = true;
        match ended {
            Ok(()) => {
                info!("task ended");
                self.status.set(State::Unassigned);
                self.metrics.state(State::Unassigned);
            }
            Err(failure) => {
                // Before the state, which the herder may read at once.
                self.permanent.store(matches!(failure, Error::Config(_)), Ordering::Release);
                self.fail(&failure.to_string());
            }
        }
    }

    fn fail(&self, trace: &str) {
        let trace = bounded(self.on_failure.secrets.hide(trace).into_owned(), MAX_TRACE);
        error!(trace, "task failed");
        self.status.fail(trace);
        self.metrics.state(State::Failed);
        self.on_failure.failed.notify_one();
    }
}

impl Drop for End {
    fn drop(&mut self) {
        if !self.is_reported && !self.cut_off.load(Ordering::Acquire) {
            self.fail(DEFECT);
        }
    }
}

/// The trace of a task whose loop panicked.
const DEFECT: &str = "the task's loop ended unexpectedly, which is a bug in Weir\nNext: report it with the lines of the worker's log and \
                      standard error that precede this failure, and restart the task";

/// The herder's side of one task.
pub struct TaskHandle {
    id: TaskId,
    wanted: watch::Sender<Wanted>,
    status: StatusCell,
    metrics: Arc<TaskMetrics>,
    /// It failed for a reason that only another configuration removes.
    permanent: Arc<AtomicBool>,
    /// The handle aborts the loop.
    cut_off: Arc<AtomicBool>,
    secrets: Arc<Secrets>,
    running: Option<JoinHandle<()>>,
}

impl TaskHandle {
    /// Starts a loop on the tokio runtime. What it returns becomes the task's last status; a loop that panics ends FAILED.
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
        let permanent = Arc::new(AtomicBool::new(false));
        let cut_off = Arc::new(AtomicBool::new(false));
        let secrets = Arc::clone(&on_failure.secrets);
        let end = End {
            status: status.clone(),
            metrics: Arc::clone(&metrics),
            permanent: Arc::clone(&permanent),
            cut_off: Arc::clone(&cut_off),
            on_failure,
            is_reported: false,
        };
        let work =
            run(Control { wanted: receiver, status: status.clone(), metrics: Arc::clone(&metrics), reported: None });
        let span = tracing::error_span!("task", connector = %id.connector, task = id.task);
        let running = tokio::spawn(
            async move {
                // Outlives the loop, however that ends.
                let end = end;
                let ended = work.await;
                end.report(ended);
            }
            .instrument(span),
        );
        Self { id, wanted: sender, status, metrics, permanent, cut_off, secrets, running: Some(running) }
    }

    /// A task that could not be created.
    pub fn failed(id: TaskId, trace: String, metrics: Arc<TaskMetrics>, listener: Arc<dyn StatusListener>) -> Self {
        let status = StatusCell::new(State::Unassigned, listener);
        status.fail(bounded(trace, MAX_TRACE));
        metrics.state(State::Failed);
        let (permanent, cut_off) = (Arc::new(AtomicBool::new(true)), Arc::default());
        let (wanted, secrets) = (watch::channel(Wanted::Stopped).0, Arc::default());
        Self { id, wanted, status, metrics, permanent, cut_off, secrets, running: None }
    }

    /// Whether it failed for a reason that a restart does not remove.
    pub fn is_permanent(&self) -> bool {
        self.permanent.load(Ordering::Acquire)
    }

    /// Returns the task's counters.
    pub fn metrics(&self) -> &Arc<TaskMetrics> {
        &self.metrics
    }

    /// Returns its status. The trace of a running or paused task that reaches no Kafka broker says so.
    pub fn status(&self) -> Status {
        let mut status = self.status.get();
        if matches!(status.state, State::Running | State::Paused)
            && let Some(outage) = self.metrics.connections.outage()
        {
            status.trace = Some(bounded(self.secrets.hide(&outage).into_owned(), MAX_TRACE));
        }
        status
    }

    /// Requests another state. Use [`TaskHandle::stop`] to stop the task.
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
                "task did not stop in time and is cut off; records since its last commit will be processed again"
            );
            self.cut_off.store(true, Ordering::Release);
            running.abort();
            // Returns once the loop's future is dropped, and with it the guest.
            let _ = running.await;
        }
    }
}

impl Drop for TaskHandle {
    fn drop(&mut self) {
        if let Some(running) = self.running.take() {
            self.cut_off.store(true, Ordering::Release);
            running.abort();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Unheard;

    impl StatusListener for Unheard {
        fn changed(&self, _: &Status) {}
    }

    fn spawn<R>(run: impl FnOnce(Control) -> R) -> (TaskHandle, Arc<Notify>, StatusCell)
    where
        R: Future<Output = Result<(), Error>> + Send + 'static,
    {
        let failed = Arc::new(Notify::new());
        let on_failure = OnFailure { secrets: Arc::default(), failed: Arc::clone(&failed) };
        let id = TaskId { connector: "c".to_owned(), task: 0 };
        let sampling = weir_metrics::Sampling::default();
        let metrics = TaskMetrics::new(sampling, Arc::new(weir_metrics::WorkerMetrics::new(sampling)));
        let handle = TaskHandle::spawn(id, Wanted::Paused, Arc::new(metrics), on_failure, Arc::new(Unheard), run);
        let status = handle.status.clone();
        (handle, failed, status)
    }

    #[tokio::test]
    async fn a_loop_that_panics_ends_failed_whatever_state_it_was_in() {
        for state in [None, Some(State::Paused), Some(State::Running)] {
            let (handle, failed, _) = spawn(|mut control| async move {
                if let Some(state) = state {
                    control.report(state);
                }
                panic!("as the test wants");
            });
            failed.notified().await;
            let status = handle.status();
            assert_eq!((status.state, handle.is_permanent()), (State::Failed, false));
            assert!(status.trace.expect("a trace").contains("a bug in Weir"));
        }
    }

    #[tokio::test]
    async fn a_loop_that_is_cut_off_has_not_failed() {
        for stops in [true, false] {
            let (handle, failed, status) = spawn(|mut control| async move {
                control.report(State::Running);
                std::future::pending().await
            });
            tokio::task::yield_now().await;
            if stops {
                handle.stop(Duration::ZERO).await;
            } else {
                drop(handle);
                tokio::task::yield_now().await;
            }
            assert_eq!(status.get().state, State::Running);
            assert!(tokio::time::timeout(Duration::from_millis(10), failed.notified()).await.is_err());
        }
    }
}
