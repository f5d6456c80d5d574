//! The instance of the plugin, and its replacement by a new one.

use tokio::time::Instant;
use weir_plugin::{CallError, Grants, SinkInstance};

use crate::{Common, Error};

/// A started instance.
pub(super) struct Plugin {
    pub(super) instance: SinkInstance,
    /// What the plugin was granted, for another instance of it.
    grants: Grants,
    /// When `put` is to be called without records; `None` for the next commit.
    pub(super) next_empty_put: Option<Instant>,
}

impl Plugin {
    pub(super) async fn start(common: &Common) -> Result<Self, Error> {
        let grants = common.grants().await?;
        Ok(Self { instance: instance(common, &grants).await?, grants, next_empty_put: None })
    }

    /// Replaces the instance, which failed with this error, by a new one.
    pub(super) async fn replace(&mut self, common: &Common, error: &CallError) -> Result<(), Error> {
        if !error.is_trap() {
            // The instance has failed; an error in its `stop` makes no difference.
            let _ = self.instance.stop().await;
        }
        self.instance = instance(common, &self.grants).await?;
        self.next_empty_put = None;
        Ok(())
    }
}

async fn instance(common: &Common, grants: &Grants) -> Result<SinkInstance, Error> {
    let mut instance = common.component.sink(common.identity(), &common.limits, grants).await?;
    instance.start(&common.config).await?;
    Ok(instance)
}
