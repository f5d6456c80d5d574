//! The log: text, or one JSON object per line, on standard error. Connector and task are fields of the spans that tasks run in, so that
//! each of their lines contains them. `levels.rs` stores the loggers' levels, which the REST API changes; `rules.rs` contains the rules
//! that follow from them, and `filter.rs` applies these to each line. `one_line.rs` keeps each event on one line, and `stderr.rs` writes
//! lines without blocking the threads that log.

mod filter;
mod format;
mod level;
mod levels;
mod line;
mod names;
mod one_line;
mod redactor;
mod rules;
mod setting;
mod stderr;
mod target;
mod throttle;

use std::io::IsTerminal as _;
use std::panic::PanicHookInfo;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::format::{Format, JsonFields, Writer};
use tracing_subscriber::fmt::time::{FormatTime as _, SystemTime};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Layer as _, fmt, registry};

pub use format::LogFormat;
pub use level::Level;
pub use levels::{Levels, LoggerLevel, TooMany};
pub use redactor::{Hide, Redacting, RedactingWriter, Redactor};
pub use setting::{FilterError, check_filter};
pub use throttle::Throttle;

use one_line::{Form, OneLine};

/// The field of a span that names the connector its lines belong to. Create such spans with `error_span!`, so that they are enabled
/// whatever the levels are at the time.
const CONNECTOR_FIELD: &str = "connector";

/// The levels of this process's log.
static LEVELS: OnceLock<Levels> = OnceLock::new();

/// This process's standard error, once its log is set up.
static STDERR: OnceLock<stderr::Lines> = OnceLock::new();

/// Whether texts outside the log are JSON.
static JSON: AtomicBool = AtomicBool::new(false);

/// How long the process waits at its end for the last lines to be written.
const LAST_LINES: Duration = Duration::from_secs(1);

/// Returns the levels of this process's log; before [`init`], levels that affect nothing.
pub fn levels() -> Levels {
    LEVELS.get().cloned().unwrap_or_default()
}

