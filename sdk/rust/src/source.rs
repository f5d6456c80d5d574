//! Sources: what brings rows into Kafka.
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

/// A task that brings rows into Kafka, and the little that concerns its connector as a whole.
///
/// The life of one: `start`, then `poll` again and again, with `settled` and `committed` between the polls, `stop`. Calls
/// never overlap.
pub trait Source: Sized + 'static {
    /// The name users write in `connector.class`: a full class name, Kafka Connect's own where this stands in for one.
    const CLASS: &'static str;
    /// The plugin's version, usually `env!("CARGO_PKG_VERSION")`.
    const VERSION: &'static str;
    /// True = [`settled`](Source::settled) is to be called.
    const WANTS_SETTLED: bool = false;
    /// True = [`committed`](Source::committed) is to be called.
    const WANTS_COMMITTED: bool = false;
    /// The typed configuration.
    type Config: Config;

    /// Starts a task with one of the connector's task configurations. An error makes the task FAILED.
    fn start(config: Self::Config, context: &SourceContext) -> Result<Self, Error>;

    /// Brings rows, as long as [`BatchBuilder::has_room`] says so, and says when to be called again. Called as long as the
    /// task runs. After an error the rows pushed are dropped and their numbers given anew: take back what was read.
    fn poll(&mut self, batch: &mut BatchBuilder) -> Result<Poll, Error>;

    /// Kafka has acknowledged these rows, or they were dropped on the way: the moment to acknowledge them where they came
    /// from. Called between polls, only with [`WANTS_SETTLED`](Source::WANTS_SETTLED). An error is logged, no more.
    fn settled(&mut self, rows: &Settled) -> Result<(), Error> {
        let _ = rows;
        Ok(())
    }

    /// The offsets of all rows up to and without this number are stored for good. Called after each commit of offsets,
    /// only with [`WANTS_COMMITTED`](Source::WANTS_COMMITTED). An error is logged, no more.
    fn committed(&mut self, row: u64) -> Result<(), Error> {
        let _ = row;
        Ok(())
    }

    /// Called once, last, after the final commit.
    fn stop(&mut self) {}

    /// What a task with this configuration needs from outside its sandbox. By default nothing.
    fn capabilities(config: &Self::Config) -> Result<Vec<Capability>, Error> {
        let _ = config;
        Ok(Vec::new())
    }

    /// Checks a configuration beyond what the definition says; only keys that are not in order need an entry. May look at
    /// the other side with what [`capabilities`](Source::capabilities) asked for.
    fn validate(config: &Self::Config) -> Vec<ConfigValue> {
        let _ = config;
        Vec::new()
    }

    /// Starts the connector: what divides the work into tasks. By default there is one task with the connector's own
    /// configuration.
    fn connector(config: Self::Config, context: ConnectorContext) -> Result<Box<dyn Connector>, Error> {
        let _ = config;
        Ok(Box::new(OneTask(context.config)))
    }

    /// Whether each row comes exactly once when the runtime stores its offset in the same transaction. By default no.
    fn exactly_once_support(config: &Self::Config) -> Support {
        let _ = config;
        Support::Unsupported
    }

    /// Whether the source marks where transactions end ([`BatchBuilder::commit_transaction`]). By default no.
    fn transaction_boundary_support(config: &Self::Config) -> Support {
        let _ = config;
        Support::Unsupported
    }

    /// Asks whether an operator may replace the stored offsets of the stopped connector by these. `Ok(false)`, the default,
    /// says nothing about it; an error refuses, and the operator sees its text.
    fn alter_offsets(config: &Self::Config, offsets: &[SourceOffset]) -> Result<bool, Error> {
        let _ = (config, offsets);
        Ok(false)
    }
}

/// When [`Source::poll`] is worth calling again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Poll {
    /// At once.
    Ready,
    /// Nothing more at present; after this time. The runtime may call earlier. Costs less than waiting inside of `poll`.
    Idle(Duration),
}

/// What a source task is told when it starts, and may ask.
#[derive(Clone, Debug)]
pub struct SourceContext {
    /// The connector's name.
    pub connector: String,
    /// The number of this task, from 0.
    pub task: u32,
    /// The task's configuration as text, with keys that the definition does not have.
    pub config: ConfigMap,
}

impl SourceContext {
    /// The offset that was stored last for this source partition; `None` = nothing is stored. Keep the context to ask
    /// again for partitions that turn up later.
    pub fn stored_offset(&self, partition: &SourcePartition) -> Option<Offset> {
        self.stored_offsets(std::slice::from_ref(partition)).pop().flatten()
    }

    /// The same for many partitions in one call: one answer for each.
    pub fn stored_offsets(&self, partitions: &[SourcePartition]) -> Vec<Option<Offset>> {
        stored(partitions)
    }
}
