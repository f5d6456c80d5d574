//! A connector's own instance: started once, asked for task configurations, and kept only if it wants to look for changes.

use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;
use tracing::{Instrument as _, info, warn};
use weir_plugin::{CallError, ConnectorInstance, Identity};

use super::connector::RunningConnector;
use weir_config::ConnectorConfig;
use weir_logging::Throttle;
use weir_plugin::ConfigMap;
use weir_storage::offsets::ConnectorOffsets;

/// Called when an instance finds that its tasks are to be others, with the configuration it was started with. Must not wait for
/// the instance to stop.
pub(crate) type TasksChanged = Arc<dyn Fn(Arc<ConnectorConfig>, Vec<ConfigMap>) + Send + Sync>;

/// An instance that looks for changes. It ends when this is dropped.
pub(super) struct Monitor {
    stop: CancellationToken,
    running: AbortOnDropHandle<()>,
}

/// How long a connector's `stop` may take, as in Kafka Connect (5 s).
const STOP_TIMEOUT: Duration = Duration::from_secs(5);

impl Monitor {
    /// Stops the instance: in order if it does so in time, otherwise by cutting it off.
    pub(super) async fn stop(mut self) {
        self.stop.cancel();
        if tokio::time::timeout(STOP_TIMEOUT, &mut self.running).await.is_err() {
            warn!("the connector did not stop in time and is cut off");
        }
    }
}

/// Why an instance does not start.
pub(super) struct Refusal {
    /// The connector's trace.
    pub(super) trace: String,
    /// Only another configuration can help.
    pub(super) permanent: bool,
}

impl From<String> for Refusal {
    fn from(trace: String) -> Self {
        Self { trace, permanent: false }
    }
}

/// Starts the instance, and returns the complete configurations of the tasks that it asks for.
pub(super) async fn start(
    connector: &Arc<RunningConnector>,
    config: &Arc<ConnectorConfig>,
    changed: TasksChanged,
) -> Result<(Vec<ConfigMap>, Option<Monitor>), Refusal> {
    let services = connector.services();
    let text = |error: CallError| error.to_string();
    let needed =
        config.component.capabilities(&config.class, &config.plugin_config, &config.limits).await.map_err(text)?;
    let grants = services
        .worker
        .allowed
        .grant(&needed)
        .await
        .map_err(|refusal| Refusal { trace: refusal.to_string(), permanent: true })?;
    let identity = Identity { connector: config.name.clone(), task: None, class: config.class.clone() };
    let guest = identity.counted(connector.guest());
    let offsets = ConnectorOffsets { store: Arc::clone(&services.offsets), connector: config.name.clone() };
    let mut instance =
        config.component.connector(guest, &config.limits, &grants, Arc::new(offsets)).await.map_err(text)?;
    let started = instance.start(&config.plugin_config).await.map_err(text)?;
    let task_configs = task_configs(&mut instance, config).await?;
    let Some(interval) = started.check_interval else {
        if let Err(error) = instance.stop().await {
            warn!(connector = config.name, %error, "the connector's instance did not stop well");
        }
        return Ok((task_configs, None));
    };
    let stop = CancellationToken::new();
    let span = tracing::error_span!("connector", connector = %config.name);
    let checks = Checks { connector: Arc::downgrade(connector), config: Arc::clone(config), interval, changed };
    let checks = checks.run(instance, stop.clone()).instrument(span);
    let monitor = Monitor { stop, running: AbortOnDropHandle::new(tokio::spawn(checks)) };
    Ok((task_configs, Some(monitor)))
}

async fn task_configs(instance: &mut ConnectorInstance, config: &ConnectorConfig) -> Result<Vec<ConfigMap>, String> {
    let configs = instance.task_configs(config.tasks_max).await.map_err(|error| error.to_string())?;
    if configs.len() > config.tasks_max as usize && !config.tasks_max_enforce {
        warn!(
            connector = config.name,
            tasks = configs.len(),
            tasks.max = config.tasks_max,
            "the connector makes more tasks than tasks.max; tasks.max.enforce=false lets it"
        );
    } else if configs.len() > config.tasks_max as usize {
        return Err(format!(
            "The connector {} has generated {} tasks, which is greater than {}, the maximum number of tasks it is configured to \
             create. This behaviour should be considered a bug and is disallowed. If necessary, it can be permitted by reconfiguring the \
             connector with 'tasks.max.enforce' set to false; however, this option will be removed in a future release of Kafka Connect.",
            config.name,
            configs.len(),
            config.tasks_max
        ));
    }
    Ok(configs.into_iter().map(|task| config.complete_task_config(task)).collect())
}

/// The regular checks of an instance that asked for them.
struct Checks {
    connector: Weak<RunningConnector>,
    config: Arc<ConnectorConfig>,
    interval: Duration,
    changed: TasksChanged,
}

impl Checks {
    async fn run(self, mut instance: ConnectorInstance, stop: CancellationToken) {
        // A guest that asks for a check every microsecond would only hurt itself, and the log.
        let interval = self.interval.max(Duration::from_millis(100));
        let mut throttle = Throttle::default();
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                () = tokio::time::sleep(interval) => {}
            }
            let failure = match instance.check().await {
                Ok(false) => continue,
                Ok(true) => match task_configs(&mut instance, &self.config).await {
                    Ok(configs) => {
                        info!(tasks = configs.len(), "the connector's tasks changed");
                        (self.changed)(Arc::clone(&self.config), configs);
                        continue;
                    }
                    Err(trace) => trace,
                },
                Err(CallError::Retry { message, .. }) => {
                    if let Some(left_out) = throttle.pass() {
                        warn!(message, left_out, "the connector could not look for changes; trying again");
                    }
                    continue;
                }
                Err(error) => error.to_string(),
            };
            if let Some(connector) = self.connector.upgrade() {
                connector.fail(Some(&self.config), failure);
            }
            return;
        }
        if let Err(error) = instance.stop().await {
            warn!(%error, "the connector's instance did not stop well");
        }
    }
}
