//! The replacements of masked values, computed once for each class of values, not for each record.

use weir_java::{BigDecimal, Class};
use weir_sdk::RecordError;
use weir_sdk::value::{Json, JsonKind, Value, json_string};

use crate::class::Held;
use crate::json_number::{double_json, float_json};

/// The JSON text that replaces values of one class, or an error message if they cannot be masked.
#[derive(Debug)]
pub(super) struct Mask(Result<Vec<u8>, String>);

impl Mask {
    /// Returns the mask for a class: its zero or empty value, or the replacement.
    pub(super) fn of(held: Held, replacement: Option<&str>) -> Mask {
        Mask(match replacement {
            None => nothing(held),
            Some(replacement) => custom(held, replacement),
        })
    }

    #[inline]
    pub(super) fn json(&self) -> Result<&[u8], RecordError> {
        self.0.as_deref().map_err(RecordError::new)
    }
}

/// The masks of values without a schema, by JSON type.
#[derive(Debug)]
pub(super) struct Masks {
    boolean: Mask,
    long: Mask,
    double: Mask,
    string: Mask,
    array: Mask,
    object: Mask,
}

impl Masks {
    pub(super) fn new(replacement: Option<&str>) -> Masks {
        let of = |class: Class| Mask::of(class.into(), replacement);
        Masks {
            boolean: of(Class::Boolean),
            long: of(Class::Long),
            double: of(Class::Double),
            string: of(Class::String),
            array: of(Class::List),
            object: of(Class::Map),
        }
    }

    /// Returns the replacement of this value. Null stays null.
    #[inline]
    pub(super) fn of(&self, json: Json<'_>) -> Result<&[u8], RecordError> {
        let mask = match json.kind() {
            JsonKind::Null => return Ok(b"null"),
            JsonKind::String => &self.string,
            JsonKind::Number if json.raw().iter().any(|byte| matches!(byte, b'.' | b'e' | b'E')) => &self.double,
            JsonKind::Number => &self.long,
            JsonKind::Boolean => &self.boolean,
            JsonKind::Array => &self.array,
            JsonKind::Object => &self.object,
        };
        mask.json()
    }
}

/// Kafka Connect's `maskWithNullValue`.
fn nothing(held: Held) -> Result<Vec<u8>, String> {
    let json = match held.class {
        Class::Byte | Class::Short | Class::Integer | Class::Long | Class::Date => "0",
        Class::Float | Class::Double => "0.0",
        Class::Boolean => "false",
        Class::String => "\"\"",
        Class::List => "[]",
        Class::Map => held.empty_map,
        Class::BigDecimal => return decimal(&BigDecimal::ZERO, held.scale),
        Class::Bytes | Class::Struct => return Err(format!("Cannot mask value of type: class {}", held.class.name())),
    };
    Ok(json.into())
}

/// Kafka Connect's `maskWithCustomReplacement`.
fn custom(held: Held, replacement: &str) -> Result<Vec<u8>, String> {
    let number = || {
        let why = || format!("Unable to convert {replacement} (class java.lang.String) to a number");
        BigDecimal::parse(replacement).ok_or_else(why)
    };
    // Integers are truncated to the size of the class, as in a Java cast.
    let json = match held.class {
        Class::Byte => (number()?.long_value() as i8).to_string(),
        Class::Short => (number()?.long_value() as i16).to_string(),
        Class::Integer => (number()?.long_value() as i32).to_string(),
        Class::Long => number()?.long_value().to_string(),
        Class::Float => float_json(number()?.double_value() as f32),
        Class::Double => double_json(number()?.double_value()),
        Class::String => return Ok(json_string(replacement)),
        Class::BigDecimal => {
            let why = || format!("Unable to convert {replacement} (class java.lang.String) to number");
            return decimal(&BigDecimal::parse(replacement).ok_or_else(why)?, held.scale);
        }
        Class::Boolean | Class::Bytes | Class::Date | Class::List | Class::Map | Class::Struct => {
            return Err(format!("Cannot mask value of type class {} with custom replacement.", held.class.name()));
        }
    };
    Ok(json.into_bytes())
}

/// Returns a Decimal as values contain it, with the scale of the schema. Kafka Connect keeps the number's own scale, and its converter then
/// fails unless both scales are equal.
fn decimal(number: &BigDecimal, scale: i32) -> Result<Vec<u8>, String> {
    let unscaled = number.unscaled(scale).ok_or_else(|| {
        let own = number.scale();
        format!(
            "Decimal value has mismatching scale for given Decimal schema. Schema has scale {scale}, value has scale {own}."
        )
    })?;
    let mut holder = Value::bytes(&unscaled);
    holder.wrap("decimal", None);
    Ok(holder.get("decimal").map(|json| json.raw().to_vec()).unwrap_or_default())
}
