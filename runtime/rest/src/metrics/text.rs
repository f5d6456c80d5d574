//! Prometheus' text exposition format, version 0.0.4.
//!
//! It does not use a library: `prometheus-client` writes only OpenMetrics, in which the name of a counter must end in `_total`, which is
//! not so for some of Kafka Connect's; the `prometheus` crate needs an object for each sample and its labels, a hundred thousand small
//! allocations for a thousand tasks. The format itself has only three escaping rules, and the tests check the result with a parser.

use std::fmt::Write as _;

/// The `Content-Type` of what [`Text`] writes.
pub(super) const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The type of a family.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Only increases, except that a restart resets it.
    Counter,
    /// May increase and decrease.
    Gauge,
}

impl Kind {
    /// Returns the format's name of the type.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
        }
    }
}

/// The value of a sample.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Value {
    /// An integer, written with all digits.
    Whole(u64),
    /// A floating-point number, including NaN and infinities.
    Number(f64),
}

impl From<u64> for Value {
    fn from(whole: u64) -> Self {
        Self::Whole(whole)
    }
}

impl From<usize> for Value {
    fn from(whole: usize) -> Self {
        Self::Whole(whole as u64)
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Self::Number(number)
    }
}

/// Labels, as they are written between the braces. The names come from this crate; the values may be any text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Labels(String);

impl Labels {
    /// Returns no labels.
    pub(super) fn none() -> Self {
        Self::default()
    }

    /// Adds a label.
    #[must_use]
    pub(super) fn with(mut self, name: &str, value: &str) -> Self {
        self.push(name, value);
        self
    }

    fn push(&mut self, name: &str, value: &str) {
        push_label(&mut self.0, name, value);
    }
}

/// A response that is being written. Families follow one another, each with all its samples.
#[derive(Debug, Default)]
pub(super) struct Text(String);

impl Text {
    /// Begins a family. A family without samples must not be begun.
    pub(super) fn family(&mut self, name: &str, kind: Kind, help: &str) {
        // Writing to a string cannot fail.
        let _ = write!(self.0, "# HELP {name} ");
        escape(&mut self.0, help, false);
        let _ = write!(self.0, "\n# TYPE {name} {}\n", kind.as_str());
    }

    /// Writes a sample of the current family. The labels in `more` follow the others.
    pub(super) fn sample(&mut self, name: &str, labels: &Labels, more: &[(&str, &str)], value: Value) {
        let out = &mut self.0;
        out.push_str(name);
        if !labels.0.is_empty() || !more.is_empty() {
            out.push('{');
            let begin = out.len();
            out.push_str(&labels.0);
            for (name, value) in more {
                if out.len() > begin {
                    out.push(',');
                }
                push_pair(out, name, value);
            }
            out.push('}');
        }
        let _ = match value {
            Value::Whole(whole) => writeln!(out, " {whole}"),
            Value::Number(number) if number.is_nan() => writeln!(out, " NaN"),
            Value::Number(f64::INFINITY) => writeln!(out, " +Inf"),
            Value::Number(f64::NEG_INFINITY) => writeln!(out, " -Inf"),
            Value::Number(number) => writeln!(out, " {number}"),
        };
    }

    /// Returns the response.
    pub(super) fn finish(self) -> String {
        self.0
    }
}

fn push_label(out: &mut String, name: &str, value: &str) {
    if !out.is_empty() {
        out.push(',');
    }
    push_pair(out, name, value);
}

fn push_pair(out: &mut String, name: &str, value: &str) {
    out.push_str(name);
    out.push_str("=\"");
    escape(out, value, true);
    out.push('"');
}

/// Escapes backslashes and line breaks, and in the value of a label also quotation marks.
fn escape(out: &mut String, text: &str, quoted: bool) {
    for char in text.chars() {
        match char {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '"' if quoted => out.push_str("\\\""),
            char => out.push(char),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_family_is_its_help_its_type_and_its_samples() {
        let mut text = Text::default();
        text.family("a_total", Kind::Counter, "What \"it\" is.\nAnd \\ more.");
        text.sample("a_total", &Labels::none(), &[], u64::MAX.into());
        let labels = Labels::none().with("connector", "c").with("task", "0");
        text.sample("a_total", &labels, &[("kind", "x")], 0.25.into());
        text.sample("a_total", &Labels::none(), &[("kind", "x"), ("b", "")], f64::NAN.into());
        text.sample("a_total", &labels, &[], f64::NEG_INFINITY.into());
        assert_eq!(
            text.finish(),
            "# HELP a_total What \"it\" is.\\nAnd \\\\ more.\n# TYPE a_total counter\n\
             a_total 18446744073709551615\n\
             a_total{connector=\"c\",task=\"0\",kind=\"x\"} 0.25\n\
             a_total{kind=\"x\",b=\"\"} NaN\n\
             a_total{connector=\"c\",task=\"0\"} -Inf\n"
        );
    }

    #[test]
    fn a_name_cannot_leave_its_label() {
        let hostile = "x\"} 1\nevil{a=\"\\";
        let mut text = Text::default();
        text.sample("m", &Labels::none().with("connector", hostile), &[], 1_u64.into());
        let text = text.finish();
        assert_eq!(text, "m{connector=\"x\\\"} 1\\nevil{a=\\\"\\\\\"} 1\n");
        assert_eq!(text.lines().count(), 1);
    }
}
