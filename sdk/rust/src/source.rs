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
//! assert_eq!(task.poll().unwrap().records[0].value.as_deref(), Some("hello"));
//! ```

mod offset;
mod settled;

use std::fmt;
use std::time::Duration;

pub(crate) use offset::stored;
pub use offset::{Offset, OffsetValue, OffsetWriter, SourcePartition};
pub use settled::{Outcome, Settled, SettledRecord};

use crate::batch::BatchBuilder;
pub use crate::bindings::source_offsets::interface::SourceOffset;
use crate::config::{Capability, ConfigValue, Secrets, Shown};
use crate::{Config, ConfigMap, Error, host};

/// A source task, and the functions that concern its connector as a whole.
///
/// Order of calls: `start`, then `poll` repeatedly, and finally `stop`. Calls never overlap. Optional functions are in traits of
/// their own, and the type is listed in a group of [`export!`](crate::export!) for each that it implements:
///
/// | Trait | Group | Without it |
/// | --- | --- | --- |
/// | [`Acknowledge`] | `acknowledge` | the source does not learn what became of its records |
/// | [`Transactions`] | `transactions` | no exactly-once delivery |
/// | [`AlterOffsets`] | `source_offsets` | an operator may alter offsets freely |
/// | [`Connector`](crate::connector::Connector), for another type | `connectors` | one task with the connector's configuration |
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a source",
    label = "not a source",
    note = "implement `weir_sdk::Source` for `{Self}`; in `weir_sdk::export!` a sink belongs to `sinks: [...]`, a transform to \
            `transforms: [...]`"
)]
pub trait Source: Sized + 'static {
    /// The name that users write in `connector.class`: a fully qualified class name. A plugin that replaces one of Kafka
    /// Connect's uses the name of that class.
    const CLASS: &'static str;
    /// The plugin's version, usually `env!("CARGO_PKG_VERSION")`.
    const VERSION: &'static str;
    /// What the plugin does, in one paragraph for users.
    const DOC: Option<&'static str> = None;
    /// The number of bytes of memory that a task needs at most. The worker uses it instead of `weir.task.memory.max` if the
    /// operator's bound allows it.
    const MEMORY: Option<u64> = None;
    /// The typed configuration.
    type Config: Config;

    /// Starts a task with one of the connector's task configurations. An error makes the task FAILED.
    fn start(config: Self::Config, context: &SourceContext) -> Result<Self, Error>;

    /// Adds records to the batch while [`BatchBuilder::has_room`] returns true, and returns when it should be called
    /// again.
    ///
    /// Called as long as the task runs. After an error, the records pushed by this call are dropped and their numbers are
    /// used again, so the source must return to the position that it had before the call. On a retriable error the call is
    /// repeated.
    fn poll(&mut self, batch: &mut BatchBuilder) -> Result<Poll, Error>;

    /// Called once, as the last call, after the final commit.
    fn stop(&mut self) {}

    /// Returns what a task needs from outside its sandbox with this configuration. By default nothing. An error is shown to
    /// the user as a configuration error.
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
}

/// The calls of [`Acknowledge`] that a task needs. A call that it does not need costs nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Acknowledgements {
    /// Whether the runtime calls [`Acknowledge::settled`].
    pub settled: bool,
    /// Whether the runtime calls [`Acknowledge::committed`].
    pub committed: bool,
}

/// A source that learns what became of its records, for instance so that it can acknowledge them to a queue. Export it in the
/// group `acknowledge`.
///
/// ```
/// use std::time::Duration;
/// use weir_sdk::harness::SourceHarness;
/// use weir_sdk::source::{Acknowledge, Acknowledgements, Poll, Settled, Source, SourceContext};
/// use weir_sdk::{BatchBuilder, Error};
///
/// /// Counts the records that Kafka has acknowledged.
/// struct Queue(usize);
///
/// impl Source for Queue {
///     const CLASS: &'static str = "org.example.QueueSource";
///     const VERSION: &'static str = "1.0.0";
///     type Config = ();
///
///     fn start(_: (), _: &SourceContext) -> Result<Queue, Error> {
///         Ok(Queue(0))
///     }
///
///     fn poll(&mut self, batch: &mut BatchBuilder) -> Result<Poll, Error> {
///         batch.record("queue").value_text("hello").push();
///         Ok(Poll::Idle(Duration::from_secs(1)))
///     }
/// }
///
/// impl Acknowledge for Queue {
///     fn wanted(&self) -> Acknowledgements {
///         Acknowledgements { settled: true, committed: false }
///     }
///
///     fn settled(&mut self, records: &Settled) -> Result<(), Error> {
///         self.0 += records.len();
///         Ok(())
///     }
/// }
///
/// weir_sdk::export!(sources: [Queue], acknowledge: [Queue]);
///
/// let mut task = SourceHarness::<Queue>::start([("topic", "x")]).unwrap().with_acknowledge();
/// let polled = task.poll().unwrap();
/// task.settle(&polled.records).unwrap();
/// assert_eq!(task.task().0, 1);
/// ```
///
/// `export!` refuses a source that implements this trait and is not in the group:
///
/// ```compile_fail
/// # use weir_sdk::source::{Acknowledge, Acknowledgements, Poll, Source, SourceContext};
/// # use weir_sdk::{BatchBuilder, Error};
/// # struct Queue;
/// # impl Source for Queue {
/// #     const CLASS: &'static str = "org.example.QueueSource";
/// #     const VERSION: &'static str = "1.0.0";
/// #     type Config = ();
/// #     fn start(_: (), _: &SourceContext) -> Result<Queue, Error> {
/// #         Ok(Queue)
/// #     }
/// #     fn poll(&mut self, _: &mut BatchBuilder) -> Result<Poll, Error> {
/// #         Ok(Poll::Ready)
/// #     }
/// # }
/// # impl Acknowledge for Queue {
/// #     fn wanted(&self) -> Acknowledgements {
/// #         Acknowledgements::default()
/// #     }
/// # }
/// weir_sdk::export!(sources: [Queue]);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not implement `Acknowledge`",
    note = "the group `acknowledge` of `weir_sdk::export!` lists sources that implement `weir_sdk::source::Acknowledge`"
)]
pub trait Acknowledge: Source {
    /// Returns which of the calls below this task needs. Called once, after `start`.
    fn wanted(&self) -> Acknowledgements;

