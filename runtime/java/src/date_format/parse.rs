//! Parses texts.

use std::fmt;

use super::fields::{Fields, Part, iso_to_calendar};
use super::names::{AM_PM, DAYS, ERAS, GMT, LONG_ERAS, LONG_GMT, LONG_UTC, MONTHS, UTC, begins, short};
use super::number;
use super::pattern::{Field, Item};

/// The first year that two digits can mean, and the moment at which it begins.
const FIRST_YEAR: i32 = 1946;
const FIRST_MOMENT: i64 = -757_382_400_000;

/// Why a text cannot be parsed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParseError {
    /// The text does not match the pattern.
    Mismatch,
    /// The text has letters other than `GMT` and `UTC` where the pattern has a time zone: perhaps the name of one.
    ZoneName,
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ParseError::Mismatch => "the text does not match the pattern",
            ParseError::ZoneName => "the text contains the name of a time zone other than UTC and GMT",
        })
    }
}

impl std::error::Error for ParseError {}

pub(super) fn read(items: &[Item], text: &str) -> Result<i64, ParseError> {
    // Java counts UTF-16 units, which matters for texts that are not ASCII.
    let text: Vec<u16> = text.encode_utf16().collect();
    let mut fields = Fields::default();
    let mut at = 0;
    for (place, item) in items.iter().enumerate() {
        at = match item {
            Item::Literal(literal) => {
                let end = at + literal.encode_utf16().count();
                let found = text.get(at..end).ok_or(ParseError::Mismatch)?;
                if !literal.encode_utf16().eq(found.iter().copied()) {
                    return Err(ParseError::Mismatch);
                }
                end
            }
            Item::Field(field, count) => {
                let abuts = items.get(place + 1).is_some_and(Item::abuts);
                Reader { text: &text, start: at, count: *count, abuts }.read(*field, &mut fields)?
            }
        };
    }
    let millis = fields.millis();
    // The first week of a year may begin in the previous year.
    if fields.ambiguous_year && millis < FIRST_MOMENT {
        fields.add_years(100);
        return Ok(fields.millis());
    }
    Ok(millis)
}

/// Parses one field.
struct Reader<'a> {
    text: &'a [u16],
    start: usize,
    count: usize,
    /// Whether the number has at most as many characters as the pattern has letters, because another number follows directly.
    abuts: bool,
}

