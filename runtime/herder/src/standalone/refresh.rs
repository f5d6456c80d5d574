//! Reads values of config providers, and key and trust stores, again when their time to live has expired, so that a connector gets a
//! rotated password without a request, and before each restart.

use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio_util::task::AbortOnDropHandle;
use tracing::{Instrument as _, info, warn};

use super::connector::Connector;
use crate::error::Error;
use weir_api::TargetState;
use weir_config::{ConnectorConfig, PrepareError};

impl Connector {
    /// Refreshes the connector each time the values' time to live has expired, until the handle is dropped. Returns `None` if the values do
    /// not expire, or if the connector is not to be restarted for them (`config.action.reload=none`).
    pub(super) fn spawn_refresh(self: &Arc<Self>, config: &ConnectorConfig) -> Option<AbortOnDropHandle<()>> {
        let ttl = config.resolved.ttl().filter(|_| config.reloads())?;
        let span = tracing::info_span!("connector", connector = %config.name);
        let refresh = run_refresh(Arc::downgrade(self), ttl).instrument(span);
        Some(AbortOnDropHandle::new(tokio::spawn(refresh)))
    }

    /// Reads the values of config providers and the key stores again, and uses the new values. Returns whether something changed.
    pub(super) async fn refresh(&self) -> Result<bool, Error> {
        let Some(old) = self.config() else { return Ok(false) };
        let (worker, plugins) = (&self.services.worker, &self.services.plugins);
        let resolved = worker.providers.resolve(&self.submitted()).await.map_err(PrepareError::from)?;
        if resolved.config() == old.resolved.config() && !old.stores_changed(worker) {
            return Ok(false);
        }
        let config = ConnectorConfig::of_resolved(&self.name, resolved, worker, plugins).await?;
        info!(connector = self.name, "values of config providers or key stores changed");
        self.use_config(config);
        Ok(true)
    }

    /// Restarts the connector if values of config providers have changed. If they cannot be read or are not valid, it continues to run with
    /// the old ones: a file that is just being replaced must not stop a connector.
    async fn reload(self: &Arc<Self>) {
        let _changing = self.changing.lock().await;
        if self.has_ended() || self.target() != TargetState::Started {
            return;
        }
        let reloaded = match self.refresh().await {
            Ok(false) => return,
            Ok(true) => {
                self.running.stop_instance().await;
                self.start().await
            }
            Err(error) => Err(error),
        };
        if let Err(error) = reloaded {
            warn!(%error, "the connector could not be restarted with new values of config providers");
        }
    }
}

async fn run_refresh(connector: Weak<Connector>, ttl: Duration) {
    loop {
        tokio::time::sleep(ttl).await;
        let Some(connector) = connector.upgrade() else { return };
        connector.reload().await;
    }
}
