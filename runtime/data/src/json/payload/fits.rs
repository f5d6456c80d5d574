//! Checks whether a value already has the form that a schema requires.
//!
//! The result may be false for a value that has it, which only costs time. It must not be true for a value in which `read` or `write`
//! would change more than white space. A property test compares them.

use super::{Direction, Rules};
use crate::json::shape::{Logical, Shape};
use crate::schema::SchemaType;
use weir_json::scan::{is_space, plain_until};

/// The maximum number of digits of an integer that always fits into 64 bits.
const SAFE_DIGITS: usize = 18;

/// Returns the index after the value that begins at `at` or after white space there, or `None` if it may have to change. The text is
/// checked JSON. Recurses to the depth of the schema, which is limited.
pub(super) fn fits(shape: &Shape, text: &[u8], at: usize, rules: &Rules) -> Option<usize> {
    let at = skip_space(text, at);
    if *text.get(at)? == b'n' {
        let stays = shape.optional && (shape.default.is_none() || !rules.replace_null);
        return stays.then_some(at + 4);
    }
    if let Some(logical) = shape.logical {
        return match logical {
            Logical::Decimal(None) => None,
            Logical::Decimal(Some(_)) if rules.direction == (Direction::Write { numeric: true }) => None,
            Logical::Decimal(Some(_)) => base64(text, at).filter(|end| end - at > 2),
            Logical::Date => whole(text, at, i32::MIN.into(), i32::MAX.into()),
            Logical::Time => whole(text, at, 0, 86_400_000),
            Logical::Timestamp => whole(text, at, i64::MIN, i64::MAX),
        };
    }
    match shape.kind {
        SchemaType::Int8 => whole(text, at, i8::MIN.into(), i8::MAX.into()),
        SchemaType::Int16 => whole(text, at, i16::MIN.into(), i16::MAX.into()),
        SchemaType::Int32 => whole(text, at, i32::MIN.into(), i32::MAX.into()),
        SchemaType::Int64 => whole(text, at, i64::MIN, i64::MAX),
        SchemaType::Float32 | SchemaType::Float64 => decimal(shape, text, at, rules),
        SchemaType::Boolean => match text[at] {
            b't' => Some(at + 4),
            b'f' => Some(at + 5),
            _ => None,
        },
        SchemaType::String => string(text, at),
        SchemaType::Bytes => base64(text, at),
        SchemaType::Array => items(text, at, |at| fits(shape.children.first()?, text, at, rules)),
        SchemaType::Map => map(shape, text, at, rules),
        SchemaType::Struct => structure(shape, text, at, rules),
    }
}

#[inline]
fn skip_space(text: &[u8], mut at: usize) -> usize {
    while text.get(at).is_some_and(|&byte| is_space(byte)) {
        at += 1;
    }
    at
}

/// Returns the index after the byte `wanted`, which may follow white space.
#[inline]
fn take(text: &[u8], at: usize, wanted: u8) -> Option<usize> {
    let at = skip_space(text, at);
    (*text.get(at)? == wanted).then_some(at + 1)
}

fn whole(text: &[u8], at: usize, min: i64, max: i64) -> Option<usize> {
    let negative = text[at] == b'-';
    let first = at + usize::from(negative);
    let mut value = 0_i64;
    let mut end = first;
    while let Some(digit) = text.get(end).filter(|byte| byte.is_ascii_digit()) {
        if end - first == SAFE_DIGITS {
            return None;
        }
        value = value * 10 + i64::from(digit - b'0');
        end += 1;
    }
    let value = if negative { -value } else { value };
    let leading_zero = text.get(first) == Some(&b'0') && end - first > 1;
    let minus_zero = negative && value == 0;
    let goes_on = text.get(end).is_some_and(|byte| matches!(byte, b'.' | b'e' | b'E'));
    (end > first && !leading_zero && !minus_zero && !goes_on && (min..=max).contains(&value)).then_some(end)
}

