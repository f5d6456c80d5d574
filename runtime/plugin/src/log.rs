//! The log output of a guest: lines from `host.log`, standard output and standard error. It is limited here for each call, and in
//! `log_budget.rs` over time. The last lines are kept for the trace of a trap, because a panic prints its message there.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::io::AsyncWrite;
use tracing::{Level, warn};
use wasmtime_wasi::async_trait;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamError, StreamResult};
use weir_data::text::is_disguise;

use crate::log_budget::{Dropped, LogBudget};
use crate::stats::GuestStats;

/// The maximum number of bytes of a message. The guest chooses its length.
const MAX_LOG_BYTES: usize = 16 << 10;
/// The maximum number of bytes of a target.
const MAX_TARGET_BYTES: usize = 256;
/// The maximum number of bytes that a call of the guest may log.
const MAX_CALL_BYTES: usize = 1 << 20;
/// The number of lines that are kept for a trace.
const KEPT_LINES: usize = 20;
/// The number of bytes of each of them.
const KEPT_BYTES: usize = 512;
/// The number of bytes of a line apart from its content: time, level and names of fields.
const LINE_BYTES: usize = 128;

/// The owner of an instance, which is part of the fields of each line.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Identity {
    /// The connector's name, or empty if there is none yet.
    pub connector: String,
    /// The number of the task, or `None` for the connector itself.
    pub task: Option<u32>,
    /// The plugin's class.
    pub class: String,
}

/// The owner of a new instance, and its counters. An [`Identity`] alone has its own counters.
#[derive(Debug, Clone, Default)]
pub struct Guest {
    pub(crate) identity: Identity,
    pub(crate) stats: Arc<GuestStats>,
    pub(crate) task: TaskFacts,
}

/// What an instance of a task can ask about it, apart from its identity.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TaskFacts {
    /// Greater than at all earlier starts of the task; 0 outside of tasks.
    pub generation: u64,
    /// The consumer group of a sink.
    pub consumer_group: String,
    /// Whether a source may define the boundaries of transactions.
    pub defines_transactions: bool,
}

impl Guest {
    /// Creates an owner with its own counters.
    pub fn counted_anew(self) -> Self {
        Self { stats: Arc::default(), ..self }
    }

    /// Sets the facts about the task.
    pub fn in_task(self, task: TaskFacts) -> Self {
        Self { task, ..self }
    }
}

impl Identity {
    /// Creates an owner with these counters.
    pub fn counted(self, stats: Arc<GuestStats>) -> Guest {
        Guest { identity: self, stats, task: TaskFacts::default() }
    }
}

impl From<Identity> for Guest {
    fn from(identity: Identity) -> Self {
        identity.counted(Arc::default())
    }
}

/// Writes the output of a guest to the log. Clones share their state.
#[derive(Debug, Clone)]
pub(crate) struct GuestLog(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    identity: Identity,
    budget: Arc<LogBudget>,
    stats: Arc<GuestStats>,
    state: Mutex<State>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        // After the end of the guest, no line would report what was dropped.
        if let Some(dropped) = self.budget.rest(Instant::now()) {
            self.report(dropped);
        }
    }
}

impl Inner {
    fn report(&self, Dropped { lines, bytes }: Dropped) {
        let Identity { connector, task, class } = &self.identity;
        warn!(
            connector,
            task,
            plugin = class,
            lines,
            bytes,
            "log lines of the plugin dropped: the connector writes more than weir.plugin.log.bytes.per.second"
        );
    }
}

#[derive(Debug, Default)]
struct State {
    /// Bytes logged in the current call.
    spent: usize,
    /// The lines for a trace.
    kept: VecDeque<String>,
    /// Unfinished lines.
    stdout: Vec<u8>,
    stderr: Vec<u8>,
}

/// The guest logged too much in one call.
#[derive(Debug, thiserror::Error)]
#[error("logged more than {MAX_CALL_BYTES} bytes in one call")]
pub(crate) struct LoggedTooMuch;

