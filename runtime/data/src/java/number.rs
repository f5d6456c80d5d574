//! `Double.toString` and `Float.toString`, and Java's narrowing of decimal numbers to 64 bits.

/// As `Double.toString`: the shortest digits that give the same number back.
pub fn double(value: f64) -> String {
    finite_or_name(value).unwrap_or_else(|| {
        // Java writes two digits or more, which makes a difference to the smallest numbers only.
        let two = value.is_subnormal().then(|| format!("{value:.1e}"));
        let digits = two.filter(|two| two.parse() == Ok(value)).unwrap_or_else(|| format!("{value:e}"));
        arrange(&digits, value.abs())
    })
}

/// As `Float.toString`.
pub(crate) fn float(value: f32) -> String {
    finite_or_name(f64::from(value)).unwrap_or_else(|| {
        let two = value.is_subnormal().then(|| format!("{value:.1e}"));
        let digits = two.filter(|two| two.parse() == Ok(value)).unwrap_or_else(|| format!("{value:e}"));
        arrange(&digits, f64::from(value.abs()))
    })
}

fn finite_or_name(value: f64) -> Option<String> {
    if value.is_nan() {
        Some("NaN".to_owned())
    } else if value.is_infinite() {
        Some(if value > 0.0 { "Infinity" } else { "-Infinity" }.to_owned())
    } else {
        None
    }
}

/// Puts `-d.ddde-x` into Java's form: a decimal from 0.001 up to 10,000,000, else with an exponent, and always with a
/// digit behind the point.
fn arrange(scientific: &str, magnitude: f64) -> String {
    let (sign, unsigned) = scientific.strip_prefix('-').map_or(("", scientific), |rest| ("-", rest));
    let (mantissa, exponent) = unsigned.split_once('e').unwrap_or((unsigned, "0"));
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if magnitude != 0.0 && !(1e-3..1e7).contains(&magnitude) {
        let (whole, fraction) = digits.split_at(1);
        let fraction = if fraction.is_empty() { "0" } else { fraction };
        return format!("{sign}{whole}.{fraction}E{exponent}");
    }
    if exponent < 0 {
        return format!("{sign}0.{}{digits}", "0".repeat((-exponent - 1) as usize));
    }
    let whole = exponent as usize + 1;
    let padded = format!("{digits:0<whole$}");
    let (whole, fraction) = padded.split_at(whole);
    let fraction = if fraction.is_empty() { "0" } else { fraction };
    format!("{sign}{whole}.{fraction}")
}

/// The low 64 bits of a JSON number's whole part: what Java's `longValue` makes of a number of any size.
pub(crate) fn long_value(number: &str) -> i64 {
    let (negative, number) = number.strip_prefix('-').map_or((false, number), |rest| (true, rest));
    let (mantissa, exponent) = number.split_once(['e', 'E']).unwrap_or((number, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    // Exponents beyond this are out of every range below, so that saturating loses nothing.
    let exponent = exponent
        .trim_start_matches('+')
        .parse::<i64>()
        .unwrap_or_else(|_| if exponent.starts_with('-') { i64::from(i32::MIN) } else { i64::from(i32::MAX) });
    let digits = whole.bytes().chain(fraction.bytes());
    let wanted = whole.len() as i64 + exponent;
    let mut value = 0_i64;
    for digit in digits.take(usize::try_from(wanted).unwrap_or(0)) {
        value = value.wrapping_mul(10).wrapping_add(i64::from(digit.wrapping_sub(b'0')));
    }
    let zeros = wanted - (whole.len() + fraction.len()) as i64;
    // 10^64 is a multiple of 2^64.
    for _ in 0..zeros.clamp(0, 64) {
        value = value.wrapping_mul(10);
    }
    if negative { value.wrapping_neg() } else { value }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn doubles_look_as_in_java() {
        for (value, text) in [
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (1.0, "1.0"),
            (100.0, "100.0"),
            (0.001, "0.001"),
            (0.000_99, "9.9E-4"),
            (9_999_999.0, "9999999.0"),
            (1e7, "1.0E7"),
            (1.25e-10, "1.25E-10"),
            (123_456.789, "123456.789"),
            (-12.5, "-12.5"),
            (f64::MAX, "1.7976931348623157E308"),
            (-4.9e-324, "-4.9E-324"),
            (2e-323, "2.0E-323"),
            (f64::NAN, "NaN"),
            (f64::NEG_INFINITY, "-Infinity"),
        ] {
            assert_eq!(double(value), text);
        }
        assert_eq!(float(0.1), "0.1");
        assert_eq!(float(3.402_823_5e38), "3.4028235E38");
        assert_eq!(float(1e-45), "1.4E-45");
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

    proptest! {
        #[test]
        fn doubles_come_back(value in any::<f64>().prop_filter("a number", |value| value.is_finite())) {
            prop_assert_eq!(double(value).parse::<f64>()?, value);
        }

        #[test]
        fn whole_numbers_narrow_to_themselves(value in any::<i64>()) {
            prop_assert_eq!(long_value(&value.to_string()), value);
        }
    }
}
