//! The connector of both kinds: one task with the connector's own configuration.

use std::cell::RefCell;

use crate::bindings::exports::weir::connect::connector::TaskConfig;
use crate::bindings::exports::weir::connect::{connector, connector_check};
use crate::bindings::weir::connect::data::{ConfigEntry, Fault};
use crate::{Hostile, fault, refusal, set_plan};

/// Milliseconds between two checks.
const PACE_MS: u32 = 100;

thread_local! {
    static CONFIG: RefCell<Vec<ConfigEntry>> = RefCell::default();
}

impl connector::Guest for Hostile {
    fn start(_class: String, config: Vec<ConfigEntry>) -> Result<(), String> {
        set_plan(&config);
        CONFIG.set(config);
        refusal("connector.start").map(drop)
    }

    fn task_configs(max_tasks: u32) -> Result<Vec<TaskConfig>, String> {
        let lie = refusal("connector.task-configs")?;
        let entries: Vec<(String, String)> =
            CONFIG.with_borrow(|config| config.iter().map(|entry| (entry.key.clone(), entry.value.clone())).collect());
        let count = if lie.as_deref() == Some("lie-count") { max_tasks + 1 } else { 1 };
        Ok((0..count).map(|_| TaskConfig { entries: entries.clone() }).collect())
    }

    fn stop() {
        let _ = refusal("connector.stop");
    }
}

impl connector_check::Guest for Hostile {
    fn check() -> Result<Option<u32>, Fault> {
        fault("connector-check.check")?;
        Ok(Some(PACE_MS))
    }
}