/// The two standard streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stream {
    Stdout,
    Stderr,
}

impl GuestLog {
    pub(crate) fn new(identity: Identity, budget: Arc<LogBudget>, stats: Arc<GuestStats>) -> Self {
        Self(Arc::new(Inner { identity, budget, stats, state: Mutex::default() }))
    }

    pub(crate) fn identity(&self) -> &Identity {
        &self.0.identity
    }

    /// Begins a call: resets its budget, and drops earlier lines, which are not about this call.
    pub(crate) fn begin_call(&self) {
        let mut state = self.0.state.lock();
        state.spent = 0;
        state.kept.clear();
    }

    /// Returns the last lines of the current call that report a problem, including unfinished ones.
    pub(crate) fn last_words(&self) -> Vec<String> {
        let mut state = self.0.state.lock();
        let unfinished = std::mem::take(&mut state.stderr);
        if !unfinished.is_empty() {
            let line = String::from_utf8_lossy(&unfinished).into_owned();
            self.write(Level::WARN, "stderr", &line);
            state.keep(&line);
        }
        state.kept.drain(..).collect()
    }

    /// Logs a line of `host.log`. A line that is too long is truncated.
    ///
    /// # Errors
    ///
    /// The call has logged too much.
    pub(crate) fn line(&self, level: Level, target: &str, message: &str) -> Result<(), LoggedTooMuch> {
        {
            let mut state = self.0.state.lock();
            state.spend(message.len() + target.len())?;
            if level == Level::ERROR {
                message.lines().for_each(|line| state.keep(line));
            }
        }
        self.write(level, cut(target, MAX_TARGET_BYTES), cut(message, MAX_LOG_BYTES));
        Ok(())
    }

    /// Reads bytes of a standard stream. Each complete line becomes a line of the log.
    fn bytes(&self, stream: Stream, bytes: &[u8]) -> Result<(), LoggedTooMuch> {
        let mut state = self.0.state.lock();
        state.spend(bytes.len())?;
        for piece in bytes.split_inclusive(|&byte| byte == b'\n') {
            let buffer = match stream {
                Stream::Stdout => &mut state.stdout,
                Stream::Stderr => &mut state.stderr,
            };
            buffer.extend_from_slice(piece);
            if piece.ends_with(b"\n") || buffer.len() >= MAX_LOG_BYTES {
                let line = std::mem::take(buffer);
                // The bytes were counted already, except for an empty line.
                state.spend(0)?;
                let line = String::from_utf8_lossy(line.trim_ascii_end());
                match stream {
                    Stream::Stdout => self.write(Level::INFO, "stdout", cut(&line, MAX_LOG_BYTES)),
                    Stream::Stderr => {
                        self.write(Level::WARN, "stderr", cut(&line, MAX_LOG_BYTES));
                        state.keep(&line);
                    }
                }
            }
        }
        Ok(())
    }

    fn write(&self, level: Level, target: &str, message: &str) {
        // A line that is not written is not counted.
        if !is_enabled(level) {
            return;
        }
        let Identity { connector, task, class } = &self.0.identity;
        // Escaped, such a character has six bytes.
        let escapes = message.chars().filter(|character| is_disguise(*character)).count() * 6;
        let bytes = LINE_BYTES + connector.len() + class.len() + target.len() + message.len() + escapes;
        let verdict = self.0.budget.spend(bytes as u64, Instant::now());
        if let Some(dropped) = verdict.report {
            self.0.report(dropped);
        }
        if !verdict.written {
            self.0.stats.log_dropped(bytes as u64);
            return;
        }
        // Tracing requires a constant level.
        macro_rules! event {
            ($level:expr) => {
                // Not `target`, because a JSON line contains the target of tracing under that name.
                tracing::event!(target: "weir::plugin", $level, connector, task, plugin = class, module = target, "{message}")
            };
        }
        match level {
            Level::ERROR => event!(Level::ERROR),
            Level::WARN => event!(Level::WARN),
            Level::INFO => event!(Level::INFO),
            Level::DEBUG => event!(Level::DEBUG),
            _ => event!(Level::TRACE),
        }
    }
}

