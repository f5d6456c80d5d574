//! Implements the interfaces `source`, `source-acknowledgements`, `source-transactions` and `source-offsets`.

use std::any::Any;
use std::cell::RefCell;
use std::time::Duration;

use super::find;
use crate::batch::{BatchBuilder, Budget};
use crate::bindings::host::weir::connect::data::{ConfigEntry, Fault};
use crate::bindings::source::interface as wit;
use crate::bindings::{source_acknowledgements, source_offsets, source_transactions};
use crate::config::received;
use crate::error::milliseconds;
use crate::source::{self, Acknowledgements, AlterOffsets, Poll, Settled, Source, SourceContext, SourceOffset};
use crate::{Config, ConfigMap, Error, logging};

/// A source type that can be started.
#[expect(missing_debug_implementations, reason = "made of functions")]
pub struct SourceEntry {
    class: &'static str,
    start: Start,
}

type Start = fn(&ConfigMap, &SourceContext) -> Result<Box<dyn AnySource>, Error>;

impl SourceEntry {
    /// Creates the entry of a type.
    pub fn of<S: Source>() -> SourceEntry {
        SourceEntry {
            class: S::CLASS,
            start: |config, context| Ok(Box::new(S::start(S::Config::parse(config)?, context)?)),
        }
    }
}

/// The sources of a component.
pub trait Sources {
    /// Returns all sources.
    fn entries() -> Vec<SourceEntry>;
}

/// A running source of any type.
pub(crate) trait AnySource {
    fn poll(&mut self, batch: &mut BatchBuilder) -> Result<Poll, Error>;
    fn stop(&mut self);
    fn as_any(&mut self) -> &mut dyn Any;
}

impl<S: Source> AnySource for S {
    fn poll(&mut self, batch: &mut BatchBuilder) -> Result<Poll, Error> {
        Source::poll(self, batch)
    }

    fn stop(&mut self) {
        Source::stop(self);
    }

    fn as_any(&mut self) -> &mut dyn Any {
        self
    }
}

/// Polls the source once and advances the record number. After an error the number is unchanged.
pub(crate) fn poll(source: &mut dyn AnySource, next_number: &mut u64, budget: Budget) -> Result<wit::Polled, Error> {
    let mut batch = BatchBuilder::new(budget, *next_number);
    let idle_ms = match source.poll(&mut batch)? {
        Poll::Ready => 0,
        // Less than a millisecond is more than no wait.
        Poll::Idle(time) => milliseconds(time).max(u32::from(!time.is_zero())),
    };
    let after = batch.next_number();
    let batch = batch.finish()?;
    *next_number = after;
    Ok(wit::Polled { batch: Some(batch).filter(|batch| batch.records.count > 0), idle_ms })
}

struct Task {
    source: Box<dyn AnySource>,
    next_number: u64,
}

thread_local! {
    static TASK: RefCell<Option<Task>> = const { RefCell::new(None) };
}

fn running<T>(call: impl FnOnce(&mut Task) -> Result<T, Error>) -> Result<T, Error> {
    logging::enter();
    TASK.with_borrow_mut(|task| match task {
        Some(task) => call(task),
        None => Err(Error::fatal("the task was not started")),
    })
}

impl<S: Sources> wit::Guest for S {
    fn start(class: String, config: Vec<ConfigEntry>) -> Result<(), String> {
        logging::enter();
        let entry = find(S::entries(), &class, |entry| entry.class)?;
        let (config, secrets) = received(config);
        let context = SourceContext::new(config, secrets);
        let source = (entry.start)(&context.config, &context).map_err(Error::into_text)?;
        TASK.set(Some(Task { source, next_number: 0 }));
        Ok(())
    }

    fn poll(budget: wit::Budget) -> Result<wit::Polled, Fault> {
        let budget = Budget {
            max_records: budget.max_records,
            max_bytes: budget.max_bytes,
            max_wait: Duration::from_millis(budget.max_wait_ms.into()),
        };
        Ok(running(|task| poll(task.source.as_mut(), &mut task.next_number, budget))?)
    }

    fn stop() {
        logging::enter();
        if let Some(mut task) = TASK.take() {
            task.source.stop();
        }
    }
}

/// A source type that learns what became of its records.
#[expect(missing_debug_implementations, reason = "made of functions")]
pub struct AcknowledgeEntry(fn(&mut dyn Any) -> Option<&mut dyn AnyAcknowledge>);

impl AcknowledgeEntry {
    /// Creates the entry of a type.
    pub fn of<S: source::Acknowledge>() -> AcknowledgeEntry {
        AcknowledgeEntry(|task| task.downcast_mut::<S>().map(|task| task as &mut dyn AnyAcknowledge))
    }
}

/// The sources of a component that learn what became of their records.
pub trait Acknowledge {
    /// Returns all of them.
    fn entries() -> Vec<AcknowledgeEntry>;
}

/// A running source of any type that learns what became of its records.
trait AnyAcknowledge {
    fn wanted(&self) -> Acknowledgements;
    fn settled(&mut self, records: &Settled) -> Result<(), Error>;
    fn committed(&mut self, number: u64) -> Result<(), Error>;
}

