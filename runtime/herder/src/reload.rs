//! Looks the values of config providers up again when they have had their time, so that a rotated password reaches the
//! connector without a request.

use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio_util::task::AbortOnDropHandle;
use tracing::Instrument as _;

use super::connector::Connector;
use weir_config::ConnectorConfig;

/// Looks again each time the values' life is over, until the handle is dropped. None = they live for ever, or the connector does
/// not want to be restarted for them (`config.action.reload=none`).
pub(super) fn watch(connector: &Arc<Connector>, config: &ConnectorConfig) -> Option<AbortOnDropHandle<()>> {
    let ttl = config.resolved.ttl().filter(|_| config.reloads())?;
    let span = tracing::info_span!("connector", connector = %config.name);
    let look = look(Arc::downgrade(connector), ttl).instrument(span);
    Some(AbortOnDropHandle::new(tokio::spawn(look)))
}

async fn look(connector: Weak<Connector>, ttl: Duration) {
    loop {
        tokio::time::sleep(ttl).await;
        let Some(connector) = connector.upgrade() else { return };
        connector.reload().await;
    }
}
