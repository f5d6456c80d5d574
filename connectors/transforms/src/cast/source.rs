//! The class and the number of a value before it is cast.

use std::borrow::Cow;

use weir_java::date::DAY;
use weir_java::{BigDecimal, Class};
use weir_sdk::RecordError;
use weir_sdk::schema::SchemaRef;
use weir_sdk::value::{Json, JsonKind};

use crate::class::Held;

/// The class of a value.
#[derive(Clone, Copy, Debug)]
pub(super) struct Source {
    pub(super) held: Held,
    /// The milliseconds in a unit of a Date, a Time or a Timestamp.
    pub(super) unit: i64,
}

/// A number of any class.
#[derive(Debug)]
pub(super) enum Number {
    Long(i64),
    Float(f32),
    Double(f64),
    Decimal(BigDecimal),
}

impl Source {
    /// Returns the class of the values of a schema.
    pub(super) fn of_schema(schema: SchemaRef<'_>) -> Source {
        let is_date = schema.name() == Some("org.apache.kafka.connect.data.Date");
        Source { held: Held::of_schema(schema), unit: if is_date { DAY } else { 1 } }
    }

    /// Returns the class of a value without a schema that is not null.
    pub(super) fn of_json(json: Json<'_>) -> Source {
        let class = match json.kind() {
            JsonKind::Null | JsonKind::String => Class::String,
            JsonKind::Boolean => Class::Boolean,
            JsonKind::Number if json.raw().iter().any(|byte| matches!(byte, b'.' | b'e' | b'E')) => Class::Double,
            JsonKind::Number => Class::Long,
            JsonKind::Array => Class::List,
            JsonKind::Object => Class::Map,
        };
        Source { held: class.into(), unit: 1 }
    }

    /// Returns the number of a value of a numeric class.
    pub(super) fn number(self, json: Json<'_>) -> Result<Number, RecordError> {
        let text = match json.kind() {
            JsonKind::Number => String::from_utf8_lossy(json.raw()),
            JsonKind::String => json.as_str().unwrap_or_default(),
            _ => Cow::default(),
        };
        let number = match self.held.class {
            Class::Float => text.parse().ok().map(Number::Float),
            Class::Double => text.parse().ok().map(Number::Double),
            Class::BigDecimal => {
                let bytes = decode_base64(text.as_bytes());
                bytes.and_then(|bytes| BigDecimal::from_unscaled(&bytes, self.held.scale)).map(Number::Decimal)
            }
            _ => {
                let long = text.parse().ok();
                long.or_else(|| Some(BigDecimal::parse(&text)?.long_value())).map(Number::Long)
            }
        };
        let class = self.held.class.name();
        number.ok_or_else(|| RecordError::new(format_args!("The value is not a {class} as its schema says")))
    }
}

/// Standard base64 with padding.
fn decode_base64(text: &[u8]) -> Option<Vec<u8>> {
    let digits = text.strip_suffix(b"==").or_else(|| text.strip_suffix(b"=")).unwrap_or(text);
    let mut bytes = Vec::with_capacity(digits.len() / 4 * 3 + 2);
    let (mut bits, mut count) = (0u32, 0);
    for digit in digits {
        let value = match digit {
            b'A'..=b'Z' => digit - b'A',
            b'a'..=b'z' => digit - b'a' + 26,
            b'0'..=b'9' => digit - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8);
        }
    }
    Some(bytes)
}