/// Checks a number without an exponent. A number that is read must have so few digits that it is in the range of its type; one that is
/// written must have the form in which Java prints it.
fn decimal(shape: &Shape, text: &[u8], at: usize, rules: &Rules) -> Option<usize> {
    let first = at + usize::from(text[at] == b'-');
    let digits =
        |from: usize| text.get(from..).map_or(0, |rest| rest.iter().take_while(|b| b.is_ascii_digit()).count());
    let whole = digits(first);
    if whole == 0 || whole > SAFE_DIGITS || whole > 1 && text[first] == b'0' {
        return None;
    }
    let mut end = first + whole;
    let mut fraction: &[u8] = b"";
    if text.get(end) == Some(&b'.') {
        fraction = &text[end + 1..end + 1 + digits(end + 1)];
        end += 1 + fraction.len();
    }
    if matches!(text.get(end), Some(b'e' | b'E')) {
        return None;
    }
    if rules.direction == Direction::Read {
        // Zero has no sign when it is read.
        if text[at] == b'-' && !text[first..end].iter().any(|byte| matches!(byte, b'1'..=b'9')) {
            return None;
        }
    } else {
        // Java prints numbers from 0.001 to 10,000,000 without an exponent, and with so few digits the text is the shortest one.
        let exact = if shape.kind == SchemaType::Float32 { 6 } else { 15 };
        let shortest = fraction.len() == 1 || fraction.last().is_some_and(|&digit| digit != b'0');
        let small = text[first] == b'0' && fraction.starts_with(b"000");
        if whole > 7 || whole + fraction.len() > exact || !shortest || small {
            return None;
        }
    }
    Some(end)
}

fn string(text: &[u8], at: usize) -> Option<usize> {
    if text[at] != b'"' {
        return None;
    }
    let mut end = plain_until(text, at + 1);
    while text.get(end) == Some(&b'\\') {
        end = plain_until(text, end + 2);
    }
    (text.get(end) == Some(&b'"')).then_some(end + 1)
}

/// Checks a string of canonical base64: padded, and without bits after the last byte.
fn base64(text: &[u8], at: usize) -> Option<usize> {
    if text[at] != b'"' {
        return None;
    }
    let rest = &text[at + 1..];
    let symbols = rest.iter().take_while(|&&byte| value_of(byte).is_some()).count();
    let padding = rest[symbols..].iter().take_while(|&&byte| byte == b'=').count();
    let last = rest[..symbols].last().and_then(|&byte| value_of(byte)).unwrap_or(0);
    let canonical = match (symbols % 4, padding) {
        (0, 0) => true,
        (3, 1) => last & 0b11 == 0,
        (2, 2) => last & 0b1111 == 0,
        _ => false,
    };
    let end = symbols + padding;
    (canonical && rest.get(end) == Some(&b'"')).then_some(at + 1 + end + 1)
}

fn value_of(byte: u8) -> Option<u8> {
    Some(match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    })
}

/// Checks an array whose elements `item` checks.
fn items(text: &[u8], at: usize, mut item: impl FnMut(usize) -> Option<usize>) -> Option<usize> {
    let mut at = take(text, at, b'[')?;
    if let Some(end) = take(text, at, b']') {
        return Some(end);
    }
    loop {
        at = item(at)?;
        match take(text, at, b',') {
            Some(next) => at = next,
            None => return take(text, at, b']'),
        }
    }
}

fn map(shape: &Shape, text: &[u8], at: usize, rules: &Rules) -> Option<usize> {
    let [key, value] = shape.children.as_slice() else { return None };
    if key.kind != SchemaType::String {
        return items(text, at, |at| {
            let at = take(text, at, b'[')?;
            let at = take(text, fits(key, text, at, rules)?, b',')?;
            take(text, fits(value, text, at, rules)?, b']')
        });
    }
    // A duplicate name is a change, and finding it takes a set of names.
    let mut at = take(text, at, b'{')?;
    if let Some(end) = take(text, at, b'}') {
        return Some(end);
    }
    let mut names: [&[u8]; 8] = [b""; 8];
    for seen in 0..names.len() {
        let start = skip_space(text, at);
        let end = string(text, start)?;
        let name = &text[start..end];
        if name.contains(&b'\\') || names[..seen].contains(&name) {
            return None;
        }
        names[seen] = name;
        at = fits(value, text, take(text, end, b':')?, rules)?;
        match take(text, at, b',') {
            Some(next) => at = next,
            None => return take(text, at, b'}'),
        }
    }
    None
}

/// Checks that all fields are there, in the order of the schema, and no other members.
fn structure(shape: &Shape, text: &[u8], at: usize, rules: &Rules) -> Option<usize> {
    let mut at = take(text, at, b'{')?;
    for (index, (key, field)) in shape.fields.keys.iter().zip(&shape.children).enumerate() {
        if index > 0 {
            at = take(text, at, b',')?;
        }
        at = skip_space(text, at);
        let rest = text.get(at..)?;
        at = if rest.starts_with(key) {
            at + key.len()
        } else {
            // The same name, with white space before the colon.
            let name = &key[..key.len() - 1];
            take(text, at + rest.strip_prefix(name).map(|_| name.len())?, b':')?
        };
        at = fits(field, text, at, rules)?;
    }
    take(text, at, b'}')
}
