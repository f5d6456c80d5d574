//! What goes through: files of lines and rows for topics, the same in every run.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use anyhow::{Context, Result};

/// Writes a file of lines, each of `bytes` bytes without its end, and no two alike.
pub(crate) fn write_lines(path: &Path, lines: u64, bytes: usize) -> Result<()> {
    let write = || -> std::io::Result<()> {
        let mut file = BufWriter::new(File::create(path)?);
        for number in 0..lines {
            file.write_all(&line(number, bytes))?;
            file.write_all(b"\n")?;
        }
        file.flush()
    };
    write().with_context(|| path.display().to_string())
}

/// One line without its end: its number, then letters.
pub(crate) fn line(number: u64, bytes: usize) -> Vec<u8> {
    let mut line = format!("{number:012} ").into_bytes();
    // Not one letter again and again, which a compressing file system would make nothing of.
    let letters = (0..).map(|place: u64| b'a' + ((number.wrapping_mul(31) + place * place) % 26) as u8);
    line.extend(letters.take(bytes.saturating_sub(line.len())));
    line.truncate(bytes);
    line
}

/// A JSON object of about 110 bytes, with text, numbers, a boolean and a null.
pub(crate) fn object(number: u64) -> String {
    let (score, cents, active) = (number % 1000, number % 100, number.is_multiple_of(2));
    format!(
        "{{\"id\":{id},\"name\":\"customer {number:07}\",\"city\":\"Utrecht\",\"score\":{score},\
         \"balance\":{score}.{cents:02},\"active\":{active},\"note\":null}}",
        id = 1_000_000 + number
    )
}

/// The same object with its schema, as JsonConverter has it with `schemas.enable=true`.
pub(crate) fn envelope(number: u64) -> String {
    let field = |name, kind, optional| format!("{{\"type\":\"{kind}\",\"optional\":{optional},\"field\":\"{name}\"}}");
    let fields = [
        field("id", "int64", false),
        field("name", "string", false),
        field("city", "string", true),
        field("score", "int32", false),
        field("balance", "double", false),
        field("active", "boolean", false),
        field("note", "string", true),
    ]
    .join(",");
    format!(
        "{{\"schema\":{{\"type\":\"struct\",\"fields\":[{fields}],\"optional\":false,\"name\":\"customer\"}},\"payload\":{}}}",
        object(number)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_have_their_length_and_differ() {
        assert_eq!(line(7, 100).len(), 100);
        assert_eq!(line(7, 10_000).len(), 10_000);
        assert_ne!(line(7, 100), line(8, 100));
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lines");
        write_lines(&path, 3, 20).unwrap();
        assert_eq!(std::fs::read_to_string(path).unwrap().lines().map(str::len).collect::<Vec<_>>(), [20, 20, 20]);
    }

    #[test]
    fn rows_are_json_of_the_size_that_the_report_says() {
        for number in [0, 1, 999_999] {
            let text = object(number);
            assert!((100..=125).contains(&text.len()), "{} {text}", text.len());
            let value: serde_json::Value = serde_json::from_str(&text).unwrap();
            assert_eq!(value.as_object().unwrap().len(), 7);
            let envelope: serde_json::Value = serde_json::from_str(&envelope(number)).unwrap();
            assert_eq!(envelope["payload"], value);
            assert_eq!(envelope["schema"]["fields"].as_array().unwrap().len(), 7);
        }
    }
}
