//! Reads the values of config providers again when their time to live is over, so that a rotated password reaches the connector without
//! a request.

use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio_util::task::AbortOnDropHandle;
use tracing::Instrument as _;

use super::connector::Connector;
use weir_config::ConnectorConfig;

/// Refreshes the connector each time the values' time to live is over, until the handle is dropped. `None` if they live for ever, or if
/// the connector does not want to be restarted for them (`config.action.reload=none`).
pub(super) fn spawn_refresh(connector: &Arc<Connector>, config: &ConnectorConfig) -> Option<AbortOnDropHandle<()>> {
    let ttl = config.resolved.ttl().filter(|_| config.reloads())?;
    let span = tracing::info_span!("connector", connector = %config.name);
    let refresh = run_refresh(Arc::downgrade(connector), ttl).instrument(span);
    Some(AbortOnDropHandle::new(tokio::spawn(refresh)))
}

async fn run_refresh(connector: Weak<Connector>, ttl: Duration) {
    loop {
        tokio::time::sleep(ttl).await;
        let Some(connector) = connector.upgrade() else { return };
        connector.reload().await;
    }
}
