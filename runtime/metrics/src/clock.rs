//! The clock of the samples: milliseconds since its first use in the process.

use std::sync::OnceLock;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Returns the milliseconds since the first call of this function.
pub(super) fn now() -> u64 {
    static ORIGIN: OnceLock<Instant> = OnceLock::new();
    whole(ORIGIN.get_or_init(Instant::now).elapsed())
}

/// Returns the milliseconds since 1970, for times that are reported.
pub(super) fn epoch() -> u64 {
    whole(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default())
}

fn whole(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
