//! Formats events as `tracing-subscriber` does, under the target that [`shown`] gives.

use std::fmt;

use tracing::{Event, Level, Subscriber};
use tracing_subscriber::fmt::format::{Format, Json, Writer};
use tracing_subscriber::fmt::time::{FormatTime as _, SystemTime};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, FormattedFields};
use tracing_subscriber::registry::LookupSpan;

use super::target::shown;

/// `TIME LEVEL SPAN{FIELDS}: TARGET: MESSAGE FIELDS`.
pub(super) struct Text;

/// One JSON object.
pub(super) struct JsonLine(pub(super) Format<Json>);

const BOLD: &str = "\u{1b}[1m";
const DIM: &str = "\u{1b}[2m";
const END: &str = "\u{1b}[0m";

/// Writes a text in a style, if colours are enabled.
fn styled(writer: &mut Writer<'_>, style: &str, text: impl fmt::Display) -> fmt::Result {
    match writer.has_ansi_escapes() {
        true => write!(writer, "{style}{text}{END}"),
        false => write!(writer, "{text}"),
    }
}

fn colour(level: Level) -> &'static str {
    match level {
        Level::TRACE => "\u{1b}[35m",
        Level::DEBUG => "\u{1b}[34m",
        Level::INFO => "\u{1b}[32m",
        Level::WARN => "\u{1b}[33m",
        Level::ERROR => "\u{1b}[31m",
    }
}

impl<S, N> FormatEvent<S, N> for Text
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, context: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let mut time = String::new();
        SystemTime.format_time(&mut Writer::new(&mut time))?;
        styled(&mut writer, DIM, time)?;
        writer.write_char(' ')?;
        let level = *event.metadata().level();
        styled(&mut writer, colour(level), format_args!("{:>5}", level.as_str()))?;
        writer.write_char(' ')?;
        let mut is_in_span = false;
        for span in context.event_scope().into_iter().flat_map(tracing_subscriber::registry::Scope::from_root) {
            is_in_span = true;
            styled(&mut writer, BOLD, span.metadata().name())?;
            if let Some(fields) = span.extensions().get::<FormattedFields<N>>().filter(|fields| !fields.is_empty()) {
                styled(&mut writer, BOLD, "{")?;
                write!(writer, "{fields}")?;
                styled(&mut writer, BOLD, "}")?;
            }
            styled(&mut writer, DIM, ":")?;
        }
        if is_in_span {
            writer.write_char(' ')?;
        }
        styled(&mut writer, DIM, shown(event.metadata().target()))?;
        styled(&mut writer, DIM, ":")?;
        writer.write_char(' ')?;
        context.field_format().format_fields(writer.by_ref(), event)?;
        writeln!(writer)
    }
}

impl<S, N> FormatEvent<S, N> for JsonLine
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, context: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let target = event.metadata().target();
        let shown = shown(target);
        if shown == target {
            return self.0.format_event(context, writer, event);
        }
        let mut line = String::new();
        self.0.format_event(context, Writer::new(&mut line), event)?;
        // Quotes in texts are escaped, so this is the object's own key.
        let member = |target: &str| format!("\"target\":\"{target}\"");
        writer.write_str(&line.replacen(&member(target), &member(&shown), 1))
    }
}