impl<S: source::Acknowledge> AnyAcknowledge for S {
    fn wanted(&self) -> Acknowledgements {
        source::Acknowledge::wanted(self)
    }

    fn settled(&mut self, records: &Settled) -> Result<(), Error> {
        source::Acknowledge::settled(self, records)
    }

    fn committed(&mut self, number: u64) -> Result<(), Error> {
        source::Acknowledge::committed(self, number)
    }
}

/// Calls the running task if it learns what became of its records. Otherwise the answer is the neutral one.
fn acknowledging<S: Acknowledge, T: Default>(
    call: impl Fn(&mut dyn AnyAcknowledge) -> Result<T, Error>,
) -> Result<T, Error> {
    running(|task| {
        let entries = S::entries();
        entries.iter().find_map(|entry| (entry.0)(task.source.as_any()).map(&call)).unwrap_or_else(|| Ok(T::default()))
    })
}

impl<S: Acknowledge> source_acknowledgements::interface::Guest for S {
    fn wanted() -> source_acknowledgements::interface::Acknowledgements {
        use source_acknowledgements::interface::Acknowledgements as Wanted;
        // The runtime asks only after a start that succeeded.
        let wanted = acknowledging::<S, Acknowledgements>(|task| Ok(task.wanted())).unwrap_or_default();
        [(wanted.settled, Wanted::SETTLED), (wanted.committed, Wanted::COMMITTED)]
            .into_iter()
            .filter(|(is_wanted, _)| *is_wanted)
            .fold(Wanted::empty(), |set, (_, call)| set | call)
    }

    fn settled(records: source_acknowledgements::interface::SettledRecords) -> Result<(), String> {
        let records = Settled::new(records);
        acknowledging::<S, ()>(|task| task.settled(&records)).map_err(Error::into_text)
    }

    fn committed(number: u64) -> Result<(), String> {
        acknowledging::<S, ()>(|task| task.committed(number)).map_err(Error::into_text)
    }
}

/// A source type that supports transactions.
#[expect(missing_debug_implementations, reason = "made of functions")]
pub struct TransactionsEntry {
    class: &'static str,
    supports_exactly_once: fn(&ConfigMap) -> bool,
    can_define_transactions: fn(&ConfigMap) -> bool,
}

impl TransactionsEntry {
    /// Creates the entry of a type.
    pub fn of<S: source::Transactions>() -> TransactionsEntry {
        TransactionsEntry {
            class: S::CLASS,
            supports_exactly_once: |config| supported(config, S::supports_exactly_once),
            can_define_transactions: |config| supported(config, S::can_define_transactions),
        }
    }
}

/// Returns false for an invalid configuration. Other calls report what is wrong with it.
fn supported<C: Config>(config: &ConfigMap, ask: fn(&C) -> bool) -> bool {
    C::parse(config).is_ok_and(|config| ask(&config))
}

/// The sources of a component that support transactions.
pub trait Transactions {
    /// Returns all of them.
    fn entries() -> Vec<TransactionsEntry>;
}

fn asked<S: Transactions>(
    class: &str,
    of: impl Fn(&TransactionsEntry) -> fn(&ConfigMap) -> bool,
) -> fn(&ConfigMap) -> bool {
    logging::enter();
    S::entries().iter().find(|entry| entry.class == class).map_or(|_| false, of)
}

impl<S: Transactions> source_transactions::interface::Guest for S {
    fn supports_exactly_once(class: String, config: Vec<ConfigEntry>) -> bool {
        asked::<S>(&class, |entry| entry.supports_exactly_once)(&received(config).0)
    }

    fn can_define_transactions(class: String, config: Vec<ConfigEntry>) -> bool {
        asked::<S>(&class, |entry| entry.can_define_transactions)(&received(config).0)
    }
}

/// A source type that checks offsets.
#[expect(missing_debug_implementations, reason = "made of functions")]
pub struct SourceOffsetsEntry {
    class: &'static str,
    alter: fn(&ConfigMap, &[SourceOffset]) -> Result<bool, Error>,
}

impl SourceOffsetsEntry {
    /// Creates the entry of a type.
    pub fn of<S: AlterOffsets>() -> SourceOffsetsEntry {
        SourceOffsetsEntry {
            class: S::CLASS,
            alter: |config, offsets| S::alter_offsets(&S::Config::parse(config)?, offsets),
        }
    }
}

/// The sources of a component that check offsets.
pub trait SourceOffsets {
    /// Returns all of them.
    fn entries() -> Vec<SourceOffsetsEntry>;
}

impl<S: SourceOffsets> source_offsets::interface::Guest for S {
    fn alter(class: String, config: Vec<ConfigEntry>, offsets: Vec<SourceOffset>) -> Result<bool, String> {
        logging::enter();
        match S::entries().iter().find(|entry| entry.class == class) {
            Some(entry) => (entry.alter)(&received(config).0, &offsets).map_err(Error::into_text),
            None => Ok(false),
        }
    }
}
