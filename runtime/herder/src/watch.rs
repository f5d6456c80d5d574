//! A connector's own instance: started once, asked for task configurations, and kept only if it wants to look for changes.

use std::sync::{Arc, Weak};

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument as _, info, warn};
use weir_plugin::{CallError, ConnectorInstance, Identity};

use super::connector::Connector;
use super::standalone::Shared;
use weir_config::ConnectorConfig;
use weir_logging::Throttle;
use weir_plugin::ConfigMap;
use weir_storage::offsets::ConnectorOffsets;

/// What a start yields.
pub(super) struct Started {
    /// The configurations of the tasks, complete.
    pub(super) task_configs: Vec<ConfigMap>,
}

/// An instance that looks for changes.
pub(super) struct Watch {
    stop: CancellationToken,
    running: JoinHandle<()>,
    patience: std::time::Duration,
}

/// How long a connector's `stop` may take, as in Kafka Connect (5 s).
const STOP_PATIENCE: std::time::Duration = std::time::Duration::from_secs(5);

impl Watch {
    /// Ends the instance, in order if it lets itself be ended.
    pub(super) async fn stop(mut self) {
        self.stop.cancel();
        if tokio::time::timeout(self.patience, &mut self.running).await.is_err() {
            warn!("the connector did not stop in time and is cut off");
            self.running.abort();
        }
    }
}

/// Why an instance does not start.
pub(super) struct Refused {
    /// The connector's trace.
    pub(super) trace: String,
    /// Only another configuration can mend it.
    pub(super) hopeless: bool,
}

impl From<String> for Refused {
    fn from(trace: String) -> Self {
        Self { trace, hopeless: false }
    }
}

/// Starts the instance.
pub(super) async fn start(
    connector: &Arc<Connector>,
    shared: &Shared,
    config: &Arc<ConnectorConfig>,
) -> Result<(Started, Option<Watch>), Refused> {
    let text = |error: CallError| error.to_string();
    let needed =
        config.component.capabilities(&config.class, &config.plugin_config, &config.limits).await.map_err(text)?;
    let grants = shared
        .worker
        .allowed
        .grant(&needed)
        .await
        .map_err(|refusal| Refused { trace: refusal.to_string(), hopeless: true })?;
    let identity = Identity { connector: config.name.clone(), task: None, class: config.class.clone() };
    let guest = identity.counted(connector.guest());
    let offsets = ConnectorOffsets { file: shared.offsets.clone(), connector: config.name.clone() };
    let mut instance =
        config.component.connector(guest, &config.limits, &grants, Arc::new(offsets)).await.map_err(text)?;
    let started = instance.start(&config.plugin_config).await.map_err(text)?;
    let task_configs = task_configs(&mut instance, config).await?;
    let Some(interval) = started.check_interval else {
        if let Err(error) = instance.stop().await {
            warn!(connector = config.name, %error, "the connector's instance did not stop well");
        }
        return Ok((Started { task_configs }, None));
    };
    let stop = CancellationToken::new();
    let span = tracing::error_span!("connector", connector = %config.name);
    let look = look(Arc::downgrade(connector), instance, Arc::clone(config), interval, stop.clone());
    let watch = Watch { stop, running: tokio::spawn(look.instrument(span)), patience: STOP_PATIENCE };
    Ok((Started { task_configs }, Some(watch)))
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

async fn look(
    connector: Weak<Connector>,
    mut instance: ConnectorInstance,
    config: Arc<ConnectorConfig>,
    interval: std::time::Duration,
    stop: CancellationToken,
) {
    // A guest that asks for a check every microsecond would only hurt itself, and the log.
    let interval = interval.max(std::time::Duration::from_millis(100));
    let mut throttle = Throttle::default();
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            () = tokio::time::sleep(interval) => {}
        }
        let failure = match instance.check().await {
            Ok(false) => continue,
            Ok(true) => match task_configs(&mut instance, &config).await {
                Ok(configs) => {
                    info!(tasks = configs.len(), "the connector's tasks changed");
                    let Some(connector) = connector.upgrade() else { return };
                    // Not awaited here: stopping the old tasks may take long, and a stop of this instance must not wait for it.
                    let config = Arc::clone(&config);
                    tokio::spawn(async move { connector.task_configs_changed(&config, configs).await });
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
        if let Some(connector) = connector.upgrade() {
            connector.fail(failure);
        }
        return;
    }
    if let Err(error) = instance.stop().await {
        warn!(%error, "the connector's instance did not stop well");
    }
}
