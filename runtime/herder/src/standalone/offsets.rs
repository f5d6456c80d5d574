//! Returns and changes a connector's offsets and active topics for the REST API.

use std::sync::Arc;

use super::connector::Connector;
use crate::error::Error;
use crate::offsets;
use weir_api::{ConnectorOffset, ConnectorOffsets, Message, State, TargetState};
use weir_config::ConnectorConfig;

impl Connector {
    /// Returns the connector's offsets.
    pub(super) async fn offsets(&self) -> Result<ConnectorOffsets, Error> {
        offsets::list(&self.services, &*self.valid()?).await
    }

    /// Alters or resets the connector's offsets. The connector is not started meanwhile.
    pub(super) async fn modify_offsets(&self, change: Option<Vec<ConnectorOffset>>) -> Result<Message, Error> {
        let _changing = self.changing.lock().await;
        if self.has_ended() {
            return Err(Error::NotFound(format!("Connector {} not found", self.name)));
        }
        if self.target() != TargetState::Stopped || !self.running.tasks().is_empty() {
            return Err(Error::BadRequest(format!(
                "Connectors must be in the STOPPED state before their offsets can be modified. This can be done for the \
                 specified connector by issuing a 'PUT' request to the '/connectors/{}/stop' endpoint",
                self.name
            )));
        }
        let config = self.valid()?;
        // The plugin's message may contain values from its configuration.
        let hidden = |error: Error| error.map_text(|text| config.resolved.secrets().hide(&text).into_owned());
        offsets::modify(&self.services, &config, change).await.map_err(hidden)
    }

    /// Returns the validated configuration, or an error with the reason why there is none: the plugin of a connector from an earlier run
    /// may be missing.
    fn valid(&self) -> Result<Arc<ConnectorConfig>, Error> {
        let reason = || {
            let own = self.services.statuses.get(&self.name).and_then(|statuses| statuses.connector);
            let failed = own.filter(|status| status.state == State::Failed).and_then(|status| status.trace);
            failed.unwrap_or_else(|| "The connector has not been started yet; try again later".to_owned())
        };
        self.config().ok_or_else(|| Error::Internal(reason()))
    }

    /// Returns the topics that the connector has written to or read from.
    pub(super) fn active_topics(&self) -> Vec<String> {
        self.running.active_topics().names()
    }

    /// Forgets the topics that the connector has written to or read from.
    pub(super) fn reset_active_topics(&self) {
        self.running.active_topics().reset();
    }
}
