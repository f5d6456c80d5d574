//! The English names of months, days, eras and halves of a day.

pub(super) const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

pub(super) const DAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

pub(super) const ERAS: [&str; 2] = ["BC", "AD"];

/// Other names of the eras that are accepted in a text.
pub(super) const LONG_ERAS: [&str; 2] = ["Before Christ", "Anno Domini"];

pub(super) const AM_PM: [&str; 2] = ["AM", "PM"];

pub(super) const UTC: &str = "UTC";

pub(super) const GMT: &str = "GMT";

pub(super) const LONG_GMT: &str = "Greenwich Mean Time";

pub(super) const LONG_UTC: &str = "Coordinated Universal Time";

/// Returns the first three letters of the name of a month or a day.
pub(super) fn short(name: &str) -> &str {
    name.get(..3).unwrap_or(name)
}

/// Whether `text` begins with an ASCII `name`, ignoring case like Java: some letters outside ASCII have an ASCII letter as their other
/// case.
pub(super) fn begins(text: &[u16], name: &str) -> bool {
    let folded = |unit: u16| match unit {
        0x130 | 0x131 => b'I',
        0x17f => b'S',
        0x212a => b'K',
        unit => u8::try_from(unit).map_or(0, |byte| byte.to_ascii_uppercase()),
    };
    text.len() >= name.len()
        && text.iter().zip(name.bytes()).all(|(unit, byte)| folded(*unit) == byte.to_ascii_uppercase())
}
