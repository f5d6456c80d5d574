//! Compares patterns and texts with Java. The recorded cases of the transforms that use this contain many more.

use super::*;

#[test]
fn patterns_that_java_refuses_are_refused() {
    for (pattern, message) in [
        ("yyyy-MM-ddT", "Illegal pattern character 'T'"),
        ("bb", "Illegal pattern character 'b'"),
        ("yyyy'T", "Unterminated quote"),
        ("XXXX", "invalid ISO 8601 format: length=4"),
    ] {
        assert_eq!(DateFormat::new(pattern).unwrap_err().to_string(), message);
    }
}

#[test]
fn names_of_time_zones_are_distinguished_from_other_mismatches() {
    let format = DateFormat::new("yyyy z").unwrap();
    assert_eq!(format.parse("1970 utc"), Ok(0));
    assert_eq!(format.parse("1970 +0100"), Ok(-3_600_000));
    assert_eq!(format.parse("1970 PST"), Err(ParseError::ZoneName));
    assert_eq!(format.parse("1970 +1"), Err(ParseError::Mismatch));
    assert_eq!(format.parse("x"), Err(ParseError::Mismatch));
}

#[test]
fn years_of_two_digits_are_those_around_now() {
    let format = DateFormat::new("yy").unwrap();
    let year = |text| format.parse(text).map(|millis| DateFormat::new("yyyy").unwrap().format(millis));
    assert_eq!(year("46"), Ok("1946".into()));
    assert_eq!(year("45"), Ok("2045".into()));
    assert_eq!(year("7"), Ok("0007".into()));
    assert_eq!(year("123"), Ok("0123".into()));
}

#[test]
fn every_moment_can_be_formatted() {
    let format = DateFormat::new("G yyyy Y MMM d D E F w W u H").unwrap();
    for millis in [i64::MIN, i64::MIN + 1, i64::MAX, -62_135_769_600_000, -12_219_292_800_000] {
        assert!(!format.format(millis).is_empty());
    }
    assert_eq!(DateFormat::new("G y").unwrap().format(i64::MIN), "BC 292269055");
}

#[test]
fn the_days_around_the_change_of_calendar_follow_each_other() {
    let format = DateFormat::new("yyyy-MM-dd").unwrap();
    let first = format.parse("1582-10-15").unwrap();
    assert_eq!(first, -12_219_292_800_000);
    assert_eq!(format.format(first - 1), "1582-10-04");
    assert_eq!(format.parse("1582-10-05").unwrap(), first, "a day that does not exist");
}

#[test]
fn formatted_moments_are_parsed_back() {
    let format = DateFormat::new("yyyy-MM-dd HH:mm:ss.SSS G").unwrap();
    for day in (-1_200_000..60_000).step_by(97) {
        let millis = day * crate::calendar::DAY + day.rem_euclid(crate::calendar::DAY);
        assert_eq!(format.parse(&format.format(millis)), Ok(millis), "{}", format.format(millis));
    }
}

#[test]
fn the_granularity_is_that_of_the_smallest_part() {
    for (pattern, millis) in [
        ("yyyyMMdd", crate::calendar::DAY),
        ("'x'", crate::calendar::DAY),
        ("HH", 3_600_000),
        ("hh:mm", 60_000),
        ("ss", 1000),
        ("yS", 1),
    ] {
        assert_eq!(DateFormat::new(pattern).unwrap().granularity(), millis);
    }
}
