//! Adapts the process to the limits that the system sets for it.

use rustix::process::{Resource, Rlimit, Signal, getrlimit, setrlimit};
use tokio::signal::unix::{SignalKind, signal};
use tracing::{info, warn};

/// With fewer file descriptors than this, a worker with a few dozen tasks may run out of them.
const FEW_DESCRIPTORS: u64 = 4096;

/// Raises the soft limit of file descriptors to the hard limit. Shells and service managers often set a low soft limit (1024) for
/// programs that use `select`.
pub(crate) fn raise_descriptors() {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    if limit.current != limit.maximum
        && let Err(error) = setrlimit(Resource::Nofile, raised)
    {
        warn!(%error, "cannot raise the limit of file descriptors");
    }
    let now = getrlimit(Resource::Nofile).current;
    match now {
        Some(descriptors) if descriptors < FEW_DESCRIPTORS => {
            warn!(descriptors, "low limit of file descriptors; raise the hard limit (ulimit -Hn, LimitNOFILE)");
        }
        descriptors => info!(?descriptors, "limit of file descriptors"),
    }
}

/// Makes a write beyond the file size limit (`ulimit -f`, LimitFSIZE) fail instead of ending the process: what a plugin writes must not
/// end the worker. Must be called within a Tokio runtime.
pub(crate) fn outlive_large_files() {
    // The handler stays installed although the listener is dropped.
    if let Err(error) = signal(SignalKind::from_raw(Signal::XFSZ.as_raw())) {
        warn!(%error, "cannot handle SIGXFSZ; a file that exceeds the file size limit will end the process");
    }
}

/// Parts of the panic messages of wasmtime, tokio and the standard library when the system has no memory, mappings or threads left.
const EXHAUSTED: [&str; 5] = [
    "munmap failed",
    "OS can't spawn worker thread",
    "failed to spawn thread",
    "Cannot allocate memory",
    "Resource temporarily unavailable",
];

/// Makes such a panic end the process. If it were caught, the worker would seem to run although parts of it have stopped; a service
/// manager restarts a worker that has ended. A failed allocation ends the process in any case.
pub(crate) fn abort_when_exhausted() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        usual(panic);
        let text = panic.payload_as_str().unwrap_or_default();
        if EXHAUSTED.iter().any(|part| text.contains(part)) {
            weir_logging::say(
                weir_logging::Level::Error,
                "weir: out of memory, memory mappings or threads; aborting. Raise vm.max_map_count or the worker's memory limit",
            );
            weir_logging::flush();
            std::process::abort();
        }
    }));
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt as _;
    use std::process::{Command, ExitStatus};

    use super::*;

    const CHILD: &str = "WEIR_TEST_CHILD";
    const SIGABRT: i32 = 6;

    /// Runs this test again in a child process. Returns `None` in the child.
    fn as_child(test: &str) -> Option<ExitStatus> {
        if std::env::var_os(CHILD).is_some() {
            return None;
        }
        let this = std::env::current_exe().expect("the tests have a path");
        let name = format!("process_limits::tests::{test}");
        let child = Command::new(this).args(["--exact", &name, "--nocapture"]).env(CHILD, "1").output();
        Some(child.expect("it can be started again").status)
    }

    #[test]
    fn a_panic_for_want_of_mappings_ends_the_process() {
        let Some(status) = as_child("a_panic_for_want_of_mappings_ends_the_process") else {
            abort_when_exhausted();
            // As tokio does for a task.
            let _ = std::thread::spawn(|| panic!("munmap failed: Os {{ code: 12 }}")).join();
            return;
        };
        assert_eq!(status.signal(), Some(SIGABRT));
    }

    #[test]
    fn a_failed_allocation_ends_the_process() {
        let Some(status) = as_child("a_failed_allocation_ends_the_process") else {
            abort_when_exhausted();
            let limit = Rlimit { current: Some(1 << 30), maximum: getrlimit(Resource::As).maximum };
            setrlimit(Resource::As, limit).expect("a limit of memory");
            let _ = std::thread::spawn(|| std::hint::black_box(vec![1_u8; 2 << 30]).len()).join();
            return;
        };
        assert_eq!(status.signal(), Some(SIGABRT));
    }

    #[test]
    fn any_other_panic_is_left_to_those_who_catch_it() {
        let Some(status) = as_child("any_other_panic_is_left_to_those_who_catch_it") else {
            abort_when_exhausted();
            assert!(std::thread::spawn(|| panic!("an ordinary one")).join().is_err());
            return;
        };
        assert!(status.success());
    }

    #[test]
    fn a_file_that_may_not_grow_is_an_error_and_not_the_end() {
        let Some(status) = as_child("a_file_that_may_not_grow_is_an_error_and_not_the_end") else {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async { outlive_large_files() });
            let limit = Rlimit { current: Some(1000), maximum: getrlimit(Resource::Fsize).maximum };
            setrlimit(Resource::Fsize, limit).expect("a limit of files");
            let file = tempfile::tempfile().expect("a file");
            let failed = std::os::unix::fs::FileExt::write_all_at(&file, &[0; 10], 1000).expect_err("no room");
            assert_eq!(failed.kind(), std::io::ErrorKind::FileTooLarge);
            return;
        };
        assert!(status.success(), "{status}");
    }

    #[test]
    fn the_soft_limit_becomes_the_hard_one() {
        let before = getrlimit(Resource::Nofile);
        raise_descriptors();
        let after = getrlimit(Resource::Nofile);
        assert_eq!((after.current, after.maximum), (before.maximum, before.maximum));
    }
}
