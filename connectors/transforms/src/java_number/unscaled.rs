//! From the bytes of an unscaled number to a text, as Kafka Connect's Decimal needs it.

use std::fmt;

use super::BigDecimal;

/// Most bytes of an unscaled number that is written out: the work grows with their square.
const MAX_BYTES: usize = 500;

impl BigDecimal {
    /// As `new BigDecimal(new BigInteger(bytes), scale)`: two's complement, big-endian. `None` = there are no bytes, or too many
    /// for a number that anyone means.
    pub(crate) fn from_unscaled(bytes: &[u8], scale: i32) -> Option<BigDecimal> {
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
        // From the last digit to the first.
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
}

/// As `BigDecimal.toString`.
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
}
