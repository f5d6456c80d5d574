//! Java's `SimpleDateFormat` in UTC and English (`Locale.US`): writes moments by a pattern, and reads texts by it as leniently
//! as Java does. Dates before 1582-10-15 are those of the Julian calendar, as in Java's `GregorianCalendar`.
//!
//! ```
//! use weir_java::date_format::DateFormat;
//! let format = DateFormat::new("EEE, d MMM yyyy HH:mm").unwrap();
//! assert_eq!(format.format(0), "Thu, 1 Jan 1970 00:00");
//! assert_eq!(format.parse("Thu, 31 Feb 1970 24:00 and so on").unwrap(), 62 * 86_400_000);
//! assert_eq!(DateFormat::new("yyyy-bb").unwrap_err().to_string(), "Illegal pattern character 'b'");
//! ```
//!
//! Two things are not as in Java. A text is read by `z` and `Z` only if it has an offset, `GMT` or `UTC`: other names of time
//! zones would need their rules. And a year of two digits is one from 1946 to 2045, as in a JVM that started in 2026: where
//! this is used there may be no clock.

mod fields;
mod format;
mod names;
mod number;
mod parse;
mod pattern;

pub use parse::ParseError;
pub use pattern::PatternError;

use pattern::Item;

/// A pattern, ready for use.
#[derive(Clone, Debug)]
pub struct DateFormat {
    pattern: String,
    items: Vec<Item>,
}

impl DateFormat {
    /// Reads a pattern.
    ///
    /// # Errors
    /// What `new SimpleDateFormat(pattern)` refuses, with its message.
    pub fn new(pattern: &str) -> Result<DateFormat, PatternError> {
        Ok(DateFormat { pattern: pattern.into(), items: pattern::read(pattern)? })
    }

    /// The pattern as it was given.
    pub fn pattern(&self) -> &str {
        &self.pattern
    }

    /// Writes a number of milliseconds since 1970-01-01T00:00:00Z.
    pub fn format(&self, millis: i64) -> String {
        let mut text = String::new();
        self.format_to(millis, &mut text);
        text
    }

    /// As [`format`](Self::format), behind what `text` has already.
    pub fn format_to(&self, millis: i64, text: &mut String) {
        format::write(&self.items, millis, text);
    }

    /// Moments are written with the same text if this many milliseconds, counted from 1970, hold both: a day if the pattern
    /// has no part of the time of day.
    pub fn granularity(&self) -> i64 {
        self.items.iter().map(Item::granularity).min().unwrap_or(crate::calendar::DAY)
    }

    /// Reads a text, whose end may be anything.
    ///
    /// # Errors
    /// The text does not begin as the pattern says.
    pub fn parse(&self, text: &str) -> Result<i64, ParseError> {
        parse::read(&self.items, text)
    }
}

#[cfg(test)]
mod tests;
