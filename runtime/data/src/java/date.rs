//! Dates as Java prints and reads them, in UTC: those before 1582-10-15 by the Julian calendar.

/// Milliseconds of a day.
pub(crate) const DAY: i64 = 86_400_000;

/// 1582-10-15, the first day by the calendar in use today, counted from 1970.
const CUTOVER: i64 = -141_427;

/// A moment's parts in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Moment {
    /// The year before 1 is 0.
    pub(crate) year: i64,
    pub(crate) month: u32,
    pub(crate) day: u32,
    /// Milliseconds since midnight.
    pub(crate) of_day: i64,
    /// 0 = Thursday, the day of 1970-01-01.
    weekday: usize,
}

impl Moment {
    /// The parts of a number of milliseconds since 1970.
    pub(crate) fn at(millis: i64) -> Self {
        let days = millis.div_euclid(DAY);
        // Years begin in March here, so that the day that some years lack is their last one.
        let (years_before, year_of_era, day_of_year) = if days >= CUTOVER {
            let shifted = days + 719_468;
            let day_of_era = shifted.rem_euclid(146_097);
            let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
            let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
            (shifted.div_euclid(146_097) * 400, year_of_era, day_of_year)
        } else {
            let shifted = days + 719_470;
            let day_of_era = shifted.rem_euclid(1_461);
            let year_of_era = (day_of_era - day_of_era / 1_460) / 365;
            (shifted.div_euclid(1_461) * 4, year_of_era, day_of_era - 365 * year_of_era)
        };
        let shifted_month = (5 * day_of_year + 2) / 153;
        let day = (day_of_year - (153 * shifted_month + 2) / 5 + 1) as u32;
        let month = (if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 }) as u32;
        let year = years_before + year_of_era + i64::from(month <= 2);
        Self { year, month, day, of_day: millis.rem_euclid(DAY), weekday: days.rem_euclid(7) as usize }
    }

    /// Years before 1 are counted back from it.
    fn year_of_era(self) -> i64 {
        if self.year > 0 { self.year } else { 1 - self.year }
    }

    fn hours_minutes_seconds(self) -> (i64, i64, i64) {
        let seconds = self.of_day / 1000;
        (seconds / 3600, seconds / 60 % 60, seconds % 60)
    }

    /// `yyyy-MM-dd`
    pub(crate) fn date(self) -> String {
        format!("{:04}-{:02}-{:02}", self.year_of_era(), self.month, self.day)
    }

    /// `HH:mm:ss.SSS'Z'`
    pub(crate) fn time(self) -> String {
        let (hours, minutes, seconds) = self.hours_minutes_seconds();
        format!("{hours:02}:{minutes:02}:{seconds:02}.{:03}Z", self.of_day % 1000)
    }

    /// As `java.util.Date.toString`, for example `Thu Jan 01 00:00:00 UTC 1970`.
    pub(crate) fn to_java(self) -> String {
        const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
        const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
        let (hours, minutes, seconds) = self.hours_minutes_seconds();
        let weekday = DAYS[self.weekday % 7];
        let month = MONTHS[(self.month as usize + 11) % 12];
        format!("{weekday} {month} {:02} {hours:02}:{minutes:02}:{seconds:02} UTC {:04}", self.day, self.year_of_era())
    }
}

/// Milliseconds since 1970 of a day given by its numbers; months and days beyond the calendar's roll over, as Java's
/// lenient formats let them.
pub(crate) fn millis_of_day(year: i64, month: i64, day: i64) -> i64 {
    let months = year * 12 + month - 1;
    let (shifted_year, shifted_month) = ((months - 2).div_euclid(12), (months - 2).rem_euclid(12));
    let day_of_year = (153 * shifted_month + 2) / 5 + day - 1;
    let leaps = shifted_year.div_euclid(4);
    let gregorian = shifted_year * 365 + leaps - shifted_year.div_euclid(100) + shifted_year.div_euclid(400) - 719_468;
    let julian = shifted_year * 365 + leaps - 719_470;
    let of = |years: i64| years + day_of_year;
    DAY * if year >= 1582 && of(gregorian) >= CUTOVER { of(gregorian) } else { of(julian) }
}

/// The text of a date in headers and casts: a time of day for the first day of 1970 and everything before it, a date for
/// whole days, both for the rest.
pub(crate) fn header_text(millis: i64) -> String {
    let moment = Moment::at(millis);
    if millis < DAY {
        moment.time()
    } else if millis % DAY == 0 {
        moment.date()
    } else {
        format!("{}T{}", moment.date(), moment.time())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn dates_look_as_in_java() {
        assert_eq!(Moment::at(0).to_java(), "Thu Jan 01 00:00:00 UTC 1970");
        assert_eq!(Moment::at(951_782_400_000).to_java(), "Tue Feb 29 00:00:00 UTC 2000");
        assert_eq!(Moment::at(-1).to_java(), "Wed Dec 31 23:59:59 UTC 1969");
        assert_eq!(Moment::at(CUTOVER * DAY).to_java(), "Fri Oct 15 00:00:00 UTC 1582");
        assert_eq!(Moment::at(CUTOVER * DAY - 1).to_java(), "Thu Oct 04 23:59:59 UTC 1582");
        assert_eq!(Moment::at(-62_135_769_600_001).to_java(), "Fri Dec 31 23:59:59 UTC 0001");
    }

    #[test]
    fn header_texts_have_three_forms() {
        assert_eq!(header_text(36_000_000), "10:00:00.000Z");
        assert_eq!(header_text(DAY), "1970-01-02");
        assert_eq!(header_text(DAY + 1), "1970-01-02T00:00:00.001Z");
    }

    #[test]
    fn days_before_the_change_of_calendar_are_julian() {
        assert_eq!(millis_of_day(1582, 10, 15), CUTOVER * DAY);
        assert_eq!(millis_of_day(1582, 10, 4), (CUTOVER - 1) * DAY);
        assert_eq!(millis_of_day(1582, 10, 5), CUTOVER * DAY, "a day that never was");
        assert_eq!(millis_of_day(1, 1, 1), -719_164 * DAY);
    }

    #[test]
    fn days_roll_over() {
        assert_eq!(Moment::at(millis_of_day(2023, 2, 30)).date(), "2023-03-02");
        assert_eq!(Moment::at(millis_of_day(2023, 13, 1)).date(), "2024-01-01");
    }

    proptest! {
        #[test]
        fn any_moment_has_parts(millis in any::<i64>()) {
            let _ = Moment::at(millis).to_java();
        }

        #[test]
        fn days_come_back(days in -1_000_000..1_000_000_i64) {
            let moment = Moment::at(days * DAY);
            prop_assert_eq!(millis_of_day(moment.year, moment.month.into(), moment.day.into()), days * DAY);
        }
    }
}