/// Why the log cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The filter is not valid.
    #[error("Invalid value {filter} for configuration {key}: {source}")]
    Filter {
        /// The key or variable that contains it.
        key: &'static str,
        /// The filter.
        filter: String,
        /// The cause.
        source: FilterError,
    },
    /// The thread of the log cannot be started.
    #[error("cannot start a thread; raise the process limit (ulimit -u) of the worker's user")]
    Thread(#[from] std::io::Error),
    /// The log is already set up.
    #[error("the log is set up twice")]
    Twice(#[from] tracing_subscriber::util::TryInitError),
}

/// Sets up the log of this process. The environment variable `RUST_LOG`, if set, overrides `level`.
///
/// `redactor` removes the values of config providers from each line.
pub fn init(format: LogFormat, level: &str, redactor: Redactor) -> Result<(), Error> {
    let variable = std::env::var("RUST_LOG").ok().filter(|filter| !filter.trim().is_empty());
    let (key, filter) = match &variable {
        Some(filter) => ("RUST_LOG", filter.as_str()),
        None => ("weir.log.level", level),
    };
    let levels = Levels::parse(filter).map_err(|source| Error::Filter { key, filter: filter.to_owned(), source })?;
    let colours = format == LogFormat::Text && std::io::stderr().is_terminal();
    let lines = stderr::Lines::to(std::io::stderr())?;
    let one_line = OneLine { form: form(format, colours), inner: lines.clone() };
    subscriber(format, levels.clone(), redactor.writer(one_line), colours).try_init()?;
    // A second log has been refused above.
    let _ = LEVELS.set(levels);
    let _ = STDERR.set(lines);
    expect(format);
    std::panic::set_hook(Box::new(panicked));
    Ok(())
}

/// Sets the levels of the running log to those of another filter. Returns `false` if the variable `RUST_LOG` determines them instead.
pub fn reset_levels(filter: &str) -> Result<bool, Error> {
    let wrong = |source| Error::Filter { key: "weir.log.level", filter: filter.to_owned(), source };
    let is_set = std::env::var("RUST_LOG").is_ok_and(|filter| !filter.trim().is_empty());
    match is_set {
        true => Levels::parse(filter).map(|_| false).map_err(wrong),
        false => levels().reset(filter).map(|()| true).map_err(wrong),
    }
}

/// Writes a text to standard error that is not part of the log, whatever the levels are. Like the lines of the log it may be dropped if
/// standard error is not read. If the log is JSON, so is the text, because the same program reads both.
pub fn say(level: Level, text: &str) {
    let text = match JSON.load(Ordering::Relaxed) {
        true => object(level, text),
        false => indent_lines(text),
    };
    match STDERR.get() {
        Some(lines) => lines.line(format!("{text}\n").as_bytes()),
        None => eprintln!("{text}"),
    }
}

/// Sets the format of texts before the log is set up.
pub fn expect(format: LogFormat) {
    JSON.store(format == LogFormat::Json, Ordering::Relaxed);
}

/// Returns a text as a line of a JSON log.
fn object(level: Level, text: &str) -> String {
    let mut now = String::new();
    // Writing to a `String` does not fail.
    let _ = SystemTime.format_time(&mut Writer::new(&mut now));
    let text = weir_data::text::one_line_but(text, |character| character == '\n');
    serde_json::json!({"timestamp": now, "level": level.name(), "message": text, "target": "weir"}).to_string()
}

/// Returns the text with all lines after the first indented, so that text from a plugin or a client cannot be mistaken for a line of the
/// log.
pub fn indent_lines(text: &str) -> String {
    let mut indented = String::with_capacity(text.len());
    for (number, line) in text.lines().enumerate() {
        if number > 0 {
            indented.push('\n');
        }
        if number > 0 && !line.starts_with(' ') {
            indented.push_str("  ");
        }
        indented.push_str(&weir_data::text::one_line(line));
    }
    indented
}

/// Returns the number of lines that were dropped because standard error was not read fast enough.
pub fn dropped_lines() -> u64 {
    STDERR.get().map_or(0, stderr::Lines::dropped)
}

/// Waits until the last lines are written, but not for long: the reader of standard error may have stopped reading.
pub fn flush() {
    if let Some(lines) = STDERR.get() {
        lines.flush(LAST_LINES);
    }
}

/// Logs a panic like any other event: the standard hook would wait for the reader of standard error.
fn panicked(panic: &PanicHookInfo<'_>) {
    let thread = std::thread::current();
    let backtrace = std::backtrace::Backtrace::capture();
    let backtrace = match backtrace.status() {
        std::backtrace::BacktraceStatus::Captured => Some(tracing::field::display(backtrace)),
        _ => None,
    };
    tracing::error!(
        thread = thread.name().unwrap_or_default(),
        location = panic.location().map(tracing::field::display),
        backtrace,
        "panicked: {}",
        panic.payload_as_str().unwrap_or("no message")
    );
    // The process may end after it.
    flush();
}

fn form(format: LogFormat, colours: bool) -> Form {
    match format {
        LogFormat::Text => Form::Text { colours },
        LogFormat::Json => Form::Json,
    }
}

fn subscriber<W>(
    format: LogFormat,
    levels: Levels,
    writer: W,
    colours: bool,
) -> Box<dyn tracing::Subscriber + Send + Sync>
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let lines = fmt::layer().with_writer(writer).with_ansi(colours);
    let lines = match format {
        LogFormat::Text => lines.event_format(line::Text).fmt_fields(one_line::Fields).boxed(),
        LogFormat::Json => {
            let format = Format::default().json().flatten_event(true).with_current_span(true).with_span_list(false);
            lines.event_format(line::JsonLine(format)).fmt_fields(JsonFields::new()).boxed()
        }
    };
    Box::new(registry().with(filter::Filter(levels)).with(lines))
}

#[cfg(test)]
mod tests {
    use std::io::{self, Write};
    use std::sync::Arc;

    use parking_lot::Mutex;

