//! Weir as `cargo xtask build` leaves it: sandboxed, with the limits that it has by default.

use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context, Result};
use weir_tests::paths;
use weir_tests::rest::Rest;
use weir_tests::worker::Worker;

use super::{Running, Setup, System};
use crate::sample::Name;

/// Weir with one broker.
pub(crate) struct Weir {
    pub(crate) bootstrap: String,
    pub(crate) binary: PathBuf,
    /// The directory that connectors may read and write.
    pub(crate) data: PathBuf,
    /// The directory of the compiled components.
    pub(crate) cache: PathBuf,
}

impl Weir {
    /// A worker that is not yet started.
    pub(crate) fn worker(&self, setup: &Setup) -> Result<Worker> {
        let data = self.data.display().to_string();
        let mut worker = Worker::new(&self.bootstrap)?
            .binary(&self.binary)
            // The tests are in a hurry; a user has the default.
            .unset("offset.flush.interval.ms")
            .set("weir.plugin.cache", &self.cache.display().to_string())
            .set("weir.allow.read", &data)
            .set("weir.allow.write", &data);
        for (key, value) in &setup.properties {
            worker = worker.set(key, value);
        }
        if setup.discard {
            worker = worker.with_plugins(&paths::test_plugins());
        }
        Ok(worker)
    }

    /// Starts a worker and does not wait.
    pub(crate) fn launch_worker(mut worker: Worker) -> Result<Box<dyn Running>> {
        worker.launch()?;
        let process = worker.process().context("the worker was started")?;
        process.quiet();
        let (id, started) = (process.id(), process.started());
        Ok(Box::new(RunningWeir { worker, id, started }))
    }
}

impl System for Weir {
    fn name(&self) -> Name {
        Name::Weir
    }

    fn launch(&self, setup: &Setup) -> Result<Box<dyn Running>> {
        Self::launch_worker(self.worker(setup)?)
    }
}

struct RunningWeir {
    worker: Worker,
    id: u32,
    started: Instant,
}

impl Running for RunningWeir {
    fn wait_healthy(&mut self) -> Result<()> {
        self.worker.wait_healthy()
    }

    fn rest(&self) -> Rest {
        self.worker.rest()
    }

    fn process(&self) -> u32 {
        self.id
    }

    fn started(&self) -> Instant {
        self.started
    }

    fn check_runs(&mut self) -> Result<(), String> {
        self.worker.check_runs()
    }

    fn tail(&mut self) -> String {
        self.worker.process().map(|process| process.tail()).unwrap_or_default()
    }
}
