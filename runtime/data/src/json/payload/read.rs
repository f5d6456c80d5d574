//! Converts from Kafka to Connect: turns a JSON tree into the value that Kafka Connect's JsonConverter would read.
//!
//! That converter is tolerant. A number that does not fit is narrowed, a value of another type becomes 0, false or null, a missing member
//! is null, and an unknown member is ignored.

use super::{Rules, check_room, decode_base64, push_default, write_base64};
use crate::java::decimal;
use crate::json::shape::{Logical, Shape};
use crate::schema::SchemaType;
use weir_java::big_decimal::long_value;
use weir_java::number::{double, float};
use weir_json::node::{Node, is_integral};

/// Appends the value. Returns false if it has become null although it was not, whether or not the schema allows null.
pub(super) fn read(shape: &Shape, node: &Node<'_>, rules: &Rules, out: &mut Vec<u8>) -> Result<bool, String> {
    if *node == Node::Null {
        return match &shape.default {
            Some(default) if rules.replace_null => push_default(default, out).map(|()| true),
            _ if shape.optional => {
                out.extend_from_slice(b"null");
                Ok(true)
            }
            _ => Err(format!("Invalid null value for required {} field", shape.kind.name())),
        };
    }
    if let Some(logical) = shape.logical {
        return read_logical(logical, node, out).map(|()| true);
    }
    match shape.kind {
        SchemaType::Int8 => push(out, integer(node) as i8),
        SchemaType::Int16 => push(out, integer(node) as i16),
        SchemaType::Int32 => push(out, integer(node) as i32),
        SchemaType::Int64 => push(out, integer(node)),
        SchemaType::Float32 => {
            let value = decimal(node).and_then(|digits| digits.parse().ok()).unwrap_or(0.0);
            push_float(float(value), value.is_finite(), out);
        }
        SchemaType::Float64 => {
            let value = decimal(node).and_then(|digits| digits.parse().ok()).unwrap_or(0.0);
            push_float(double(value), value.is_finite(), out);
        }
        SchemaType::Boolean => push(out, *node == Node::Boolean(true)),
        SchemaType::String | SchemaType::Bytes => return read_text(shape.kind, node, out),
        SchemaType::Array => {
            let [element] = shape.children.as_slice() else { return Ok(false) };
            out.push(b'[');
            match node {
                Node::Array(items) => read_items(element, items.iter(), rules, out)?,
                Node::Object(members) => read_items(element, members.iter().map(|(_, value)| value), rules, out)?,
                _ => {}
            }
            out.push(b']');
        }
        SchemaType::Map => read_map(shape, node, rules, out)?,
        SchemaType::Struct => read_struct(shape, node, rules, out)?,
    }
    Ok(true)
}

fn push(out: &mut Vec<u8>, value: impl std::fmt::Display) {
    out.extend_from_slice(value.to_string().as_bytes());
}

/// Numbers out of range become infinite, which JSON cannot represent.
fn push_float(text: String, finite: bool, out: &mut Vec<u8>) {
    let quote: &[u8] = if finite { b"" } else { b"\"" };
    out.extend_from_slice(quote);
    out.extend_from_slice(text.as_bytes());
    out.extend_from_slice(quote);
}

/// Returns the digits of a number, without the sign of a zero: Jackson reads a `BigDecimal`, which has no negative zero.
fn decimal<'a>(node: &Node<'a>) -> Option<&'a str> {
    let Node::Number(digits) = node else { return None };
    let mantissa = digits.split(['e', 'E']).next().unwrap_or_default();
    mantissa.bytes().any(|digit| matches!(digit, b'1'..=b'9')).then_some(*digits)
}

fn integer(node: &Node<'_>) -> i64 {
    if let Node::Number(digits) = node { long_value(digits) } else { 0 }
}

fn read_text(kind: SchemaType, node: &Node<'_>, out: &mut Vec<u8>) -> Result<bool, String> {
    let Node::String(raw) = node else {
        out.extend_from_slice(b"null");
        return Ok(false);
    };
    if kind == SchemaType::String {
        node.write(out);
    } else {
        let bytes = decode_base64(&weir_json::text::unescape(raw)).ok_or("Invalid bytes field")?;
        write_base64(&bytes, out);
    }
    Ok(true)
}

/// Checks what Kafka Connect checks when it adds a value to a list, map or struct.
fn read_inside(shape: &Shape, node: &Node<'_>, rules: &Rules, out: &mut Vec<u8>) -> Result<(), String> {
    if read(shape, node, rules, out)? || shape.optional {
        return Ok(());
    }
    Err(format!("Invalid value: null used for required element, schema type: {}", shape.kind.name()))
}

fn read_items<'n, 'a: 'n>(
    element: &Shape,
    items: impl Iterator<Item = &'n Node<'a>>,
    rules: &Rules,
    out: &mut Vec<u8>,
) -> Result<(), String> {
    for (index, item) in items.enumerate() {
        if index > 0 {
            out.push(b',');
        }
        read_inside(element, item, rules, out)?;
    }
    Ok(())
}

