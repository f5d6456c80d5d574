//! The herder of a standalone worker: all connectors run here, and nothing about them is stored.

use std::collections::BTreeSet;

use super::api::{ConfigMap, ConnectorInfo, ConnectorStateInfo, Error, TargetState, TaskInfo, TaskState};

/// Owns the connectors of this worker. Cheap to clone.
#[derive(Clone)]
pub struct Herder {}

/// What [`Herder::put_connector`] did.
#[derive(Debug)]
pub struct Put {
    /// True = there was no connector of this name before.
    pub created: bool,
    /// The connector as it is now.
    pub info: ConnectorInfo,
}
