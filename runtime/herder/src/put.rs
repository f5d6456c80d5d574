//! The result of putting a configuration.

use weir_api::ConnectorInfo;

/// The result of `Herder::put_connector`.
#[derive(Debug)]
pub struct Put {
    /// Whether the connector was created.
    pub created: bool,
    /// The connector after the change.
    pub info: ConnectorInfo,
}