fn read_map(shape: &Shape, node: &Node<'_>, rules: &Rules, out: &mut Vec<u8>) -> Result<(), String> {
    let [key, value] = shape.children.as_slice() else { return Ok(()) };
    if key.kind == SchemaType::String {
        let Node::Object(members) = node else {
            let found = node.kind();
            return Err(format!("Maps with string fields should be encoded as JSON objects, but found {found}"));
        };
        out.push(b'{');
        for (index, (name, member)) in members.iter().enumerate() {
            if index > 0 {
                out.push(b',');
            }
            weir_json::text::write_string(name.as_bytes(), out);
            out.push(b':');
            read_inside(value, member, rules, out)?;
        }
        out.push(b'}');
        return Ok(());
    }
    let Node::Array(entries) = node else {
        let found = node.kind();
        return Err(format!(
            "Maps with non-string fields should be encoded as JSON array of tuples, but found {found}"
        ));
    };
    out.push(b'[');
    for (index, entry) in entries.iter().enumerate() {
        let Node::Array(pair) = entry else {
            return Err(format!("Found invalid map entry instead of array tuple: {}", entry.kind()));
        };
        let [entry_key, entry_value] = pair.as_slice() else {
            return Err(format!("Found invalid map entry, expected length 2 but found :{}", pair.len()));
        };
        out.extend_from_slice(if index > 0 { b",[" } else { b"[" });
        read_inside(key, entry_key, rules, out)?;
        out.push(b',');
        read_inside(value, entry_value, rules, out)?;
        out.push(b']');
    }
    out.push(b']');
    Ok(())
}

fn read_struct(shape: &Shape, node: &Node<'_>, rules: &Rules, out: &mut Vec<u8>) -> Result<(), String> {
    let Node::Object(members) = node else {
        return Err(format!("Structs should be encoded as JSON objects, but found {}", node.kind()));
    };
    check_room(out)?;
    let mut values = vec![&Node::Null; shape.children.len()];
    for (name, value) in members {
        if let Some(place) = shape.fields.place(name) {
            values[place] = value;
        }
    }
    out.push(b'{');
    for (index, (field, value)) in shape.children.iter().zip(values).enumerate() {
        if index > 0 {
            out.push(b',');
        }
        out.extend_from_slice(&shape.fields.keys[index]);
        if !read(field, value, rules, out)? && !field.optional {
            let (name, kind) = (&shape.fields.names[index], field.kind.name());
            return Err(format!("Invalid value: null used for required field: \"{name}\", schema type: {kind}"));
        }
    }
    out.push(b'}');
    Ok(())
}

fn read_logical(logical: Logical, node: &Node<'_>, out: &mut Vec<u8>) -> Result<(), String> {
    let wrong = |name: &str, wanted: &str| {
        let found = node.kind();
        Err(format!("Invalid type for {name}, underlying representation should be {wanted} but was {found}"))
    };
    let whole = || match node {
        Node::Number(digits) if is_integral(digits) => digits.parse::<i64>().ok().or(Some(long_value(digits))),
        _ => None,
    };
    // A number out of the 32-bit range has another class in Java, which is rejected. One out of the 64-bit range is narrowed.
    let int = || match node {
        Node::Number(digits) if is_integral(digits) => digits.parse::<i32>().ok(),
        _ => None,
    };
    match logical {
        Logical::Decimal(scale) => return read_decimal(scale, node, out),
        Logical::Date => match int() {
            Some(days) => push(out, days),
            None => return wrong("Date", "integer"),
        },
        Logical::Time => match int() {
            Some(millis @ 0..=86_400_000) => push(out, millis),
            Some(_) => return Err(TIME_RANGE.to_owned()),
            None => return wrong("Time", "integer"),
        },
        Logical::Timestamp => match whole() {
            Some(millis) => push(out, millis),
            None => return wrong("Timestamp", "integral"),
        },
    }
    Ok(())
}

const TIME_RANGE: &str = "Time values must use number of milliseconds greater than 0 and less than 86400000";

fn read_decimal(scale: Option<i32>, node: &Node<'_>, out: &mut Vec<u8>) -> Result<(), String> {
    match node {
        Node::Number(digits) => {
            let scale = scale.ok_or("Invalid Decimal schema: scale parameter not found.")?;
            let decimal = decimal::parse(digits).ok_or("Invalid bytes for Decimal field")?;
            let own = decimal.scale();
            // In Kafka Connect the number keeps its own scale, and fails when it is written as bytes. Here a Decimal is bytes from the
            // beginning, so zeros are added or removed, and a number that does not fit fails at once.
            let unscaled = decimal::unscaled(&decimal, scale).ok_or_else(|| {
                format!(
                    "Decimal value has mismatching scale for given Decimal schema. \
                     Schema has scale {scale}, value has scale {own}."
                )
            })?;
            write_base64(&unscaled, out);
            Ok(())
        }
        Node::String(raw) => {
            let bytes = decode_base64(&weir_json::text::unescape(raw));
            let bytes = bytes.filter(|bytes| !bytes.is_empty() && scale.is_some());
            write_base64(&bytes.ok_or("Invalid bytes for Decimal field")?, out);
            Ok(())
        }
        other => Err(format!(
            "Invalid type for Decimal, underlying representation should be numeric or bytes but was {}",
            other.kind()
        )),
    }
}
