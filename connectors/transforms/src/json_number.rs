//! Writes floating-point numbers as JSON.

use weir_java::number::{double, float};

/// Writes a number in the form of `Double.toString`. NaN and the infinities are strings, as JsonConverter writes them.
pub(crate) fn double_json(value: f64) -> String {
    quote_unless(value.is_finite(), double(value))
}

/// Like [`double_json`], in the form of `Float.toString`.
pub(crate) fn float_json(value: f32) -> String {
    quote_unless(value.is_finite(), float(value))
}

fn quote_unless(is_finite: bool, text: String) -> String {
    if is_finite { text } else { format!("\"{text}\"") }
}

#[cfg(test)]
mod tests {
    use weir_java::BigDecimal;

    use super::*;

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
}
