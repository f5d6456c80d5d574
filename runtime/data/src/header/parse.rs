//! Parses the text of a header, and guesses the type of its value.

use super::parsed::Parsed;
use super::temporal::{self, Temporal};
use super::tokens::{Tokens, trim};
use crate::java::decimal;
use crate::schema::SchemaType;
use weir_java::BigDecimal;

/// The maximum number of levels of lists and maps. A text with more levels is a string.
const MAX_DEPTH: usize = 64;

/// Parses a text. Returns `None` if it is a plain string.
pub(super) fn parse(text: &str) -> Option<Parsed> {
    let trimmed = trim(text);
    match trimmed {
        "null" => return Some(Parsed::Null),
        "true" => return Some(Parsed::Boolean(true)),
        "false" => return Some(Parsed::Boolean(false)),
        _ => {}
    }
    match trimmed.bytes().next()? {
        b'[' | b'{' => collection(&mut Tokens::new(text), 0),
        b'0'..=b'9' | b'+' | b'-' => {
            let mut tokens = Tokens::new(text);
            let token = tokens.next()?;
            plain(token, &mut tokens)
        }
        _ => None,
    }
}

/// Parses a number, date or time. What follows it is ignored.
fn plain<'a>(token: &'a str, tokens: &mut Tokens<'a>) -> Option<Parsed> {
    let trimmed = trim(token);
    if trimmed.starts_with(|first: char| first.is_ascii_digit()) {
        // The colons of a time are separate tokens, so that it has five tokens.
        const BEHIND: usize = 4;
        let joined = tokens.joined(token, BEHIND).map(str::trim_start);
        if let Some(moment @ (Temporal::Time(_) | Temporal::Timestamp(_))) = joined.and_then(temporal::parse) {
            tokens.skip(BEHIND);
            return Some(Parsed::Temporal(moment));
        }
        if let Some(moment) = temporal::parse(trimmed) {
            return Some(Parsed::Temporal(moment));
        }
    }
    number(trimmed)
}

fn number(token: &str) -> Option<Parsed> {
    let decimal = decimal::parse(token)?;
    if let Some(whole) = whole(&decimal) {
        let fits = |min: i64, max: i64| (min..=max).contains(&whole);
        let kind = if fits(i8::MIN.into(), i8::MAX.into()) {
            SchemaType::Int8
        } else if fits(i16::MIN.into(), i16::MAX.into()) {
            SchemaType::Int16
        } else if fits(i32::MIN.into(), i32::MAX.into()) {
            SchemaType::Int32
        } else {
            SchemaType::Int64
        };
        return Some(Parsed::Integer(kind, whole));
    }
    let number = token.strip_prefix('+').unwrap_or(token);
    if decimal.scale() != 0 {
        let single: f32 = number.parse().ok()?;
        if single.is_finite() {
            return Some(Parsed::Float32(single));
        }
        let wide: f64 = number.parse().ok()?;
        if wide.is_finite() {
            return Some(Parsed::Float64(wide));
        }
    }
    Some(Parsed::Decimal(decimal))
}

/// Returns the value if it is an integer of 64 bits.
fn whole(decimal: &BigDecimal) -> Option<i64> {
    let bytes = decimal::unscaled(decimal, 0).filter(|bytes| bytes.len() <= 8)?;
    let sign = if bytes.first()? & 0x80 == 0 { 0 } else { -1 };
    Some(bytes.iter().fold(sign, |value, byte| value << 8 | i64::from(*byte)))
}

/// Parses a list or a map, whose opening bracket is the next token. Returns `None` if its content is not valid.
fn collection(tokens: &mut Tokens<'_>, depth: usize) -> Option<Parsed> {
    if depth == MAX_DEPTH {
        return None;
    }
    if tokens.take("[") {
        return list(tokens, depth);
    }
    if tokens.take("{") { map(tokens, depth) } else { None }
}

fn list(tokens: &mut Tokens<'_>, depth: usize) -> Option<Parsed> {
    let mut items = Vec::new();
    loop {
        if tokens.take("]") {
            return aligned(Parsed::Array(items));
        }
        items.push(entry(tokens, depth)?);
        let mut ahead = tokens.clone();
        if !ahead.take("]") && !tokens.take(",") {
            return None;
        }
    }
}

fn map(tokens: &mut Tokens<'_>, depth: usize) -> Option<Parsed> {
    let mut entries: Vec<(Parsed, Parsed)> = Vec::new();
    loop {
        if tokens.take("}") {
            return aligned(Parsed::Map(without_duplicates(entries)));
        }
        let key = entry(tokens, depth)?;
        if key == Parsed::Null || !tokens.take(":") {
            return None;
        }
        entries.push((key, entry(tokens, depth)?));
        tokens.take(",");
    }
}

/// Returns a list or map, unless its entries have a schema and one of them is null: Kafka Connect then fails to convert null to that
/// schema, and the text stays a string.
fn aligned(collection: Parsed) -> Option<Parsed> {
    let has_null = match &collection {
        Parsed::Array(items) => items.contains(&Parsed::Null),
        Parsed::Map(entries) => entries.iter().any(|(_, value)| *value == Parsed::Null),
        _ => false,
    };
    (!has_null || collection.schema().is_none()).then_some(collection)
}

/// Removes duplicate keys as a Java map does: the last value replaces the first one, in its position.
fn without_duplicates(entries: Vec<(Parsed, Parsed)>) -> Vec<(Parsed, Parsed)> {
    let mut places = std::collections::HashMap::new();
    let mut kept: Vec<(Parsed, Parsed)> = Vec::with_capacity(entries.len());
    for (key, value) in entries {
        // Keys are compared with their types.
        match places.entry(format!("{key:?}")) {
            std::collections::hash_map::Entry::Occupied(place) => {
                let place: usize = *place.get();
                kept[place].1 = value;
            }
            std::collections::hash_map::Entry::Vacant(place) => {
                place.insert(kept.len());
                kept.push((key, value));
            }
        }
    }
    kept
}

/// Parses a value in a list or map.
fn entry(tokens: &mut Tokens<'_>, depth: usize) -> Option<Parsed> {
    let mut ahead = tokens.clone();
    match ahead.next_trimmed()? {
        "[" | "{" => return collection(tokens, depth + 1),
        "\"" => {
            *tokens = ahead;
            return quoted(tokens);
        }
        "null" => {
            *tokens = ahead;
            return Some(Parsed::Null);
        }
        word @ ("true" | "false") => {
            *tokens = ahead;
            return Some(Parsed::Boolean(word == "true"));
        }
        _ => {}
    }
    // White space before a token belongs to it.
    let mut token = tokens.next()?;
    while trim(token).is_empty() {
        token = tokens.next()?;
    }
    plain(token, tokens)
}

fn quoted(tokens: &mut Tokens<'_>) -> Option<Parsed> {
    let mut text = String::new();
    loop {
        match tokens.next() {
            None | Some("\"") => break,
            Some(token) => text.push_str(token),
        }
    }
    if let Some(moment) = temporal::parse(&text) {
        return Some(Parsed::Temporal(moment));
    }
    Some(Parsed::String(text))
}
