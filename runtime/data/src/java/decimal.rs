//! Limits for the numbers of Connect's Decimals. The time for a calculation grows with the square of the digits, which the sender of a
//! record chooses.

use weir_java::BigDecimal;
use weir_json::check::MAX_NUMBER;

/// Reads a number. Returns `None` if it is not a number, or if it has more digits than a number in JSON may have.
pub(crate) fn parse(number: &str) -> Option<BigDecimal> {
    let mantissa = number.split(['e', 'E']).next().unwrap_or_default();
    let digits = mantissa.bytes().filter(u8::is_ascii_digit).count();
    if digits > MAX_NUMBER { None } else { BigDecimal::parse(number) }
}

/// Returns the unscaled value for another scale, as big-endian bytes. Returns `None` if digits would be lost, or if more zeros
/// would be added than a number in JSON may have digits.
pub(crate) fn unscaled(decimal: &BigDecimal, scale: i32) -> Option<Vec<u8>> {
    let zeros = i64::from(scale) - i64::from(decimal.scale());
    if zeros > MAX_NUMBER as i64 && !decimal.is_zero() {
        return None;
    }
    decimal.unscaled(scale)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn scales_change_only_without_loss() {
        let scaled = |text: &str, scale| {
            let bytes = unscaled(&parse(text)?, scale)?;
            Some(BigDecimal::from_unscaled(&bytes, scale)?.to_string())
        };
        assert_eq!(scaled("5.1", 2).as_deref(), Some("5.10"));
        assert_eq!(scaled("5.100", 1).as_deref(), Some("5.1"));
        assert_eq!(scaled("5.15", 1), None);
        assert_eq!(scaled("1e5", 0).as_deref(), Some("100000"));
        assert_eq!(scaled("1", i32::MAX), None);
        assert_eq!(scaled("1e2000000000", 0), None);
        assert_eq!(scaled("0", i32::MAX).as_deref(), Some("0E-2147483647"));
        assert_eq!(scaled("-7", 0).as_deref(), Some("-7"));
    }

    #[test]
    fn numbers_have_a_maximum_length() {
        assert!(parse(&"9".repeat(MAX_NUMBER)).is_some());
        assert_eq!(parse(&"9".repeat(MAX_NUMBER + 1)), None);
    }

    proptest! {
        #[test]
        fn parsing_never_panics(text in "[-+0-9.eE]{0,12}", scale in any::<i32>()) {
            if let Some(decimal) = parse(&text) {
                let _ = decimal.to_string();
                let _ = unscaled(&decimal, scale);
            }
        }
    }
}
