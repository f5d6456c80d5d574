//! Converts from Connect to Kafka: turns a payload into what Kafka Connect's JsonConverter writes. Values that do not fit their schema
//! are errors.

use super::{Rules, check_room, decode_base64, push_default, write_base64};
use crate::java::class;
use crate::json::shape::{Logical, Shape};
use crate::schema::SchemaType;
use weir_java::BigDecimal;
use weir_java::number::{double, float};
use weir_json::node::{Node, is_integral};
use weir_json::text::{unescape, write_string};

/// Appends the value.
pub(super) fn write(
    shape: &Shape,
    node: &Node<'_>,
    rules: &Rules,
    numeric: bool,
    out: &mut Vec<u8>,
) -> Result<(), String> {
    if *node == Node::Null {
        return match &shape.default {
            Some(default) if rules.replace_null => push_default(default, out),
            _ if shape.optional => {
                out.extend_from_slice(b"null");
                Ok(())
            }
            _ => Err("Conversion error: null value for field that is required and has no default value".to_owned()),
        };
    }
    let wrong = || Err(format!("Invalid type for {}: class {}", shape.kind.name(), class::of_node(node)));
    if let Some(logical) = shape.logical {
        return write_logical(logical, node, numeric, out).unwrap_or_else(wrong);
    }
    match shape.kind {
        SchemaType::Int8 => whole::<i8>(node, out).map_or_else(wrong, Ok),
        SchemaType::Int16 => whole::<i16>(node, out).map_or_else(wrong, Ok),
        SchemaType::Int32 => whole::<i32>(node, out).map_or_else(wrong, Ok),
        SchemaType::Int64 => whole::<i64>(node, out).map_or_else(wrong, Ok),
        SchemaType::Float32 => write_float(node, |digits| digits.parse().map(float).ok(), out).map_or_else(wrong, Ok),
        SchemaType::Float64 => write_float(node, |digits| digits.parse().map(double).ok(), out).map_or_else(wrong, Ok),
        SchemaType::Boolean if matches!(node, Node::Boolean(_)) => {
            node.write(out);
            Ok(())
        }
        SchemaType::String if matches!(node, Node::String(_)) => {
            node.write(out);
            Ok(())
        }
        SchemaType::Bytes => {
            let Node::String(raw) = node else { return wrong() };
            write_base64(&decode_base64(&unescape(raw)).ok_or("Invalid bytes field")?, out);
            Ok(())
        }
        SchemaType::Array => {
            let (Node::Array(items), [element]) = (node, shape.children.as_slice()) else { return wrong() };
            out.push(b'[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                write(element, item, rules, numeric, out)?;
            }
            out.push(b']');
            Ok(())
        }
        SchemaType::Map => write_map(shape, node, rules, numeric, out).unwrap_or_else(wrong),
        SchemaType::Struct => write_struct(shape, node, rules, numeric, out).unwrap_or_else(wrong),
        SchemaType::Boolean | SchemaType::String => wrong(),
    }
}

fn whole<T: std::str::FromStr + std::fmt::Display>(node: &Node<'_>, out: &mut Vec<u8>) -> Option<()> {
    let Node::Number(digits) = node else { return None };
    let value = is_integral(digits).then(|| digits.parse::<T>().ok())??;
    out.extend_from_slice(value.to_string().as_bytes());
    Some(())
}

fn write_float(node: &Node<'_>, print: impl Fn(&str) -> Option<String>, out: &mut Vec<u8>) -> Option<()> {
    match node {
        Node::Number(digits) => {
            let text = print(digits)?;
            // A number that is too large for its type is infinite, and infinity is written as text.
            if text.ends_with("Infinity") {
                write_string(text.as_bytes(), out);
            } else {
                out.extend_from_slice(text.as_bytes());
            }
            Some(())
        }
        Node::String("NaN" | "Infinity" | "-Infinity") => {
            node.write(out);
            Some(())
        }
        _ => None,
    }
}

