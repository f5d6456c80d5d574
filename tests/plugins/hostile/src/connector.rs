//! The connector of both kinds: one task with the connector's own configuration.

use std::cell::{Cell, RefCell};

use crate::bindings::exports::weir::connect::connector::TaskConfig;
use crate::bindings::exports::weir::connect::{connector, connector_check};
use crate::bindings::weir::connect::connector_context;
use crate::bindings::weir::connect::data::{ConfigEntry, Fault};
use crate::{Hostile, fault, refusal, set_plan};

/// Milliseconds between two checks.
const PACE_MS: u32 = 100;

thread_local! {
    static CONFIG: RefCell<Vec<ConfigEntry>> = RefCell::default();
    /// How often `check` has requested other tasks.
    static REQUESTED: Cell<u32> = const { Cell::new(0) };
}

impl connector::Guest for Hostile {
    fn start(_class: String, config: Vec<ConfigEntry>) -> Result<(), String> {
        set_plan(&config);
        CONFIG.set(config);
        refusal("connector.start").map(drop)
    }

    fn task_configs(max_tasks: u32) -> Result<Vec<TaskConfig>, String> {
        let lie = refusal("connector.task-configs")?;
        let mut entries: Vec<(String, String)> =
            CONFIG.with_borrow(|config| config.iter().map(|entry| (entry.key.clone(), entry.value.clone())).collect());
        if REQUESTED.get() > 0 {
            entries.push(("requested".into(), REQUESTED.get().to_string()));
        }
        let count = if lie.as_deref() == Some("lie-count") { max_tasks + 1 } else { 1 };
        Ok((0..count).map(|_| TaskConfig { entries: entries.clone() }).collect())
    }

    fn stop() {
        let _ = refusal("connector.stop");
    }
}

impl connector_check::Guest for Hostile {
    fn check() -> Result<Option<u32>, Fault> {
        match fault("connector-check.check")?.as_deref() {
            Some("reconfigure") => {
                REQUESTED.set(REQUESTED.get() + 1);
                connector_context::request_task_reconfiguration();
            }
            Some("raise-error") => connector_context::raise_error("hostile error"),
            Some("end") => return Ok(None),
            _ => {}
        }
        Ok(Some(PACE_MS))
    }
}
