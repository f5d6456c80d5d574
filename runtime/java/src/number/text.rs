//! `Double.toString` and `Float.toString`.

/// Returns the text of `Double.toString`: the shortest digits that are read as the same number.
pub fn double(value: f64) -> String {
    finite_or_name(value).unwrap_or_else(|| {
        // Java writes at least two digits, which affects only the smallest numbers.
        let two = value.is_subnormal().then(|| format!("{value:.1e}"));
        let digits = two.filter(|two| two.parse() == Ok(value)).unwrap_or_else(|| format!("{value:e}"));
        arrange(&digits, value.abs())
    })
}

/// Returns the text of `Float.toString`.
pub fn float(value: f32) -> String {
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

/// Converts `-d.ddde-x` to Java's form: without an exponent from 0.001 to 10,000,000, otherwise with an exponent, and always
/// with a digit after the point.
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

    proptest! {
        #[test]
        fn doubles_come_back(value in any::<f64>().prop_filter("finite", |value| value.is_finite())) {
            prop_assert_eq!(double(value).parse::<f64>()?, value);
        }
    }
}
