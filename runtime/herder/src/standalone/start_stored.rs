//! Starts the connectors that an earlier run of the worker has stored (`weir.standalone.state`), and creates those given on the command
//! line.
//!
//! A connector given on the command line gets its configuration from its file at each start, because the operator maintains it there. Its
//! target state (running, paused, stopped) is stored, so that a restart of the worker does not start what the operator has stopped. A
//! connector that is no longer named is deleted.

use std::collections::HashSet;

use tracing::{info, warn};

use super::{PutOptions, Standalone};
use crate::error::Error;
use crate::put::Put;
use crate::stores::Origin;
use weir_api::TargetState;
use weir_plugin::ConfigMap;

impl Standalone {
    /// Starts the stored connectors, except those that are named on the command line, which [`Standalone::create_named`] starts. One that
    /// cannot start is FAILED, and starts when it is restarted. Called once.
    pub(crate) async fn start_stored(&self, command_line: &HashSet<String>) -> Result<(), Error> {
        let stored = self.all().into_iter().filter(|connector| connector.is_not_started());
        for connector in stored.filter(|connector| !command_line.contains(connector.name())) {
            let name = connector.name();
            if self.configs.connector(name).is_some_and(|stored| stored.origin == Origin::CommandLine) {
                info!(connector = name, "connector deleted: it is no longer named on the command line");
                self.delete_connector(name).await?;
                continue;
            }
            match connector.start_stored().await {
                Ok(()) => info!(connector = name, "stored connector started"),
                Err(error) => warn!(connector = name, %error, "stored connector failed to start"),
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
            info!(connector = name, ?target, "the command line replaces the configuration of a stored connector");
        }
        self.put(name, config, PutOptions { replace: is_stored, origin: Origin::CommandLine, initial }).await
    }
}
