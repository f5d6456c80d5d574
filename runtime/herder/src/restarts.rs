//! Restarts by itself what has failed, with growing delays and a bounded count (`weir.restart.*`). Keeps the history of failures; what a
//! restart is, and whether it still fits when its time has come, the connector knows.
//!
//! Whatever an operator does meanwhile wins: a part that the operator restarted has another generation, which begins with a clean record;
//! a connector that is paused, stopped or deleted shows no failures here; one that is reconfigured has a new history.

use std::collections::HashMap;
use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;
use tracing::{error, info};

use weir_config::RestartPolicy;
use weir_metrics::Counter;

/// What can fail.
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

/// One start of a part, told from all others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Generation {
    number: u64,
    began: Instant,
}

impl Generation {
    /// A start that happens now.
    pub(crate) fn begin() -> Self {
        use std::sync::atomic::{AtomicU64, Ordering};
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self { number: NEXT.fetch_add(1, Ordering::Relaxed), began: Instant::now() }
    }
}

/// How a part is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Health {
    /// It has not failed.
    Well,
    /// It has failed.
    Failed,
    /// It has failed for a reason that another try cannot mend.
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

/// A part as it is now.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Observation {
    pub(crate) part: Part,
    pub(crate) generation: Generation,
    pub(crate) health: Health,
}

/// What is known of the failures of one connector's parts.
#[derive(Debug)]
pub(crate) struct RestartHistory {
    connector: String,
    policy: RestartPolicy,
    parts: HashMap<Part, Entry>,
    /// Counts parts that are given up, for all connectors of the worker.
    given_up: Arc<Counter>,
}

#[derive(Debug)]
struct Entry {
    generation: Generation,
    /// This generation has ended in a failure. How long ago it began no longer says how long it was well.
    has_failed: bool,
    /// Restarts since it was well.
    attempts: u32,
    plan: Plan,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Plan {
    /// Nothing is to be done.
    None,
    /// It is restarted then.
    Restart(Instant),
    /// It is left as it is: there were enough attempts.
    GivenUp,
    /// It is left as it is: no attempt can help.
    Permanent,
}

impl RestartHistory {
    pub(crate) fn new(connector: &str, policy: RestartPolicy, given_up: Arc<Counter>) -> Self {
        Self { connector: connector.to_owned(), policy, parts: HashMap::new(), given_up }
    }

    /// An empty one for the same connector.
    pub(crate) fn with_policy(&self, policy: RestartPolicy) -> Self {
        Self::new(&self.connector, policy, Arc::clone(&self.given_up))
    }

    /// True = something may be restarted.
    pub(crate) fn is_enabled(&self) -> bool {
        self.policy.max_attempts > 0
    }

    /// Enters how all parts are; those that are not named are forgotten. Gives those whose time has come, and the time at which to
    /// look again.
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
        // The connector first: its tasks may be others then.
        ready.sort_by_key(|(part, _)| *part);
        let due = self.parts.values().filter_map(|entry| match entry.plan {
            Plan::Restart(due) => Some(due),
            _ => None,
        });
        (ready, due.min())
    }

    /// Notes that a part was restarted by the plan of this history. `generation` is the new one, or the old one if there is none because the
    /// restart failed: then it counts as one more failure.
    pub(crate) fn restarted(&mut self, part: Part, generation: Generation) {
        if let Some(entry) = self.parts.get_mut(&part) {
            entry.has_failed &= entry.generation == generation;
            entry.generation = generation;
            entry.plan = Plan::None;
        }
    }

    /// One line for the trace of a part that has failed; none while nothing is restarted here.
    pub(crate) fn note(&self, part: Part, now: Instant) -> Option<String> {
        let max = self.policy.max_attempts;
        let Entry { attempts, plan, .. } = self.parts.get(&part).filter(|_| self.is_enabled())?;
        Some(match plan {
            Plan::None => return None,
            Plan::Restart(due) => {
                let seconds = due.saturating_duration_since(now).as_secs_f64();
                format!("Weir restarts it in {seconds:.1} s, attempt {attempts} of {max} (weir.restart.max.attempts)")
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
                info!(%part, attempt = self.attempts, max = policy.max_attempts, delay_ms, "will be restarted");
                Plan::Restart(now + delay)
            }
        };
    }
}

/// What a supervisor watches over.
pub(crate) trait Restartable: Send + Sync + 'static {
    /// Looks at all parts now; see [`RestartHistory::due`].
    fn due(&self, now: Instant) -> (Vec<(Part, Generation)>, Option<Instant>);

    /// Restarts a part if it is still the one that failed, and notes it in the history.
    fn restart(self: Arc<Self>, part: Part, generation: Generation) -> impl Future<Output = ()> + Send;
}

/// Restarts what fails until the connector is gone. `failed` is notified of each failure and each change of what is wanted.
pub(crate) async fn supervise<R: Restartable>(connector: Weak<R>, failed: Arc<Notify>) {
    // Never sooner than this after a look that found something to do, whatever the history says: no fault in it may spin.
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
