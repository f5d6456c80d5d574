//! `java.math.BigDecimal`: read from text or bytes, printed, and converted to other types.

mod bytes;

/// The maximum number of zeros that a change of scale adds: a text of ten characters must not become gigabytes.
const MAX_ZEROS: i64 = 100_000;

/// A decimal number of any size: the integer `digits`, multiplied by 10 to the power of `-scale`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BigDecimal {
    negative: bool,
    /// ASCII, without leading zeros; empty for zero.
    digits: Vec<u8>,
    scale: i32,
}

impl BigDecimal {
    /// Zero with the scale 0.
    pub const ZERO: BigDecimal = BigDecimal { negative: false, digits: Vec::new(), scale: 0 };

    /// Reads a text like `new BigDecimal(text)`. Returns `None` where Java throws a `NumberFormatException`.
    pub fn parse(text: &str) -> Option<BigDecimal> {
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

    /// Returns the `longValue`: the low 64 bits of the integer part.
    pub fn long_value(&self) -> i64 {
        let whole = usize::try_from(self.digits.len() as i64 - i64::from(self.scale)).unwrap_or(0);
        low_bits(self.negative, self.digits.iter().copied(), self.digits.len(), whole)
    }

    /// Returns the `doubleValue`: the nearest number, or infinity if it is too large.
    pub fn double_value(&self) -> f64 {
        if self.digits.is_empty() { 0.0 } else { self.scientific().parse().unwrap_or(f64::NAN) }
    }

    /// Returns the `floatValue`.
    pub fn float_value(&self) -> f32 {
        if self.digits.is_empty() { 0.0 } else { self.scientific().parse().unwrap_or(f32::NAN) }
    }

    fn scientific(&self) -> String {
        let sign = if self.negative { "-" } else { "" };
        format!("{sign}{}e{}", String::from_utf8_lossy(&self.digits), -i64::from(self.scale))
    }

    /// Returns the unscaled value for another scale, as bytes like `BigInteger.toByteArray`. Returns `None` if digits would be
    /// lost, or if more than 100,000 zeros would be added.
    pub fn unscaled(&self, scale: i32) -> Option<Vec<u8>> {
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

    /// Returns whether the number is zero, with any scale.
    pub fn is_zero(&self) -> bool {
        self.digits.is_empty()
    }

    /// Returns the `scale`.
    pub fn scale(&self) -> i32 {
        self.scale
    }
}

/// Returns the `longValue` of a number in JSON, whose exponent may be larger than that of a [`BigDecimal`].
pub fn long_value(number: &str) -> i64 {
    let (negative, number) = number.strip_prefix('-').map_or((false, number), |rest| (true, rest));
    let (mantissa, exponent) = number.split_once(['e', 'E']).unwrap_or((number, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    // Larger exponents have the same result.
    let exponent = exponent
        .trim_start_matches('+')
        .parse::<i64>()
        .unwrap_or_else(|_| if exponent.starts_with('-') { i64::from(i32::MIN) } else { i64::from(i32::MAX) });
    let digits = whole.bytes().chain(fraction.bytes());
    let wanted = usize::try_from((whole.len() as i64).saturating_add(exponent)).unwrap_or(0);
    low_bits(negative, digits, whole.len() + fraction.len(), wanted)
}

/// Returns the low 64 bits of the integer that consists of the first `whole` of `length` digits. Missing digits are zeros.
fn low_bits(negative: bool, digits: impl Iterator<Item = u8>, length: usize, whole: usize) -> i64 {
    let mut value = 0_i64;
    for digit in digits.take(whole) {
        value = value.wrapping_mul(10).wrapping_add(digit.wrapping_sub(b'0').into());
    }
    // 10^64 is a multiple of 2^64.
    for _ in 0..whole.saturating_sub(length).min(64) {
        value = value.wrapping_mul(10);
    }
    if negative { value.wrapping_neg() } else { value }
}

/// Reads an exponent, which has at most ten digits, not counting leading zeros.
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

/// Returns the shortest two's complement of an integer, big-endian.
fn twos_complement(negative: bool, digits: &[u8]) -> Vec<u8> {
    // Little-endian, because it grows at its most significant byte.
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
    // A byte for the sign, which is removed if the byte before it already has the sign.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_numbers_if_java_reads_them() {
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
    fn long_values_are_truncated_and_wrap() {
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
    fn narrowing_keeps_the_low_bits_of_the_whole_part() {
        for (text, value) in [
            ("5.9", 5),
            ("-5.9", -5),
            ("9223372036854775808", i64::MIN),
            ("18446744073709551617", 1),
            ("1e3", 1000),
            ("12.345E+2", 1234),
            ("12e-1", 1),
            ("0.5", 0),
            ("1e-999999999999", 0),
            ("1e999999999999", 0),
        ] {
            assert_eq!(long_value(text), value, "{text}");
        }
        assert_eq!(long_value("1E19"), 10_u64.pow(19) as i64);
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
