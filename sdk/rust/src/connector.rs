//! Connectors: how the work is divided into tasks, and when that changes.
//!
//! Most plugins do not need this module: a source has one task and a sink has `tasks.max` tasks, all with the connector's
//! own configuration. A plugin that divides its work has a second type, which implements [`Connector`] and has the class of
//! the source or sink, and exports it in the group `connectors`. If the division may change while the connector runs, the
//! type also implements [`Check`] and is in the group `checks`.
//!
//! ```
//! use std::time::Duration;
//! use weir_sdk::connector::{Check, Connector, ConnectorContext};
//! use weir_sdk::harness::ConnectorHarness;
//! use weir_sdk::source::{Poll, Source, SourceContext};
//! use weir_sdk::{BatchBuilder, Config, ConfigMap, Error};
//!
//! #[derive(Config)]
//! struct TablesConfig {
//!     /// Tables to read.
//!     tables: Vec<String>,
//! }
//!
//! struct Tables;
//! # impl Source for Tables {
//! #     const CLASS: &'static str = "org.example.TablesSource";
//! #     const VERSION: &'static str = "1.0.0";
//! #     type Config = TablesConfig;
//! #     fn start(_: TablesConfig, _: &SourceContext) -> Result<Tables, Error> {
//! #         Ok(Tables)
//! #     }
//! #     fn poll(&mut self, _: &mut BatchBuilder) -> Result<Poll, Error> {
//! #         Ok(Poll::Idle(Duration::from_secs(1)))
//! #     }
//! # }
//!
//! /// One task for each table, at most `tasks.max`.
//! struct TablesConnector {
//!     tables: Vec<String>,
//!     context: ConnectorContext,
//! }
//!
//! impl Connector for TablesConnector {
//!     const CLASS: &'static str = Tables::CLASS;
//!     type Config = TablesConfig;
//!
//!     fn start(config: TablesConfig, context: &ConnectorContext) -> Result<TablesConnector, Error> {
//!         Ok(TablesConnector { tables: config.tables, context: context.clone() })
//!     }
//!
//!     fn task_configs(&mut self, max_tasks: u32) -> Result<Vec<ConfigMap>, Error> {
//!         let size = self.tables.len().div_ceil(max_tasks as usize).max(1);
//!         let config = |tables: &[String]| {
//!             let mut config = self.context.config.clone();
//!             config.insert("tables".into(), tables.join(","));
//!             config
//!         };
//!         Ok(self.tables.chunks(size).map(config).collect())
//!     }
//! }
//!
//! impl Check for TablesConnector {
//!     fn check(&mut self) -> Result<Option<Duration>, Error> {
//!         if self.tables.len() < 4 {
//!             self.tables.push("another".into());
//!             self.context.request_task_reconfiguration();
//!         }
//!         Ok(Some(Duration::from_secs(10)))
//!     }
//! }
//!
//! weir_sdk::export!(sources: [Tables], connectors: [TablesConnector], checks: [TablesConnector]);
//!
//! let mut connector = ConnectorHarness::<TablesConnector>::start([("tables", "a,b,c")]).unwrap();
//! let configs = connector.task_configs(2).unwrap();
//! assert_eq!(configs[0]["tables"], "a,b");
//! assert_eq!(configs[1]["tables"], "c");
//! connector.check().unwrap();
//! assert!(connector.take_requests().reconfiguration);
//! ```

use std::fmt;
use std::time::Duration;

use crate::config::{Secrets, Shown};
use crate::source::{Offset, SourcePartition, stored};
use crate::{Config, ConfigMap, Error, host};

/// The context of a connector: its name and configuration, access to stored offsets, and requests to the runtime.
///
/// Clone and keep it to make requests later. Each request takes effect after the current call has returned.
#[derive(Clone)]
pub struct ConnectorContext {
    /// The connector's name.
    pub name: String,
    /// The connector's configuration as text, including keys that are not in the definition.
    pub config: ConfigMap,
    pub(crate) secrets: Secrets,
}

impl ConnectorContext {
    /// Returns whether the value of this key is a password, or came from a secret. Do not log it.
    pub fn is_secret(&self, key: &str) -> bool {
        self.secrets.contains(key)
    }

    /// Returns the offset that was stored last for this source partition, or `None` if there is none. For sources only.
    pub fn stored_offset(&self, partition: &SourcePartition) -> Option<Offset> {
        self.stored_offsets(std::slice::from_ref(partition)).pop().flatten()
    }

    /// Returns the offsets that were stored last for these source partitions, with `None` for a partition without a stored
    /// offset. One call is enough for all of them.
    pub fn stored_offsets(&self, partitions: &[SourcePartition]) -> Vec<Option<Offset>> {
        stored(partitions)
    }

    /// Asks the runtime to call [`Connector::task_configs`] again, and to restart the tasks if the result differs from that
    /// of the last call.
    pub fn request_task_reconfiguration(&self) {
        host::request_task_reconfiguration();
    }

    /// Makes the connector FAILED with this text as its trace. Its tasks continue. No further calls are made except
    /// [`Connector::stop`].
    pub fn raise_error(&self, message: impl fmt::Display) {
        host::raise_error(&crate::os_error::told(&message.to_string()));
    }
}

/// Written by hand, because the configuration may contain secrets.
impl fmt::Debug for ConnectorContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let config = Shown(&self.config, &self.secrets);
        f.debug_struct("ConnectorContext").field("name", &self.name).field("config", &config).finish()
    }
}

/// A running connector. Its tasks run in other instances and share nothing with it.
///
/// Order of calls: `start`, `task_configs`, then [`Check::check`] if the type is in the group `checks`, `task_configs` again
/// when it was requested, and finally `stop`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a connector",
    label = "not a connector",
    note = "the group `connectors` of `weir_sdk::export!` lists types that implement `weir_sdk::connector::Connector`; \
            sources belong to `sources` and sinks to `sinks`"
)]
pub trait Connector: Sized + 'static {
    /// The class of the source or sink whose work this connector divides: `MySource::CLASS`.
    const CLASS: &'static str;
    /// The typed configuration, usually that of the source or sink.
    type Config: Config;

    /// Starts the connector, with everything granted that the capabilities of the source or sink requested. An error makes
    /// the connector FAILED.
    fn start(config: Self::Config, context: &ConnectorContext) -> Result<Self, Error>;

    /// Returns the configurations of the tasks, at most `max_tasks`. Called after the start, and after each
    /// [`ConnectorContext::request_task_reconfiguration`]. The list may be empty. An error makes the connector FAILED.
    fn task_configs(&mut self, max_tasks: u32) -> Result<Vec<ConfigMap>, Error>;

    /// Called once, as the last call.
    fn stop(&mut self) {}
}

/// A connector that looks for changes while it runs, such as a new table. Export it in the group `checks`. It replaces a
/// monitoring thread, which a component cannot have.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not implement `Check`",
    note = "the group `checks` of `weir_sdk::export!` lists connectors that implement `weir_sdk::connector::Check`"
)]
pub trait Check: Connector {
    /// Called after the first [`Connector::task_configs`], and again after the returned time, at least 100 ms. `None` means
    /// that no further check is needed. If the tasks need other configurations, call
    /// [`ConnectorContext::request_task_reconfiguration`].
    ///
    /// On a retriable error the message is logged and the check is repeated; a fatal one makes the connector FAILED.
    fn check(&mut self) -> Result<Option<Duration>, Error>;
}
