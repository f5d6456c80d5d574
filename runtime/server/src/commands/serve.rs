//! Runs a worker: starts it, creates the connectors given on the command line, waits for a signal, and stops it.

use std::path::{Path, PathBuf};

use tokio::sync::watch;
use tokio_util::task::AbortOnDropHandle;
use tracing::{error, info};

use super::{Failure, TARGET};
use crate::stop::Signals;
use crate::worker::{Reload, Worker};
use crate::{process_limits, version};
use weir_api::json;
use weir_config::WorkerConfig;
use weir_config::properties::{self, ConnectorFile};
use weir_logging::{self as logging, Level};

/// Runs a worker until a signal stops it.
pub(super) async fn serve(config: WorkerConfig, file: Option<PathBuf>, connectors: &[PathBuf]) -> Result<(), Failure> {
    // Before anything is started that a signal would have to stop.
    let patience = config.task_shutdown_graceful_timeout.saturating_add(config.shutdown_timeout);
    let mut signals = Signals::start(patience).map_err(Failure::start)?;
    process_limits::raise_descriptors();
    process_limits::outlive_large_files();
    // It may have to wait for a previous worker to exit.
    let worker = tokio::select! {
        worker = Worker::start(config) => worker.map_err(Failure::start)?,
        name = signals.next() => {
            info!(target: TARGET, signal = name, "stopping before the start was complete");
            return Ok(());
        }
    };
    let _reloading = AbortOnDropHandle::new(tokio::spawn(reload(worker.reload(file), signals.hangups())));
    for url in worker.urls() {
        logging::say(Level::Info, &format!("Weir {}: REST API at {url}", version::WEIR));
    }
    let created = tokio::select! {
        created = create_all(&worker, connectors) => created,
        name = signals.next() => {
            info!(target: TARGET, signal = name, "stopping before all connectors were created");
            worker.shut_down().await;
            return Ok(());
        }
    };
    if let Err(failure) = created {
        error!(target: TARGET, "stopping: a connector given on the command line could not be created");
        worker.shut_down().await;
        return Err(failure);
    }
    worker.set_ready();
    let name = signals.next().await;
    info!(target: TARGET, signal = name, "stopping");
    worker.shut_down().await;
    Ok(())
}

/// Reloads the files that can be reloaded at each SIGHUP.
async fn reload(mut reload: Reload, mut hangups: watch::Receiver<u64>) {
    while hangups.changed().await.is_ok() {
        let work = tokio::task::spawn_blocking(move || {
            reload.run();
            reload
        });
        match work.await {
            Ok(done) => reload = done,
            Err(panic) => {
                error!(target: TARGET, %panic, "reload ended unexpectedly; SIGHUP has no further effect");
                return;
            }
        }
    }
}

async fn create_all(worker: &Worker, connectors: &[PathBuf]) -> Result<(), Failure> {
    let failed = |file: &Path| {
        let file = file.to_owned();
        move |cause| Failure::Connector { file, cause }
    };
    let mut named = Vec::new();
    for file in connectors {
        let connector = properties::connector(file).map_err(anyhow::Error::from);
        named.push((file, connector.map_err(failed(file))?));
    }
    let names = named.iter().map(|(_, connector)| connector.name.clone()).collect();
    worker.herder().start_stored(&names).await.map_err(Failure::start)?;
    for (file, connector) in named {
        create(worker, file, connector).await.map_err(failed(file))?;
    }
    Ok(())
}

async fn create(worker: &Worker, file: &Path, connector: ConnectorFile) -> anyhow::Result<()> {
    let ConnectorFile { name, config, initial_state } = connector;
    let initial = match &initial_state {
        Some(text) => Some(
            json::target_state(text)
                .ok_or_else(|| anyhow::anyhow!("initial_state is {text:?}; it must be RUNNING, PAUSED or STOPPED"))?,
        ),
        None => None,
    };
    worker.herder().create_named(&name, config, initial).await?;
    info!(target: TARGET, connector = name, file = %file.display(), "connector created");
    Ok(())
}
