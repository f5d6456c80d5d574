//! Writes to standard error in a separate thread, so that logging never blocks on the reader of standard error. Lines wait in a bounded
//! buffer; lines that do not fit are dropped, counted, and reported as soon as there is space again.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};
use tracing::warn;
use tracing_subscriber::fmt::MakeWriter;

/// Maximum number of bytes that wait. The thread may be writing as many more.
const MAX_WAITING: usize = 4 << 20;
/// Capacity that the buffer keeps when it is empty.
const KEPT: usize = 64 << 10;

/// Writes lines. Clones write to the same place.
#[derive(Clone)]
pub(super) struct Lines(Arc<Shared>);

struct Shared {
    queue: Mutex<Queue>,
    /// Signals that there is something to write.
    arrived: Condvar,
    /// Signals that everything is written.
    written: Condvar,
    /// The number of lines that were dropped so far.
    dropped: AtomicU64,
}

#[derive(Default)]
struct Queue {
    waiting: Vec<u8>,
    /// Whether the thread is writing lines.
    writing: bool,
    /// The number of lines that were dropped and not yet reported.
    dropped: u64,
}

impl Lines {
    /// Starts the thread.
    pub(super) fn to(out: impl Write + Send + 'static) -> io::Result<Self> {
        let lines = Self(Arc::new(Shared {
            queue: Mutex::default(),
            arrived: Condvar::new(),
            written: Condvar::new(),
            dropped: AtomicU64::new(0),
        }));
        let shared = Arc::clone(&lines.0);
        std::thread::Builder::new().name("log".to_owned()).spawn(move || shared.write(out))?;
        Ok(lines)
    }

    /// Writes a line, which includes its line break, or drops it.
    pub(super) fn line(&self, line: &[u8]) {
        let mut queue = self.0.queue.lock();
        if queue.waiting.len() + line.len() > MAX_WAITING {
            queue.dropped += 1;
            self.0.dropped.fetch_add(1, Ordering::Relaxed);
            return;
        }
        queue.waiting.extend_from_slice(line);
        drop(queue);
        self.0.arrived.notify_one();
    }

    /// Returns the number of lines that were dropped so far.
    pub(super) fn dropped(&self) -> u64 {
        self.0.dropped.load(Ordering::Relaxed)
    }

    /// Waits until everything is written, for at most this long.
    pub(super) fn flush(&self, patience: Duration) {
        let deadline = Instant::now() + patience;
        let mut queue = self.0.queue.lock();
        while queue.writing || !queue.waiting.is_empty() {
            if self.0.written.wait_until(&mut queue, deadline).timed_out() {
                return;
            }
        }
    }
}

impl Shared {
    /// Writes lines as they arrive, until the process ends.
    fn write(&self, mut out: impl Write) {
        let mut taken = Vec::new();
        loop {
            let dropped = {
                let mut queue = self.queue.lock();
                queue.writing = false;
                while queue.waiting.is_empty() {
                    self.written.notify_all();
                    self.arrived.wait(&mut queue);
                }
                queue.writing = true;
                std::mem::swap(&mut queue.waiting, &mut taken);
                std::mem::take(&mut queue.dropped)
            };
            // If standard error is closed, there is no other place to report that.
            let _ = out.write_all(&taken).and_then(|()| out.flush());
            taken.clear();
            taken.shrink_to(KEPT);
            if dropped > 0 {
                warn!(lines = dropped, "log lines dropped: standard error was not read fast enough");
            }
        }
    }
}

impl MakeWriter<'_> for Lines {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

/// Takes whole lines: the log's formatter hands over one at a time.
impl Write for Lines {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.line(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, Sender, channel};

    use super::*;

    /// An output that accepts each write only when the test allows it, and reports what was written.
    struct Gate {
        open: Receiver<()>,
        taken: Sender<Vec<u8>>,
    }

    impl Write for Gate {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.open.recv().map_err(io::Error::other)?;
            self.taken.send(bytes.to_vec()).map_err(io::Error::other)?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn writers_do_not_wait_for_a_reader_and_dropped_lines_are_counted() {
        let ((open, gate), (taken, pieces)) = (channel(), channel());
        let lines = Lines::to(Gate { open: gate, taken }).expect("a thread");
        lines.line(b"first\n");
        let line = [b"x".repeat(1023), b"\n".to_vec()].concat();
        // 12 MiB, and nothing reads them.
        (0..12 << 10).for_each(|_| lines.line(&line));
        let dropped = lines.dropped();
        // The thread has taken the first line, and may have taken 4 MiB with it.
        assert!((4 << 10..=(8 << 10) + 1).contains(&dropped), "{dropped} of 12288");
        let before = Instant::now();
        lines.flush(Duration::from_millis(100));
        assert!(before.elapsed() >= Duration::from_millis(100), "there is something to wait for");

        // The output is read again.
        (0..100).for_each(|_| open.send(()).expect("a writer"));
        lines.flush(Duration::from_secs(60));
        let read: Vec<u8> = pieces.try_iter().flatten().collect();
        assert!(read.starts_with(b"first\n"));
        let read = read.split_inclusive(|byte| *byte == b'\n').skip(1).collect::<Vec<_>>();
        assert_eq!(read.len() as u64, (12 << 10) - dropped);
        assert!(read.iter().all(|read| *read == line), "lines are whole");
        lines.line(b"last\n");
        lines.flush(Duration::from_secs(60));
        assert_eq!(pieces.recv().expect("a piece"), b"last\n");
        assert_eq!(lines.dropped(), dropped);
    }

    #[test]
    fn an_output_that_fails_blocks_nothing() {
        struct Closed;
        impl Write for Closed {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let lines = Lines::to(Closed).expect("a thread");
        for _ in 0..3 {
            lines.line(b"line\n");
            lines.flush(Duration::from_secs(60));
        }
        assert_eq!(lines.dropped(), 0);
    }
}
