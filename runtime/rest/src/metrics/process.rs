//! Reads values of the worker's process from the system. A value is `None` if the system does not provide it, for example without
//! `/proc`.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// Returns the processor time used so far.
pub(super) fn cpu() -> Duration {
    // Never negative.
    Duration::try_from(clock_gettime(ClockId::ProcessCPUTime)).unwrap_or_default()
}

/// Returns the resident memory in bytes.
pub(super) fn resident_memory() -> Option<u64> {
    resident(&std::fs::read_to_string("/proc/self/status").ok()?)
}

/// Returns the number of open file descriptors.
pub(super) fn open_files() -> Option<usize> {
    // One of them is the directory that is being read.
    Some(std::fs::read_dir("/proc/self/fd").ok()?.count().saturating_sub(1))
}

fn resident(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_given_in_kilobytes() {
        assert_eq!(resident("Name:\tweir\nVmHWM:\t  9 kB\nVmRSS:\t    5120 kB\nThreads:\t4\n"), Some(5 << 20));
        assert_eq!(resident("Name:\tweir\n"), None);
    }
}
