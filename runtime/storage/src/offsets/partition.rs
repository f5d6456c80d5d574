//! Decides whether two texts mean the same source partition: JSON objects with the same members, whatever their order and spacing.
//! An operator who writes a partition in a request need not format it exactly as the source does.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

/// Maximum number of significant decimal digits that every double preserves.
const EXACT_DIGITS: usize = 15;

/// Returns the text that all equal partitions share. A text that is not an object of primitive values is equal to itself only.
pub fn canonical(partition: &str) -> String {
    object(partition).unwrap_or_else(|| partition.to_owned())
}

fn object(partition: &str) -> Option<String> {
    let members: BTreeMap<String, &RawValue> = serde_json::from_str(partition).ok()?;
    let mut text = String::with_capacity(partition.len());
    for (name, value) in members {
        text.push(if text.is_empty() { '{' } else { ',' });
        text.push_str(&serde_json::to_string(&name).ok()?);
        text.push(':');
        text.push_str(&primitive(value.get())?);
    }
    if text.is_empty() {
        text.push('{');
    }
    text.push('}');
    Some(text)
}

/// Numbers that a double might not distinguish from others keep their text: they are different partitions.
fn primitive(value: &str) -> Option<String> {
    match value.bytes().next()? {
        b'{' | b'[' => None,
        b'"' => serde_json::to_string(&serde_json::from_str::<String>(value).ok()?).ok(),
        _ if value.contains(['.', 'e', 'E']) => {
            let mantissa = value.split(['e', 'E']).next().unwrap_or(value);
            let exact = mantissa.bytes().filter(u8::is_ascii_digit).count() <= EXACT_DIGITS;
            let number = value.parse().ok().filter(|number: &f64| exact && number.is_normal());
            let number = number.and_then(serde_json::Number::from_f64);
            Some(number.map_or_else(|| value.to_owned(), |number| number.to_string()))
        }
        _ => Some(value.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_make_a_difference_and_order_and_spacing_do_not() {
        let text = |partition| canonical(partition);
        assert_eq!(text(r#"{"b":1,"a":"x"}"#), text(r#"{ "a": "x", "b": 1 }"#));
        assert_eq!(text("{\"b\":1,\n\"a\":true}"), r#"{"a":true,"b":1}"#);
        assert_eq!(text(r#"{"a":"\u0078"}"#), text(r#"{"a":"x"}"#));
        assert_eq!(text(r#"{"a":1.50}"#), text(r#"{"a":15e-1}"#));
        assert_ne!(text(r#"{"a":1}"#), text(r#"{"a":1.0}"#));
        assert_ne!(text(r#"{"a":1}"#), text(r#"{"a":"1"}"#));
        assert_eq!(text(" { } "), "{}");
        assert_eq!(text("null"), "null");
        assert_eq!(text("{broken"), "{broken");
    }

    #[test]
    fn numbers_of_any_size_are_distinguished() {
        for (one, other) in [
            (r#"{"a":123456789012345678901}"#, r#"{"a":123456789012345678902}"#),
            (r#"{"a":0.1234567890123456781}"#, r#"{"a":0.1234567890123456782}"#),
            (r#"{"a":1e999}"#, r#"{"a":1e998}"#),
            (r#"{"a":1e-999}"#, r#"{"a":1e-998}"#),
            (r#"{"a":9223372036854775807}"#, r#"{"a":9223372036854775806}"#),
        ] {
            assert_ne!(canonical(one), canonical(other));
        }
    }
}
