//! `java.math.BigDecimal` read from a text or from bytes, and what Java makes of it.

mod unscaled;

/// Most digits that a number gets from its exponent: a text of ten characters must not become gigabytes.
const MAX_ZEROS: i64 = 100_000;

/// A decimal number of any size: `digits`, read as a whole number, by 10 to the power of `-scale`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BigDecimal {
    negative: bool,
    /// ASCII, without zeros in front; empty = 0.
    digits: Vec<u8>,
    scale: i32,
}

impl BigDecimal {
    pub(crate) const ZERO: BigDecimal = BigDecimal { negative: false, digits: Vec::new(), scale: 0 };

    /// As `new BigDecimal(text)`. `None` = it would throw a `NumberFormatException`.
    pub(crate) fn parse(text: &str) -> Option<BigDecimal> {
        let (negative, unsigned) = match text.as_bytes().first()? {
            b'-' => (true, &text[1..]),
            b'+' => (false, &text[1..]),
            _ => (false, text),
        };
        let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, parse_exponent(exponent)?),
            None => (unsigned, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let digits = || whole.bytes().chain(fraction.bytes());
        if digits().next().is_none() || !digits().all(|digit| digit.is_ascii_digit()) {
            return None;
        }
        let scale = i32::try_from(fraction.len() as i64 - exponent).ok()?;
        let digits: Vec<u8> = digits().skip_while(|digit| *digit == b'0').collect();
        Some(BigDecimal { negative: negative && !digits.is_empty(), digits, scale })
    }

    /// As `longValue`: without what is behind the point, and of what is left the low 64 bits.
    pub(crate) fn long_value(&self) -> i64 {
        let whole = usize::try_from(self.digits.len() as i64 - i64::from(self.scale)).unwrap_or(0);
        let mut value = 0i64;
        for digit in self.digits.iter().take(whole) {
            value = value.wrapping_mul(10).wrapping_add((digit - b'0').into());
        }
        // 10^64 is a multiple of 2^64.
        for _ in 0..whole.saturating_sub(self.digits.len()).min(64) {
            value = value.wrapping_mul(10);
        }
        if self.negative { value.wrapping_neg() } else { value }
    }

    /// As `doubleValue`: the nearest number, infinite where it is too large.
    pub(crate) fn double_value(&self) -> f64 {
        if self.digits.is_empty() { 0.0 } else { self.scientific().parse().unwrap_or(f64::NAN) }
    }

    /// As `floatValue`.
    pub(crate) fn float_value(&self) -> f32 {
        if self.digits.is_empty() { 0.0 } else { self.scientific().parse().unwrap_or(f32::NAN) }
    }

    fn scientific(&self) -> String {
        let sign = if self.negative { "-" } else { "" };
        format!("{sign}{}e{}", String::from_utf8_lossy(&self.digits), -i64::from(self.scale))
    }

    /// The unscaled number with another scale, as `BigInteger.toByteArray` gives it. `None` = digits would be lost, or it
    /// would have some hundred thousand of them.
    pub(crate) fn unscaled(&self, scale: i32) -> Option<Vec<u8>> {
        let mut digits = self.digits.clone();
        let more = i64::from(scale) - i64::from(self.scale);
        if digits.is_empty() {
            return Some(vec![0]);
        }
        if more >= 0 {
            digits.resize(digits.len() + usize::try_from(Some(more).filter(|more| *more <= MAX_ZEROS)?).ok()?, b'0');
        } else {
            let kept = digits.len().checked_sub(usize::try_from(-more).ok()?)?;
            if digits.split_off(kept).iter().any(|lost| *lost != b'0') {
                return None;
            }
        }
        Some(twos_complement(self.negative, &digits))
    }

    /// As `scale`.
    pub(crate) fn scale(&self) -> i32 {
        self.scale
    }
}

/// At most ten digits count, zeros in front not among them.
fn parse_exponent(text: &str) -> Option<i64> {
    let (sign, digits) = match text.as_bytes().first()? {
        b'-' => (-1, &text[1..]),
        b'+' => (1, &text[1..]),
        _ => (1, text),
    };
    if digits.is_empty() || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let significant = digits.trim_start_matches('0');
    match significant.len() {
        0 => Some(0),
        1..=10 => significant.parse::<i64>().ok().map(|exponent| sign * exponent),
        _ => None,
    }
}

/// Big-endian, and no longer than it has to be.
fn twos_complement(negative: bool, digits: &[u8]) -> Vec<u8> {
    // Little-endian while it grows.
    let mut bytes: Vec<u8> = Vec::new();
    for digit in digits {
        let mut carry = u16::from(digit - b'0');
        for byte in &mut bytes {
            let sum = u16::from(*byte) * 10 + carry;
            *byte = sum as u8;
            carry = sum >> 8;
        }
        if carry > 0 {
            bytes.push(carry as u8);
        }
    }
    // A byte for the sign, which goes again where the one before it shows the sign already.
    bytes.push(0);
    if negative {
        let mut carry = true;
        for byte in &mut bytes {
            (*byte, carry) = (!*byte).overflowing_add(carry.into());
        }
    }
    let shows_sign = |byte: u8| (byte & 0x80 != 0) == negative;
    if bytes.len() > 1 && shows_sign(bytes[bytes.len() - 2]) {
        bytes.pop();
    }
    bytes.reverse();
    bytes
}

