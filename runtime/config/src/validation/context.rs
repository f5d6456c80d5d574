//! The input of a validation.

use crate::worker::WorkerConfig;
use weir_api::json::StringMap;
use weir_catalogue::{Catalogue, Plugin};

/// The input of a validation.
#[derive(Clone, Copy)]
pub(super) struct Context<'a> {
    pub(super) config: &'a StringMap,
    pub(super) worker: &'a WorkerConfig,
    pub(super) catalogue: &'a Catalogue,
    /// `None` if the connector does not exist in the requested version.
    pub(super) connector: Option<&'a Plugin>,
}

impl Context<'_> {
    /// Returns a value that is not null.
    pub(super) fn given(&self, key: &str) -> Option<&str> {
        self.config.get(key)?.as_deref()
    }
}