impl Reader<'_> {
    /// Sets the field from the text. Returns the position after it.
    fn read(&self, field: Field, fields: &mut Fields) -> Result<usize, ParseError> {
        let blanks =
            self.rest(self.start).iter().take_while(|unit| matches!(u8::try_from(**unit), Ok(b' ' | b'\t'))).count();
        let at = self.start + blanks;
        if at >= self.text.len() {
            return Err(ParseError::Mismatch);
        }
        match field {
            Field::Era => {
                let names = ERAS.iter().zip(0..).chain(LONG_ERAS.iter().zip(0..));
                return self.name(names.map(|(name, era)| (*name, era)), Part::Era, fields);
            }
            Field::Month if self.count >= 3 => return self.name(long_and_short(&MONTHS, 0), Part::Month, fields),
            Field::DayOfWeek => return self.name(long_and_short(&DAYS, 1), Part::DayOfWeek, fields),
            Field::AmPm => {
                return self.name(AM_PM.iter().zip(0..).map(|(name, half)| (*name, half)), Part::AmPm, fields);
            }
            Field::ZoneName | Field::ZoneValue => return self.zone(at, fields),
            Field::IsoZone => return self.iso_zone(at, fields),
            _ => {}
        }
        let (value, end) = self.number(at)?;
        let (part, value) = match field {
            Field::Year | Field::WeekYear => {
                let part = if field == Field::Year { Part::Year } else { Part::WeekYear };
                (part, self.year(at, end, value, fields))
            }
            Field::Month => (Part::Month, value.wrapping_sub(1)),
            Field::HourOfDay1 => (Part::HourOfDay, if value == 24 { 0 } else { value }),
            Field::Hour1 => (Part::Hour, if value == 12 { 0 } else { value }),
            Field::IsoDayOfWeek => (Part::DayOfWeek, iso_to_calendar(value)),
            Field::DayOfMonth => (Part::DayOfMonth, value),
            Field::HourOfDay => (Part::HourOfDay, value),
            Field::Minute => (Part::Minute, value),
            Field::Second => (Part::Second, value),
            Field::DayOfYear => (Part::DayOfYear, value),
            Field::DayOfWeekInMonth => (Part::DayOfWeekInMonth, value),
            Field::WeekOfYear => (Part::WeekOfYear, value),
            Field::WeekOfMonth => (Part::WeekOfMonth, value),
            Field::Hour => (Part::Hour, value),
            _ => (Part::Millisecond, value),
        };
        fields.set(part, value);
        Ok(end)
    }

    fn rest(&self, at: usize) -> &[u16] {
        self.text.get(at..).unwrap_or_default()
    }

    fn number(&self, at: usize) -> Result<(i32, usize), ParseError> {
        let text = if self.abuts { self.text.get(..self.start + self.count) } else { Some(self.text) };
        text.and_then(|text| number::read(text, at)).ok_or(ParseError::Mismatch)
    }

    /// Returns the year of a number. Two digits for a pattern of one or two letters are a year from 1946 to 2045.
    fn year(&self, at: usize, end: usize, value: i32, fields: &mut Fields) -> i32 {
        let two_digits = end - at == 2 && self.text[at..end].iter().all(|unit| number::digit(*unit).is_some());
        if self.count > 2 || !two_digits {
            return value;
        }
        fields.ambiguous_year = value == FIRST_YEAR % 100;
        value + FIRST_YEAR / 100 * 100 + if value < FIRST_YEAR % 100 { 100 } else { 0 }
    }

    /// Sets the field from the longest name at the start of the text. White space before a name is not skipped.
    fn name<'n>(
        &self,
        names: impl Iterator<Item = (&'n str, i32)>,
        part: Part,
        fields: &mut Fields,
    ) -> Result<usize, ParseError> {
        let found = names.filter(|(name, _)| begins(self.rest(self.start), name)).max_by_key(|(name, _)| name.len());
        let (name, value) = found.ok_or(ParseError::Mismatch)?;
        fields.set(part, value);
        Ok(self.start + name.len())
    }

    /// Parses an offset, `GMT` with or without an offset, or `UTC`.
    fn zone(&self, at: usize, fields: &mut Fields) -> Result<usize, ParseError> {
        if let Some(sign) = self.sign(at) {
            return self.offset(at + 1, sign, Form::TwoAndTwo, fields);
        }
        if begins(self.rest(self.start), GMT) && at == self.start {
            let after = at + 3;
            return match self.sign(after) {
                Some(sign) => self.offset(after + 1, sign, Form::Colon { short: true }, fields),
                None => {
                    fields.set(Part::ZoneOffset, 0);
                    Ok(after)
                }
            };
        }
        match [LONG_UTC, LONG_GMT, UTC, GMT].into_iter().find(|name| begins(self.rest(at), name)) {
            Some(name) => Ok(at + name.len()),
            None if self
                .rest(at)
                .first()
                .is_some_and(|unit| u8::try_from(*unit).is_ok_and(|byte| byte.is_ascii_alphabetic())) =>
            {
                Err(ParseError::ZoneName)
            }
            None => Err(ParseError::Mismatch),
        }
    }

    /// Parses `Z`, or an offset in the form that the number of letters determines.
    fn iso_zone(&self, at: usize, fields: &mut Fields) -> Result<usize, ParseError> {
        if self.rest(at).first() == Some(&b'Z'.into()) {
            fields.set(Part::ZoneOffset, 0);
            return Ok(at + 1);
        }
        let form = match self.count {
            1 => Form::Two,
            2 => Form::TwoAndTwo,
            _ => Form::Colon { short: false },
        };
        self.offset(at + 1, self.sign(at).ok_or(ParseError::Mismatch)?, form, fields)
    }

    fn sign(&self, at: usize) -> Option<i32> {
        match u8::try_from(*self.text.get(at)?) {
            Ok(b'+') => Some(1),
            Ok(b'-') => Some(-1),
            _ => None,
        }
    }

    fn offset(&self, start: usize, sign: i32, form: Form, fields: &mut Fields) -> Result<usize, ParseError> {
        let (minutes, length) = form.read(self.rest(start)).ok_or(ParseError::Mismatch)?;
        fields.set(Part::ZoneOffset, minutes * 60_000 * sign);
        Ok(start + length)
    }
}

/// The form of an offset after its sign.
#[derive(Clone, Copy)]
enum Form {
    /// `hh`
    Two,
    /// `hhmm`
    TwoAndTwo,
    /// `hh:mm`, or also `h:mm` if `short`.
    Colon { short: bool },
}

impl Form {
    /// Returns the minutes of the offset, and the number of characters that were parsed.
    fn read(self, text: &[u16]) -> Option<(i32, usize)> {
        let digit = |at: usize| {
            let byte = u8::try_from(*text.get(at)?).ok()?;
            byte.is_ascii_digit().then(|| i32::from(byte - b'0'))
        };
        let (hours, at) = match (self, digit(1)) {
            (_, Some(ones)) => (digit(0)? * 10 + ones, 2),
            (Form::Colon { short: true }, None) => (digit(0)?, 1),
            _ => return None,
        };
        if hours > 23 {
            return None;
        }
        let at = match self {
            Form::Two => return Some((hours * 60, at)),
            Form::TwoAndTwo => at,
            Form::Colon { .. } if text.get(at) == Some(&b':'.into()) => at + 1,
            Form::Colon { .. } => return None,
        };
        let minutes = digit(at)? * 10 + digit(at + 1)?;
        if minutes > 59 { None } else { Some((hours * 60 + minutes, at + 2)) }
    }
}

/// Returns the names and their abbreviations, with their numbers.
fn long_and_short<'n>(names: &'n [&'n str], first: i32) -> impl Iterator<Item = (&'n str, i32)> {
    let long = names.iter().zip(first..).map(|(name, number)| (*name, number));
    long.flat_map(|(name, number)| [(name, number), (short(name), number)])
}
