//! Implements the interfaces `connector` and `connector-check`.

use std::any::Any;
use std::cell::RefCell;

use super::plugin::Kind;
use super::{Plugins, find};
use crate::bindings::connector::interface as wit;
use crate::bindings::connector_check::interface as check;
use crate::bindings::host::weir::connect::data::{ConfigEntry, Fault};
use crate::config::received;
use crate::connector::{Check, Connector, ConnectorContext};
use crate::error::milliseconds;
use crate::{Config, ConfigMap, Error, host, logging};

/// A connector type that can be started.
#[expect(missing_debug_implementations, reason = "made of functions")]
pub struct ConnectorEntry {
    class: &'static str,
    start: fn(&ConnectorContext) -> Result<Box<dyn AnyConnector>, Error>,
}

impl ConnectorEntry {
    /// Creates the entry of a type.
    pub fn of<C: Connector>() -> ConnectorEntry {
        ConnectorEntry {
            class: C::CLASS,
            start: |context| Ok(Box::new(C::start(C::Config::parse(&context.config)?, context)?)),
        }
    }
}

/// The connectors of a component.
pub trait Connectors {
    /// Returns all connectors.
    fn entries() -> Vec<ConnectorEntry>;
}

/// A running connector of any type.
trait AnyConnector {
    fn task_configs(&mut self, max_tasks: u32) -> Result<Vec<ConfigMap>, Error>;
    fn stop(&mut self);
    fn as_any(&mut self) -> &mut dyn Any;
}

impl<C: Connector> AnyConnector for C {
    fn task_configs(&mut self, max_tasks: u32) -> Result<Vec<ConfigMap>, Error> {
        Connector::task_configs(self, max_tasks)
    }

    fn stop(&mut self) {
        Connector::stop(self);
    }

    fn as_any(&mut self) -> &mut dyn Any {
        self
    }
}

/// The connector of a class that has none of its own: equal tasks, one for a source and as many as allowed for a sink.
struct Equal {
    config: ConfigMap,
    is_source: bool,
}

impl AnyConnector for Equal {
    fn task_configs(&mut self, max_tasks: u32) -> Result<Vec<ConfigMap>, Error> {
        let count = if self.is_source { 1 } else { max_tasks };
        Ok(vec![self.config.clone(); count as usize])
    }

    fn stop(&mut self) {}

    fn as_any(&mut self) -> &mut dyn Any {
        self
    }
}

thread_local! {
    static CONNECTOR: RefCell<Option<Box<dyn AnyConnector>>> = const { RefCell::new(None) };
}

fn running<T>(call: impl FnOnce(&mut dyn AnyConnector) -> Result<T, Error>) -> Result<T, Error> {
    logging::enter();
    CONNECTOR.with_borrow_mut(|connector| match connector {
        Some(connector) => call(connector.as_mut()),
        None => Err(Error::fatal("the connector was not started")),
    })
}

fn start<C: Connectors + Plugins>(class: &str, config: Vec<ConfigEntry>) -> Result<Box<dyn AnyConnector>, Error> {
    let (config, secrets) = received(config);
    if let Some(entry) = C::entries().into_iter().find(|entry| entry.class == class) {
        return (entry.start)(&ConnectorContext { name: host::connector_name(), config, secrets });
    }
    let mut plugins = C::plugins();
    plugins.retain(|plugin| matches!(plugin.kind, Kind::Source | Kind::Sink));
    let plugin = find(plugins, class, |plugin| plugin.class).map_err(Error::fatal)?;
    Ok(Box::new(Equal { config, is_source: plugin.kind == Kind::Source }))
}

impl<C: Connectors + Plugins> wit::Guest for C {
    fn start(class: String, config: Vec<ConfigEntry>) -> Result<(), String> {
        logging::enter();
        let connector = start::<C>(&class, config).map_err(Error::into_text)?;
        CONNECTOR.set(Some(connector));
        Ok(())
    }

    fn task_configs(max_tasks: u32) -> Result<Vec<wit::TaskConfig>, String> {
        let configs = running(|connector| connector.task_configs(max_tasks)).map_err(Error::into_text)?;
        Ok(configs.into_iter().map(|config| wit::TaskConfig { entries: config.into_iter().collect() }).collect())
    }

    fn stop() {
        logging::enter();
        if let Some(mut connector) = CONNECTOR.take() {
            connector.stop();
        }
    }
}

/// A connector type that has checks.
#[expect(missing_debug_implementations, reason = "made of functions")]
pub struct CheckEntry(fn(&mut dyn Any) -> Option<&mut dyn AnyCheck>);

impl CheckEntry {
    /// Creates the entry of a type.
    pub fn of<C: Check>() -> CheckEntry {
        CheckEntry(|connector| connector.downcast_mut::<C>().map(|connector| connector as &mut dyn AnyCheck))
    }
}

/// The connectors of a component that have checks.
pub trait Checks {
    /// Returns all of them.
    fn entries() -> Vec<CheckEntry>;
}

/// A running connector of any type that has checks.
trait AnyCheck {
    fn check(&mut self) -> Result<Option<std::time::Duration>, Error>;
}

impl<C: Check> AnyCheck for C {
    fn check(&mut self) -> Result<Option<std::time::Duration>, Error> {
        Check::check(self)
    }
}

impl<C: Checks> check::Guest for C {
    fn check() -> Result<Option<u32>, Fault> {
        let next = running(|connector| {
            // A connector without checks never needs one.
            C::entries().iter().find_map(|entry| (entry.0)(connector.as_any()).map(AnyCheck::check)).unwrap_or(Ok(None))
        })?;
        Ok(next.map(milliseconds))
    }
}
