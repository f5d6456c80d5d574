//! Closes what a child process has inherited besides its standard streams: what the worker itself has inherited, or a library of C has
//! opened, may lack the mark that keeps it from children.
#![expect(unsafe_code, reason = "a descriptor that is closed by its number may belong to something in this process")]

use std::os::fd::RawFd;

/// To be called before the process opens anything.
pub(super) fn close_inherited() {
    // Where there is no such directory, what is inherited stays open.
    let Ok(entries) = std::fs::read_dir("/proc/self/fd") else { return };
    let numbers = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<RawFd>().ok());
    let open: Vec<RawFd> = numbers.filter(|number| *number > 2).collect();
    // The directory that was just read was among them.
    let inherited =
        open.into_iter().filter(|number| std::fs::symlink_metadata(format!("/proc/self/fd/{number}")).is_ok());
    for number in inherited {
        // SAFETY: `process.rs`, the only caller, calls this first of all, in a process that has one thread and has opened nothing but its
        // standard streams, so that nothing in it owns the descriptor.
        unsafe { rustix::io::close(number) };
    }
}
