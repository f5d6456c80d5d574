//! Implements the interface `source`.

use std::cell::RefCell;
use std::time::Duration;

use super::{config_map, find};
use crate::batch::{BatchBuilder, Budget};
use crate::bindings::host::weir::connect::data::Fault;
use crate::bindings::source::interface as wit;
use crate::error::milliseconds;
use crate::source::{Poll, Settled, Source, SourceContext};
use crate::{Config, ConfigMap, Error, logging};

/// A source type that can be started.
pub struct SourceEntry {
    class: &'static str,
    wants_settled: bool,
    wants_committed: bool,
    start: Start,
}

impl SourceEntry {
    /// Creates the entry of a type.
    pub fn of<S: Source>() -> SourceEntry {
        SourceEntry {
            class: S::CLASS,
            wants_settled: S::WANTS_SETTLED,
            wants_committed: S::WANTS_COMMITTED,
            start: |config, context| Ok(Box::new(S::start(S::Config::parse(config)?, context)?)),
        }
    }
}

type Start = fn(&ConfigMap, &SourceContext) -> Result<Box<dyn AnySource>, Error>;

/// The sources of a component.
pub trait Sources {
    /// Returns all sources.
    fn sources() -> Vec<SourceEntry>;
}

/// A running source of any type.
pub(crate) trait AnySource {
    fn poll(&mut self, batch: &mut BatchBuilder) -> Result<Poll, Error>;
    fn settled(&mut self, rows: &Settled) -> Result<(), Error>;
    fn committed(&mut self, row: u64) -> Result<(), Error>;
    fn stop(&mut self);
}

impl<S: Source> AnySource for S {
    fn poll(&mut self, batch: &mut BatchBuilder) -> Result<Poll, Error> {
        Source::poll(self, batch)
    }

    fn settled(&mut self, rows: &Settled) -> Result<(), Error> {
        Source::settled(self, rows)
    }

    fn committed(&mut self, row: u64) -> Result<(), Error> {
        Source::committed(self, row)
    }

    fn stop(&mut self) {
        Source::stop(self);
    }
}

/// Polls the source once and advances the record number. After an error the number is unchanged.
pub(crate) fn poll(source: &mut dyn AnySource, next_row: &mut u64, budget: Budget) -> Result<wit::Polled, Error> {
    let mut batch = BatchBuilder::new(budget, *next_row);
    let idle_ms = match source.poll(&mut batch)? {
        Poll::Ready => 0,
        // Less than a millisecond is not nothing.
        Poll::Idle(time) => milliseconds(time).max(u32::from(!time.is_zero())),
    };
    let after = batch.next_row();
    let batch = batch.finish()?;
    *next_row = after;
    Ok(wit::Polled { batch, idle_ms })
}

struct Task {
    source: Box<dyn AnySource>,
    next_row: u64,
}

thread_local! {
    static TASK: RefCell<Option<Task>> = const { RefCell::new(None) };
}

fn running<T>(call: impl FnOnce(&mut Task) -> Result<T, Error>) -> Result<T, Fault> {
    logging::enter();
    TASK.with_borrow_mut(|task| match task {
        Some(task) => call(task).map_err(Fault::from),
        None => Err(Fault::Fatal("the task was not started".into())),
    })
}

impl<S: Sources> wit::Guest for S {
    fn start(context: wit::TaskContext) -> Result<wit::Started, Fault> {
        logging::enter();
        let entry = find(S::sources(), &context.class, |entry| entry.class).map_err(Fault::Fatal)?;
        let config = config_map(context.config);
        let context = SourceContext { connector: context.connector, task: context.task, config };
        let source = (entry.start)(&context.config, &context)?;
        TASK.set(Some(Task { source, next_row: 0 }));
        Ok(wit::Started { wants_settled: entry.wants_settled, wants_committed: entry.wants_committed })
    }

    fn poll(budget: wit::Budget) -> Result<wit::Polled, Fault> {
        let budget =
            Budget { rows: budget.rows, bytes: budget.bytes, wait: Duration::from_millis(budget.wait_ms.into()) };
        running(|task| poll(task.source.as_mut(), &mut task.next_row, budget))
    }

    fn settled(rows: wit::SettledRows) -> Result<(), Fault> {
        running(|task| task.source.settled(&Settled::new(rows)))
    }

    fn committed(row: u64) -> Result<(), Fault> {
        running(|task| task.source.committed(row))
    }

    fn stop() {
        logging::enter();
        if let Some(mut task) = TASK.take() {
            task.source.stop();
        }
    }
}
