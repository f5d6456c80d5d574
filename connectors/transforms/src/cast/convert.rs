//! From a value of one class to one of another, as JSON.

use std::io::Write as _;

use weir_sdk::RowError;
use weir_sdk::value::{Json, json_string};

use super::source::{DAY, Number, Source};
use super::spec::Type;
use crate::class::Class;
use crate::java_number::{double_json, float_json};
use crate::java_parse;

/// Writes a value that is not null as one of another type.
pub(super) fn cast(json: Json<'_>, source: Source, to: Type, out: &mut Vec<u8>) -> Result<(), RowError> {
    out.clear();
    match source.class {
        Class::List => Err(unsupported("ARRAY")),
        Class::Map(_) => Err(unsupported("MAP")),
        Class::Struct => Err(unsupported("STRUCT")),
        // A string of base64 already.
        Class::Bytes if to == Type::String => {
            out.extend_from_slice(json.raw());
            Ok(())
        }
        Class::Bytes => Err(RowError::new("Unexpected type in Cast transformation: class [B")),
        Class::String => of_text(json, to, out),
        Class::Boolean => {
            of_boolean(json.as_bool().unwrap_or_default(), to, out);
            Ok(())
        }
        Class::Date if to == Type::String => {
            if let Number::Long(number) = source.number(json)? {
                out.extend(json_string(&date_text(number.saturating_mul(source.unit))));
            }
            Ok(())
        }
        _ => {
            of_number(source.number(json)?, to, out);
            Ok(())
        }
    }
}

/// Values of this type cannot be cast.
pub(super) fn unsupported(kind: &str) -> RowError {
    RowError::new(format_args!(
        "Cast transformation does not support casting from {kind}; supported types are [INT8, INT16, INT32, INT64, FLOAT32, \
         FLOAT64, BOOLEAN, STRING, BYTES]"
    ))
}

fn of_text(json: Json<'_>, to: Type, out: &mut Vec<u8>) -> Result<(), RowError> {
    if to == Type::String {
        out.extend_from_slice(json.raw());
        return Ok(());
    }
    let text = json.as_str().unwrap_or_default();
    let whole = |least: i64, most: i64| java_parse::long(&text).filter(|number| (least..=most).contains(number));
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
            let json = if is_short {
                java_parse::float(&text).map(float_json)
            } else {
                java_parse::double(&text).map(double_json)
            };
            out.extend(json.ok_or_else(|| out_of_range(&text))?.bytes());
            return Ok(());
        }
    };
    push(out, long.ok_or_else(|| out_of_range(&text))?);
    Ok(())
}

fn out_of_range(text: &str) -> RowError {
    RowError::new(format_args!("Value ({text}) was out of range for requested data type"))
}

/// Allocates nothing, as most casts are to whole numbers.
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

/// Java's casts: what is behind the point goes, whole numbers wrap, and floating point numbers stop at the ends of int and long.
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
            // Those that are no numbers in JSON are strings already.
            if text.starts_with('"') { text } else { format!("\"{text}\"") }
        }
    };
    out.extend(written.bytes());
}

/// `Values.dateFormatFor`: a time of day for the first day of 1970 and all before it, a date for a whole day, both for the rest. In
/// UTC, whatever the time zone of the machine.
fn date_text(millis: i64) -> String {
    let of_day = millis.rem_euclid(DAY);
    let (seconds, thousandths) = (of_day / 1000, of_day % 1000);
    let time = format!("{:02}:{:02}:{:02}.{thousandths:03}Z", seconds / 3600, seconds / 60 % 60, seconds % 60);
    if millis < DAY {
        return time;
    }
    // Years begin in March here, so that the day that some years lack is their last one.
    let shifted = millis.div_euclid(DAY) + 719_468;
    let (era, day_of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let date = format!("{year:04}-{month:02}-{day:02}");
    if of_day == 0 { date } else { format!("{date}T{time}") }
}
