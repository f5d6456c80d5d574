//! `java.util.Date` in UTC. Dates before 1582-10-15 are those of the Julian calendar.

use crate::calendar::{CUTOVER, EPOCH, Moment, System, day_of_week};

pub use crate::calendar::DAY;

/// Returns the text of `Date.toString`, for example `Thu Jan 01 00:00:00 UTC 1970`.
pub fn to_string(millis: i64) -> String {
    const DAYS: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let moment = Moment::at(millis);
    let (hours, minutes, seconds) = hours_minutes_seconds(&moment);
    let weekday = DAYS[(day_of_week(moment.day) - 1) as usize];
    let month = MONTHS[(moment.month - 1) as usize];
    let (day, year) = (moment.day_of_month, moment.year_of_era());
    format!("{weekday} {month} {day:02} {hours:02}:{minutes:02}:{seconds:02} UTC {year:04}")
}

/// Returns the date in the form `yyyy-MM-dd`.
pub fn iso_date(millis: i64) -> String {
    let moment = Moment::at(millis);
    format!("{:04}-{:02}-{:02}", moment.year_of_era(), moment.month, moment.day_of_month)
}

/// Returns the time of day in the form `HH:mm:ss.SSS'Z'`.
pub fn iso_time(millis: i64) -> String {
    let moment = Moment::at(millis);
    let (hours, minutes, seconds) = hours_minutes_seconds(&moment);
    format!("{hours:02}:{minutes:02}:{seconds:02}.{:03}Z", moment.of_day % 1000)
}

/// Returns the text of a date in Kafka Connect's headers and casts (`Values.dateFormatFor`): the time of day before 1970-01-02,
/// the date for whole days, and both for all others.
pub fn connect_text(millis: i64) -> String {
    if millis < DAY {
        iso_time(millis)
    } else if millis % DAY == 0 {
        iso_date(millis)
    } else {
        format!("{}T{}", iso_date(millis), iso_time(millis))
    }
}

fn hours_minutes_seconds(moment: &Moment) -> (i64, i64, i64) {
    let seconds = moment.of_day / 1000;
    (seconds / 3600, seconds / 60 % 60, seconds % 60)
}

/// Returns the milliseconds from 1970 to a day. Months and days that do not exist count from the end of the previous ones, as
/// in Java's lenient calendars.
pub fn millis_of_day(year: i64, month: i64, day: i64) -> i64 {
    let months = year * 12 + month - 1;
    let of = |system: System| system.first_of_month(months.div_euclid(12), months.rem_euclid(12) + 1) + day - 1;
    let gregorian = of(System::Gregorian);
    let number = if year >= 1582 && gregorian >= CUTOVER { gregorian } else { of(System::Julian) };
    (number - EPOCH) * DAY
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// 1582-10-15, counted from 1970.
    const CHANGE: i64 = -141_427;

    #[test]
    fn dates_look_as_in_java() {
        assert_eq!(to_string(0), "Thu Jan 01 00:00:00 UTC 1970");
        assert_eq!(to_string(951_782_400_000), "Tue Feb 29 00:00:00 UTC 2000");
        assert_eq!(to_string(-1), "Wed Dec 31 23:59:59 UTC 1969");
        assert_eq!(to_string(CHANGE * DAY), "Fri Oct 15 00:00:00 UTC 1582");
        assert_eq!(to_string(CHANGE * DAY - 1), "Thu Oct 04 23:59:59 UTC 1582");
        assert_eq!(to_string(-62_135_769_600_001), "Fri Dec 31 23:59:59 UTC 0001");
    }

    #[test]
    fn dates_and_times_have_iso_forms() {
        assert_eq!(iso_date(DAY), "1970-01-02");
        assert_eq!(iso_time(36_000_001), "10:00:00.001Z");
    }

    #[test]
    fn connect_texts_have_three_forms() {
        assert_eq!(connect_text(36_000_000), "10:00:00.000Z");
        assert_eq!(connect_text(DAY), "1970-01-02");
        assert_eq!(connect_text(DAY + 1), "1970-01-02T00:00:00.001Z");
    }

    #[test]
    fn days_before_the_change_of_calendar_are_julian() {
        assert_eq!(millis_of_day(1582, 10, 15), CHANGE * DAY);
        assert_eq!(millis_of_day(1582, 10, 4), (CHANGE - 1) * DAY);
        assert_eq!(millis_of_day(1582, 10, 5), CHANGE * DAY, "a day that does not exist");
        assert_eq!(millis_of_day(1, 1, 1), -719_164 * DAY);
    }

    #[test]
    fn days_roll_over() {
        assert_eq!(iso_date(millis_of_day(2023, 2, 30)), "2023-03-02");
        assert_eq!(iso_date(millis_of_day(2023, 13, 1)), "2024-01-01");
    }

    proptest! {
        #[test]
        fn any_moment_has_a_text(millis in any::<i64>()) {
            let _ = to_string(millis);
        }

        #[test]
        fn days_are_read_as_they_were_written(days in -1_000_000..1_000_000_i64) {
            let moment = Moment::at(days * DAY);
            prop_assert_eq!(millis_of_day(moment.year, moment.month, moment.day_of_month), days * DAY);
        }
    }
}
