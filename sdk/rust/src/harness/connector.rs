//! A test harness for connectors.

use std::fmt;
use std::time::Duration;

use super::config_of;
use super::runtime::{Handle, LogLine};
use super::source::StoredOffsets;
use crate::config::Secrets;
use crate::connector::{Check, Connector, ConnectorContext};
use crate::{Config, ConfigMap, Error};

/// The requests that a connector has made since they were last taken.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConnectorRequests {
    /// Whether other task configurations were requested.
    pub reconfiguration: bool,
    /// The error that makes the connector FAILED.
    pub error: Option<String>,
}

/// A running connector.
pub struct ConnectorHarness<C: Connector> {
    connector: C,
    runtime: Handle,
}

/// Written by hand, so that a connector need not implement `Debug` to use `unwrap_err` on the result of `start`.
impl<C: Connector> fmt::Debug for ConnectorHarness<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnectorHarness").field("class", &C::CLASS).finish_non_exhaustive()
    }
}

impl<C: Connector> ConnectorHarness<C> {
    /// Starts a connector without stored offsets.
    ///
    /// # Errors
    /// Returns an error if the definition, the configuration type or the connector rejects the configuration.
    pub fn start<K: Into<String>, V: Into<String>>(
        config: impl IntoIterator<Item = (K, V)>,
    ) -> Result<ConnectorHarness<C>, Error> {
        ConnectorHarness::start_from(config, StoredOffsets::new())
    }

    /// Starts a connector of a source with these offsets stored.
    ///
    /// # Errors
    /// See [`start`](ConnectorHarness::start).
    pub fn start_from<K: Into<String>, V: Into<String>>(
        config: impl IntoIterator<Item = (K, V)>,
        offsets: StoredOffsets,
    ) -> Result<ConnectorHarness<C>, Error> {
        let config = config_of(config);
        let runtime = Handle::default();
        runtime.with(|runtime| runtime.stored = offsets);
        let secrets = Secrets::of::<C::Config>();
        let context = ConnectorContext { name: "test".into(), config: config.clone(), secrets };
        let connector = runtime.call(|| C::start(C::Config::parse(&config)?, &context))?;
        Ok(ConnectorHarness { connector, runtime })
    }

    /// Returns the configurations of the tasks.
    ///
    /// # Errors
    /// Returns the connector's error.
    ///
    /// # Panics
    /// Panics if there are more than `max_tasks`, which the runtime would reject.
    pub fn task_configs(&mut self, max_tasks: u32) -> Result<Vec<ConfigMap>, Error> {
        let configs = self.runtime.call(|| self.connector.task_configs(max_tasks))?;
        let count = configs.len();
        assert!(count <= max_tasks as usize, "{count} task configurations, but at most {max_tasks} are allowed");
        Ok(configs)
    }

    /// Makes a check, as the runtime does for a connector in the group `checks` of [`export!`](crate::export!). Returns the
    /// time until the next one.
    ///
    /// # Errors
    /// Returns the connector's error.
    pub fn check(&mut self) -> Result<Option<Duration>, Error>
    where
        C: Check,
    {
        self.runtime.call(|| self.connector.check())
    }

    /// Returns and clears the requests that the connector has made since the last call.
    pub fn take_requests(&mut self) -> ConnectorRequests {
        self.runtime.with(|runtime| ConnectorRequests {
            reconfiguration: std::mem::take(&mut runtime.reconfiguration),
            error: runtime.raised.take(),
        })
    }

    /// Stops the connector.
    pub fn stop(mut self) {
        self.runtime.call(|| self.connector.stop());
    }

    /// Returns the lines that the connector has logged so far.
    pub fn logs(&self) -> Vec<LogLine> {
        self.runtime.with(|runtime| runtime.logs.clone())
    }

    /// Returns the connector.
    pub fn connector(&mut self) -> &mut C {
        &mut self.connector
    }
}
