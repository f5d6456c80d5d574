//! The result of putting a configuration.

use weir_api::ConnectorInfo;

/// What `Herder::put_connector` did.
#[derive(Debug)]
pub struct Put {
    /// Whether there was no connector of this name before.
    pub created: bool,
    /// The connector as it is now.
    pub info: ConnectorInfo,
}