/// Returns `None` for a value of another type.
fn write_map(
    shape: &Shape,
    node: &Node<'_>,
    rules: &Rules,
    numeric: bool,
    out: &mut Vec<u8>,
) -> Option<Result<(), String>> {
    let [key, value] = shape.children.as_slice() else { return None };
    match node {
        Node::Object(members) if key.kind == SchemaType::String => {
            out.push(b'{');
            for (index, (name, member)) in members.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                write_string(name.as_bytes(), out);
                out.push(b':');
                if let Err(error) = write(value, member, rules, numeric, out) {
                    return Some(Err(error));
                }
            }
            out.push(b'}');
        }
        Node::Array(entries) if key.kind != SchemaType::String => {
            out.push(b'[');
            for (index, entry) in entries.iter().enumerate() {
                let Node::Array(pair) = entry else { return None };
                let [entry_key, entry_value] = pair.as_slice() else { return None };
                out.extend_from_slice(if index > 0 { b",[" } else { b"[" });
                let written = write(key, entry_key, rules, numeric, out).and_then(|()| {
                    out.push(b',');
                    write(value, entry_value, rules, numeric, out)
                });
                if let Err(error) = written {
                    return Some(Err(error));
                }
                out.push(b']');
            }
            out.push(b']');
        }
        _ => return None,
    }
    Some(Ok(()))
}

/// Returns `None` if the value is not an object.
fn write_struct(
    shape: &Shape,
    node: &Node<'_>,
    rules: &Rules,
    numeric: bool,
    out: &mut Vec<u8>,
) -> Option<Result<(), String>> {
    let Node::Object(members) = node else { return None };
    if let Err(error) = check_room(out) {
        return Some(Err(error));
    }
    let mut values = vec![&Node::Null; shape.children.len()];
    for (name, value) in members {
        let Some(place) = shape.fields.place(name) else {
            return Some(Err(format!("Mismatching schema. The value has a field {name:?}, which its schema has not.")));
        };
        values[place] = value;
    }
    out.push(b'{');
    for (index, (field, value)) in shape.children.iter().zip(values).enumerate() {
        if index > 0 {
            out.push(b',');
        }
        out.extend_from_slice(&shape.fields.keys[index]);
        if let Err(error) = write(field, value, rules, numeric, out) {
            return Some(Err(error));
        }
    }
    out.push(b'}');
    Some(Ok(()))
}

/// Returns `None` for a value of another type.
fn write_logical(logical: Logical, node: &Node<'_>, numeric: bool, out: &mut Vec<u8>) -> Option<Result<(), String>> {
    match logical {
        Logical::Decimal(scale) => {
            let Node::String(raw) = node else { return None };
            let Some(scale) = scale else {
                return Some(Err("Invalid Decimal schema: scale parameter not found.".to_owned()));
            };
            let bytes = decode_base64(&unescape(raw)).filter(|bytes| !bytes.is_empty());
            let Some(bytes) = bytes else { return Some(Err("Invalid bytes for Decimal field".to_owned())) };
            if !numeric {
                write_base64(&bytes, out);
            } else if let Some(decimal) = BigDecimal::from_unscaled(&bytes, scale) {
                out.extend_from_slice(decimal.to_string().as_bytes());
            } else {
                let length = bytes.len();
                return Some(Err(format!("a Decimal of {length} bytes is too long to be written as a number")));
            }
            Some(Ok(()))
        }
        Logical::Date => whole::<i32>(node, out).map(Ok),
        Logical::Timestamp => whole::<i64>(node, out).map(Ok),
        Logical::Time => {
            let Node::Number(digits) = node else { return None };
            let millis: i64 = digits.parse().ok()?;
            if !(0..=86_400_000).contains(&millis) {
                let message = "Kafka Connect Time type should not have any date fields set to non-zero values.";
                return Some(Err(message.to_owned()));
            }
            whole::<i32>(node, out).map(Ok)
        }
    }
}
