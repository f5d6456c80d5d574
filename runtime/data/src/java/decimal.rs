//! `java.math.BigDecimal`, as far as Connect's Decimal needs it: digits and a scale.

use num_bigint::{BigInt, Sign};

use weir_json::check::MAX_NUMBER;

/// Most bytes of a Decimal's unscaled value that are read as a number: as many as a JSON number may have digits for. The
/// work grows with the square of the digits, so it needs a bound.
const MAX_BYTES: usize = MAX_NUMBER / 2;

/// A decimal number: `unscaled` divided by ten to the power of `scale`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Decimal {
    pub(crate) unscaled: BigInt,
    pub(crate) scale: i64,
}

impl Decimal {
    /// From two's complement, big-endian bytes. `None` = none, or too many to be a number anyone means.
    pub(crate) fn from_bytes(bytes: &[u8], scale: i32) -> Option<Self> {
        let sane = !bytes.is_empty() && bytes.len() <= MAX_BYTES;
        sane.then(|| Self { unscaled: BigInt::from_signed_bytes_be(bytes), scale: i64::from(scale) })
    }

    /// From a number's characters, whose scale it takes. `None` = not a number, or one too long or with too large an
    /// exponent to be one.
    pub(crate) fn parse(number: &str) -> Option<Self> {
        let (mantissa, exponent) = number.split_once(['e', 'E']).unwrap_or((number, "0"));
        let exponent: i32 = exponent.parse().ok()?;
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let (negative, whole) = match whole.strip_prefix('-') {
            Some(whole) => (true, whole),
            None => (false, whole.strip_prefix('+').unwrap_or(whole)),
        };
        let digits = [whole, fraction].concat();
        if digits.is_empty() || digits.len() > MAX_NUMBER || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let magnitude = BigInt::parse_bytes(digits.as_bytes(), 10)?;
        let unscaled = if negative { -magnitude } else { magnitude };
        Some(Self { unscaled, scale: fraction.len() as i64 - i64::from(exponent) })
    }

    /// Two's complement, big-endian, as few bytes as possible.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        self.unscaled.to_signed_bytes_be()
    }

    /// The same number with another scale. `None` = it has more digits behind the point than that, or grows beyond
    /// what a JSON number may have.
    pub(crate) fn with_scale(self, scale: i32) -> Option<Self> {
        let zeros = i64::from(scale) - self.scale;
        let scale = i64::from(scale);
        let power = u32::try_from(zeros.unsigned_abs()).ok().filter(|&power| power as usize <= MAX_NUMBER);
        if self.unscaled.sign() == Sign::NoSign {
            return Some(Self { scale, ..self });
        }
        let power = BigInt::from(10).pow(power?);
        if zeros >= 0 {
            return Some(Self { unscaled: self.unscaled * power, scale });
        }
        let quotient = &self.unscaled / &power;
        (&quotient * power == self.unscaled).then_some(Self { unscaled: quotient, scale })
    }
}

impl std::fmt::Display for Decimal {
    /// As `BigDecimal.toString`.
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let digits = self.unscaled.magnitude().to_string();
        if self.unscaled.sign() == Sign::Minus {
            out.write_str("-")?;
        }
        if self.scale == 0 {
            return out.write_str(&digits);
        }
        let length = digits.len() as i64;
        let adjusted = length - 1 - self.scale;
        if self.scale > 0 && adjusted >= -6 {
            let zeros = "0".repeat(usize::try_from(self.scale - length + 1).unwrap_or(0));
            let padded = zeros + &digits;
            let point = padded.len() - self.scale as usize;
            return write!(out, "{}.{}", &padded[..point], &padded[point..]);
        }
        let (first, rest) = digits.split_at(1);
        out.write_str(first)?;
        if !rest.is_empty() {
            write!(out, ".{rest}")?;
        }
        if adjusted == 0 { Ok(()) } else { write!(out, "E{adjusted:+}") }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn printed(unscaled: i64, scale: i32) -> String {
        Decimal { unscaled: unscaled.into(), scale: scale.into() }.to_string()
    }

    #[test]
    fn decimals_look_as_in_java() {
        assert_eq!(printed(500, 2), "5.00");
        assert_eq!(printed(-5, 3), "-0.005");
        assert_eq!(printed(5, 7), "5E-7");
        assert_eq!(printed(5, 6), "0.000005");
        assert_eq!(printed(123, -3), "1.23E+5");
        assert_eq!(printed(0, 2), "0.00");
        assert_eq!(printed(0, 9), "0E-9");
        assert_eq!(printed(1, i32::MAX), "1E-2147483647");
    }

    #[test]
    fn scales_change_only_without_loss() {
        let scaled =
            |text: &str, scale| Decimal::parse(text).and_then(|it| it.with_scale(scale)).map(|it| it.to_string());
        assert_eq!(scaled("5.1", 2).as_deref(), Some("5.10"));
        assert_eq!(scaled("5.100", 1).as_deref(), Some("5.1"));
        assert_eq!(scaled("5.15", 1), None);
        assert_eq!(scaled("1e5", 0).as_deref(), Some("100000"));
        assert_eq!(scaled("1", i32::MAX), None);
        assert_eq!(scaled("1e2000000000", 0), None);
        assert_eq!(scaled("-7", 0).as_deref(), Some("-7"));
    }

    proptest! {
        #[test]
        fn bytes_and_text_hold_the_same_number(unscaled in any::<i128>(), scale in -40..40_i32) {
            let decimal = Decimal { unscaled: unscaled.into(), scale: scale.into() };
            prop_assert_eq!(Decimal::from_bytes(&decimal.to_bytes(), scale), Some(decimal.clone()));
            prop_assert_eq!(Decimal::parse(&decimal.to_string()), Some(decimal));
        }

        #[test]
        fn parsing_never_panics(text in "[-+0-9.eE]{0,12}", scale in any::<i32>()) {
            if let Some(decimal) = Decimal::parse(&text) {
                let _ = decimal.to_string();
                let _ = decimal.with_scale(scale);
            }
        }
    }
}