    use super::*;

    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl Write for Written {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// Runs `call` with this subscriber for the thread, and with a second one in the process that receives nothing. While tracing knows
    /// only one subscriber, it uses the one of whichever thread changes levels, and the threads of other tests have none.
    fn with(subscriber: Box<dyn tracing::Subscriber + Send + Sync>, call: impl FnOnce()) {
        static OTHER: OnceLock<tracing::Dispatch> = OnceLock::new();
        OTHER.get_or_init(|| tracing::Dispatch::new(tracing::subscriber::NoSubscriber::new()));
        tracing::subscriber::with_default(subscriber, call);
    }

    fn line(format: LogFormat) -> String {
        lines(format, false, || {
            let span = tracing::info_span!("task", connector = "a", task = 0);
            let _entered = span.enter();
            tracing::info!(records = 3, "done");
            tracing::debug!("not written");
        })
    }

    fn lines(format: LogFormat, colours: bool, write: impl FnOnce()) -> String {
        let written = Written::default();
        let sink = written.clone();
        let one_line = OneLine { form: form(format, colours), inner: move || sink.clone() };
        let subscriber = subscriber(format, Levels::default(), one_line, colours);
        with(subscriber, write);
        let bytes = written.0.lock().clone();
        String::from_utf8(bytes).expect("text")
    }

    #[test]
    fn lines_after_the_first_are_indented() {
        assert_eq!(indent_lines("one\ntwo\r\n  three\rfour\n"), "one\n  two\n  three\\rfour");
    }

    /// A text that imitates a line of the audit log.
    const FORGED: &str =
        "ok\n2026-01-01T00:00:00Z  INFO weir::rest: audit user=\"root\"\r\0\u{1b}[8m\u{202e}\u{2028}end";

    fn write_forged() {
        // All ways in which a text can get into a line.
        let span = tracing::info_span!("task", connector = FORGED, shown = %FORGED);
        let _entered = span.enter();
        tracing::info!(quoted = FORGED, shown = %FORGED, error = %std::io::Error::other(FORGED), "{FORGED}");
        tracing::info!("after");
    }

    #[test]
    fn no_field_forges_a_line_of_text() {
        for colours in [false, true] {
            let text = lines(LogFormat::Text, colours, write_forged);
            assert_eq!(text.lines().count(), 2, "{text}");
            let disguises = text.chars().filter(|c| weir_data::text::is_disguise(*c) && *c != '\n');
            let allowed = |character: char| colours && character == '\u{1b}';
            assert_eq!(disguises.filter(|c| !allowed(*c)).collect::<Vec<_>>(), Vec::<char>::new(), "{text}");
            assert!(!text.contains("\u{1b}[8m"), "colours are our own: {text}");
            assert!(text.contains("end"), "{text}");
        }
    }

    #[test]
    fn no_field_forges_a_line_of_json() {
        let text = lines(LogFormat::Json, false, write_forged);
        let parsed: Vec<serde_json::Value> =
            text.lines().map(|line| serde_json::from_str(line).expect("one object per line")).collect();
        assert_eq!(parsed.len(), 2, "{text}");
        assert_eq!((&parsed[0]["message"], &parsed[0]["quoted"]), (&FORGED.into(), &FORGED.into()));
        assert!(!text.chars().any(|c| weir_data::text::is_disguise(c) && c != '\n'), "{text}");
    }

    #[test]
    fn a_text_outside_the_log_is_an_object_like_its_lines() {
        let text = object(Level::Info, "Weir: REST API at http://h:1\n  and \u{202e}more");
        assert_eq!(text.lines().count(), 1);
        let parsed: serde_json::Value = serde_json::from_str(&text).expect("one object");
        assert_eq!((&parsed["level"], &parsed["target"]), (&"INFO".into(), &"weir".into()));
        assert_eq!(parsed["message"], "Weir: REST API at http://h:1\n  and \\u{202e}more");
        let line: serde_json::Value = serde_json::from_str(&line(LogFormat::Json)).expect("one object per line");
        let shape = |time: &serde_json::Value| {
            let digit = |character: char| if character.is_ascii_digit() { '0' } else { character };
            time.as_str().map(|time| time.chars().map(digit).collect::<String>())
        };
        assert_eq!(shape(&parsed["timestamp"]), shape(&line["timestamp"]));
    }

    #[test]
    fn a_text_line_names_connector_and_task() {
        let line = line(LogFormat::Text);
        assert!(line.contains(r#"task{connector="a" task=0}"#) && line.contains("done records=3"), "{line}");
        assert_eq!(line.lines().count(), 1);
    }

    #[test]
    fn a_json_line_names_connector_and_task() {
        let line: serde_json::Value = serde_json::from_str(&line(LogFormat::Json)).expect("one object per line");
        assert_eq!((&line["level"], &line["message"], &line["records"]), (&"INFO".into(), &"done".into(), &3.into()));
        assert_eq!((&line["span"]["connector"], &line["span"]["task"]), (&"a".into(), &0.into()));
    }

    /// Returns what is written of one debug line of each kind, with these levels.
    fn debug_lines(levels: &Levels) -> String {
        let written = Written::default();
        let sink = written.clone();
        let subscriber = subscriber(LogFormat::Text, levels.clone(), move || sink.clone(), false);
        with(subscriber, || {
            tracing::debug!("outside");
            for connector in ["a", "b"] {
                tracing::error_span!("task", connector, task = 0).in_scope(|| {
                    tracing::debug!("within");
                    tracing::debug_span!("deeper").in_scope(|| tracing::debug!(target: "weir::plugin", "spoken"));
                    tracing::debug!(target: "weir::rest", "answered");
                });
            }
        });
        let bytes = written.0.lock().clone();
        String::from_utf8(bytes).expect("text")
    }

    fn words(text: &str) -> Vec<(bool, &'static str)> {
        let found =
            |line: &str| ["outside", "within", "spoken", "answered"].into_iter().find(|word| line.contains(word));
        text.lines().filter_map(|line| Some((line.contains(r#"connector="b""#), found(line)?))).collect()
    }

    #[test]
    fn one_connector_can_be_set_to_debug_and_another_silenced() {
        let levels = Levels::default();
        assert_eq!(words(&debug_lines(&levels)), []);
        levels.set("connector.b", Level::Debug).expect("set");
        assert_eq!(words(&debug_lines(&levels)), [(true, "within"), (true, "spoken"), (true, "answered")]);
        levels.set("root", Level::Debug).expect("set");
        levels.set("connector.b", Level::Info).expect("set");
        let all_but_b = [(false, "outside"), (false, "within"), (false, "spoken"), (false, "answered")];
        assert_eq!(words(&debug_lines(&levels)), all_but_b);
    }

    #[test]
    fn a_class_selects_the_lines_of_its_plugin_and_a_module_its_lines_in_all_connectors() {
        let levels = Levels::default();
        levels.add_connector("a", "io.example.Source");
        levels.set("io.example", Level::Debug).expect("set");
        assert_eq!(words(&debug_lines(&levels)), [(false, "spoken")]);
        levels.set("io.example", Level::Info).expect("set");
        levels.set("weir::rest", Level::Debug).expect("set");
        assert_eq!(words(&debug_lines(&levels)), [(false, "answered"), (true, "answered")]);
        levels.set("connector.a", Level::Error).expect("set");
        assert_eq!(words(&debug_lines(&levels)), [(true, "answered")]);
    }

    #[test]
    fn spans_that_name_connectors_are_enabled_even_if_nothing_is_written() {
        let levels = Levels::parse("off").expect("a filter");
        let subscriber = subscriber(LogFormat::Text, levels, std::io::sink, false);
        with(subscriber, || {
            assert!(!tracing::error_span!("task", connector = "a").is_disabled());
            assert!(tracing::error_span!("other").is_disabled());
        });
    }

    #[test]
    fn an_invalid_filter_is_refused_with_an_example() {
        let error = Levels::parse("inof").map(drop).map_err(|source| Error::Filter {
            key: "RUST_LOG",
            filter: "inof".to_owned(),
            source,
        });
        let text = error.expect_err("refused").to_string();
        assert!(
            text.starts_with("Invalid value inof for configuration RUST_LOG: 'inof' is not a valid level."),
            "{text}"
        );
        assert!(text.contains("info,weir::rest=debug"), "{text}");
    }
}
