//! New values of config providers, and new contents of key and trust stores: looked up when their time is over, and before each
//! restart.

use std::sync::Arc;

use tracing::{info, warn};

use super::super::error::Error;
use super::Connector;
use weir_api::TargetState;
use weir_config::{ConnectorConfig, Unprepared};

impl Connector {
    /// Looks the values of config providers and the key stores up again, and takes what they are now. True = something changed.
    pub(super) async fn refresh(&self) -> Result<bool, Error> {
        let (submitted, old) = {
            let data = self.data.lock();
            let Some(old) = data.config.clone() else { return Ok(false) };
            (data.submitted.clone(), old)
        };
        let (worker, plugins) = (&self.shared.worker, &self.shared.plugins);
        let resolved = worker.providers.resolve(&submitted).await.map_err(Unprepared::from)?;
        if resolved.config() == old.resolved.config() && !old.stores_changed(worker) {
            return Ok(false);
        }
        let config = ConnectorConfig::of_resolved(&self.name, resolved, worker, plugins).await?;
        info!(connector = self.name, "values of config providers, or key stores, have changed");
        self.use_config(config);
        Ok(true)
    }

    /// Restarts the connector if values of config providers have changed. If they cannot be had, or are no good, what runs goes on
    /// with the old ones: a file that is just being exchanged must not stop a connector.
    pub(crate) async fn reload(self: &Arc<Self>) {
        let _changing = self.changing.lock().await;
        {
            let data = self.data.lock();
            if data.ended || data.target != TargetState::Started {
                return;
            }
        }
        let reloaded = match self.refresh().await {
            Ok(false) => return,
            Ok(true) => {
                self.stop_instance().await;
                self.start().await
            }
            Err(error) => Err(error),
        };
        if let Err(error) = reloaded {
            warn!(%error, "the connector could not be restarted with new values of config providers");
        }
    }
}
