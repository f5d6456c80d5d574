//! Keeps the values of config providers out of the worker's log, whether a line is written by Weir, by librdkafka or by a plugin that
//! logs its configuration.

use std::borrow::Cow;
use std::io::{self, Write};
use std::sync::{Arc, Weak};

use parking_lot::RwLock;
use tracing_subscriber::fmt::MakeWriter;

/// Values that must not be logged.
pub trait Hide: Send + Sync {
    /// Returns the line without the values.
    fn hide_in_log<'a>(&self, line: &'a str) -> Cow<'a, str>;
}

/// All values in use. Clones share the values.
#[derive(Debug, Clone, Default)]
pub struct Redactor(Arc<RwLock<Vec<Weak<dyn Hide>>>>);

impl Redactor {
    /// Hides these values from now on, for as long as they are referenced elsewhere.
    pub fn add(&self, values: &Arc<impl Hide + 'static>) {
        let mut known = self.0.write();
        known.retain(|values| values.strong_count() > 0);
        let values = Arc::downgrade(values);
        known.push(values);
    }

    fn hide<'a>(&self, line: &'a str) -> Cow<'a, str> {
        let known = self.0.read();
        known.iter().filter_map(Weak::upgrade).fold(Cow::Borrowed(line), |line, secrets| {
            match secrets.hide_in_log(&line) {
                Cow::Borrowed(_) => line,
                Cow::Owned(hidden) => Cow::Owned(hidden),
            }
        })
    }

    /// Returns a maker of writers that hide the values in each line.
    pub fn writer<M>(self, inner: M) -> Redacting<M> {
        Redacting { redactor: self, inner }
    }
}

/// See [`Redactor::writer`].
#[derive(Debug)]
pub struct Redacting<M> {
    redactor: Redactor,
    inner: M,
}

impl<'w, M: MakeWriter<'w>> MakeWriter<'w> for Redacting<M> {
    type Writer = RedactingWriter<'w, M::Writer>;

    fn make_writer(&'w self) -> Self::Writer {
        RedactingWriter { redactor: &self.redactor, inner: self.inner.make_writer() }
    }

    fn make_writer_for(&'w self, meta: &tracing::Metadata<'_>) -> Self::Writer {
        RedactingWriter { redactor: &self.redactor, inner: self.inner.make_writer_for(meta) }
    }
}

/// Writes whole lines: the log's formatter hands over one at a time.
#[derive(Debug)]
pub struct RedactingWriter<'w, W> {
    redactor: &'w Redactor,
    inner: W,
}

impl<W: Write> Write for RedactingWriter<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let line = String::from_utf8_lossy(bytes);
        self.inner.write_all(self.redactor.hide(&line).as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Value(&'static str);

    impl Hide for Value {
        fn hide_in_log<'a>(&self, line: &'a str) -> Cow<'a, str> {
            if line.contains(self.0) { Cow::Owned(line.replace(self.0, "[hidden]")) } else { Cow::Borrowed(line) }
        }
    }

    fn secret(value: &'static str) -> Arc<Value> {
        Arc::new(Value(value))
    }

    #[test]
    fn values_are_hidden_as_long_as_they_are_referenced() {
        let redactor = Redactor::default();
        let secrets = secret("hunter2");
        redactor.add(&secrets);
        let other = secret("swordfish");
        redactor.add(&other);
        let written = || {
            let mut line = Vec::new();
            let mut writer = RedactingWriter { redactor: &redactor, inner: &mut line };
            writer.write_all(b"INFO hunter2, swordfish\n").expect("written");
            String::from_utf8(line).expect("text")
        };
        assert_eq!(written(), "INFO [hidden], [hidden]\n");
        drop(secrets);
        assert_eq!(written(), "INFO hunter2, [hidden]\n");
    }
}
