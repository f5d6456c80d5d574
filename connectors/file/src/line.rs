//! Writes a record's value as a line: the text that Java prints, such as `Struct{id=1}`, `{id=1}` or `[1, 2]` for structured values.

use std::ptr;

use memchr::memchr2;
use weir_data::JavaText;
use weir_data::records::Encoding;
use weir_sdk::record::Data;
use weir_sdk::schema::{SchemaNode, SchemaRef};

use crate::schema;

/// Writes the values of a batch.
#[derive(Debug)]
pub(crate) struct Printer<'a> {
    /// Whether structured values are written as JSON.
    json: bool,
    /// The printers for the encodings and schemas so far, with schemas identified by address. `None` for a schema that cannot be used.
    known: Vec<(Encoding, Option<&'a SchemaNode>, Option<JavaText>)>,
}

impl<'a> Printer<'a> {
    pub(crate) fn new(json: bool) -> Printer<'a> {
        Printer { json, known: Vec::new() }
    }

    /// Appends the text of a value and a line end. As in Java, the text of null is `null`.
    pub(crate) fn append(&mut self, lines: &mut Vec<u8>, value: Data<'a>, schema: Option<SchemaRef<'a>>) {
        match value {
            Data::Null => lines.extend_from_slice(b"null"),
            Data::Text(text) => lines.extend_from_slice(text.as_bytes()),
            // Without a name, a schema does not change how bytes are written.
            Data::Bytes(bytes) if schema.is_none_or(|schema| schema.name().is_none()) => lines.extend_from_slice(bytes),
            Data::Bytes(bytes) => self.append_java(lines, Encoding::Bytes, bytes, schema),
            Data::Json(json) if self.json && json.trim_start().starts_with(['{', '[']) => append_json(lines, json),
            Data::Json(json) => self.append_java(lines, Encoding::Json, json.as_bytes(), schema),
        }
        lines.push(b'\n');
    }

    fn append_java(&mut self, lines: &mut Vec<u8>, encoding: Encoding, value: &[u8], schema: Option<SchemaRef<'a>>) {
        let begin = lines.len();
        let text = self.java_text(encoding, schema);
        // A value that does not match its encoding or schema is written unchanged.
        if text.is_none_or(|text| text.append(value, lines).is_err()) {
            lines.truncate(begin);
            lines.extend_from_slice(value);
        }
    }

    fn java_text(&mut self, encoding: Encoding, schema: Option<SchemaRef<'a>>) -> Option<&JavaText> {
        let node = schema.map(SchemaRef::node);
        let same = |other: Option<&SchemaNode>| match (node, other) {
            (Some(node), Some(other)) => ptr::eq(node, other),
            (node, other) => node.is_none() && other.is_none(),
        };
        let place = self.known.iter().position(|(of, node, _)| *of == encoding && same(*node)).unwrap_or_else(|| {
            let schema = schema.map(schema::of_data);
            self.known.push((encoding, node, JavaText::new(encoding, schema.as_ref()).ok()));
            self.known.len() - 1
        });
        self.known[place].2.as_ref()
    }
}

/// Writes JSON in one line. In valid JSON a line end is white space, because it is always escaped in strings.
fn append_json(lines: &mut Vec<u8>, json: &str) {
    let begin = lines.len();
    lines.extend_from_slice(json.as_bytes());
    let mut rest = &mut lines[begin..];
    while let Some(at) = memchr2(b'\n', b'\r', rest) {
        rest[at] = b' ';
        rest = &mut rest[at + 1..];
    }
}

#[cfg(test)]
mod tests {
    use weir_sdk::schema::Schema;

    use super::*;

    fn line(json: bool, value: Data<'_>, schema: Option<&Schema>) -> String {
        let mut lines = Vec::new();
        Printer::new(json).append(&mut lines, value, schema.map(Schema::root));
        String::from_utf8(lines).unwrap()
    }

    #[test]
    fn each_kind_of_value_is_printed_as_java_does() {
        for (value, expected) in [
            (Data::Null, "null\n"),
            (Data::Text("a \"b\""), "a \"b\"\n"),
            (Data::Bytes(b"raw"), "raw\n"),
            (Data::Json(r#"{"some_key":0}"#), "{some_key=0}\n"),
            (Data::Json(r#"{"b":[1,2.50,null,{"c":"d"}],"a":true}"#), "{a=true, b=[1, 2.5, null, {c=d}]}\n"),
            (Data::Json(r#""say \"hi\" \u00e9""#), "say \"hi\" é\n"),
            (Data::Json("1.50"), "1.5\n"),
            (Data::Json("-0.0"), "0.0\n"),
            (Data::Json("null"), "null\n"),
            (Data::Json("{no json"), "{no json\n"),
        ] {
            assert_eq!(line(false, value, None), expected);
        }
    }

    #[test]
    fn schemas_say_what_a_value_is() {
        let order = Schema::structure("Order").field("id", Schema::int32()).field("at", Schema::timestamp()).build();
        let expected = "Struct{id=7,at=Thu Jan 01 00:00:00 UTC 1970}\n";
        assert_eq!(line(false, Data::Json(r#"{"id":7,"at":0}"#), Some(&order)), expected);
        let decimal = Schema::decimal(2).build();
        assert_eq!(line(false, Data::Bytes(&[1, 0xF4]), Some(&decimal)), "5.00\n");
        assert_eq!(line(false, Data::Bytes(&[10]), Some(&decimal)), "0.10\n");
        assert_eq!(line(true, Data::Bytes(&[10]), Some(&decimal)), "0.10\n");
        assert_eq!(line(false, Data::Json("\"AfQ=\""), Some(&decimal)), "5.00\n");
    }

    #[test]
    fn structured_values_stay_json_where_that_is_asked_for() {
        for (value, expected) in [
            (Data::Json(r#"{"a":[1,2]}"#), "{\"a\":[1,2]}\n"),
            (Data::Json("{\n  \"a\":\r\n 1 }"), "{   \"a\":   1 }\n"),
            (Data::Json(r#""text""#), "text\n"),
            (Data::Json("1.50"), "1.5\n"),
        ] {
            assert_eq!(line(true, value, None), expected);
        }
    }

    #[test]
    fn a_value_as_deep_as_json_may_be_is_printed() {
        let deep = [&"[".repeat(1000)[..], &"]".repeat(1000)].concat();
        assert_eq!(line(false, Data::Json(&deep), None), format!("{deep}\n"));
    }
}
