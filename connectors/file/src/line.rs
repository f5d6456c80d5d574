//! A record's value as a line.

use std::borrow::Cow;

use memchr::memchr2;
use weir_sdk::record::Data;

/// Appends the value's text and a line end. Null is `null`, as Java prints it.
pub(crate) fn append(lines: &mut Vec<u8>, value: Data<'_>) {
    match value {
        Data::Null => lines.extend_from_slice(b"null"),
        Data::Bytes(bytes) => lines.extend_from_slice(bytes),
        Data::Text(text) => lines.extend_from_slice(text.as_bytes()),
        Data::Json(json) => append_json(lines, json),
    }
    lines.push(b'\n');
}

/// A text stands for itself; anything else is its JSON on one line.
fn append_json(lines: &mut Vec<u8>, json: &str) {
    if json.starts_with('"')
        && let Ok(text) = serde_json::from_str::<Cow<'_, str>>(json)
    {
        lines.extend_from_slice(text.as_bytes());
        return;
    }
    let begin = lines.len();
    lines.extend_from_slice(json.as_bytes());
    // Within JSON a line end is white space: in a string it is always escaped.
    let mut rest = &mut lines[begin..];
    while let Some(at) = memchr2(b'\n', b'\r', rest) {
        rest[at] = b' ';
        rest = &mut rest[at + 1..];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_value_is_one_line() {
        for (value, expected) in [
            (Data::Null, "null\n"),
            (Data::Text("a \"b\""), "a \"b\"\n"),
            (Data::Bytes(b"raw"), "raw\n"),
            (Data::Json(r#"{"a":[1,2]}"#), "{\"a\":[1,2]}\n"),
            (Data::Json("{\n  \"a\":\r\n 1 }"), "{   \"a\":   1 }\n"),
            (Data::Json(r#""say \"hi\" \u00e9""#), "say \"hi\" é\n"),
            (Data::Json("1.50"), "1.50\n"),
            (Data::Json("null"), "null\n"),
        ] {
            let mut lines = Vec::new();
            append(&mut lines, value);
            assert_eq!(String::from_utf8(lines).unwrap(), expected);
        }
    }
}
