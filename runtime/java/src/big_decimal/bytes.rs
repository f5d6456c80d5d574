//! The conversion between the bytes of an unscaled number, which Kafka Connect's Decimal has, and text.

use std::fmt;

use super::{BigDecimal, twos_complement};

/// The maximum number of bytes of an unscaled number. The time for the conversion grows with its square.
const MAX_BYTES: usize = 500;

impl BigDecimal {
    /// Reads a big-endian two's complement like `new BigDecimal(new BigInteger(bytes), scale)`. Returns `None` for no bytes and
    /// for more than 500.
    pub fn from_unscaled(bytes: &[u8], scale: i32) -> Option<BigDecimal> {
        let negative = bytes.first()? & 0x80 != 0;
        if bytes.len() > MAX_BYTES {
            return None;
        }
        let mut magnitude = bytes.to_vec();
        if negative {
            let mut carry = true;
            for byte in magnitude.iter_mut().rev() {
                (*byte, carry) = (!*byte).overflowing_add(carry.into());
            }
            if carry {
                magnitude.insert(0, 1);
            }
        }
        // The last digit first.
        let mut digits = Vec::new();
        while magnitude.iter().any(|byte| *byte != 0) {
            let mut rest = 0u16;
            for byte in &mut magnitude {
                let value = rest << 8 | u16::from(*byte);
                *byte = (value / 10) as u8;
                rest = value % 10;
            }
            digits.push(b'0' + rest as u8);
        }
        digits.reverse();
        Some(BigDecimal { negative, digits, scale })
    }

    /// Returns the unscaled value as bytes like `unscaledValue().toByteArray()`.
    pub fn to_bytes(&self) -> Vec<u8> {
        twos_complement(self.negative, &self.digits)
    }
}

/// Displays the number like `BigDecimal.toString`.
impl fmt::Display for BigDecimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = if self.digits.is_empty() { "0".into() } else { String::from_utf8_lossy(&self.digits) };
        let scale = i64::from(self.scale);
        if self.negative {
            f.write_str("-")?;
        }
        if scale == 0 {
            return f.write_str(&digits);
        }
        let adjusted = digits.len() as i64 - 1 - scale;
        if scale > 0 && adjusted >= -6 {
            let zeros = "0".repeat(usize::try_from(scale - digits.len() as i64 + 1).unwrap_or(0));
            let padded = zeros + &digits;
            let (whole, fraction) = padded.split_at(padded.len() - scale as usize);
            return write!(f, "{whole}.{fraction}");
        }
        let (first, rest) = digits.split_at(1);
        f.write_str(first)?;
        if !rest.is_empty() {
            write!(f, ".{rest}")?;
        }
        if adjusted == 0 { Ok(()) } else { write!(f, "E{adjusted:+}") }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn decimals_look_as_in_java() {
        for (bytes, scale, text) in [
            (&[0][..], 2, "0.00"),
            (&[0], 9, "0E-9"),
            (&[1, 0xf4], 2, "5.00"),
            (&[0xff], 0, "-1"),
            (&[0x80], 0, "-128"),
            (&[0xfb], 3, "-0.005"),
            (&[5], 7, "5E-7"),
            (&[5], 6, "0.000005"),
            (&[0x7b], -3, "1.23E+5"),
            (&[1], i32::MAX, "1E-2147483647"),
            (&[1, 0, 0, 0, 0, 0, 0, 0, 0], 0, "18446744073709551616"),
            (&[0xff, 0, 0, 0, 0, 0, 0, 0, 0], 1, "-1844674407370955161.6"),
            (&[0x80, 0], 0, "-32768"),
        ] {
            assert_eq!(BigDecimal::from_unscaled(bytes, scale).unwrap().to_string(), text);
        }
        assert_eq!(BigDecimal::from_unscaled(&[], 0), None);
        assert_eq!(BigDecimal::from_unscaled(&[1; 501], 0), None);
    }

    proptest! {
        #[test]
        fn bytes_and_text_are_the_same_number(unscaled in any::<i128>(), scale in -40..40_i32) {
            let bytes = unscaled.to_be_bytes();
            let decimal = BigDecimal::from_unscaled(&bytes, scale).expect("a number");
            prop_assert_eq!(BigDecimal::from_unscaled(&decimal.to_bytes(), scale), Some(decimal.clone()));
            prop_assert!(bytes.ends_with(&decimal.to_bytes()));
            prop_assert_eq!(BigDecimal::parse(&decimal.to_string()), Some(decimal));
        }
    }
}
