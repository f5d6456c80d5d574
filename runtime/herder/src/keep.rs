//! Keeps connectors across restarts of the worker (`weir.standalone.state`), and makes those of the command line.
//!
//! A connector of the command line takes its configuration from its file at each start: that is where its operator looks after it. What
//! was wanted of it (running, paused, stopped) is kept, so that a worker that restarts by itself does not start what somebody stopped.
//! One that is no longer named is gone.

use std::collections::HashSet;
use std::sync::Arc;

use tracing::{info, warn};

use super::connector::Connector;
use super::error::Error;
use super::standalone::{Herder, Mode, Put};
use super::state_file::Kept;
use weir_api::TargetState;
use weir_plugin::ConfigMap;

impl Herder {
    /// Takes connectors of an earlier run. They are started by [`Herder::start_kept`]; until then they are there, so that a change of
    /// another connector does not lose them.
    pub(super) fn adopt(&self, kept: Vec<Kept>) {
        let mut connectors = self.0.connectors.write();
        for kept in kept {
            let connector = Connector::from_kept(kept, Arc::clone(&self.0));
            connectors.insert(connector.name().to_owned(), Arc::new(connector));
        }
    }

    /// Starts the connectors that were kept, but for those that are named on the command line, which [`Herder::create_named`]
    /// starts. One that cannot start is there as FAILED, and starts when it is restarted. Called once.
    pub async fn start_kept(&self, command_line: &HashSet<String>) -> Result<(), Error> {
        let kept: Vec<_> = self.0.connectors.read().values().filter(|kept| kept.is_waiting()).cloned().collect();
        for connector in kept.into_iter().filter(|connector| !command_line.contains(connector.name())) {
            let name = connector.name();
            if connector.is_of_command_line() {
                info!(connector = name, "the connector is no longer named on the command line, and is forgotten");
                self.delete_connector(name).await?;
                continue;
            }
            match connector.start_kept().await {
                Ok(()) => info!(connector = name, "connector of an earlier run started"),
                Err(error) => warn!(connector = name, %error, "a connector of an earlier run cannot start"),
            }
        }
        Ok(())
    }

    /// Creates a connector that is named on the command line. `initial` wins over the state that was kept.
    pub async fn create_named(
        &self,
        name: &str,
        config: ConfigMap,
        initial: Option<TargetState>,
    ) -> Result<Put, Error> {
        let kept = self.find(name).filter(|connector| connector.is_waiting());
        if let Some(connector) = &kept {
            let target = connector.retarget(initial);
            info!(
                connector = name,
                ?target,
                "a connector of an earlier run takes its configuration from the command line"
            );
        }
        self.put(name, config, Mode { replace: kept.is_some(), command_line: true, initial }).await
    }

    /// Makes durable what connectors there are. Every change that is kept is followed by this before it is acknowledged.
    pub(super) async fn save(&self) -> Result<(), Error> {
        let Some(file) = &self.0.state else { return Ok(()) };
        let connectors = || {
            let connectors = self.0.connectors.read();
            // The lock is held: who stops the worker takes the connectors away only after he has said so.
            let stopping = self.0.stopping.is_cancelled();
            (!stopping).then(|| connectors.values().filter_map(|connector| connector.kept()).collect())
        };
        file.save(connectors).await.map_err(|error| {
            warn!(%error, "a change of a connector is not saved; it is lost if the worker restarts before the next change");
            Error::Internal(format!(
                "The change is active, but could not be saved, and is lost if the worker restarts before the next change is saved: {error}"
            ))
        })
    }
}
