//! The log: text or one JSON object a line, on standard error. Connector and task are fields of the spans that tasks run in, so
//! every line of theirs carries them. `levels.rs` keeps the loggers' levels, which the REST API changes; `rules.rs` is what they come
//! down to, and `filter.rs` holds each line against it.

mod filter;
mod level;
mod levels;
mod names;
mod rules;

use std::io::IsTerminal as _;
use std::sync::OnceLock;

use tracing_subscriber::filter::ParseError;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Layer as _, fmt, registry};

pub use level::Level;
pub use levels::{Levels, LoggerLevel, TooMany};

use crate::config::providers::Redactor;
use crate::config::worker::LogFormat;

/// The field by which a span says whose lines it holds. Such spans are made with `error_span!`, so that they are there whatever
/// the levels are when they are made.
const CONNECTOR_FIELD: &str = "connector";

/// The levels of this process's log.
static LEVELS: OnceLock<Levels> = OnceLock::new();

/// The levels of this process's log; before [`init`] they are of none.
pub fn levels() -> Levels {
    LEVELS.get().cloned().unwrap_or_default()
}

/// The log cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The filter is no filter.
    #[error(
        "Invalid value {filter} for configuration {key}: {source}; write for example info, or info,weir::rest=debug"
    )]
    Filter {
        /// Where it stands.
        key: &'static str,
        /// The filter.
        filter: String,
        /// What is wrong with it.
        source: ParseError,
    },
    /// There is a log already.
    #[error("the log is set up twice")]
    Twice(#[from] tracing_subscriber::util::TryInitError),
}

/// Sets up the log of this process. The variable `RUST_LOG`, where it is set, is taken instead of `level`.
///
/// `redactor` takes the values of config providers out of each line.
pub fn init(format: LogFormat, level: &str, redactor: Redactor) -> Result<(), Error> {
    let variable = std::env::var("RUST_LOG").ok().filter(|filter| !filter.trim().is_empty());
    let (key, filter) = match &variable {
        Some(filter) => ("RUST_LOG", filter.as_str()),
        None => ("weir.log.level", level),
    };
    let levels = Levels::parse(filter).map_err(|source| Error::Filter { key, filter: filter.to_owned(), source })?;
    subscriber(format, levels.clone(), redactor.writer(std::io::stderr), std::io::stderr().is_terminal()).try_init()?;
    // A second log was refused just now.
    let _ = LEVELS.set(levels);
    Ok(())
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
        LogFormat::Text => lines.boxed(),
        LogFormat::Json => lines.json().flatten_event(true).with_current_span(true).with_span_list(false).boxed(),
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

    /// Calls with this subscriber for the thread, and with one more in the process, which hears of nothing. As long as tracing knows
    /// of one subscriber only, it asks that of whichever thread changes levels, and other tests' threads have none.
    fn with(subscriber: Box<dyn tracing::Subscriber + Send + Sync>, call: impl FnOnce()) {
        static OTHER: OnceLock<tracing::Dispatch> = OnceLock::new();
        OTHER.get_or_init(|| tracing::Dispatch::new(tracing::subscriber::NoSubscriber::new()));
        tracing::subscriber::with_default(subscriber, call);
    }

    fn line(format: LogFormat) -> String {
        let written = Written::default();
        let sink = written.clone();
        let subscriber = subscriber(format, Levels::default(), move || sink.clone(), false);
        with(subscriber, || {
            let span = tracing::info_span!("task", connector = "a", task = 0);
            let _entered = span.enter();
            tracing::info!(rows = 3, "done");
            tracing::debug!("not written");
        });
        let bytes = written.0.lock().clone();
        String::from_utf8(bytes).expect("text")
    }

    #[test]
    fn a_text_line_names_connector_and_task() {
        let line = line(LogFormat::Text);
        assert!(line.contains(r#"task{connector="a" task=0}"#) && line.contains("done rows=3"), "{line}");
        assert_eq!(line.lines().count(), 1);
    }

    #[test]
    fn a_json_line_names_connector_and_task() {
        let line: serde_json::Value = serde_json::from_str(&line(LogFormat::Json)).expect("one object a line");
        assert_eq!((&line["level"], &line["message"], &line["rows"]), (&"INFO".into(), &"done".into(), &3.into()));
        assert_eq!((&line["span"]["connector"], &line["span"]["task"]), (&"a".into(), &0.into()));
    }

    /// What is written of one debug line of each kind, once these levels are set.
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
    fn one_connector_can_be_listened_to_and_another_silenced() {
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
    fn a_plugins_class_is_the_plugins_own_words_and_a_module_is_its_lines_everywhere() {
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
    fn spans_that_name_connectors_are_there_even_if_nothing_is_written() {
        let levels = Levels::parse("off").expect("a filter");
        let subscriber = subscriber(LogFormat::Text, levels, std::io::sink, false);
        with(subscriber, || {
            assert!(!tracing::error_span!("task", connector = "a").is_disabled());
            assert!(tracing::error_span!("other").is_disabled());
        });
    }

    #[test]
    fn a_filter_that_is_none_is_refused_with_an_example() {
        let error = Levels::parse("weir=loud").map(drop).map_err(|source| Error::Filter {
            key: "weir.log.level",
            filter: "weir=loud".to_owned(),
            source,
        });
        assert!(error.expect_err("refused").to_string().contains("info,weir::rest=debug"));
    }
}
