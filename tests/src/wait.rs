//! Waits until a condition holds or a deadline has passed.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};

/// Time between two checks.
const PAUSE: Duration = Duration::from_millis(25);

/// Calls `ask` until it returns `Ok`. An `Err` says what was seen instead; the last one is part of the error that is returned after
/// `within` has passed.
pub fn until<T>(what: &str, within: Duration, mut ask: impl FnMut() -> Result<T, String>) -> Result<T> {
    let start = Instant::now();
    loop {
        match ask() {
            Ok(answer) => return Ok(answer),
            Err(seen) if start.elapsed() >= within => bail!("waited {within:?} for {what}; last seen: {seen}"),
            Err(_) => std::thread::sleep(PAUSE),
        }
    }
}

/// Checks for this long that `ask` returns `Ok`. The first `Err` ends it.
pub fn holds(what: &str, during: Duration, mut ask: impl FnMut() -> Result<(), String>) -> Result<()> {
    let start = Instant::now();
    while start.elapsed() < during {
        if let Err(seen) = ask() {
            bail!("{what} ended after {:?}: {seen}", start.elapsed());
        }
        std::thread::sleep(PAUSE);
    }
    Ok(())
}
