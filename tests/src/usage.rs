//! What processes use, from `/proc`: memory, threads, file descriptors, child processes, and the processors.

use std::fs;

use anyhow::{Context, Result};

/// What a process has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// Resident memory in bytes (`VmRSS`).
    pub memory: u64,
    /// Its threads.
    pub threads: u64,
    /// Its open file descriptors.
    pub descriptors: u64,
    /// Its child processes, the children of these not counted.
    pub children: u64,
    /// Resident memory of the children, together.
    pub children_memory: u64,
}

impl Usage {
    /// Reads it. An error when the process has ended.
    pub fn of(process: u32) -> Result<Usage> {
        let path = format!("/proc/{process}/status");
        let text = fs::read_to_string(&path).with_context(|| format!("{path}: has the process ended?"))?;
        let number = |name| field(&text, name).with_context(|| format!("{path} has no {name}"));
        let descriptors = fs::read_dir(format!("/proc/{process}/fd")).context("the list of descriptors")?.count();
        let mut usage = Usage {
            memory: number("VmRSS")? << 10,
            threads: number("Threads")?,
            descriptors: descriptors as u64,
            ..Usage::default()
        };
        for child in children(process)? {
            // One that has ended since was not counted a moment later either.
            let Ok(text) = fs::read_to_string(format!("/proc/{child}/status")) else { continue };
            usage.children += 1;
            usage.children_memory += field(&text, "VmRSS").unwrap_or_default() << 10;
        }
        Ok(usage)
    }

    /// The larger of both in each part.
    pub fn most(self, other: Usage) -> Usage {
        Usage {
            memory: self.memory.max(other.memory),
            threads: self.threads.max(other.threads),
            descriptors: self.descriptors.max(other.descriptors),
            children: self.children.max(other.children),
            children_memory: self.children_memory.max(other.children_memory),
        }
    }
}

/// A number of `/proc/PID/status`, without its unit.
fn field(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    line.split_whitespace().next()?.parse().ok()
}

/// Each thread has children of its own.
fn children(process: u32) -> Result<Vec<u32>> {
    let mut children = Vec::new();
    for thread in fs::read_dir(format!("/proc/{process}/task")).context("the list of threads")? {
        let list = fs::read_to_string(thread.context("a thread")?.path().join("children")).unwrap_or_default();
        children.extend(list.split_whitespace().filter_map(|number| number.parse::<u32>().ok()));
    }
    Ok(children)
}

/// Watches how much of the machine's processor time other processes use.
#[derive(Debug)]
pub struct Processors {
    own: Vec<u32>,
    last: Times,
}

/// Processor time in clock ticks.
#[derive(Debug, Clone, Copy)]
struct Times {
    /// Of all processors, idle or not.
    total: u64,
    busy: u64,
    /// Of our own processes.
    own: u64,
}

impl Processors {
    /// Begins to watch. The processes are those that are not "others".
    pub fn watch(own: &[u32]) -> Result<Processors> {
        Ok(Processors { own: own.to_vec(), last: Times::now(own)? })
    }

    /// Returns the share, from 0 to 1, that others have used since the last call.
    pub fn others(&mut self) -> Result<f64> {
        let last = std::mem::replace(&mut self.last, Times::now(&self.own)?);
        Ok(self.last.others_since(last))
    }
}

impl Times {
    fn now(own: &[u32]) -> Result<Times> {
        let text = fs::read_to_string("/proc/stat").context("/proc/stat")?;
        // user, nice, system, idle, iowait, irq, softirq, steal; what follows is part of user and nice.
        let line = text.lines().next().unwrap_or_default();
        let times: Vec<u64> = line.split_whitespace().skip(1).take(8).map(|time| time.parse().unwrap_or(0)).collect();
        let total = times.iter().sum::<u64>();
        let idle: u64 = times.iter().skip(3).take(2).sum();
        // One that has ended uses nothing more.
        let own = own.iter().map(|process| used(*process).unwrap_or_default()).sum();
        Ok(Times { total, busy: total - idle, own })
    }

    /// Returns the share of the time since then that others have used.
    fn others_since(self, last: Times) -> f64 {
        let busy = self.busy.saturating_sub(last.busy);
        let others = busy.saturating_sub(self.own.saturating_sub(last.own));
        others as f64 / self.total.saturating_sub(last.total).max(1) as f64
    }
}

/// Returns the user and system time of all threads of a process, in clock ticks.
fn used(process: u32) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // After the name, which may contain spaces: `utime` and `stime` are the 14th and 15th field of the line.
    let mut times = text.rsplit_once(')')?.1.split_whitespace().skip(11).take(2);
    Some(times.next()?.parse::<u64>().ok()? + times.next()?.parse::<u64>().ok()?)
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn what_our_processes_use_is_not_of_others() {
        let last = Times { total: 1000, busy: 500, own: 100 };
        assert_eq!(Times { total: 1200, busy: 600, own: 150 }.others_since(last), 0.25);
        assert_eq!(Times { total: 1200, busy: 600, own: 300 }.others_since(last), 0.0);
        assert_eq!(last.others_since(last), 0.0);
    }

    #[test]
    fn the_time_of_a_process_that_computes_is_seen() {
        let mut shell = Command::new("sh").args(["-c", "while :; do :; done"]).spawn().unwrap();
        let process = shell.id();
        let before = Times::now(&[process]).unwrap();
        let seen = crate::wait::until("processor time", std::time::Duration::from_secs(60), || {
            let now = Times::now(&[process]).map_err(|error| error.to_string())?;
            let is_seen = now.own > before.own && now.busy > before.busy && now.total > before.total;
            if is_seen && now.busy <= now.total { Ok(()) } else { Err(format!("{before:?} {now:?}")) }
        });
        shell.kill().unwrap();
        shell.wait().unwrap();
        seen.unwrap();
    }

    #[test]
    fn a_thread_a_file_and_a_child_are_seen() {
        let own = std::process::id();
        let before = Usage::of(own).unwrap();
        assert!(before.memory > 1 << 20 && before.threads >= 1 && before.descriptors >= 3, "{before:?}");
        let files: Vec<_> = (0..50).map(|_| fs::File::open("/proc/self/status").unwrap()).collect();
        let mut child = Command::new("cat").stdin(Stdio::piped()).spawn().unwrap();
        let (send, receive) = std::sync::mpsc::channel::<()>();
        let thread = std::thread::spawn(move || receive.recv());
        let after = Usage::of(own).unwrap();
        assert!(after.descriptors >= before.descriptors + 40, "{before:?} {after:?}");
        assert!(after.children >= 1 && after.children_memory > 0, "{after:?}");
        assert_eq!(after.most(before), before.most(after));
        drop((files, send, child.stdin.take()));
        child.wait().unwrap();
        assert!(thread.join().unwrap().is_err());
    }
}
