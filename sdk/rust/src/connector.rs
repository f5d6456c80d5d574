//! Connectors: how the work is divided into tasks, and when that changes.
//!
//! Most plugins do not need this module: a source has one task and a sink has `tasks.max` tasks, all with the connector's
//! own configuration. A plugin that divides its work implements [`Connector`] and returns it from
//! [`Source::connector`](crate::Source::connector) or [`Sink::connector`](crate::Sink::connector).
//!
//! ```
//! use weir_sdk::connector::{Connector, ConnectorContext};
//! use weir_sdk::{ConfigMap, Error};
//!
//! /// One task for each table, at most `tasks.max`.
//! struct Tables {
//!     config: ConfigMap,
//!     tables: Vec<String>,
//! }
//!
//! impl Connector for Tables {
//!     fn task_configs(&mut self, max_tasks: u32) -> Result<Vec<ConfigMap>, Error> {
//!         let size = self.tables.len().div_ceil(max_tasks as usize).max(1);
//!         let config = |tables: &[String]| {
//!             let mut config = self.config.clone();
//!             config.insert("tables".into(), tables.join(","));
//!             config
//!         };
//!         Ok(self.tables.chunks(size).map(config).collect())
//!     }
//! }
//!
//! let tables = ["a", "b", "c"].map(String::from).to_vec();
//! let configs = Tables { config: ConfigMap::new(), tables }.task_configs(2).unwrap();
//! assert_eq!(configs[0]["tables"], "a,b");
//! assert_eq!(configs[1]["tables"], "c");
//! ```

use std::time::Duration;

use crate::source::{Offset, SourcePartition, stored};
use crate::{ConfigMap, Error};

pub use crate::bindings::connector::interface::{SourceOffset, Support};

/// The context of a connector: its name and configuration, and access to stored offsets.
#[derive(Clone, Debug)]
pub struct ConnectorContext {
    /// The connector's name.
    pub name: String,
    /// The connector's configuration, as set by the user.
    pub config: ConfigMap,
}

impl ConnectorContext {
    /// Returns the offset that was stored last for this source partition, or `None` if there is none. For sources only.
    pub fn stored_offset(&self, partition: &SourcePartition) -> Option<Offset> {
        self.stored_offsets(std::slice::from_ref(partition)).pop().flatten()
    }

    /// Returns the offsets that were stored last for these source partitions, with `None` for a partition without a stored
    /// offset. One call is enough for all of them.
    pub fn stored_offsets(&self, partitions: &[SourcePartition]) -> Vec<Option<Offset>> {
        stored(partitions)
    }
}

/// A running connector. Its tasks run in other instances and share nothing with it.
pub trait Connector {
    /// Returns the configurations of the tasks, at most `max_tasks`. Called after the start, and each time
    /// [`check`](Connector::check) reports a change. The list may be empty.
    fn task_configs(&mut self, max_tasks: u32) -> Result<Vec<ConfigMap>, Error>;

    /// Returns the time between two checks, or `None` if the task configurations never change by themselves. Called once,
    /// at the start.
    fn check_interval(&self) -> Option<Duration> {
        None
    }

    /// Returns whether [`task_configs`](Connector::task_configs) would now return a different result. An [`Error::Retry`]
    /// is logged, and the check is repeated later.
    fn check(&mut self) -> Result<bool, Error> {
        Ok(false)
    }

    /// Called once, as the last call.
    fn stop(&mut self) {}
}

/// A single task with the connector's own configuration: the default for sources.
#[derive(Debug)]
pub struct OneTask(pub ConfigMap);

impl Connector for OneTask {
    fn task_configs(&mut self, _: u32) -> Result<Vec<ConfigMap>, Error> {
        Ok(vec![self.0.clone()])
    }
}

/// `tasks.max` tasks, each with the connector's own configuration: the default for sinks, because Kafka divides the
/// partitions of the topics among them.
#[derive(Debug)]
pub struct EqualTasks(pub ConfigMap);

impl Connector for EqualTasks {
    fn task_configs(&mut self, max_tasks: u32) -> Result<Vec<ConfigMap>, Error> {
        Ok(vec![self.0.clone(); max_tasks as usize])
    }
}
