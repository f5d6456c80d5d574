//! Sources, which produce records to Kafka.
//!
//! ```
//! use weir_sdk::harness::SourceHarness;
//! use weir_sdk::source::{Poll, Source, SourceContext};
//! use weir_sdk::{BatchBuilder, Config, Error};
//!
//! #[derive(Config)]
//! struct HelloConfig {
//!     /// Topic to write to.
//!     topic: String,
//! }
//!
//! struct Hello(HelloConfig);
//!
//! impl Source for Hello {
//!     const CLASS: &'static str = "org.example.HelloSource";
//!     const VERSION: &'static str = "1.0.0";
//!     type Config = HelloConfig;
//!
//!     fn start(config: HelloConfig, _: &SourceContext) -> Result<Hello, Error> {
//!         Ok(Hello(config))
//!     }
//!
//!     fn poll(&mut self, batch: &mut BatchBuilder) -> Result<Poll, Error> {
//!         batch.record(&self.0.topic).value_text("hello").push();
//!         Ok(Poll::Ready)
//!     }
//! }
//!
//! let mut task = SourceHarness::<Hello>::start([("topic", "greetings")]).unwrap();
//! assert_eq!(task.poll().unwrap().rows[0].value.as_deref(), Some("hello"));
//! ```

mod offset;
mod settled;

use std::time::Duration;

pub(crate) use offset::stored;
pub use offset::{Offset, OffsetValue, OffsetWriter, SourcePartition};
pub use settled::{Outcome, Settled, SettledRow};

use crate::batch::BatchBuilder;
use crate::config::{Capability, ConfigValue};
use crate::connector::{Connector, ConnectorContext, OneTask, SourceOffset, Support};
use crate::{Config, ConfigMap, Error};

/// A source task, and the functions that concern its connector as a whole.
///
/// Order of calls: `start`, then `poll` repeatedly, with `settled` and `committed` between the polls, and finally `stop`.
/// Calls never overlap.
pub trait Source: Sized + 'static {
    /// The name that users write in `connector.class`: a fully qualified class name. A plugin that replaces one of Kafka
    /// Connect's uses the name of that class.
    const CLASS: &'static str;
    /// The plugin's version, usually `env!("CARGO_PKG_VERSION")`.
    const VERSION: &'static str;
    /// Whether the runtime calls [`settled`](Source::settled).
    const WANTS_SETTLED: bool = false;
    /// Whether the runtime calls [`committed`](Source::committed).
    const WANTS_COMMITTED: bool = false;
    /// The typed configuration.
    type Config: Config;

    /// Starts a task with one of the connector's task configurations. An error makes the task FAILED.
    fn start(config: Self::Config, context: &SourceContext) -> Result<Self, Error>;

    /// Adds records to the batch while [`BatchBuilder::has_room`] returns true, and returns when it should be called
    /// again.
    ///
    /// Called as long as the task runs. After an error, the records pushed by this call are dropped and their numbers are
    /// used again, so the source must return to the position that it had before the call.
    fn poll(&mut self, batch: &mut BatchBuilder) -> Result<Poll, Error>;

    /// Reports records that Kafka has acknowledged or that were dropped before, so that the source can acknowledge them
    /// to the system they came from.
    ///
    /// Called between polls, and only with [`WANTS_SETTLED`](Source::WANTS_SETTLED). An error is only logged.
    fn settled(&mut self, rows: &Settled) -> Result<(), Error> {
        let _ = rows;
        Ok(())
    }

    /// Reports that the offsets of all records with a number less than `row` are stored durably.
    ///
    /// Called after each offset commit, and only with [`WANTS_COMMITTED`](Source::WANTS_COMMITTED). An error is only
    /// logged.
    fn committed(&mut self, row: u64) -> Result<(), Error> {
        let _ = row;
        Ok(())
    }

    /// Called once, as the last call, after the final commit.
    fn stop(&mut self) {}

    /// Returns what a task needs from outside its sandbox with this configuration. By default nothing.
    fn capabilities(config: &Self::Config) -> Result<Vec<Capability>, Error> {
        let _ = config;
        Ok(Vec::new())
    }

    /// Performs checks that the definition cannot express. Valid keys need no entry. The function may access the external
    /// system with what [`capabilities`](Source::capabilities) requested.
    fn validate(config: &Self::Config) -> Vec<ConfigValue> {
        let _ = config;
        Vec::new()
    }

    /// Starts the connector, which divides the work into tasks. By default there is one task with the connector's own
    /// configuration.
    fn connector(config: Self::Config, context: ConnectorContext) -> Result<Box<dyn Connector>, Error> {
        let _ = config;
        Ok(Box::new(OneTask(context.config)))
    }

    /// Returns whether each record is delivered exactly once if the runtime stores its offset in the same transaction. By
    /// default no.
    fn exactly_once_support(config: &Self::Config) -> Support {
        let _ = config;
        Support::Unsupported
    }

    /// Returns whether the source defines transaction boundaries ([`BatchBuilder::commit_transaction`]). By default no.
    fn transaction_boundary_support(config: &Self::Config) -> Support {
        let _ = config;
        Support::Unsupported
    }

    /// Asks whether an operator may replace the stored offsets of the stopped connector with these. `Ok(false)`, the
    /// default, means that the plugin does not handle offset changes. An error rejects the change, and its text is shown
    /// to the operator.
    fn alter_offsets(config: &Self::Config, offsets: &[SourceOffset]) -> Result<bool, Error> {
        let _ = (config, offsets);
        Ok(false)
    }
}

/// When to call [`Source::poll`] again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Poll {
    /// Immediately.
    Ready,
    /// After this time, because there is nothing to send now. The runtime may call earlier. This uses fewer resources
    /// than waiting inside `poll`.
    Idle(Duration),
}

/// The context of a source task: its name and configuration, and access to stored offsets.
#[derive(Clone, Debug)]
pub struct SourceContext {
    /// The connector's name.
    pub connector: String,
    /// The number of this task, starting at 0.
    pub task: u32,
    /// The task's configuration as text, including keys that are not in the definition.
    pub config: ConfigMap,
}

impl SourceContext {
    /// Returns the offset that was stored last for this source partition, or `None` if there is none. Keep the context to
    /// query partitions that are found later.
    pub fn stored_offset(&self, partition: &SourcePartition) -> Option<Offset> {
        self.stored_offsets(std::slice::from_ref(partition)).pop().flatten()
    }

    /// Returns the offsets that were stored last for these source partitions, with `None` for a partition without a stored
    /// offset. One call is enough for all of them.
    pub fn stored_offsets(&self, partitions: &[SourcePartition]) -> Vec<Option<Offset>> {
        stored(partitions)
    }
}
