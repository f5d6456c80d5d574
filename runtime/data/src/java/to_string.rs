//! `toString` of structured values: `Struct{id=1}`, `{a=1}`, `[1, 2]`.
//!
//! The members of a map are in the order of a `HashMap` if their names are texts. Bytes, for which Java prints an address, are base64.

use crate::json::payload::decode_base64;
use crate::json::shape::{Logical, Shape};
use crate::schema::SchemaType;
use weir_java::BigDecimal;
use weir_java::date::{self, DAY};
use weir_java::number::{double, float};
use weir_json::node::{Node, is_integral};
use weir_json::text::unescape;

/// Appends the result of `toString` for a payload. A value that does not fit its schema is printed as if it had none.
pub(crate) fn to_string(shape: Option<&Shape>, node: &Node<'_>, out: &mut String) {
    match (node, shape) {
        (Node::Null, _) => out.push_str("null"),
        (Node::Boolean(true), _) => out.push_str("true"),
        (Node::Boolean(false), _) => out.push_str("false"),
        (Node::Number(digits), shape) => out.push_str(&number(shape, digits)),
        (Node::String(raw), shape) => {
            let text = unescape(raw);
            match shape.and_then(|shape| shape.logical) {
                Some(Logical::Decimal(scale)) => match decimal(&text, scale) {
                    Some(decimal) => out.push_str(&decimal),
                    None => out.push_str(&text),
                },
                _ => out.push_str(&text),
            }
        }
        (Node::Array(entries), Some(shape)) if shape.kind == SchemaType::Map => {
            let pairs = entries.iter().filter_map(|entry| match entry {
                Node::Array(pair) => Some((pair.first()?, pair.get(1)?)),
                _ => None,
            });
            list('{', '}', pairs, out, |(key, value), out| {
                to_string(shape.children.first(), key, out);
                out.push('=');
                to_string(shape.children.get(1), value, out);
            });
        }
        (Node::Array(items), shape) => {
            let element = shape.and_then(|shape| shape.children.first());
            list('[', ']', items.iter(), out, |item, out| to_string(element, item, out));
        }
        (Node::Object(members), Some(shape)) if shape.kind == SchemaType::Struct => {
            out.push_str("Struct{");
            let mut first = true;
            for (name, value) in members.iter().filter(|(_, value)| *value != Node::Null) {
                if !std::mem::take(&mut first) {
                    out.push(',');
                }
                out.push_str(name);
                out.push('=');
                let field = shape.fields.place(name).and_then(|place| shape.children.get(place));
                to_string(field, value, out);
            }
            out.push('}');
        }
        (Node::Object(members), shape) => {
            let value_shape = shape.and_then(|shape| shape.children.get(1));
            let order = weir_java::hash_map::order(members.iter().map(|(name, _)| &**name));
            let members = order.into_iter().map(|place| &members[place]);
            list('{', '}', members, out, |(name, value), out| {
                out.push_str(name);
                out.push('=');
                to_string(value_shape, value, out);
            });
        }
    }
}

fn list<T>(
    open: char,
    close: char,
    items: impl Iterator<Item = T>,
    out: &mut String,
    mut each: impl FnMut(T, &mut String),
) {
    out.push(open);
    for (index, item) in items.enumerate() {
        if index > 0 {
            out.push_str(", ");
        }
        each(item, out);
    }
    out.push(close);
}

fn number(shape: Option<&Shape>, digits: &str) -> String {
    let logical = shape.and_then(|shape| shape.logical);
    if let Some(millis) = logical.and_then(|logical| date_millis(logical, digits)) {
        return date::to_string(millis);
    }
    match shape.map(|shape| shape.kind) {
        Some(SchemaType::Float32) => digits.parse().map_or_else(|_| digits.to_owned(), float),
        Some(SchemaType::Float64) => digits.parse().map_or_else(|_| digits.to_owned(), double),
        // Java reads a `BigDecimal` first, which has no negative zero.
        None if !is_integral(digits) => {
            digits.parse().map_or_else(|_| digits.to_owned(), |number: f64| double(number + 0.0))
        }
        _ if digits == "-0" => "0".to_owned(),
        _ => digits.to_owned(),
    }
}

/// Returns the milliseconds of a Date, Time or Timestamp.
pub(crate) fn date_millis(logical: Logical, digits: &str) -> Option<i64> {
    let number: i64 = digits.parse().ok()?;
    match logical {
        Logical::Date => number.checked_mul(DAY),
        Logical::Time | Logical::Timestamp => Some(number),
        Logical::Decimal(_) => None,
    }
}

/// Returns the text of a Decimal in base64.
pub(crate) fn decimal(base64: &str, scale: Option<i32>) -> Option<String> {
    Some(BigDecimal::from_unscaled(&decode_base64(base64)?, scale?)?.to_string())
}

/// Returns the result of `toString` for bytes with a schema: the digits of a Decimal, or base64.
pub(crate) fn bytes(shape: Option<&Shape>, bytes: &[u8]) -> String {
    use base64::Engine as _;
    let decimal = match shape.and_then(|shape| shape.logical) {
        Some(Logical::Decimal(Some(scale))) => BigDecimal::from_unscaled(bytes, scale),
        _ => None,
    };
    decimal.map_or_else(|| crate::json::payload::BASE64.encode(bytes), |decimal| decimal.to_string())
}
