//! Sends log messages of the `log` crate and panics to the runtime.

use std::sync::Once;

use log::{LevelFilter, Log, Metadata, Record};

use crate::bindings::host::weir::connect::host::Level;
use crate::host;
use crate::os_error::told;

struct HostLog;

impl Log for HostLog {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.level() <= log::max_level()
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            let message = match record.args().as_str() {
                Some(message) => message,
                None => &record.args().to_string(),
            };
            host::log(level(record.level()), record.target(), &told(message));
        }
    }

    fn flush(&self) {}
}

/// Called at the beginning of each call from the runtime, because the maximum log level may have changed.
pub(crate) fn enter() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // On the host a test may have set a logger of its own; then that one is used.
        let _ = log::set_logger(&HostLog);
        // A panic ends in a trap, whose trace does not contain its message, so the message is logged. On the host the test prints it.
        #[cfg(target_family = "wasm")]
        std::panic::set_hook(Box::new(|panic| host::log(Level::Error, "panic", &panic.to_string())));
    });
    log::set_max_level(match host::max_level() {
        Level::Error => LevelFilter::Error,
        Level::Warn => LevelFilter::Warn,
        Level::Info => LevelFilter::Info,
        Level::Debug => LevelFilter::Debug,
        Level::Trace => LevelFilter::Trace,
    });
}

fn level(level: log::Level) -> Level {
    match level {
        log::Level::Error => Level::Error,
        log::Level::Warn => Level::Warn,
        log::Level::Info => Level::Info,
        log::Level::Debug => Level::Debug,
        log::Level::Trace => Level::Trace,
    }
}