    /// Reports records that Kafka has acknowledged or that were dropped before, so that the source can acknowledge them
    /// to the system they came from. Called between polls. An error is only logged.
    fn settled(&mut self, records: &Settled) -> Result<(), Error> {
        let _ = records;
        Ok(())
    }

    /// Reports that the offsets of all records with a number less than `number` are stored durably. Called after each
    /// offset commit. An error is only logged.
    fn committed(&mut self, number: u64) -> Result<(), Error> {
        let _ = number;
        Ok(())
    }
}

/// What a source supports of exactly-once delivery. Export it in the group `transactions`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not implement `Transactions`",
    note = "the group `transactions` of `weir_sdk::export!` lists sources that implement `weir_sdk::source::Transactions`"
)]
pub trait Transactions: Source {
    /// Returns whether each record is delivered exactly once if the runtime stores its offset in the same transaction. Not
    /// called for an invalid configuration.
    fn supports_exactly_once(config: &Self::Config) -> bool;

    /// Returns whether the source defines where transactions end ([`BatchBuilder::commit_transaction`]). By default no.
    fn can_define_transactions(config: &Self::Config) -> bool {
        let _ = config;
        false
    }
}

/// A source that checks offsets which an operator wants to set (KIP-875). Export it in the group `source_offsets`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not implement `AlterOffsets`",
    note = "the group `source_offsets` of `weir_sdk::export!` lists sources that implement `weir_sdk::source::AlterOffsets`"
)]
pub trait AlterOffsets: Source {
    /// Asks whether an operator may replace the stored offsets of the stopped connector with these. `Ok(true)` accepts the
    /// change and states that no other system keeps offsets for this connector. `Ok(false)` means that the plugin does not
    /// handle offset changes. An error rejects the change, and its text is shown to the operator.
    fn alter_offsets(config: &Self::Config, offsets: &[SourceOffset]) -> Result<bool, Error>;
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
#[derive(Clone)]
pub struct SourceContext {
    /// The connector's name.
    pub connector: String,
    /// The number of this task, starting at 0.
    pub task: u32,
    /// The task's configuration as text, including keys that are not in the definition.
    pub config: ConfigMap,
    pub(crate) secrets: Secrets,
}

impl SourceContext {
    /// Creates the context of the running task.
    pub(crate) fn new(config: ConfigMap, secrets: Secrets) -> SourceContext {
        SourceContext { connector: host::connector_name(), task: host::task_number().unwrap_or(0), config, secrets }
    }

    /// Returns whether the value of this key is a password, or came from a secret. Do not log it.
    pub fn is_secret(&self, key: &str) -> bool {
        self.secrets.contains(key)
    }

    /// Returns a number that is greater at each start of this task, see
    /// [`task_generation`](crate::context::task_generation).
    pub fn generation(&self) -> u64 {
        host::task_generation()
    }

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

    /// Returns whether this task defines where transactions end (`transaction.boundary=connector`). Otherwise
    /// [`BatchBuilder::commit_transaction`] and [`BatchBuilder::abort_transaction`] have no effect.
    pub fn defines_transactions(&self) -> bool {
        host::defines_transactions()
    }
}

/// Written by hand, because the configuration may contain secrets.
impl fmt::Debug for SourceContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SourceContext")
            .field("connector", &self.connector)
            .field("task", &self.task)
            .field("config", &Shown(&self.config, &self.secrets))
            .finish()
    }
}
