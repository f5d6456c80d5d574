//! Restarts failed connectors and tasks automatically, with growing delays and a maximum number of attempts (`weir.restart.*`). This
//! module keeps the history of failures; the connector performs a restart, and checks whether it is still necessary at that time.
//!
//! Actions of the operator take precedence: a part that the operator has restarted has a new generation, which begins without attempts;
//! a connector that is paused, stopped or deleted shows no failures here; one that is reconfigured has a new history.

use std::collections::HashMap;
use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;
use tracing::{error, info};

use weir_config::RestartPolicy;
use weir_metrics::Counter;

/// A part of a connector that can fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Part {
    /// The connector's own instance.
    Connector,
    /// One of its tasks.
    Task(u32),
}

impl std::fmt::Display for Part {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Connector => f.write_str("the connector"),
            Self::Task(task) => write!(f, "task {task}"),
        }
    }
}

/// Identifies one start of a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Generation {
    number: u64,
    began: Instant,
}

impl Generation {
    /// Creates a generation that starts now.
    pub(crate) fn begin() -> Self {
        use std::sync::atomic::{AtomicU64, Ordering};
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self { number: NEXT.fetch_add(1, Ordering::Relaxed), began: Instant::now() }
    }
}

/// The health of a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Health {
    /// It has not failed.
    Well,
    /// It has failed.
    Failed,
    /// It has failed for a reason that another attempt cannot remove.
    Permanent,
}

impl Health {
    pub(crate) fn of(failed: bool, permanent: bool) -> Self {
        match (failed, permanent) {
            (false, _) => Self::Well,
            (true, false) => Self::Failed,
            (true, true) => Self::Permanent,
        }
    }
}

/// The current health of a part.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Observation {
    pub(crate) part: Part,
    pub(crate) generation: Generation,
    pub(crate) health: Health,
}

/// The history of failures of one connector's parts.
#[derive(Debug)]
pub(crate) struct RestartHistory {
    connector: String,
    policy: RestartPolicy,
    parts: HashMap<Part, Entry>,
    /// Counts parts whose automatic restarts were given up, for all connectors of the worker.
    given_up: Arc<Counter>,
}

#[derive(Debug)]
struct Entry {
    generation: Generation,
    /// Whether this generation has ended in a failure. If so, the time since its beginning is not the time that it has run.
    has_failed: bool,
    /// Restarts since it last ran without failure for long enough.
    attempts: u32,
    plan: Plan,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Plan {
    /// Nothing is planned.
    None,
    /// It is to be restarted at this time.
    Restart(Instant),
    /// It is not restarted, because all attempts have been used.
    GivenUp,
    /// It is not restarted, because another attempt cannot succeed.
    Permanent,
}

impl RestartHistory {
    pub(crate) fn new(connector: &str, policy: RestartPolicy, given_up: Arc<Counter>) -> Self {
        Self { connector: connector.to_owned(), policy, parts: HashMap::new(), given_up }
    }

    /// Returns an empty history for the same connector.
    pub(crate) fn with_policy(&self, policy: RestartPolicy) -> Self {
        Self::new(&self.connector, policy, Arc::clone(&self.given_up))
    }

    /// Whether automatic restarts are enabled.
    pub(crate) fn is_enabled(&self) -> bool {
        self.policy.max_attempts > 0
    }

    /// Records the health of all parts; parts that are not in `seen` are forgotten. Returns the parts that are due for a restart, and the
    /// time of the next planned restart.
    pub(crate) fn due(&mut self, now: Instant, seen: &[Observation]) -> (Vec<(Part, Generation)>, Option<Instant>) {
        self.parts.retain(|part, _| seen.iter().any(|seen| seen.part == *part));
        let mut ready = Vec::new();
        for Observation { part, generation, health } in seen.iter().copied() {
            let entry = self.parts.entry(part).or_insert_with(|| Entry::of(generation));
            if entry.generation != generation {
                *entry = Entry::of(generation);
            }
            match (health, entry.plan) {
                (Health::Well, _) => entry.plan = Plan::None,
                (Health::Failed | Health::Permanent, Plan::None) => {
                    entry.fail(part, health, now, &self.policy, &self.connector);
                    if entry.plan == Plan::GivenUp && self.policy.max_attempts > 0 {
                        self.given_up.increment();
                    }
                }
                (Health::Failed | Health::Permanent, _) => {}
            }
            if let Plan::Restart(due) = entry.plan
                && due <= now
            {
                ready.push((part, generation));
            }
        }
        // The connector first, because its restart may change its tasks.
        ready.sort_by_key(|(part, _)| *part);
        let due = self.parts.values().filter_map(|entry| match entry.plan {
            Plan::Restart(due) => Some(due),
            _ => None,
        });
        (ready, due.min())
    }

