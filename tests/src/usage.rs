//! What a process has at this moment, from `/proc`: memory, threads, file descriptors, child processes.

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

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

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
