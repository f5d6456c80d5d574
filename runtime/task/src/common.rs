//! The common parts of source and sink tasks: the plugin with its configuration and limits, the transforms, the converters.

use std::sync::Arc;
use std::time::Duration;

use weir_plugin::{Allowed, Component, Grants, Guest, Identity, Limits, TaskFacts};

use super::active_topics::ActiveTopics;
use super::chain::Chain;
use super::control::Stopping;
use super::convert::Converters;
use super::errors::{DeadLetters, Handler};
use super::memory::InFlightMemory;
use super::{Error, TaskId};
use weir_config::Errors;
use weir_config::{ConverterSettings, Step};
use weir_metrics::TaskMetrics;
use weir_plugin::PluginConfig;

/// A task, except for its Kafka clients.
pub struct Common {
    /// Which task.
    pub id: TaskId,
    /// The plugin's component.
    pub component: Arc<Component>,
    /// The plugin's class.
    pub class: String,
    /// The task's configuration, as the plugin receives it.
    pub config: PluginConfig,
    /// What its instances can ask about it.
    pub facts: TaskFacts,
    /// Memory and time of the guests.
    pub limits: Limits,
    /// What may be granted.
    pub allowed: Allowed,
    /// The transforms, in order.
    pub transforms: Vec<Step>,
    /// The converters.
    pub converters: ConverterSettings,
    /// What happens to records that fail.
    pub errors: Errors,
    /// `offset.flush.interval.ms`.
    pub flush_interval: Duration,
    /// `offset.flush.timeout.ms`.
    pub flush_timeout: Duration,
    /// Where the task counts.
    pub metrics: Arc<TaskMetrics>,
    /// The worker's memory for records in flight.
    pub memory: InFlightMemory,
    /// The connector's topics; `None` if they are not tracked (`topic.tracking.enable=false`).
    pub active_topics: Option<Arc<ActiveTopics>>,
}

impl Common {
    /// Whose instance it is, for the log, and where it is counted. Instances that follow each other are counted together.
    pub(super) fn identity(&self) -> Guest {
        let TaskId { connector, task } = self.id.clone();
        Identity { connector, task: Some(task), class: self.class.clone() }
            .counted(self.metrics.guest("task"))
            .in_task(self.facts.clone())
    }

    /// Asks the plugin what access it needs, and checks it against the operator's limits.
    pub(super) async fn grants(&self) -> Result<Grants, Error> {
        let needed = self.component.capabilities(&self.class, &self.config, &self.limits).await?;
        self.allowed.grant(&needed).await.map_err(|refusal| Error::Config(refusal.to_string()))
    }

    pub(super) async fn chain(&self) -> Result<Chain, Error> {
        Chain::open(&self.transforms, &self.id, &self.facts, &self.limits, &self.metrics).await
    }

    /// Opens what handles records that fail.
    pub(super) fn handler(&self, stopping: Stopping, dead_letters: Option<DeadLetters>) -> Handler {
        Handler::new(self.id.clone(), &self.errors, Arc::clone(&self.metrics), stopping, dead_letters)
    }

    pub(super) fn converters(&self) -> Result<Converters, Error> {
        Converters::new(&self.converters)
    }
}

/// Returns the delay before a call is repeated: the plugin's own, or one that doubles from `first` to `longest`.
pub(super) fn retry_delay(asked: Option<Duration>, retries: u32, (first, longest): (Duration, Duration)) -> Duration {
    asked.unwrap_or_else(|| first.saturating_mul(2u32.saturating_pow(retries)).min(longest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_grow_to_a_bound_unless_the_plugin_names_one() {
        let bounds = (Duration::from_millis(100), Duration::from_secs(10));
        let delay = |retries| retry_delay(None, retries, bounds).as_millis();
        assert_eq!([delay(0), delay(1), delay(3), delay(9), delay(u32::MAX)], [100, 200, 800, 10_000, 10_000]);
        assert_eq!(retry_delay(Some(Duration::from_millis(7)), 9, bounds).as_millis(), 7);
    }
}
