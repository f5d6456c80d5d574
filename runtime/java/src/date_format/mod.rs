//! Java's `SimpleDateFormat` in UTC and English (`Locale.US`): formats moments with a pattern, and parses texts as leniently as Java does.
//! Dates before 1582-10-15 are those of the Julian calendar, as in Java's `GregorianCalendar`.
//!
//! ```
//! use weir_java::date_format::DateFormat;
//! let format = DateFormat::new("EEE, d MMM yyyy HH:mm").unwrap();
//! assert_eq!(format.format(0), "Thu, 1 Jan 1970 00:00");
//! assert_eq!(format.parse("Thu, 31 Feb 1970 24:00 and so on").unwrap(), 62 * 86_400_000);
//! assert_eq!(DateFormat::new("yyyy-bb").unwrap_err().to_string(), "Illegal pattern character 'b'");
//! ```
//!
//! There are two differences from Java. `z` and `Z` only accept an offset, `GMT` or `UTC`: other names of time zones would need their
//! rules. And a year of two digits is from 1946 to 2045, as in a JVM that started in 2026, because there may be no clock where this is
//! used.

mod fields;
mod format;
mod names;
mod number;
mod parse;
mod pattern;

pub use parse::ParseError;
pub use pattern::PatternError;

use pattern::Item;

/// A parsed pattern.
#[derive(Clone, Debug)]
pub struct DateFormat {
    pattern: String,
    items: Vec<Item>,
}

impl DateFormat {
    /// Parses a pattern.
    ///
    /// # Errors
    /// Fails if `new SimpleDateFormat(pattern)` fails, with the same message.
    pub fn new(pattern: &str) -> Result<DateFormat, PatternError> {
        Ok(DateFormat { pattern: pattern.into(), items: pattern::read(pattern)? })
    }

    /// Returns the original pattern.
    pub fn pattern(&self) -> &str {
        &self.pattern
    }

    /// Formats a number of milliseconds since 1970-01-01T00:00:00Z.
    pub fn format(&self, millis: i64) -> String {
        let mut text = String::new();
        self.format_to(millis, &mut text);
        text
    }

    /// Like [`format`](Self::format), but appends to `text`.
    pub fn format_to(&self, millis: i64, text: &mut String) {
        format::write(&self.items, millis, text);
    }

    /// Returns a number of milliseconds. All moments within one such interval, counted from 1970, have the same text. The interval is a
    /// day if the pattern contains no part of the time of day.
    pub fn granularity(&self) -> i64 {
        self.items.iter().map(Item::granularity).min().unwrap_or(crate::calendar::DAY)
    }

    /// Parses the beginning of a text. Anything may follow.
    ///
    /// # Errors
    /// Fails if the text does not begin with the pattern.
    pub fn parse(&self, text: &str) -> Result<i64, ParseError> {
        parse::read(&self.items, text)
    }
}

#[cfg(test)]
mod tests;
