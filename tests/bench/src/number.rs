//! Numbers as people read them, and percentiles.

/// Three significant digits, whole above 100, thousands apart: `0.0123`, `1.23`, `12.3`, `1,234,567`.
pub(crate) fn figure(value: f64) -> String {
    if value == 0.0 || !value.is_finite() {
        return value.to_string();
    }
    let digits = (2 - value.abs().log10().floor() as i32).clamp(0, 4) as usize;
    let text = format!("{value:.digits$}");
    let (whole, rest) = text.split_at(text.find('.').unwrap_or(text.len()));
    format!("{}{rest}", thousands(whole))
}

/// Without digits that say nothing: `3`, `1.5`.
pub(crate) fn plain(value: f64) -> String {
    // 1/(1/3) is not quite 3.
    let rounded = (value * 1000.0).round() / 1000.0;
    rounded.to_string()
}

/// A count with its thousands apart.
pub(crate) fn count(value: u64) -> String {
    thousands(&value.to_string())
}

/// The value that `percent` of all values do not exceed (nearest rank). The values are in order. None of none.
pub(crate) fn percentile(sorted: &[f64], percent: f64) -> Option<f64> {
    let rank = (percent / 100.0 * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.max(1) - 1).copied()
}

fn thousands(digits: &str) -> String {
    let (sign, digits) = digits.strip_prefix('-').map_or(("", digits), |digits| ("-", digits));
    let mut text = String::from(sign);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_have_three_digits_that_say_something() {
        let cases = [
            (0.0, "0"),
            (0.01234, "0.0123"),
            (0.5, "0.500"),
            (1.234, "1.23"),
            (12.34, "12.3"),
            (123.4, "123"),
            (1234.5, "1,234"),
            (999_999.7, "1,000,000"),
        ];
        for (value, text) in cases {
            assert_eq!(figure(value), text);
        }
        assert_eq!(plain(1.0 / (1.0 / 3.0)), "3");
        assert_eq!(count(1_000_000), "1,000,000");
        assert_eq!(count(100), "100");
    }

    #[test]
    fn percentiles_are_values_that_were_measured() {
        let values: Vec<f64> = (1..=900).map(f64::from).collect();
        assert_eq!(percentile(&values, 50.0), Some(450.0));
        assert_eq!(percentile(&values, 99.0), Some(891.0));
        assert_eq!(percentile(&values, 100.0), Some(900.0));
        assert_eq!(percentile(&[7.0], 1.0), Some(7.0));
        assert_eq!(percentile(&[], 50.0), None);
    }
}
