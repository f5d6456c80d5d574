//! Writes each event on one line, whatever its fields contain: a plugin's message, a connector's name or a remote server's response cannot
//! end a line and begin another one, or change the colours or the direction of the displayed text.

use std::fmt::{self, Debug};
use std::io::{self, Write};

use tracing::field::{Field, Visit};
use tracing_subscriber::field::RecordFields;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::format::{FormatFields, Writer};
use weir_data::text::{one_json_line, one_line, one_line_but};

/// The format of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// Text, which may have colours. These come from our own formatter, because [`Fields`] escapes all others.
    Text { colours: bool },
    /// One JSON object.
    Json,
}

/// Makes writers that escape line breaks within each line.
pub(super) struct OneLine<M> {
    pub(super) form: Form,
    pub(super) inner: M,
}

impl<'w, M: MakeWriter<'w>> MakeWriter<'w> for OneLine<M> {
    type Writer = OneLineWriter<M::Writer>;

    fn make_writer(&'w self) -> Self::Writer {
        OneLineWriter { form: self.form, inner: self.inner.make_writer() }
    }

    fn make_writer_for(&'w self, place: &tracing::Metadata<'_>) -> Self::Writer {
        OneLineWriter { form: self.form, inner: self.inner.make_writer_for(place) }
    }
}

/// Writes whole lines: the log's formatter hands over one at a time.
pub(super) struct OneLineWriter<W> {
    form: Form,
    inner: W,
}

impl<W: Write> Write for OneLineWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(bytes);
        let text = text.strip_suffix('\n').unwrap_or(&text);
        let line = match self.form {
            Form::Text { colours } => one_line_but(text, |character| colours && character == '\u{1b}'),
            Form::Json => one_json_line(text),
        };
        let mut line = line.into_owned();
        line.push('\n');
        self.inner.write_all(line.as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// Writes the fields of events and spans as `tracing-subscriber` does, but their values on one line and without colours.
pub(super) struct Fields;

impl<'w> FormatFields<'w> for Fields {
    fn format_fields<R: RecordFields>(&self, writer: Writer<'w>, fields: R) -> fmt::Result {
        let mut visitor = Visitor { writer, first: true, result: Ok(()) };
        fields.record(&mut visitor);
        visitor.result
    }
}

struct Visitor<'w> {
    writer: Writer<'w>,
    first: bool,
    result: fmt::Result,
}

impl Visitor<'_> {
    fn write(&mut self, name: &str, value: &str) -> fmt::Result {
        if !std::mem::take(&mut self.first) {
            self.writer.write_char(' ')?;
        }
        match name {
            "message" => self.writer.write_str(value),
            _ if self.writer.has_ansi_escapes() => {
                write!(self.writer, "\u{1b}[3m{name}\u{1b}[0m\u{1b}[2m=\u{1b}[0m{value}")
            }
            _ => write!(self.writer, "{name}={value}"),
        }
    }
}

impl Visit for Visitor<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let name = field.name();
        // The fields of the `log` crate, which the formatter writes elsewhere.
        if self.result.is_ok() && !name.starts_with("log.") {
            let value = format!("{value:?}");
            self.result = self.write(name.strip_prefix("r#").unwrap_or(name), &one_line(&value));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(form: Form, line: &str) -> String {
        let mut written = Vec::new();
        OneLineWriter { form, inner: &mut written }.write_all(line.as_bytes()).expect("written");
        String::from_utf8(written).expect("text")
    }

    #[test]
    fn characters_that_would_end_a_line_or_reverse_it_are_escaped() {
        let forged = "INFO a\nWARN b\r\0\u{202e}c\u{2028}\u{1b}[31m\n";
        let plain = written(Form::Text { colours: false }, forged);
        assert_eq!(plain, "INFO a\\nWARN b\\r\\u{0}\\u{202e}c\\u{2028}\\u{1b}[31m\n");
        let coloured = written(Form::Text { colours: true }, forged);
        assert_eq!(coloured, "INFO a\\nWARN b\\r\\u{0}\\u{202e}c\\u{2028}\u{1b}[31m\n");
    }

    #[test]
    fn json_stays_json() {
        let line = format!("{}\n", serde_json::json!({ "message": "a\nb\u{202e}\u{2028}\u{7f}" }));
        let escaped = written(Form::Json, &line);
        assert_eq!(escaped, "{\"message\":\"a\\nb\\u202e\\u2028\\u007f\"}\n");
        let value: serde_json::Value = serde_json::from_str(&escaped).expect("JSON");
        assert_eq!(value["message"], "a\nb\u{202e}\u{2028}\u{7f}");
    }
}
