//! A connector's own instance. It is started, returns the task configurations, and continues to run only if it checks for changes. A
//! component that does not divide the work of its connectors has no such instance.

use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;
use tracing::{Instrument as _, info, warn};
use weir_plugin::{CallError, ConnectorInstance, ConnectorRequests, Identity};

use super::connector::RunningConnector;
use weir_api::ConnectorType;
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

/// Shortest time between two checks. A very short interval would only load the processor and the log.
const MIN_INTERVAL: Duration = Duration::from_millis(100);
/// Time until a check that could not be made is repeated, if the plugin names none.
const RETRY_INTERVAL: Duration = Duration::from_secs(10);
/// What the configurations of all tasks of a connector may have together, in bytes: they are held and shown as long as it runs.
const TASK_CONFIGS_MAX: usize = 16 << 20;
/// What an entry costs beside its key and its value.
const ENTRY_BYTES: usize = 64;
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

/// Starts the instance, if there is one, and returns the complete configurations of the tasks.
pub(super) async fn start(
    connector: &Arc<RunningConnector>,
    config: &Arc<ConnectorConfig>,
    changed: TasksChanged,
) -> Result<(Vec<ConfigMap>, Option<Monitor>), Refusal> {
    let services = connector.services();
    let text = |error: CallError| error.to_string();
    let received = config.for_plugin(&config.plugin_config);
    let needed = config.component.capabilities(&config.class, &received, &config.limits).await.map_err(text)?;
    let grants = services
        .worker
        .allowed
        .grant(&needed)
        .await
        .map_err(|refusal| Refusal { trace: refusal.to_string(), permanent: true })?;
    if !config.component.divides_work() {
        return Ok((default_task_configs(config)?, None));
    }
    let identity = Identity { connector: config.name.clone(), task: None, class: config.class.clone() };
    let guest = identity.counted(connector.guest());
    let offsets = ConnectorOffsets { store: Arc::clone(&services.offsets), connector: config.name.clone() };
    let mut instance =
        config.component.connector(guest, &config.limits, &grants, Arc::new(offsets)).await.map_err(text)?;
    instance.start(&received).await.map_err(text)?;
    let task_configs = task_configs(&mut instance, config).await?;
    // That the tasks are to be configured is what has just been done.
    let ConnectorRequests { error, .. } = instance.take_requests();
    if let Some(trace) = error {
        stop(instance, &config.name).await;
        return Err(trace.into());
    }
    if !instance.has_check() {
        stop(instance, &config.name).await;
        return Ok((task_configs, None));
    }
    let stopped = CancellationToken::new();
    let span = tracing::error_span!("connector", connector = %config.name);
    let checks = Checks { connector: Arc::downgrade(connector), config: Arc::clone(config), changed };
    let checks = checks.run(instance, stopped.clone()).instrument(span);
    let monitor = Monitor { stop: stopped, running: AbortOnDropHandle::new(tokio::spawn(checks)) };
    Ok((task_configs, Some(monitor)))
}

async fn stop(mut instance: ConnectorInstance, connector: &str) {
    if let Err(error) = instance.stop().await {
        warn!(connector, %error, "stopping the connector's instance failed");
    }
}

/// The tasks of a connector whose component says nothing about them: one of a source, `tasks.max` of a sink, all with the connector's
/// configuration.
fn default_task_configs(config: &ConnectorConfig) -> Result<Vec<ConfigMap>, String> {
    let tasks = if config.kind == ConnectorType::Sink { config.tasks_max } else { 1 };
    let task = config.complete_task_config(config.plugin_config.clone());
    let bytes: usize = task.iter().map(|(key, value)| key.len() + value.len() + ENTRY_BYTES).sum();
    match bytes.checked_mul(tasks as usize) {
        Some(bytes) if bytes <= TASK_CONFIGS_MAX => Ok(vec![task; tasks as usize]),
        _ => Err(format!(
            "the configurations of {tasks} tasks with {bytes} bytes each are larger together than the limit of {TASK_CONFIGS_MAX} bytes. \
             Lower tasks.max"
        )),
    }
}

async fn task_configs(instance: &mut ConnectorInstance, config: &ConnectorConfig) -> Result<Vec<ConfigMap>, Failure> {
    let configs = instance.task_configs(config.tasks_max).await.map_err(Failure::of)?;
    if configs.len() > config.tasks_max as usize && !config.tasks_max_enforce {
        warn!(
            connector = config.name,
            tasks = configs.len(),
            tasks.max = config.tasks_max,
            "the connector has more tasks than tasks.max, which tasks.max.enforce=false permits"
        );
    } else if configs.len() > config.tasks_max as usize {
        let trace = format!(
            "The connector {} has generated {} tasks, which is greater than {}, the maximum number of tasks it is configured to \
             create. This behaviour should be considered a bug and is disallowed. If necessary, it can be permitted by reconfiguring the \
             connector with 'tasks.max.enforce' set to false; however, this option will be removed in a future release of Kafka Connect.",
            config.name,
            configs.len(),
            config.tasks_max
        );
        return Err(Failure { trace, is_dead: false });
    }
    Ok(configs.into_iter().map(|task| config.complete_task_config(task)).collect())
}

/// The checks of an instance that looks for changes.
struct Checks {
    connector: Weak<RunningConnector>,
    config: Arc<ConnectorConfig>,
    changed: TasksChanged,
}

impl Checks {
    async fn run(self, mut instance: ConnectorInstance, stopped: CancellationToken) {
        let mut throttle = Throttle::default();
        let mut next = Duration::ZERO;
        loop {
            tokio::select! {
                () = stopped.cancelled() => break,
                () = tokio::time::sleep(next) => {}
            }
            match self.check(&mut instance, &mut throttle).await {
                Ok(Some(interval)) => next = interval.max(MIN_INTERVAL),
                Ok(None) => break,
                Err(Failure { trace, is_dead }) => {
                    if let Some(connector) = self.connector.upgrade() {
                        connector.fail(Some(&self.config), trace);
                    }
                    if is_dead {
                        return;
                    }
                    break;
                }
            }
        }
        stop(instance, &self.config.name).await;
    }

    /// Makes one check, and does what the plugin asks for. Returns the time until the next one; `None` if there is to be no other.
    async fn check(
        &self,
        instance: &mut ConnectorInstance,
        throttle: &mut Throttle,
    ) -> Result<Option<Duration>, Failure> {
        let next = match instance.check().await {
            Ok(next) => next,
            Err(CallError::Retry { message, after }) => {
                if let Some(left_out) = throttle.pass() {
                    warn!(message, left_out, "check for changes failed; retrying");
                }
                Some(after.unwrap_or(RETRY_INTERVAL))
            }
            Err(error) => return Err(Failure::of(error)),
        };
        let mut requests = instance.take_requests();
        if requests.error.is_none() && requests.reconfigure {
            let configs = task_configs(instance, &self.config).await?;
            info!(tasks = configs.len(), "connector requested new tasks");
            (self.changed)(Arc::clone(&self.config), configs);
            // That they are to be configured is what has just been done.
            requests.error = instance.take_requests().error;
        }
        match requests.error {
            Some(trace) => Err(Failure { trace, is_dead: false }),
            None => Ok(next),
        }
    }
}

/// Why the connector has failed while it ran.
struct Failure {
    trace: String,
    /// The instance trapped, and cannot be stopped.
    is_dead: bool,
}

impl Failure {
    fn of(error: CallError) -> Self {
        Self { is_dead: error.is_trap(), trace: error.to_string() }
    }
}

impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Self {
        failure.trace.into()
    }
}