    /// Records that a part was restarted as planned. `generation` is the new one, or the old one if the restart failed and there is no new
    /// one: this counts as another failure.
    pub(crate) fn restarted(&mut self, part: Part, generation: Generation) {
        if let Some(entry) = self.parts.get_mut(&part) {
            entry.has_failed &= entry.generation == generation;
            entry.generation = generation;
            entry.plan = Plan::None;
        }
    }

    /// Returns a line for the trace of a failed part, or `None` if automatic restarts are disabled or nothing is planned.
    pub(crate) fn note(&self, part: Part, now: Instant) -> Option<String> {
        let max = self.policy.max_attempts;
        let Entry { attempts, plan, .. } = self.parts.get(&part).filter(|_| self.is_enabled())?;
        Some(match plan {
            Plan::None => return None,
            Plan::Restart(due) => {
                let seconds = due.saturating_duration_since(now).as_secs_f64();
                format!("Automatic restart in {seconds:.1} s, attempt {attempts} of {max} (weir.restart.max.attempts)")
            }
            Plan::GivenUp => format!(
                "Automatic restart gave up after {max} attempts (weir.restart.max.attempts). Restart it manually or change its configuration"
            ),
            Plan::Permanent => "Not restarted automatically: the configuration must be changed first".to_owned(),
        })
    }
}

impl Entry {
    fn of(generation: Generation) -> Self {
        Self { generation, has_failed: false, attempts: 0, plan: Plan::None }
    }

    fn fail(&mut self, part: Part, health: Health, now: Instant, policy: &RestartPolicy, connector: &str) {
        let was_well = !std::mem::replace(&mut self.has_failed, true);
        if was_well && now.saturating_duration_since(self.generation.began) >= policy.reset_after {
            self.attempts = 0;
        }
        self.plan = match health {
            Health::Permanent => Plan::Permanent,
            _ if self.attempts >= policy.max_attempts => {
                error!(%part, attempts = self.attempts, "giving up automatic restarts");
                Plan::GivenUp
            }
            _ => {
                self.attempts += 1;
                let delay = policy.delay(self.attempts, (connector, part));
                let delay_ms = u64::try_from(delay.as_millis()).unwrap_or(u64::MAX);
                info!(%part, attempt = self.attempts, max = policy.max_attempts, delay_ms, "automatic restart scheduled");
                Plan::Restart(now + delay)
            }
        };
    }
}

/// A connector whose parts a supervisor restarts.
pub(crate) trait Restartable: Send + Sync + 'static {
    /// Records the health of all parts; see [`RestartHistory::due`].
    fn due(&self, now: Instant) -> (Vec<(Part, Generation)>, Option<Instant>);

    /// Restarts a part if it is still the generation that failed, and records it in the history.
    fn restart(self: Arc<Self>, part: Part, generation: Generation) -> impl Future<Output = ()> + Send;
}

/// Restarts failed parts until the connector is dropped. `failed` is notified of each failure and each change of the target state.
pub(crate) async fn supervise<R: Restartable>(connector: Weak<R>, failed: Arc<Notify>) {
    // Minimum time between two restarts, so that an error in the history cannot cause a busy loop.
    const PAUSE: Duration = Duration::from_millis(10);
    loop {
        let Some(strong) = connector.upgrade() else { return };
        let (ready, wake) = strong.due(Instant::now());
        for (part, generation) in &ready {
            Arc::clone(&strong).restart(*part, *generation).await;
        }
        drop(strong);
        if !ready.is_empty() {
            tokio::time::sleep(PAUSE).await;
            continue;
        }
        tokio::select! {
            () = failed.notified() => {}
            () = until(wake) => {}
        }
    }
}

async fn until(wake: Option<Instant>) {
    match wake {
        Some(wake) => tokio::time::sleep_until(wake).await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests;
