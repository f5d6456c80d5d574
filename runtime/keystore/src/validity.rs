//! When a certificate expires.

use der::Tag;

use super::{CertificateDer, Der, names};

/// Returns the last second at which the certificate is valid, since 1970. `None` if it does not contain a time that can be read.
pub fn not_after(certificate: &CertificateDer<'_>) -> Option<u64> {
    let mut validity = Der(names(certificate).ok()?.validity);
    validity.any().ok()?;
    let time = validity.any().ok()?;
    let digits = time.value().strip_suffix(b"Z")?;
    if !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let number = |from: usize| {
        let two = digits.get(from..from + 2)?;
        Some(u64::from(two[0] - b'0') * 10 + u64::from(two[1] - b'0'))
    };
    let (year, rest) = match (time.header().tag(), digits.len()) {
        // RFC 5280: from 1950 to 2049.
        (Tag::UtcTime, 12) => (number(0).map(|year| if year < 50 { 2000 + year } else { 1900 + year })?, 2),
        (Tag::GeneralizedTime, 14) => (number(0)? * 100 + number(2)?, 4),
        _ => return None,
    };
    let [month, day, hour, minute, second] = [0, 2, 4, 6, 8].map(|at| number(rest + at));
    seconds(year, month?, day?)?.checked_add(hour? * 3600 + minute? * 60 + second?)
}

/// Returns the seconds from 1970 to the beginning of this day.
fn seconds(year: u64, month: u64, day: u64) -> Option<u64> {
    let (month, day) = ((1..=12).contains(&month).then_some(month)?, (1..=31).contains(&day).then_some(day)?);
    // Years that begin in March, in eras of 400 years.
    let year = if month <= 2 { year.checked_sub(1)? } else { year };
    let (era, year_of_era) = (year / 400, year % 400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let days = era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    days.checked_sub(719_468).map(|days| days * 86_400)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Keystore, Source, StoreKind};

    #[test]
    fn a_date_is_seconds_since_1970() {
        assert_eq!(seconds(1970, 1, 1), Some(0));
        assert_eq!(seconds(2000, 2, 29), Some(951_782_400));
        assert_eq!(seconds(2100, 3, 1), Some(4_107_542_400));
        assert_eq!((seconds(1969, 12, 31), seconds(2000, 13, 1), seconds(2000, 1, 0)), (None, None, None));
    }

    #[test]
    fn the_end_of_a_certificate_is_found_and_a_cut_one_has_none() {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/tls/server.pem");
        let store = Keystore::load(StoreKind::Pem, Source::File(&path), None, None).expect("PEM");
        let own = &store.chain[0];
        // make.sh: 36,500 days from the beginning of 2020, in the local time zone.
        let expected = seconds(2020, 1, 1).expect("a date") + 36_500 * 86_400;
        let found = not_after(own).expect("a date");
        assert!(found.abs_diff(expected) <= 86_400, "{found} is not {expected}");
        for end in 0..own.len() {
            let _ = not_after(&own[..end].to_vec().into());
        }
    }
}
