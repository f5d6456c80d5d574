//! `Long.parseLong`, `Float.parseFloat` and `Double.parseDouble`: the texts that Java reads as numbers.

/// The zeros of the decimal digits that one UTF-16 unit can hold (`Character.digit`).
const ZEROS: [u32; 37] = [
    0x30, 0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66, 0xde6, 0xe50, 0xed0,
    0xf20, 0x1040, 0x1090, 0x17e0, 0x1810, 0x1946, 0x19d0, 0x1a80, 0x1a90, 0x1b50, 0x1bb0, 0x1c40, 0x1c50, 0xa620,
    0xa8d0, 0xa900, 0xa9d0, 0xa9f0, 0xaa50, 0xabf0, 0xff10,
];

/// Reads an integer. Returns `None` where Java throws a `NumberFormatException`. The smaller types differ only in their range.
pub fn parse_long(text: &str) -> Option<i64> {
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    if digits.is_empty() {
        return None;
    }
    // Calculated with negative numbers, because there is one more of them.
    let value = digits.chars().try_fold(0i64, |value, character| {
        let code = u32::from(character);
        let zero = ZEROS.iter().rev().find(|zero| **zero <= code)?;
        let digit = Some(code - zero).filter(|digit| *digit < 10)?;
        value.checked_mul(10)?.checked_sub(digit.into())
    })?;
    if negative { Some(value) } else { value.checked_neg() }
}

/// Reads a 64-bit floating point number. Returns `None` where Java throws a `NumberFormatException`.
pub fn parse_double(text: &str) -> Option<f64> {
    match Text::read(text)? {
        Text::Decimal(text) => text.parse().ok(),
        Text::Hex(hex) => Some(hex.round(53, -1074)),
    }
}

/// Reads a 32-bit floating point number. Returns `None` where Java throws a `NumberFormatException`.
pub fn parse_float(text: &str) -> Option<f32> {
    match Text::read(text)? {
        Text::Decimal(text) => text.parse().ok(),
        // Already rounded to 24 bits, unless it is too large.
        Text::Hex(hex) => Some(hex.round(24, -149) as f32),
    }
}

enum Text<'a> {
    /// A text that Rust reads in the same way.
    Decimal(&'a str),
    Hex(Hex),
}

impl Text<'_> {
    fn read(text: &str) -> Option<Text<'_>> {
        let text = crate::text::trim(text);
        let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
        if matches!(unsigned, "NaN" | "Infinity") {
            return Some(Text::Decimal(text));
        }
        if let Some(hex) = unsigned.strip_prefix("0x").or_else(|| unsigned.strip_prefix("0X")) {
            return Hex::read(text.starts_with('-'), hex).map(Text::Hex);
        }
        let suffixes = ['f', 'F', 'd', 'D'];
        let number = unsigned.strip_suffix(suffixes).unwrap_or(unsigned);
        is_decimal(number).then(|| Text::Decimal(&text[..text.len() - (unsigned.len() - number.len())]))
    }
}

/// Returns whether a text consists of digits, at most one point, and optionally an exponent.
fn is_decimal(number: &str) -> bool {
    let (mantissa, exponent) = match number.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent.strip_prefix(['+', '-']).unwrap_or(exponent))),
        None => (number, None),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    whole.len() + fraction.len() > 0
        && digits(whole)
        && digits(fraction)
        && exponent.is_none_or(|exponent| !exponent.is_empty() && digits(exponent))
}

/// A hexadecimal number, such as `0x1.8p3`.
struct Hex {
    negative: bool,
    /// The first bits.
    bits: u64,
    /// Whether one of the following bits is set.
    more: bool,
    /// The power of two of the last bit in `bits`.
    exponent: i64,
}

