//! Connector configurations that several tests begin with.

use std::path::Path;

use serde_json::{Map, Value, json};

/// A file source.
pub(crate) fn source(file: &Path, topic: &str) -> Value {
    json!({"connector.class": "FileStreamSource", "tasks.max": "1", "file": file, "topic": topic})
}

/// A file sink.
pub(crate) fn sink(file: &Path, topic: &str) -> Value {
    json!({"connector.class": "FileStreamSink", "tasks.max": "1", "file": file, "topics": topic})
}

/// A configuration with more keys, or other values for some.
pub(crate) fn with(config: &Value, more: &[(&str, &str)]) -> Value {
    let mut all: Map<String, Value> = config.as_object().cloned().unwrap_or_default();
    all.extend(more.iter().map(|(key, value)| ((*key).to_owned(), Value::from(*value))));
    all.into()
}
