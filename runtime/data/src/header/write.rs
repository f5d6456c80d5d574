//! Writes the text of a header, as Kafka Connect's `Values.convertToString` does.

use std::borrow::Cow;

use crate::java::to_string::{date_millis, decimal};
use crate::json::payload::MAX_COLUMN;
use crate::json::shape::{Logical, Shape};
use crate::schema::SchemaType;
use weir_java::date::connect_text;
use weir_java::number::{double, float};
use weir_json::node::{Node, is_integral};
use weir_json::text::unescape;

/// No defaults of null fields are added to a text with this number of bytes, because defaults may contain structs with more defaults.
const MAX_WITH_DEFAULTS: usize = 1 << 20;

/// Appends a payload. `embedded` is true if it is part of another value, in which text is quoted.
pub(super) fn write(shape: Option<&Shape>, node: &Node<'_>, embedded: bool, out: &mut String) {
    match node {
        Node::Null => out.push_str("null"),
        Node::Boolean(truth) => out.push_str(if *truth { "true" } else { "false" }),
        Node::Number(digits) => out.push_str(&number(shape, digits)),
        Node::String(raw) => {
            let text = unescape(raw);
            if let Some(Logical::Decimal(scale)) = shape.and_then(|shape| shape.logical)
                && let Some(decimal) = decimal(&text, scale)
            {
                out.push_str(&decimal);
            } else if embedded {
                quote(&text, out);
            } else {
                out.push_str(&text);
            }
        }
        Node::Array(entries) if shape.is_some_and(|shape| shape.kind == SchemaType::Map) => {
            let child = |place: usize| shape.and_then(|shape| shape.children.get(place));
            list('{', '}', entries, out, |entry, out| {
                if let Node::Array(pair) = entry {
                    write(child(0), pair.first().unwrap_or(&Node::Null), true, out);
                    out.push(':');
                    write(child(1), pair.get(1).unwrap_or(&Node::Null), true, out);
                }
            });
        }
        Node::Array(items) => {
            let element = shape.and_then(|shape| shape.children.first());
            list('[', ']', items, out, |item, out| write(element, item, true, out));
        }
        Node::Object(members) => {
            if let Some(shape) = shape.filter(|shape| shape.kind == SchemaType::Struct) {
                return write_struct(shape, members, out);
            }
            let value_shape = shape.and_then(|shape| shape.children.get(1));
            list('{', '}', members, out, |(name, value), out| {
                quote(name, out);
                out.push(':');
                write(value_shape, value, true, out);
            });
        }
    }
}

/// Appends all fields in the order of the schema, and the default of a field that is null.
fn write_struct(shape: &Shape, members: &[(Cow<'_, str>, Node<'_>)], out: &mut String) {
    // The caller rejects a text that is too large. This check only stops its growth.
    if out.len() > MAX_COLUMN {
        return;
    }
    let mut values = vec![&Node::Null; shape.children.len()];
    for (name, value) in members {
        if let Some(place) = shape.fields.place(name) {
            values[place] = value;
        }
    }
    let fields: Vec<_> = shape.fields.names.iter().zip(&shape.children).zip(values).collect();
    list('{', '}', &fields, out, |((name, field), value), out| {
        quote(name, out);
        out.push(':');
        let default = field.default.as_deref().filter(|_| **value == Node::Null && out.len() < MAX_WITH_DEFAULTS);
        match default.map(std::str::from_utf8) {
            Some(Ok(default)) => write(Some(field), &Node::parse_checked(default), true, out),
            _ => write(Some(field), value, true, out),
        }
    });
}

fn number(shape: Option<&Shape>, digits: &str) -> String {
    let logical = shape.and_then(|shape| shape.logical);
    if let Some(millis) = logical.and_then(|logical| date_millis(logical, digits)) {
        return connect_text(millis);
    }
    match shape.map(|shape| shape.kind) {
        Some(SchemaType::Float32) => digits.parse().map_or_else(|_| digits.to_owned(), float),
        Some(SchemaType::Float64) => digits.parse().map_or_else(|_| digits.to_owned(), double),
        None if !is_integral(digits) => digits.parse().map_or_else(|_| digits.to_owned(), double),
        _ if digits == "-0" => "0".to_owned(),
        _ => digits.to_owned(),
    }
}

fn quote(text: &str, out: &mut String) {
    out.push('"');
    for character in text.chars() {
        if matches!(character, '\\' | '"') {
            out.push('\\');
        }
        out.push(character);
    }
    out.push('"');
}

fn list<T>(open: char, close: char, items: &[T], out: &mut String, mut each: impl FnMut(&T, &mut String)) {
    out.push(open);
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        each(item, out);
    }
    out.push(close);
}
