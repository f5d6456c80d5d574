//! Returns and changes a connector's offsets and active topics for the REST API.

use std::sync::Arc;

use super::connector::Connector;
use crate::error::{Error, Purpose};
use crate::offsets::{self, OffsetsError};
use weir_api::{ConnectorOffset, ConnectorOffsets, Message, State, TargetState};
use weir_config::ConnectorConfig;

impl Connector {
    /// Returns the connector's offsets.
    pub(super) async fn offsets(&self) -> Result<ConnectorOffsets, Error> {
        Ok(offsets::list(&self.services, &*self.valid()?).await?)
    }

    /// Alters or resets the connector's offsets. The connector is not started meanwhile.
    pub(super) async fn modify_offsets(&self, change: Option<Vec<ConnectorOffset>>) -> Result<Message, Error> {
        let _changing = self.changing.lock().await;
        if self.has_ended() {
            return Err(Error::no_connector(&self.name, Purpose::Other));
        }
        if self.target() != TargetState::Stopped || !self.running.tasks().is_empty() {
            return Err(OffsetsError::NotStopped { connector: self.name.clone() }.into());
        }
        Ok(offsets::modify(&self.services, &*self.valid()?, change).await?)
    }

    /// Returns the validated configuration, or an error with the reason why there is none: the plugin of a connector from an earlier run
    /// may be missing.
    fn valid(&self) -> Result<Arc<ConnectorConfig>, Error> {
        let trace = || {
            let own = self.services.statuses.get(&self.name).and_then(|statuses| statuses.connector);
            own.filter(|status| status.state == State::Failed).and_then(|status| status.trace)
        };
        self.config().ok_or_else(|| Error::NotValidated { trace: trace() })
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
