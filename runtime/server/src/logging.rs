//! The log: text or one JSON object a line, on standard error. Connector and task are fields of the spans that tasks run in, so
//! every line of theirs carries them.

use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::ParseError;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::config::worker::LogFormat;

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
pub fn init(format: LogFormat, level: &str) -> Result<(), Error> {
    let variable = std::env::var("RUST_LOG").ok().filter(|filter| !filter.trim().is_empty());
    let (key, filter) = match &variable {
        Some(filter) => ("RUST_LOG", filter.as_str()),
        None => ("weir.log.level", level),
    };
    let filter =
        EnvFilter::try_new(filter).map_err(|source| Error::Filter { key, filter: filter.to_owned(), source })?;
    subscriber(format, filter, std::io::stderr, std::io::stderr().is_terminal()).try_init()?;
    Ok(())
}

fn subscriber<W>(
    format: LogFormat,
    filter: EnvFilter,
    writer: W,
    colours: bool,
) -> Box<dyn tracing::Subscriber + Send + Sync>
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(writer).with_ansi(colours);
    match format {
        LogFormat::Text => Box::new(lines.finish()),
        LogFormat::Json => {
            Box::new(lines.json().flatten_event(true).with_current_span(true).with_span_list(false).finish())
        }
    }
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

    fn line(format: LogFormat) -> String {
        let written = Written::default();
        let sink = written.clone();
        let subscriber = subscriber(format, EnvFilter::new("info"), move || sink.clone(), false);
        tracing::subscriber::with_default(subscriber, || {
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

    #[test]
    fn a_filter_that_is_none_is_refused_with_an_example() {
        let error = EnvFilter::try_new("weir=loud").map_err(|source| Error::Filter {
            key: "weir.log.level",
            filter: "weir=loud".to_owned(),
            source,
        });
        assert!(error.expect_err("refused").to_string().contains("info,weir::rest=debug"));
    }
}
