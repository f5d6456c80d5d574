//! Handles the signals that stop the worker, and ends the process if stopping takes too long.
//!
//! A separate thread does both, so that the worker ends in bounded time even if all its other threads wait, for example for a file
//! system that does not respond.

use std::io::{self, IsTerminal as _};
use std::time::Duration;

use tokio::sync::watch;

/// Exit code of a worker that did not stop in time.
const LATE: i32 = 4;
/// How long a normal exit, which runs code of libraries, may take before the process is aborted.
const LAST_MOMENT: Duration = Duration::from_secs(5);

/// SIGTERM and SIGINT, which stop the worker, and SIGHUP, which makes it reload some files.
///
/// A process also gets SIGHUP when its terminal is closed; in that case it stops the worker, too.
pub(crate) struct Signals {
    stop: watch::Receiver<Option<&'static str>>,
    hangups: watch::Receiver<u64>,
}

impl Signals {
    /// Starts to listen for signals. The process ends at the latest `patience` after the first signal.
    ///
    /// # Errors
    ///
    /// The system cannot start a thread or install a signal handler.
    pub(crate) fn start(patience: Duration) -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let mut source = {
            let _guard = runtime.enter();
            Source::new()?
        };
        let (sender, stop) = watch::channel(None);
        let (reload, hangups) = watch::channel(0);
        let has_terminal = io::stderr().is_terminal();
        let listen = move || {
            let name = runtime.block_on(async {
                loop {
                    match source.next().await {
                        HANGUP if !has_terminal || io::stderr().is_terminal() => {
                            reload.send_modify(|count| *count += 1)
                        }
                        name => break name,
                    }
                }
            });
            // Fails if the worker has already ended by itself.
            let _ = sender.send(Some(name));
            std::thread::sleep(patience);
            end_late(patience);
        };
        std::thread::Builder::new().name("weir-signals".to_owned()).spawn(listen)?;
        Ok(Self { stop, hangups })
    }

    /// Changes with each SIGHUP that does not end the worker.
    pub(crate) fn hangups(&self) -> watch::Receiver<u64> {
        self.hangups.clone()
    }

    /// Waits for a signal to stop, and returns its name.
    pub(crate) async fn next(&mut self) -> &'static str {
        match self.stop.wait_for(Option::is_some).await {
            Ok(name) => name.unwrap_or("a signal"),
            // The thread ended without a signal, so there will not be one.
            Err(_) => std::future::pending().await,
        }
    }
}

/// Ends the process without waiting for anything that may hang.
fn end_late(patience: Duration) {
    // The log itself may hang, so a thread that is not awaited writes it.
    let said = std::thread::Builder::new().spawn(move || {
        let seconds = patience.as_secs();
        tracing::error!(
            "the worker did not stop within {seconds} s (weir.shutdown.timeout.ms); ending the process. Uncommitted records will be \
             processed again after the next start"
        );
    });
    std::thread::sleep(Duration::from_millis(200));
    drop(said);
    let exit = std::thread::Builder::new().spawn(|| std::process::exit(LATE));
    if exit.is_ok() {
        std::thread::sleep(LAST_MOMENT);
    }
    std::process::abort();
}

const HANGUP: &str = "SIGHUP";

struct Source {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
    hangup: tokio::signal::unix::Signal,
}

impl Source {
    fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
            _ = self.hangup.recv() => HANGUP,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead as _, BufReader};
    use std::process::{Command, Stdio};

    use rustix::process::{Pid, Signal, kill_process};

    use super::*;

    const CHILD: &str = "WEIR_TEST_CHILD";
    const LISTENING: &str = "the child listens";

    #[test]
    fn a_process_that_hangs_ends_after_a_signal() {
        if std::env::var_os(CHILD).is_some() {
            let _signals = Signals::start(Duration::from_millis(100)).expect("signals");
            eprintln!("{LISTENING}");
            // The signal is not awaited: all of this process's own threads wait for ever.
            std::thread::sleep(Duration::from_secs(3600));
        }
        let this = std::env::current_exe().expect("the tests have a path");
        let mut child = Command::new(this)
            .args(["--exact", "stop::tests::a_process_that_hangs_ends_after_a_signal", "--nocapture"])
            .env(CHILD, "1")
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it can be started again");
        let said = BufReader::new(child.stderr.take().expect("piped"));
        assert!(said.lines().any(|line| line.is_ok_and(|line| line.contains(LISTENING))));
        let pid = Pid::from_child(&child);
        kill_process(pid, Signal::TERM).expect("it runs");
        assert_eq!(child.wait().expect("it ended").code(), Some(LATE));
    }

    #[tokio::test]
    async fn a_signal_is_returned_by_name() {
        let (sender, receiver) = watch::channel(None);
        let (_reload, hangups) = watch::channel(0);
        let mut signals = Signals { stop: receiver, hangups };
        sender.send(Some("SIGTERM")).expect("a receiver");
        assert_eq!(signals.next().await, "SIGTERM");
        assert_eq!(signals.next().await, "SIGTERM", "a later call returns it, too");
    }
}
