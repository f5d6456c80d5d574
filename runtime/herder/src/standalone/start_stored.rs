//! Starts the connectors that were stored by an earlier run of the worker (`weir.standalone.state`), and creates those of the command
//! line.
//!
//! A connector of the command line gets its configuration from its file at each start: that is where its operator maintains it. Its target
//! state (running, paused, stopped) is stored, so that a worker that restarts by itself does not start what an operator has stopped.
//! A connector that is no longer named is deleted.

use std::collections::HashSet;

use tracing::{info, warn};

use super::{PutOptions, Standalone};
use crate::error::Error;
use crate::put::Put;
use crate::stores::Origin;
use weir_api::TargetState;
use weir_plugin::ConfigMap;

impl Standalone {
    /// Starts the connectors that were stored, except those that are named on the command line, which [`Standalone::create_named`]
    /// starts. One that cannot start is FAILED, and starts when it is restarted. Called once.
    pub(crate) async fn start_stored(&self, command_line: &HashSet<String>) -> Result<(), Error> {
        let stored = self.all().into_iter().filter(|connector| connector.is_not_started());
        for connector in stored.filter(|connector| !command_line.contains(connector.name())) {
            let name = connector.name();
            if self.configs.connector(name).is_some_and(|stored| stored.origin == Origin::CommandLine) {
                info!(connector = name, "the connector is no longer named on the command line, and is forgotten");
                self.delete_connector(name).await?;
                continue;
            }
            match connector.start_stored().await {
                Ok(()) => info!(connector = name, "connector of an earlier run started"),
                Err(error) => warn!(connector = name, %error, "a connector of an earlier run cannot start"),
            }
        }
        Ok(())
    }

    /// Creates a connector that is named on the command line. `initial` takes precedence over the target state that was stored.
    pub(crate) async fn create_named(
        &self,
        name: &str,
        config: ConfigMap,
        initial: Option<TargetState>,
    ) -> Result<Put, Error> {
        let is_stored = self.find(name).is_some_and(|connector| connector.is_not_started());
        if is_stored {
            if let Some(initial) = initial {
                self.configs.set_target(name, initial);
            }
            let target = self.configs.target(name);
            info!(
                connector = name,
                ?target,
                "a connector of an earlier run takes its configuration from the command line"
            );
        }
        self.put(name, config, PutOptions { replace: is_stored, origin: Origin::CommandLine, initial }).await
    }
}
