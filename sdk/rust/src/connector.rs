//! A connector as a whole: how its work is divided into tasks, and when that changes.
//!
//! Most plugins need nothing of this: a source has one task, a sink as many as `tasks.max` says, and all have the
//! connector's own configuration. One that divides its work implements [`Connector`] and gives it to the runtime by
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

/// What a connector is told when it starts.
#[derive(Clone, Debug)]
pub struct ConnectorContext {
    /// The connector's name.
    pub name: String,
    /// The connector's configuration, as the user gave it.
    pub config: ConfigMap,
}

impl ConnectorContext {
    /// The offset that was stored last for this source partition, as for a task; `None` = nothing is stored. Sources only.
    pub fn stored_offset(&self, partition: &SourcePartition) -> Option<Offset> {
        self.stored_offsets(std::slice::from_ref(partition)).pop().flatten()
    }

    /// The same for many partitions in one call: one answer for each.
    pub fn stored_offsets(&self, partitions: &[SourcePartition]) -> Vec<Option<Offset>> {
        stored(partitions)
    }
}

/// A running connector. Its tasks run elsewhere and share nothing with it.
pub trait Connector {
    /// The configurations of the tasks, at most `max_tasks`. Called after the start, and each time [`check`](Connector::check)
    /// has said that they changed. None at all is allowed.
    fn task_configs(&mut self, max_tasks: u32) -> Result<Vec<ConfigMap>, Error>;

    /// The time between two checks; `None` = the task configurations never change by themselves. Called once, at the start.
    fn check_interval(&self) -> Option<Duration> {
        None
    }

    /// True = [`task_configs`](Connector::task_configs) would give another answer now. An [`Error::Retry`] is logged, and the
    /// check made again later.
    fn check(&mut self) -> Result<bool, Error> {
        Ok(false)
    }

    /// Called once, last.
    fn stop(&mut self) {}
}

/// One task with the connector's own configuration: what a source has by default.
#[derive(Debug)]
pub struct OneTask(pub ConfigMap);

impl Connector for OneTask {
    fn task_configs(&mut self, _: u32) -> Result<Vec<ConfigMap>, Error> {
        Ok(vec![self.0.clone()])
    }
}

/// As many tasks as are allowed, each with the connector's own configuration: what a sink has by default, because Kafka
/// divides the topics' partitions among them.
#[derive(Debug)]
pub struct EqualTasks(pub ConfigMap);

impl Connector for EqualTasks {
    fn task_configs(&mut self, max_tasks: u32) -> Result<Vec<ConfigMap>, Error> {
        Ok(vec![self.0.clone(); max_tasks as usize])
    }
}
