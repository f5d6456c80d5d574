//! Waiting: a question is asked again until its answer is yes or a deadline has passed.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};

/// Time between two questions.
const PAUSE: Duration = Duration::from_millis(25);

/// Asks until the answer is `Ok`. An `Err` says what was seen instead; the last one is part of the error that is returned
/// when `within` has passed.
pub fn until<T>(what: &str, within: Duration, mut ask: impl FnMut() -> Result<T, String>) -> Result<T> {
    let start = Instant::now();
    loop {
        match ask() {
            Ok(answer) => return Ok(answer),
            Err(seen) if start.elapsed() >= within => bail!("waited {within:?} in vain for {what}; last seen: {seen}"),
            Err(_) => std::thread::sleep(PAUSE),
        }
    }
}

/// Asks during a whole span whether something still holds. The first `Err` ends it.
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
