//! The connector of both kinds: one task with the connector's own configuration.

use std::cell::RefCell;

use crate::bindings::exports::weir::connect::connector::{
    ConfigEntry, ConnectorContext, Fault, Guest, OffsetChange, Started, Support, TaskConfig,
};
use crate::{Hostile, fault, set_plan};

thread_local! {
    static CONFIG: RefCell<Vec<ConfigEntry>> = RefCell::default();
}

impl Guest for Hostile {
    fn start(context: ConnectorContext) -> Result<Started, Fault> {
        set_plan(&context.config);
        CONFIG.set(context.config);
        fault("connector.start")?;
        Ok(Started { check_interval_ms: Some(100) })
    }

    fn task_configs(max_tasks: u32) -> Result<Vec<TaskConfig>, Fault> {
        let lie = fault("connector.task-configs")?;
        let config: Vec<ConfigEntry> = CONFIG.with_borrow(Clone::clone);
        let count = if lie.as_deref() == Some("lie-count") { max_tasks + 1 } else { 1 };
        Ok((0..count).map(|_| TaskConfig { entries: config.clone() }).collect())
    }

    fn check() -> Result<bool, Fault> {
        fault("connector.check")?;
        Ok(false)
    }

    fn stop() {
        let _ = fault("connector.stop");
    }

    fn exactly_once_support(_class: String, _config: Vec<ConfigEntry>) -> Support {
        Support::Unsupported
    }

    fn transaction_boundary_support(_class: String, _config: Vec<ConfigEntry>) -> Support {
        Support::Unsupported
    }

    fn alter_offsets(_class: String, _config: Vec<ConfigEntry>, _change: OffsetChange) -> Result<bool, String> {
        Ok(false)
    }
}
