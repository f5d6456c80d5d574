//! Parses integers like Java's `DecimalFormat`.

/// The zeros of the decimal digits that fit in a Java `char`, except ASCII's.
const ZEROS: [u16; 36] = [
    0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66, 0xde6, 0xe50, 0xed0, 0xf20,
    0x1040, 0x1090, 0x17e0, 0x1810, 0x1946, 0x19d0, 0x1a80, 0x1a90, 0x1b50, 0x1bb0, 0x1c40, 0x1c50, 0xa620, 0xa8d0,
    0xa900, 0xa9d0, 0xa9f0, 0xaa50, 0xabf0, 0xff10,
];

/// `Character.digit`
pub(super) fn digit(unit: u16) -> Option<u8> {
    let of = |zero: u16| unit.checked_sub(zero).filter(|digit| *digit < 10).map(|digit| digit as u8);
    of(b'0'.into()).or_else(|| if unit < 0x660 { None } else { ZEROS.iter().find_map(|zero| of(*zero)) })
}

fn starts_with(text: &[u16], start: usize, what: &str) -> bool {
    text.get(start..).is_some_and(|rest| what.encode_utf16().enumerate().all(|(at, unit)| rest.get(at) == Some(&unit)))
}

/// Returns the `intValue` of the number at `start`, and the position after it. Numbers with an exponent, NaN and infinity are accepted.
pub(super) fn read(text: &[u16], start: usize) -> Option<(i32, usize)> {
    if starts_with(text, start, "NaN") {
        return Some((0, start + 3));
    }
    let negative = starts_with(text, start, "-");
    let at = start + usize::from(negative);
    if starts_with(text, at, "∞") {
        return Some((if negative { i32::MIN } else { i32::MAX }, at + 1));
    }
    if let Some((number, after)) = plain(text, at) {
        return Some((if negative { number.wrapping_neg() as i32 } else { number as i32 }, after));
    }
    let (digits, mut at) = digits(text, at)?;
    let mut exponent = 0;
    if text.get(at) == Some(&b'E'.into())
        && let Some((power, after)) = power(text, at + 1)
    {
        (exponent, at) = (power, after);
    }
    Some((int_value(negative, &digits, exponent), at))
}

/// Parses up to 18 ASCII digits that are not followed by further digits or an exponent. Nearly all numbers have this form.
fn plain(text: &[u16], start: usize) -> Option<(i64, usize)> {
    const MOST: usize = 18;
    let of = |unit: &u16| unit.checked_sub(b'0'.into()).filter(|digit| *digit < 10);
    let rest = text.get(start..)?;
    let found = rest.iter().take(MOST).map_while(of);
    let (number, count) = found.fold((0, 0), |(number, count), digit| (number * 10 + i64::from(digit), count + 1));
    let more = rest.get(count).is_some_and(|unit| *unit == b'E'.into() || digit(*unit).is_some());
    if count == 0 || more { None } else { Some((number, start + count)) }
}

/// Returns the exponent, and the position after it.
fn power(text: &[u16], start: usize) -> Option<(i32, usize)> {
    let negative = starts_with(text, start, "-");
    let (digits, at) = digits(text, start + usize::from(negative))?;
    let number: i64 = if digits.is_empty() { 0 } else { digits.parse().ok()? };
    // Truncated to the low 32 bits, as in Java.
    Some((if negative { (number as i32).wrapping_neg() } else { number as i32 }, at))
}

/// Returns the digits without leading zeros, and the position after them, or `None` if there are no digits.
fn digits(text: &[u16], start: usize) -> Option<(String, usize)> {
    let found: Vec<u8> = text.get(start..)?.iter().map_while(|unit| digit(*unit)).collect();
    let significant = found.iter().skip_while(|digit| **digit == 0).map(|digit| char::from(b'0' + digit)).collect();
    if found.is_empty() { None } else { Some((significant, start + found.len())) }
}

/// Converts a number to 32 bits: one that fits in 64 bits is truncated to the low 32 bits, any other becomes the nearest number.
fn int_value(negative: bool, digits: &str, exponent: i32) -> i32 {
    let signed = |magnitude: &str| if negative { format!("-{magnitude}") } else { magnitude.to_owned() };
    if digits.is_empty() {
        return 0;
    }
    let zeros = usize::try_from(exponent).unwrap_or(usize::MAX);
    let whole = digits.len().saturating_add(zeros) <= 19;
    let long: Option<i64> = if whole { signed(&format!("{digits}{}", "0".repeat(zeros))).parse().ok() } else { None };
    match long {
        Some(long) => long as i32,
        None => {
            let double: f64 = signed(&format!("{digits}e{exponent}")).parse().unwrap_or(0.0);
            // Java converts a number without a fraction to a long first, and then truncates it.
            let long = double as i64;
            if long as f64 == double && long < i64::MAX { long as i32 } else { double as i32 }
        }
    }
}
