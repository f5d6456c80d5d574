//! Closes the descriptors that a child process inherited apart from its standard streams: descriptors that the worker itself inherited, or
//! that a C library opened, may not be marked as close-on-exec.
#![expect(unsafe_code, reason = "a descriptor that is closed by its number may belong to something in this process")]

use std::os::fd::RawFd;

/// Call this before the process opens anything.
pub(super) fn close_inherited() {
    // On a system without this directory, inherited descriptors stay open.
    let Ok(entries) = std::fs::read_dir("/proc/self/fd") else { return };
    let numbers = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<RawFd>().ok());
    let open: Vec<RawFd> = numbers.filter(|number| *number > 2).collect();
    // One of them is that of the directory itself, which is closed already.
    let inherited =
        open.into_iter().filter(|number| std::fs::symlink_metadata(format!("/proc/self/fd/{number}")).is_ok());
    for number in inherited {
        // SAFETY: `process.rs`, the only caller, calls this first of all, in a process that has one thread and has opened nothing but its
        // standard streams, so that nothing in it owns the descriptor.
        unsafe { rustix::io::close(number) };
    }
}