impl State {
    fn spend(&mut self, bytes: usize) -> Result<(), LoggedTooMuch> {
        // An empty line is counted, too.
        self.spent = self.spent.saturating_add(bytes).saturating_add(16);
        if self.spent > MAX_CALL_BYTES { Err(LoggedTooMuch) } else { Ok(()) }
    }

    fn keep(&mut self, line: &str) {
        if line.is_empty() {
            return;
        }
        if self.kept.len() == KEPT_LINES {
            self.kept.pop_front();
        }
        self.kept.push_back(cut(line, KEPT_BYTES).to_owned());
    }
}

/// Returns whether lines of this level are logged in the current span, because a connector may have its own level.
pub(crate) fn is_enabled(level: Level) -> bool {
    // Tracing requires a constant level.
    macro_rules! enabled {
        ($level:expr) => {
            tracing::event_enabled!(target: "weir::plugin", $level)
        };
    }
    match level {
        Level::ERROR => enabled!(Level::ERROR),
        Level::WARN => enabled!(Level::WARN),
        Level::INFO => enabled!(Level::INFO),
        Level::DEBUG => enabled!(Level::DEBUG),
        _ => enabled!(Level::TRACE),
    }
}

/// Returns the beginning of a text, up to the end of a character.
fn cut(text: &str, max: usize) -> &str {
    &text[..text.floor_char_boundary(max)]
}

/// A standard stream of a guest.
#[derive(Debug, Clone)]
pub(crate) struct LogStream {
    pub(crate) log: GuestLog,
    pub(crate) stream: Stream,
}

impl IsTerminal for LogStream {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for LogStream {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(self.clone())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

#[async_trait]
impl Pollable for LogStream {
    async fn ready(&mut self) {}
}

#[async_trait]
impl OutputStream for LogStream {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.log.bytes(self.stream, &bytes).map_err(|error| StreamError::Trap(error.into()))
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(MAX_LOG_BYTES)
    }
}

impl AsyncWrite for LogStream {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(self.log.bytes(self.stream, bytes).map(|()| bytes.len()).map_err(io::Error::other))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log() -> GuestLog {
        of(Identity::default(), 1 << 20)
    }

    fn of(identity: Identity, bytes_per_second: u64) -> GuestLog {
        GuestLog::new(identity, Arc::new(LogBudget::new(bytes_per_second, Instant::now())), Arc::default())
    }

    /// Collects the fields of each event.
    #[derive(Clone, Default)]
    struct Fields(Arc<Mutex<Vec<String>>>);

    impl tracing::field::Visit for Fields {
        fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn std::fmt::Debug) {
            self.0.lock().push(format!("{field}={value:?}"));
        }
    }

    impl tracing::Subscriber for Fields {
        fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
            true
        }

        fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
            tracing::span::Id::from_u64(1)
        }

        fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}

        fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}

        fn event(&self, event: &tracing::Event<'_>) {
            self.0.lock().push(format!("{} {}", event.metadata().level(), event.metadata().target()));
            event.record(&mut self.clone());
        }

        fn enter(&self, _: &tracing::span::Id) {}

        fn exit(&self, _: &tracing::span::Id) {}
    }

    #[test]
    fn a_line_says_whose_it_is_and_is_cut() {
        let fields = Fields::default();
        let identity = Identity { connector: "orders".into(), task: Some(2), class: "test.Sink".into() };
        tracing::subscriber::with_default(fields.clone(), || {
            let log = of(identity, 1 << 20);
            log.line(Level::WARN, &"t".repeat(300), &"m".repeat(20_000)).unwrap();
        });
        let target = format!("module={:?}", "t".repeat(256));
        let message = format!("message={}", "m".repeat(16 << 10));
        let expected =
            ["WARN weir::plugin", &message, "connector=\"orders\"", "task=2", "plugin=\"test.Sink\"", &target];
        let mut found = fields.0.lock().clone();
        // The order of the fields is that of tracing.
        found.sort();
        let mut expected = expected.map(str::to_owned);
        expected.sort();
        assert_eq!(found, expected);
    }

    #[test]
    fn lines_of_standard_error_are_put_together_and_kept() {
        let log = log();
        log.bytes(Stream::Stderr, b"panicked at").unwrap();
        log.bytes(Stream::Stderr, b" src/lib.rs\nboom").unwrap();
        log.bytes(Stream::Stdout, b"talk\n").unwrap();
        assert_eq!(log.last_words(), ["panicked at src/lib.rs", "boom"]);
    }

    #[test]
    fn errors_are_kept_and_other_levels_are_not() {
        let log = log();
        log.line(Level::INFO, "t", "fine").unwrap();
        log.line(Level::ERROR, "t", "broken\nbadly").unwrap();
        assert_eq!(log.last_words(), ["broken", "badly"]);
        log.line(Level::ERROR, "t", "old").unwrap();
        log.begin_call();
        assert!(log.last_words().is_empty());
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let log = log();
        for index in 0..100 {
            log.line(Level::ERROR, "t", &format!("{index}{}", "x".repeat(3000))).unwrap();
        }
        let kept = log.last_words();
        assert_eq!(kept.len(), KEPT_LINES);
        assert!(kept.iter().all(|line| line.len() <= KEPT_BYTES));
        assert!(kept.last().unwrap().starts_with("99"));
    }

    #[test]
    fn a_call_that_logs_too_much_is_refused_and_the_next_call_begins_anew() {
        let log = log();
        let message = "x".repeat(MAX_CALL_BYTES / 2);
        log.line(Level::INFO, "", &message).unwrap();
        assert!(log.line(Level::INFO, "", &message).is_err());
        log.begin_call();
        assert!(log.line(Level::INFO, "", &message).is_ok());
        assert!(log.bytes(Stream::Stdout, message.as_bytes()).is_err());
    }

    #[test]
    fn a_call_of_nothing_but_ends_of_lines_is_refused_too() {
        let log = log();
        let lines = "\n".repeat(MAX_CALL_BYTES - 100);
        assert!(log.bytes(Stream::Stdout, lines.as_bytes()).is_err());
    }

    #[test]
    fn calls_that_follow_each_other_at_once_share_a_budget_and_what_is_dropped_is_said_once() {
        let fields = Fields::default();
        let stats = Arc::new(GuestStats::default());
        tracing::subscriber::with_default(fields.clone(), || {
            let budget = Arc::new(LogBudget::new(1, Instant::now()));
            let log = GuestLog::new(Identity::default(), budget, Arc::clone(&stats));
            for _ in 0..100 {
                log.begin_call();
                log.line(Level::ERROR, "t", &"x".repeat(16 << 10)).unwrap();
            }
        });
        let found = fields.0.lock();
        let written = found.iter().filter(|field| field.starts_with("message=xxx")).count();
        assert_eq!(written, 3, "of 64 KiB");
        let reports: Vec<&String> = found.iter().filter(|field| field.starts_with("lines=")).collect();
        assert_eq!(reports, ["lines=1", "lines=96"], "one at once, the others at the end");
        let (lines, bytes) = stats.log_lines_dropped();
        assert!(lines == 97 && bytes > 97 * (16 << 10), "{lines} lines, {bytes} bytes");
    }

    #[test]
    fn cuts_keep_characters_whole() {
        assert_eq!(cut("aä", 2), "a");
        assert_eq!(cut("aä", 3), "aä");
    }
}
