//! Parses dates, times and timestamps in headers, in UTC.

use weir_java::date::{DAY, millis_of_day};

/// A date, time or timestamp, in milliseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Temporal {
    /// `yyyy-MM-dd`
    Date(i64),
    /// `HH:mm:ss.SSS'Z'`
    Time(i64),
    /// `yyyy-MM-dd'T'HH:mm:ss.SSS'Z'`
    Timestamp(i64),
}

/// Parses one of the three forms. Colons may be escaped.
pub(super) fn parse(token: &str) -> Option<Temporal> {
    // A longer text is not valid even if all colons are escaped. This avoids a copy of long texts.
    if token.len() > 30 {
        return None;
    }
    let text = token.replace("\\:", ":");
    match text.len() {
        10 => date(&text).map(Temporal::Date),
        13 => time(&text).map(Temporal::Time),
        24 => {
            let (day, of_day) = text.split_at_checked(11)?;
            let day = date(day.strip_suffix('T')?)?;
            Some(Temporal::Timestamp(day + time(of_day)?))
        }
        _ => None,
    }
}

/// Months and days that are out of range roll over, as in Java.
fn date(text: &str) -> Option<i64> {
    let [year, month, day] = numbers(text, [4, 2, 2], ["-", "-", ""])?;
    Some(millis_of_day(year, month, day))
}

fn time(text: &str) -> Option<i64> {
    let [hours, minutes, seconds, millis] = numbers(text, [2, 2, 2, 3], [":", ":", ".", "Z"])?;
    let of_day = ((hours * 60 + minutes) * 60 + seconds) * 1000 + millis;
    (of_day <= DAY).then_some(of_day)
}

/// Parses numbers with these numbers of digits, each followed by the given text.
fn numbers<const N: usize>(mut text: &str, digits: [usize; N], behind: [&str; N]) -> Option<[i64; N]> {
    let mut numbers = [0; N];
    for ((number, digits), behind) in numbers.iter_mut().zip(digits).zip(behind) {
        let (own, rest) = text.split_at_checked(digits)?;
        *number = own.bytes().all(|byte| byte.is_ascii_digit()).then(|| own.parse().ok())??;
        text = rest.strip_prefix(behind)?;
    }
    text.is_empty().then_some(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_forms_are_read() {
        assert_eq!(parse("10:00:00.000Z"), Some(Temporal::Time(36_000_000)));
        assert_eq!(parse(r"10\:00\:00.000Z"), Some(Temporal::Time(36_000_000)));
        assert_eq!(parse("1970-01-02"), Some(Temporal::Date(DAY)));
        assert_eq!(parse("1970-01-02T00:00:00.001Z"), Some(Temporal::Timestamp(DAY + 1)));
    }

    #[test]
    fn other_texts_are_not() {
        for text in
            ["", "1970-1-02", "10:00:00.000", "99:00:00.000Z", "1970-01-02 00:00:00.001Z", "äääää", "1970-01-0x"]
        {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
