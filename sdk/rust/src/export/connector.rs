//! Implements the interface `connector`.

use std::cell::RefCell;

use super::{config_entries, config_map, find};
use crate::bindings::connector::interface as wit;
use crate::bindings::host::weir::connect::data::{ConfigEntry, Fault};
use crate::connector::{Connector, ConnectorContext, Support};
use crate::error::milliseconds;
use crate::os_error::told;
use crate::sink::Sink;
use crate::source::Source;
use crate::{Config, ConfigMap, Error, logging};

/// The functions of a connector that the runtime may call.
pub struct ConnectorEntry {
    class: &'static str,
    start: fn(ConnectorContext) -> Result<Box<dyn Connector>, Error>,
    exactly_once: fn(&ConfigMap) -> Support,
    transaction_boundary: fn(&ConfigMap) -> Support,
    alter_offsets: fn(&ConfigMap, wit::OffsetChange) -> Result<bool, Error>,
}

impl ConnectorEntry {
    /// Creates the entry of a source.
    pub fn source<S: Source>() -> ConnectorEntry {
        ConnectorEntry {
            class: S::CLASS,
            start: |context| S::connector(S::Config::parse(&context.config)?, context),
            exactly_once: |config| support_of(config, S::exactly_once_support),
            transaction_boundary: |config| support_of(config, S::transaction_boundary_support),
            alter_offsets: |config, change| match change {
                wit::OffsetChange::Source(offsets) => S::alter_offsets(&S::Config::parse(config)?, &offsets),
                wit::OffsetChange::Sink(_) => Err(Error::task("a source has no consumer offsets")),
            },
        }
    }

    /// Creates the entry of a sink.
    pub fn sink<S: Sink>() -> ConnectorEntry {
        ConnectorEntry {
            class: S::CLASS,
            start: |context| S::connector(S::Config::parse(&context.config)?, context),
            exactly_once: |_| Support::Unsupported,
            transaction_boundary: |_| Support::Unsupported,
            alter_offsets: |config, change| match change {
                wit::OffsetChange::Sink(offsets) => S::alter_offsets(&S::Config::parse(config)?, &offsets),
                wit::OffsetChange::Source(_) => Err(Error::task("a sink has no source offsets")),
            },
        }
    }
}

/// Returns `Unsupported` for an invalid configuration. Other calls report what is wrong with it.
fn support_of<C: Config>(config: &ConfigMap, ask: fn(&C) -> Support) -> Support {
    C::parse(config).map_or(Support::Unsupported, |config| ask(&config))
}

/// The connectors of a component.
pub trait Connectors {
    /// Returns all connectors.
    fn connectors() -> Vec<ConnectorEntry>;
}

thread_local! {
    static CONNECTOR: RefCell<Option<Box<dyn Connector>>> = const { RefCell::new(None) };
}

fn running<T>(call: impl FnOnce(&mut dyn Connector) -> Result<T, Error>) -> Result<T, Fault> {
    logging::enter();
    CONNECTOR.with_borrow_mut(|connector| match connector {
        Some(connector) => call(connector.as_mut()).map_err(Fault::from),
        None => Err(Fault::Fatal("the connector was not started".into())),
    })
}

impl<C: Connectors> wit::Guest for C {
    fn start(context: wit::ConnectorContext) -> Result<wit::Started, Fault> {
        logging::enter();
        let entry = find(C::connectors(), &context.class, |entry| entry.class).map_err(Fault::Fatal)?;
        let context = ConnectorContext { name: context.name, config: config_map(context.config) };
        let connector = (entry.start)(context)?;
        let check_interval_ms = connector.check_interval().map(milliseconds);
        CONNECTOR.set(Some(connector));
        Ok(wit::Started { check_interval_ms })
    }

    fn task_configs(max_tasks: u32) -> Result<Vec<wit::TaskConfig>, Fault> {
        let configs = running(|connector| connector.task_configs(max_tasks))?;
        Ok(configs.into_iter().map(|config| wit::TaskConfig { entries: config_entries(config) }).collect())
    }

    fn check() -> Result<bool, Fault> {
        running(|connector| connector.check())
    }

    fn stop() {
        logging::enter();
        if let Some(mut connector) = CONNECTOR.take() {
            connector.stop();
        }
    }

    fn exactly_once_support(class: String, config: Vec<ConfigEntry>) -> Support {
        logging::enter();
        find(C::connectors(), &class, |entry| entry.class)
            .map_or(Support::Unsupported, |entry| (entry.exactly_once)(&config_map(config)))
    }

    fn transaction_boundary_support(class: String, config: Vec<ConfigEntry>) -> Support {
        logging::enter();
        find(C::connectors(), &class, |entry| entry.class)
            .map_or(Support::Unsupported, |entry| (entry.transaction_boundary)(&config_map(config)))
    }

    fn alter_offsets(class: String, config: Vec<ConfigEntry>, change: wit::OffsetChange) -> Result<bool, String> {
        logging::enter();
        let entry = find(C::connectors(), &class, |entry| entry.class)?;
        (entry.alter_offsets)(&config_map(config), change).map_err(|error| told(&error.to_string()).into_owned())
    }
}
