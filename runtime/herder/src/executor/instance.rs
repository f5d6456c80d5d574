//! A connector's own instance. It is started, returns the task configurations, and continues to run only if it checks for changes.

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

/// Called when an instance requests other tasks, with the configuration with which it was started. Must not wait for the instance to
/// stop.
pub(crate) type TasksChanged = Arc<dyn Fn(Arc<ConnectorConfig>, Vec<ConfigMap>) + Send + Sync>;

/// An instance that checks for changes. It ends when this is dropped.
pub(super) struct Monitor {
    stop: CancellationToken,
    running: AbortOnDropHandle<()>,
}

/// Timeout for a connector's `stop`, as in Kafka Connect (5 s).
const STOP_TIMEOUT: Duration = Duration::from_secs(5);

impl Monitor {
    /// Stops the instance, and aborts it if it does not stop in time.
    pub(super) async fn stop(mut self) {
        self.stop.cancel();
        if tokio::time::timeout(STOP_TIMEOUT, &mut self.running).await.is_err() {
            warn!("connector did not stop in time; aborted");
        }
    }
}

/// The reason why an instance does not start.
pub(super) struct Refusal {
    /// The connector's trace.
    pub(super) trace: String,
    /// Whether only a new configuration can remove the reason.
    pub(super) permanent: bool,
}

impl From<String> for Refusal {
    fn from(trace: String) -> Self {
        Self { trace, permanent: false }
    }
}

/// Starts the instance, and returns the complete configurations of the tasks that it requests.
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
            warn!(connector = config.name, %error, "stopping the connector's instance failed");
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
            "the connector has more tasks than tasks.max, which tasks.max.enforce=false permits"
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

/// The periodic checks that an instance has requested.
struct Checks {
    connector: Weak<RunningConnector>,
    config: Arc<ConnectorConfig>,
    interval: Duration,
    changed: TasksChanged,
}

impl Checks {
    async fn run(self, mut instance: ConnectorInstance, stop: CancellationToken) {
        // A very short interval would only load the processor and the log.
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
                        info!(tasks = configs.len(), "connector requested new tasks");
                        (self.changed)(Arc::clone(&self.config), configs);
                        continue;
                    }
                    Err(trace) => trace,
                },
                Err(CallError::Retry { message, .. }) => {
                    if let Some(left_out) = throttle.pass() {
                        warn!(message, left_out, "check for changes failed; retrying");
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
            warn!(%error, "stopping the connector's instance failed");
        }
    }
}
