//! What is kept of a connector when its tasks are gone: its offsets, its topics, and its configuration across restarts of the worker.

use std::sync::Arc;

use super::super::error::Error;
use super::super::offsets;
use super::super::standalone::Shared;
use super::super::state_file::Kept;
use super::Connector;
use weir_api::{ConnectorOffset, ConnectorOffsets, Message, State, TargetState};
use weir_config::ConnectorConfig;

impl Connector {
    /// A connector of an earlier run, which [`Connector::start_kept`] starts.
    pub(crate) fn from_kept(kept: Kept, shared: Arc<Shared>) -> Self {
        let connector = Self::new(&kept.name, shared, kept.target);
        {
            let mut data = connector.data.lock();
            data.submitted = kept.config;
            data.command_line = kept.command_line;
            data.waiting = true;
        }
        connector
    }

    /// What is to be kept of it; none = it has no configuration yet, or is being deleted.
    pub(crate) fn kept(&self) -> Option<Kept> {
        let data = self.data.lock();
        (!data.ended && !data.submitted.is_empty()).then(|| Kept {
            name: self.name.clone(),
            target: data.target,
            command_line: data.command_line,
            config: data.submitted.clone(),
        })
    }

    /// It is of an earlier run and has not been started yet.
    pub(crate) fn is_waiting(&self) -> bool {
        self.data.lock().waiting
    }

    /// It was made from a file of the command line.
    pub(crate) fn is_of_command_line(&self) -> bool {
        self.data.lock().command_line
    }

    /// Says what is wanted of one that has not been started yet; none = what was wanted in the earlier run. Gives what it is now.
    pub(crate) fn retarget(&self, target: Option<TargetState>) -> TargetState {
        let mut data = self.data.lock();
        data.target = target.unwrap_or(data.target);
        data.target
    }

    /// Starts a connector of an earlier run, unless somebody has done so meanwhile. A failure is its status.
    pub(crate) async fn start_kept(self: &Arc<Self>) -> Result<(), Error> {
        let _changing = self.changing.lock().await;
        if !self.is_waiting() {
            return Ok(());
        }
        self.start().await
    }

    /// Its offsets.
    pub(crate) async fn offsets(&self) -> Result<ConnectorOffsets, Error> {
        let config = self.data.lock().valid()?;
        offsets::list(&self.shared, &config).await
    }

    /// Alters or resets its offsets. It is not started meanwhile.
    pub(crate) async fn modify_offsets(&self, change: Option<Vec<ConnectorOffset>>) -> Result<Message, Error> {
        let _changing = self.changing.lock().await;
        let config = {
            let data = self.data.lock();
            if data.ended {
                return Err(Error::NotFound(format!("Connector {} not found", self.name)));
            }
            if data.target != TargetState::Stopped || !data.tasks.is_empty() {
                return Err(Error::BadRequest(format!(
                    "Connectors must be in the STOPPED state before their offsets can be modified. This can be done for the \
                     specified connector by issuing a 'PUT' request to the '/connectors/{}/stop' endpoint",
                    self.name
                )));
            }
            data.valid()?
        };
        // The plugin may refuse with whatever it was given.
        let hidden = |error: Error| error.map_text(|text| config.resolved.secrets().hide(&text).into_owned());
        offsets::modify(&self.shared, &config, change).await.map_err(hidden)
    }

    /// The topics it has written to or read from.
    pub(crate) fn active_topics(&self) -> Vec<String> {
        self.active_topics.names()
    }

    /// Forgets them.
    pub(crate) fn reset_active_topics(&self) {
        self.active_topics.reset();
    }
}

impl super::Data {
    /// The configuration. The error says why there is none: the plugin of a connector that was kept may be gone.
    fn valid(&self) -> Result<Arc<ConnectorConfig>, Error> {
        let reason = || match (&self.status.trace, self.status.state) {
            (Some(trace), State::Failed) => trace.clone(),
            _ => "The connector has not been started yet; try again later".to_owned(),
        };
        self.config.clone().ok_or_else(|| Error::Internal(reason()))
    }
}