/// A number as JSON, in the form of `Double.toString`; NaN and the infinities are strings, as JsonConverter writes them.
pub(crate) fn double_json(value: f64) -> String {
    // Java writes two digits or more, which makes a difference to the smallest numbers only.
    let two = value.is_subnormal().then(|| format!("{value:.1e}"));
    arrange(&two.filter(|two| two.parse() == Ok(value)).unwrap_or_else(|| format!("{value:e}")), value)
}

/// As [`double_json`], in the form of `Float.toString`.
pub(crate) fn float_json(value: f32) -> String {
    let two = value.is_subnormal().then(|| format!("{value:.1e}"));
    arrange(&two.filter(|two| two.parse() == Ok(value)).unwrap_or_else(|| format!("{value:e}")), value.into())
}

/// Puts `-d.ddde-x` into Java's form: a decimal from 0.001 up to 10,000,000, else with an exponent, and always with a digit
/// behind the point.
fn arrange(scientific: &str, value: f64) -> String {
    if value.is_nan() {
        return "\"NaN\"".into();
    }
    if value.is_infinite() {
        return if value > 0.0 { "\"Infinity\"" } else { "\"-Infinity\"" }.into();
    }
    if value == 0.0 || (1e-3..1e7).contains(&value.abs()) {
        let decimal = value_of(scientific);
        return if decimal.contains('.') { decimal } else { decimal + ".0" };
    }
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((scientific, "0"));
    let point = if mantissa.contains('.') { "" } else { ".0" };
    format!("{mantissa}{point}E{exponent}")
}

/// `-d.ddde-x` without an exponent.
fn value_of(scientific: &str) -> String {
    let (sign, unsigned) = scientific.strip_prefix('-').map_or(("", scientific), |unsigned| ("-", unsigned));
    let (mantissa, exponent) = unsigned.split_once('e').unwrap_or((unsigned, "0"));
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    match exponent.parse::<i32>().unwrap_or(0) {
        below @ ..0 => format!("{sign}0.{}{digits}", "0".repeat(below.unsigned_abs() as usize - 1)),
        above => {
            let whole = above.unsigned_abs() as usize + 1;
            let padded = format!("{digits:0<whole$}");
            let (whole, fraction) = padded.split_at(whole);
            if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_java_reads_as_a_number_is_one() {
        for text in ["1", "+1", "-1.", ".5", "007", "1e3", "1E+3", "1e-0000000000003", "-0", "0e2147483647"] {
            assert!(BigDecimal::parse(text).is_some(), "{text}");
        }
        for text in [
            "",
            "-",
            ".",
            "1e",
            "1e+",
            "e3",
            "1.2.3",
            "1 ",
            "0x1",
            "1e99999999999",
            "1e-2147483648",
            "--1",
            "1,5",
            "NaN",
        ] {
            assert_eq!(BigDecimal::parse(text), None, "{text}");
        }
    }

    #[test]
    fn whole_numbers_are_cut_and_wrap() {
        for (text, value) in [
            ("1.9", 1),
            ("-1.9", -1),
            ("0.9", 0),
            ("1.5e1", 15),
            ("3e2", 300),
            ("9223372036854775808", i64::MIN),
            ("-9223372036854775809", i64::MAX),
            ("18446744073709551617", 1),
            ("1e64", 0),
            ("1e2000000000", 0),
            ("1e-2000000000", 0),
        ] {
            assert_eq!(BigDecimal::parse(text).unwrap().long_value(), value, "{text}");
        }
    }

    #[test]
    fn floating_point_numbers_look_as_in_java() {
        for (text, json) in [
            ("0", "0.0"),
            ("-0", "0.0"),
            ("1", "1.0"),
            ("-12.50", "-12.5"),
            ("0.001", "0.001"),
            ("0.00099", "9.9E-4"),
            ("9999999.5", "9999999.5"),
            ("1e7", "1.0E7"),
            ("-123456789", "-1.23456789E8"),
            ("1e400", "\"Infinity\""),
            ("-1e400", "\"-Infinity\""),
            ("1e-400", "0.0"),
            ("-1e-400", "-0.0"),
            ("5e-324", "4.9E-324"),
        ] {
            assert_eq!(double_json(BigDecimal::parse(text).unwrap().double_value()), json, "{text}");
        }
        assert_eq!(float_json(0.1), "0.1");
        assert_eq!(float_json(1e39f64 as f32), "\"Infinity\"");
    }

    #[test]
    fn unscaled_numbers_are_those_of_java() {
        for (text, scale, bytes) in [
            ("0", 5, Some(vec![0])),
            ("1", 0, Some(vec![1])),
            ("-1", 0, Some(vec![0xff])),
            ("127", 0, Some(vec![0x7f])),
            ("128", 0, Some(vec![0, 0x80])),
            ("-128", 0, Some(vec![0x80])),
            ("-129", 0, Some(vec![0xff, 0x7f])),
            ("256", 0, Some(vec![1, 0])),
            ("-256", 0, Some(vec![0xff, 0])),
            ("12.5", 2, Some(vec![4, 0xe2])),
            ("12.50", 1, Some(vec![0x7d])),
            ("12.55", 1, None),
            ("1e3", -3, Some(vec![1])),
            ("1e3", 0, Some(vec![3, 0xe8])),
            ("1e3", -4, None),
            ("1e1000000000", 0, None),
            ("18446744073709551616", 0, Some(vec![1, 0, 0, 0, 0, 0, 0, 0, 0])),
        ] {
            assert_eq!(BigDecimal::parse(text).unwrap().unscaled(scale), bytes, "{text} {scale}");
        }
    }
}
