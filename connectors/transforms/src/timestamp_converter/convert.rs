//! Converts between a time and its representations.

use weir_java::BigDecimal;
use weir_java::date_format::{DateFormat, ParseError};
use weir_sdk::RecordError;
use weir_sdk::schema::{SchemaRef, SchemaType};
use weir_sdk::value::{Json, JsonKind, Value};

use crate::require;

const DAY: i64 = 86_400_000;

/// The target type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Target {
    String,
    Unix,
    Date,
    Time,
    Timestamp,
}

impl Target {
    /// Returns the type with this name, which was validated.
    pub(super) fn of(name: &str) -> Target {
        match name {
            "string" => Target::String,
            "unix" => Target::Unix,
            "Date" => Target::Date,
            "Time" => Target::Time,
            _ => Target::Timestamp,
        }
    }
}

/// The unit of Unix time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Precision {
    Seconds,
    Milliseconds,
    Microseconds,
    Nanoseconds,
}

impl Precision {
    /// Returns the unit with this name, which was validated.
    pub(super) fn of(name: &str) -> Precision {
        match name {
            "seconds" => Precision::Seconds,
            "microseconds" => Precision::Microseconds,
            "nanoseconds" => Precision::Nanoseconds,
            _ => Precision::Milliseconds,
        }
    }

    /// Converts as Java's `TimeUnit` does: saturates, and drops fractions.
    fn to_millis(self, number: i64) -> i64 {
        match self {
            Precision::Seconds => number.saturating_mul(1000),
            Precision::Milliseconds => number,
            Precision::Microseconds => number / 1000,
            Precision::Nanoseconds => number / 1_000_000,
        }
    }

    fn of_millis(self, millis: i64) -> i64 {
        match self {
            Precision::Seconds => millis / 1000,
            Precision::Milliseconds => millis,
            Precision::Microseconds => millis.saturating_mul(1000),
            Precision::Nanoseconds => millis.saturating_mul(1_000_000),
        }
    }
}

/// The type of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    String,
    Unix,
    /// Days since 1970.
    Date,
    /// Milliseconds, of the day or since 1970.
    Millis,
}

impl Kind {
    pub(super) fn of_schema(schema: SchemaRef<'_>) -> Result<Kind, RecordError> {
        match (schema.name().and_then(|name| name.strip_prefix("org.apache.kafka.connect.data.")), schema.kind()) {
            (Some("Timestamp" | "Time"), _) => Ok(Kind::Millis),
            (Some("Date"), _) => Ok(Kind::Date),
            (_, SchemaType::String) => Ok(Kind::String),
            (_, SchemaType::Int64) => Ok(Kind::Unix),
            (_, kind) => {
                let name = schema.name().map_or_else(String::new, |name| format!("{name}:"));
                let kind = require::java_name(kind);
                Err(RecordError::new(format_args!(
                    "Schema Schema{{{name}{kind}}} does not correspond to a known timestamp type format"
                )))
            }
        }
    }

    /// Returns the type of a value without a schema that is not null.
    pub(super) fn of_json(json: Json<'_>) -> Result<Kind, RecordError> {
        match json.kind() {
            JsonKind::String => Ok(Kind::String),
            JsonKind::Number if !json.raw().iter().any(|byte| matches!(byte, b'.' | b'e' | b'E')) => Ok(Kind::Unix),
            _ => Err(unknown_class(std::str::from_utf8(json.raw()).map_or("null", |text| Value::json(text).class()))),
        }
    }
}

/// Returns the error for values of a class that is not a timestamp.
pub(super) fn unknown_class(class: &str) -> RecordError {
    RecordError::new(format_args!("TimestampConverter does not support class {class} objects as timestamps"))
}

/// The configuration.
#[derive(Debug)]
pub(super) struct Conversion {
    pub(super) target: Target,
    pub(super) precision: Precision,
    /// The pattern. It is set if the target is text.
    pub(super) format: Option<DateFormat>,
}

impl Conversion {
    /// Returns the time of a value that is not null.
    #[inline]
    pub(super) fn millis(&self, kind: Kind, json: Json<'_>) -> Result<i64, RecordError> {
        if kind == Kind::String {
            let text = json.as_str().ok_or_else(|| unexpected("string timestamp to be a String", json))?;
            return self.parse(&text);
        }
        let number = match json.as_i64() {
            Some(number) => number,
            // JsonConverter truncates a number that does not fit into 64 bits.
            None => std::str::from_utf8(json.raw())
                .ok()
                .filter(|_| json.kind() == JsonKind::Number)
                .and_then(BigDecimal::parse)
                .ok_or_else(|| unexpected("Unix timestamp to be a Long", json))?
                .long_value(),
        };
        Ok(match kind {
            Kind::Unix => self.precision.to_millis(number),
            Kind::Date => number.wrapping_mul(DAY),
            Kind::Millis | Kind::String => number,
        })
    }

    pub(super) fn parse(&self, text: &str) -> Result<i64, RecordError> {
        let Some(format) = &self.format else {
            return Err(RecordError::new("The timestamp is text, and how to read it is not said; set `format`"));
        };
        format.parse(text).map_err(|why| {
            let pattern = format.pattern();
            let more = match why {
                ParseError::Mismatch => "",
                ParseError::ZoneName => {
                    "; of time zones only UTC, GMT and offsets such as +0100 and GMT+1:00 can be read"
                }
            };
            RecordError::new(format_args!(
                "Could not parse timestamp: value ({text}) does not match pattern ({pattern}){more}"
            ))
        })
    }

    /// Returns the number for a time, or `None` if it becomes text. With a schema (`typed`), a Date is a number of days; without one, all
    /// times are milliseconds.
    #[inline]
    pub(super) fn number(&self, millis: i64, typed: bool) -> Result<Option<i64>, RecordError> {
        Ok(Some(match self.target {
            Target::String => return Ok(None),
            Target::Unix => self.precision.of_millis(millis),
            Target::Date => {
                let day = millis.div_euclid(DAY);
                let midnight = day.checked_mul(DAY).ok_or_else(too_early)?;
                // The number has 32 bits, as JsonConverter writes it.
                if typed { i64::from(day as i32) } else { midnight }
            }
            Target::Time => millis.rem_euclid(DAY),
            Target::Timestamp => millis,
        }))
    }

    /// Appends the text of a time.
    pub(super) fn format(&self, millis: i64, text: &mut String) {
        if let Some(format) = &self.format {
            format.format_to(millis, text);
        }
    }
}

/// The midnight before has no number. Kafka Connect's converters reject the value that it computes.
fn too_early() -> RecordError {
    RecordError::new("Kafka Connect Date type should not have any time fields set to non-zero values.")
}

fn unexpected(what: &str, json: Json<'_>) -> RecordError {
    let class = std::str::from_utf8(json.raw()).map_or("null", |text| Value::json(text).class());
    RecordError::new(format_args!("Expected {what}, but found class {class}"))
}
