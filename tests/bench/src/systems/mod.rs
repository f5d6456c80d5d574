//! The systems that are compared. They implement one trait, so that a scenario is written once for both.

mod connect;
mod kcat;
mod weir;

use std::time::Instant;

use anyhow::Result;
use weir_tests::rest::Rest;

pub(crate) use connect::{Connect, JVM as CONNECT_JVM, TUNING as CONNECT_TUNING};
pub(crate) use kcat::Kcat;
pub(crate) use weir::Weir;

use crate::sample::Name;

/// What a scenario needs of a worker in addition to the defaults.
#[derive(Debug, Clone, Default)]
pub(crate) struct Setup {
    /// Keys of `worker.properties`.
    pub(crate) properties: Vec<(&'static str, &'static str)>,
    /// Kafka Connect gets the settings with which it needs less CPU. Weir never does: it has its defaults.
    pub(crate) tuned: bool,
    /// The sink that drops every row has to be there.
    pub(crate) discard: bool,
}

impl Setup {
    /// The defaults, and for Kafka Connect what makes it need less CPU.
    pub(crate) fn tuned() -> Setup {
        Setup { tuned: true, ..Setup::default() }
    }
}

/// A system that workers can be started of.
pub(crate) trait System {
    fn name(&self) -> Name;

    /// Starts a fresh process and does not wait.
    fn launch(&self, setup: &Setup) -> Result<Box<dyn Running>>;

    /// Starts a fresh process and waits until it takes requests.
    fn start(&self, setup: &Setup) -> Result<Box<dyn Running>> {
        let mut running = self.launch(setup)?;
        running.wait_healthy()?;
        Ok(running)
    }
}

/// A worker's process. Dropping it kills it.
pub(crate) trait Running {
    /// Waits until it takes requests.
    fn wait_healthy(&mut self) -> Result<()>;
    fn rest(&self) -> Rest;
    /// The operating system's number of the process.
    fn process(&self) -> u32;
    /// The moment before it was started.
    fn started(&self) -> Instant;
    /// An error with the end of its log when the process has ended.
    fn check_runs(&mut self) -> Result<(), String>;
    /// The end of its log.
    fn tail(&mut self) -> String;
}
