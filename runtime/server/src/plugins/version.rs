//! Which of two versions is the later one.

use std::cmp::Ordering;

/// Compares as Maven does in all usual cases: numbers as numbers, `1.0` = `1.0.0`, a qualifier (`-SNAPSHOT`, `-rc1`) before
/// the release.
pub(super) fn compare(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (parts(a), parts(b));
    loop {
        let order = match (a.next(), b.next()) {
            (None, None) => return Ordering::Equal,
            (Some(a), None) => compare_to_nothing(a),
            (None, Some(b)) => compare_to_nothing(b).reverse(),
            (Some(a), Some(b)) => compare_parts(a, b),
        };
        if order != Ordering::Equal {
            return order;
        }
    }
}

fn parts(version: &str) -> impl Iterator<Item = &str> {
    version.split(['.', '-', '_', '+']).filter(|part| !part.is_empty())
}

fn compare_to_nothing(part: &str) -> Ordering {
    match part.parse::<u64>() {
        Ok(number) => number.cmp(&0),
        Err(_) => Ordering::Less,
    }
}

fn compare_parts(a: &str, b: &str) -> Ordering {
    match (a.parse::<u64>(), b.parse::<u64>()) {
        (Ok(a), Ok(b)) => a.cmp(&b),
        (Ok(_), Err(_)) => Ordering::Greater,
        (Err(_), Ok(_)) => Ordering::Less,
        (Err(_), Err(_)) => a.to_lowercase().cmp(&b.to_lowercase()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_versions_are_told_from_earlier_ones() {
        let rising = ["", "0.9", "1.0-SNAPSHOT", "1.0", "1.0.1", "1.2", "1.10-rc1", "1.10", "4.3.1", "10"];
        for pair in rising.windows(2).skip(1) {
            assert_eq!(compare(pair[0], pair[1]), Ordering::Less, "{pair:?}");
            assert_eq!(compare(pair[1], pair[0]), Ordering::Greater, "{pair:?}");
        }
        assert_eq!(compare("1.0", "1.0.0"), Ordering::Equal);
    }
}
