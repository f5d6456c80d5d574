//! Converts a value to another class, as JSON.

use std::io::Write as _;

use weir_java::Class;
use weir_java::date::connect_text;
use weir_java::number::{parse_double, parse_float, parse_long};
use weir_sdk::RecordError;
use weir_sdk::value::{Json, json_string};

use super::source::{Number, Source};
use super::spec::Type;
use crate::json_number::{double_json, float_json};

/// Writes a value that is not null as one of another type.
pub(super) fn cast(json: Json<'_>, source: Source, to: Type, out: &mut Vec<u8>) -> Result<(), RecordError> {
    out.clear();
    match source.held.class {
        Class::List => Err(unsupported("ARRAY")),
        Class::Map => Err(unsupported("MAP")),
        Class::Struct => Err(unsupported("STRUCT")),
        // The value is a base64 string already.
        Class::Bytes if to == Type::String => {
            out.extend_from_slice(json.raw());
            Ok(())
        }
        Class::Bytes => Err(RecordError::new("Unexpected type in Cast transformation: class [B")),
        Class::String => of_text(json, to, out),
        Class::Boolean => {
            of_boolean(json.as_bool().unwrap_or_default(), to, out);
            Ok(())
        }
        Class::Date if to == Type::String => {
            if let Number::Long(number) = source.number(json)? {
                out.extend(json_string(&connect_text(number.saturating_mul(source.unit))));
            }
            Ok(())
        }
        _ => {
            of_number(source.number(json)?, to, out);
            Ok(())
        }
    }
}

/// The error for values of a type that cannot be cast.
pub(super) fn unsupported(kind: &str) -> RecordError {
    RecordError::new(format_args!(
        "Cast transformation does not support casting from {kind}; supported types are [INT8, INT16, INT32, INT64, FLOAT32, \
         FLOAT64, BOOLEAN, STRING, BYTES]"
    ))
}

fn of_text(json: Json<'_>, to: Type, out: &mut Vec<u8>) -> Result<(), RecordError> {
    if to == Type::String {
        out.extend_from_slice(json.raw());
        return Ok(());
    }
    let text = json.as_str().unwrap_or_default();
    let whole = |least: i64, most: i64| parse_long(&text).filter(|number| (least..=most).contains(number));
    let long = match to {
        Type::Int8 => whole(i8::MIN.into(), i8::MAX.into()),
        Type::Int16 => whole(i16::MIN.into(), i16::MAX.into()),
        Type::Int32 => whole(i32::MIN.into(), i32::MAX.into()),
        Type::Int64 => whole(i64::MIN, i64::MAX),
        Type::Boolean | Type::String => {
            of_boolean(text.eq_ignore_ascii_case("true"), to, out);
            return Ok(());
        }
        Type::Float32 | Type::Float64 => {
            let is_short = to == Type::Float32;
            let json = if is_short { parse_float(&text).map(float_json) } else { parse_double(&text).map(double_json) };
            out.extend(json.ok_or_else(|| out_of_range(&text))?.bytes());
            return Ok(());
        }
    };
    push(out, long.ok_or_else(|| out_of_range(&text))?);
    Ok(())
}

fn out_of_range(text: &str) -> RecordError {
    RecordError::new(format_args!("Value ({text}) was out of range for requested data type"))
}

/// Writes an integer without an allocation, because most casts are to integers.
fn push(out: &mut Vec<u8>, number: i64) {
    // Writing to memory does not fail.
    let _ = write!(out, "{number}");
}

fn of_boolean(value: bool, to: Type, out: &mut Vec<u8>) {
    out.extend_from_slice(match (to, value) {
        (Type::Boolean, true) => b"true",
        (Type::Boolean, false) => b"false",
        (Type::String, true) => b"\"true\"",
        (Type::String, false) => b"\"false\"",
        (Type::Float32 | Type::Float64, true) => b"1.0",
        (Type::Float32 | Type::Float64, false) => b"0.0",
        (_, true) => b"1",
        (_, false) => b"0",
    });
}

/// Casts as Java does: fractions are dropped, integers wrap, and floating-point numbers saturate at the limits of int and long.
fn of_number(number: Number, to: Type, out: &mut Vec<u8>) {
    let long = match &number {
        Number::Long(long) => *long,
        Number::Float(float) => *float as i64,
        Number::Double(double) => *double as i64,
        Number::Decimal(decimal) => decimal.long_value(),
    };
    let int = match &number {
        Number::Float(float) => *float as i32,
        Number::Double(double) => *double as i32,
        Number::Long(_) | Number::Decimal(_) => long as i32,
    };
    let written = match to {
        Type::Int8 => return push(out, (int as i8).into()),
        Type::Int16 => return push(out, (int as i16).into()),
        Type::Int32 => return push(out, int.into()),
        Type::Int64 => return push(out, long),
        Type::Boolean => return of_boolean(long != 0, to, out),
        Type::Float32 => float_json(match &number {
            Number::Long(long) => *long as f32,
            Number::Float(float) => *float,
            Number::Double(double) => *double as f32,
            Number::Decimal(decimal) => decimal.float_value(),
        }),
        Type::Float64 => double_json(match &number {
            Number::Long(long) => *long as f64,
            Number::Float(float) => f64::from(*float),
            Number::Double(double) => *double,
            Number::Decimal(decimal) => decimal.double_value(),
        }),
        Type::String => {
            let text = match &number {
                Number::Long(long) => {
                    out.push(b'"');
                    push(out, *long);
                    return out.push(b'"');
                }
                Number::Float(float) => float_json(*float),
                Number::Double(double) => double_json(*double),
                Number::Decimal(decimal) => decimal.to_string(),
            };
            // Values that are not numbers in JSON are strings already.
            if text.starts_with('"') { text } else { format!("\"{text}\"") }
        }
    };
    out.extend(written.bytes());
}
