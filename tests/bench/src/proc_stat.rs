//! What a process has used, from `/proc`: CPU time, memory, threads.

use std::time::{Duration, Instant};
use std::{fs, thread};

use anyhow::{Context, Result};

/// Clock ticks of `/proc/PID/stat` in a second: `USER_HZ`, which Linux has fixed for programs.
const TICKS_PER_SECOND: f64 = 100.0;

/// A process is quiet when it used less than this many ticks in a [`QUIET_SPAN`].
const QUIET_TICKS: u64 = 2;
const QUIET_SPAN: Duration = Duration::from_millis(200);

/// What `/proc/PID/stat` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stat {
    /// `R`, `S`, ...; `Z` if it has ended and its exit status has not been read.
    pub(crate) state: char,
    /// User and system time of all its threads, those that have ended included, in clock ticks.
    pub(crate) ticks: u64,
    /// Threads that it has now.
    pub(crate) threads: u64,
}

/// What `/proc/PID/status` says of the memory, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Memory {
    /// `VmRSS`: resident now.
    pub(crate) resident: u64,
    /// `VmHWM`: the most that was resident since the process started.
    pub(crate) peak: u64,
}

impl Stat {
    /// Reads it.
    pub(crate) fn of(process: u32) -> Result<Stat> {
        let path = format!("/proc/{process}/stat");
        let text = fs::read_to_string(&path).with_context(|| format!("{path}: has the process ended?"))?;
        Stat::parse(&text).with_context(|| format!("{path} is not as expected: {text}"))
    }

    fn parse(text: &str) -> Option<Stat> {
        // The second field is the name in parentheses, and a name may have spaces and parentheses itself.
        let (_, after) = text.rsplit_once(')')?;
        let fields: Vec<&str> = after.split_whitespace().collect();
        // Counted from the third field, `state`: `utime` is the 14th of the line, `num_threads` the 20th.
        let number = |field: usize| fields.get(field - 3)?.parse::<u64>().ok();
        Some(Stat { state: fields.first()?.chars().next()?, ticks: number(14)? + number(15)?, threads: number(20)? })
    }

    /// CPU time in seconds.
    pub(crate) fn cpu_seconds(self) -> f64 {
        seconds(self.ticks)
    }
}

/// Clock ticks in seconds.
pub(crate) fn seconds(ticks: u64) -> f64 {
    ticks as f64 / TICKS_PER_SECOND
}

/// Reads `/proc/PID/status`. Fails for a process that has ended.
pub(crate) fn memory(process: u32) -> Result<Memory> {
    let path = format!("/proc/{process}/status");
    let text = fs::read_to_string(&path).with_context(|| format!("{path}: has the process ended?"))?;
    parse_memory(&text).with_context(|| format!("{path} has no VmRSS or VmHWM"))
}

fn parse_memory(text: &str) -> Option<Memory> {
    let bytes = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
        Some(line.trim().strip_suffix(" kB")?.parse::<u64>().ok()? * 1024)
    };
    Some(Memory { resident: bytes("VmRSS")?, peak: bytes("VmHWM")? })
}

/// Waits until a process has nothing to do, but not longer than `most`: work that ended leaves more to do, such as offsets to
/// store, or code to compile in a JVM.
pub(crate) fn wait_quiet(process: u32, most: Duration) -> Result<()> {
    let begin = Instant::now();
    let mut before = Stat::of(process)?.ticks;
    while begin.elapsed() < most {
        thread::sleep(QUIET_SPAN);
        let now = Stat::of(process)?.ticks;
        if now - before < QUIET_TICKS {
            break;
        }
        before = now;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = "4242 (a) b (c) S 1 4242 4242 0 -1 4194560 2611 0 7 0 120 34 5 6 20 0 17 0 100 1000000 500 18446744073709551615";

    #[test]
    fn a_stat_line_is_read_whatever_the_name_of_the_process() {
        let stat = Stat::parse(LINE).unwrap();
        assert_eq!(stat, Stat { state: 'S', ticks: 154, threads: 17 });
        assert!((stat.cpu_seconds() - 1.54).abs() < 1e-9);
        assert_eq!(Stat::parse(&LINE.replace("a) b (c", "cat")), Some(stat));
        assert_eq!(Stat::parse("4242 (cat) S 1 2"), None);
    }

    #[test]
    fn memory_is_read_in_bytes() {
        let text = "Name:\tweir\nVmPeak:\t  900 kB\nVmHWM:\t     300 kB\nVmRSS:\t     200 kB\nThreads:\t5\n";
        assert_eq!(parse_memory(text), Some(Memory { resident: 204_800, peak: 307_200 }));
        assert_eq!(parse_memory("Name:\tzombie\n"), None);
    }

    #[test]
    fn this_process_has_used_something_and_is_there() {
        let own = std::process::id();
        assert!(Stat::of(own).unwrap().threads >= 1);
        let memory = memory(own).unwrap();
        assert!(memory.peak >= memory.resident && memory.resident > 0);
    }
}