impl Hex {
    fn read(negative: bool, text: &str) -> Option<Hex> {
        let text = text.strip_suffix(['f', 'F', 'd', 'D']).filter(|text| text.contains(['p', 'P'])).unwrap_or(text);
        let (mantissa, exponent) = text.split_once(['p', 'P'])?;
        let digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        // Beyond this limit, every number is zero or infinite.
        let size = digits.parse::<i64>().unwrap_or(1 << 40).min(1 << 40);
        let mut hex =
            Hex { negative, bits: 0, more: false, exponent: if exponent.starts_with('-') { -size } else { size } };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        if whole.is_empty() && fraction.is_empty() {
            return None;
        }
        for (digit, after_point) in
            whole.chars().map(|digit| (digit, false)).chain(fraction.chars().map(|digit| (digit, true)))
        {
            let digit = digit.to_digit(16)?;
            if hex.bits >> 60 == 0 {
                hex.bits = hex.bits << 4 | u64::from(digit);
                hex.exponent -= if after_point { 4 } else { 0 };
            } else {
                hex.more |= digit != 0;
                hex.exponent += if after_point { 0 } else { 4 };
            }
        }
        Some(hex)
    }

    /// Returns the nearest number with at most `precision` bits, none of them below two to the power of `least`. If two are
    /// equally near, returns the even one.
    fn round(&self, precision: i64, least: i64) -> f64 {
        let length = 64 - i64::from(self.bits.leading_zeros());
        let cut = (length - precision).max(least - self.exponent).clamp(0, 65);
        let (kept, lost) = match cut {
            0 => (self.bits, 0),
            64.. => (0, self.bits),
            cut => (self.bits >> cut, self.bits & ((1 << cut) - 1)),
        };
        let half = if cut == 0 || cut > 64 { 0 } else { 1u64 << (cut - 1) };
        let above = half != 0 && (lost > half || lost == half && (self.more || kept & 1 == 1));
        let value = (kept + u64::from(above)) as f64;
        if value == 0.0 {
            return if self.negative { -0.0 } else { 0.0 };
        }
        // In two steps, so that no power is out of range if the number is not.
        let exponent = (self.exponent + cut).clamp(-4000, 4000) as i32;
        let scaled = value * 2f64.powi(exponent / 2) * 2f64.powi(exponent - exponent / 2);
        if self.negative { -scaled } else { scaled }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_have_digits_of_any_script_and_no_white_space() {
        for (text, value) in [
            ("0", Some(0)),
            ("+7", Some(7)),
            ("-007", Some(-7)),
            ("٣२１", Some(321)),
            ("-9223372036854775808", Some(i64::MIN)),
            ("9223372036854775807", Some(i64::MAX)),
            ("9223372036854775808", None),
            ("", None),
            ("-", None),
            (" 1", None),
            ("1.0", None),
            ("0x1", None),
            ("1_0", None),
            ("\u{1d7cf}", None),
        ] {
            assert_eq!(parse_long(text), value, "{text}");
        }
    }

    #[test]
    fn floating_point_numbers_are_those_that_java_accepts() {
        for (text, value) in [
            (" 1.5\n", 1.5),
            ("1.", 1.0),
            (".5e+1", 5.0),
            ("-0", -0.0),
            ("1f", 1.0),
            ("1e3D", 1000.0),
            ("Infinity", f64::INFINITY),
            ("-Infinity", f64::NEG_INFINITY),
            ("1e999999999999", f64::INFINITY),
            ("1e-999999999999", 0.0),
            ("0x1.8p1", 3.0),
            ("-0X.8P+1f", -1.0),
            ("0x1p-1074", 5e-324),
            ("0x1p-1075", 0.0),
            ("0x1.8p-1075", 5e-324),
            ("0x1.fffffffffffff7p1023", f64::MAX),
            ("0x1.fffffffffffff8p1023", f64::INFINITY),
            ("0x10000000000000000000p0", 75_557_863_725_914_323_419_136.0),
            ("0x0p999999999999999999999", 0.0),
        ] {
            assert_eq!(parse_double(text).map(f64::to_bits), Some(value.to_bits()), "{text}");
        }
        assert!(parse_double("NaN").unwrap().is_nan());
        for text in
            ["", ".", "e1", "1e", "1e+", "inf", "nan", "infinity", "1ff", "0x1", "0xp1", "0x1.p", "1 2", "1,5", "٣"]
        {
            assert_eq!(parse_double(text), None, "{text}");
            assert_eq!(parse_float(text), None, "{text}");
        }
        assert_eq!(parse_float("0.1"), Some(0.1));
        assert_eq!(parse_float("0x1.000001p0"), Some(1.0));
        assert_eq!(parse_float("0x1.0000011p0"), Some(1.000_000_1));
        assert_eq!(parse_float("0x1p128"), Some(f32::INFINITY));
    }
}
