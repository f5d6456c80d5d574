//! Ctrl-C: what was started is ended and what was written is removed, which takes going back the way of an error. Gigabytes would stay
//! otherwise.

use std::process;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use anyhow::{Context, Result, bail};
use tokio::signal::unix::{SignalKind, signal};

/// The exit status of a program that SIGINT ended, as shells have it.
const STATUS: i32 = 130;

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// From now on SIGINT and SIGTERM make [`check`] fail. The second one ends the program at once.
pub(crate) fn listen() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("a runtime")?;
    thread::spawn(move || {
        runtime.block_on(async {
            // If the system delivers no signals, the program ends as without a handler.
            let (Ok(mut interrupt), Ok(mut terminate)) =
                (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
            else {
                return;
            };
            loop {
                tokio::select! {
                    _ = interrupt.recv() => {}
                    _ = terminate.recv() => {}
                }
                if INTERRUPTED.swap(true, Ordering::Relaxed) {
                    process::exit(STATUS);
                }
                eprintln!("interrupted; cleaning up");
            }
        });
    });
    Ok(())
}

/// An error once the program was interrupted. Whatever waits asks it.
pub(crate) fn check() -> Result<()> {
    if INTERRUPTED.load(Ordering::Relaxed) {
        bail!("interrupted");
    }
    Ok(())
}
