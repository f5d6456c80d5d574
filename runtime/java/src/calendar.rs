//! Java's `GregorianCalendar`: days are numbered, 1 being 0001-01-01 of today's calendar carried back. Up to 1582-10-04 dates
//! are Julian. Weeks begin on Sunday, and the first one of a year or month is that of its first day.

/// Milliseconds of a day.
pub const DAY: i64 = 86_400_000;

/// The number of 1970-01-01.
pub(crate) const EPOCH: i64 = 719_163;

/// The number of 1582-10-15, the first day that is not Julian.
pub(crate) const CUTOVER: i64 = 577_736;

/// The year of the cutover.
pub(crate) const CUTOVER_YEAR: i64 = 1582;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum System {
    Julian,
    Gregorian,
}

impl System {
    fn is_leap(self, year: i64) -> bool {
        let by_four = year.rem_euclid(4) == 0;
        match self {
            System::Julian => by_four,
            System::Gregorian => by_four && (year.rem_euclid(100) != 0 || year.rem_euclid(400) == 0),
        }
    }

    /// The first day of a month, 1 to 12. The year before 1 is 0.
    pub(crate) fn first_of_month(self, year: i64, month: i64) -> i64 {
        let before = year - 1;
        let years = match self {
            System::Julian => 365 * before + before.div_euclid(4) - 2,
            System::Gregorian => 365 * before + before.div_euclid(4) - before.div_euclid(100) + before.div_euclid(400),
        };
        let february = match month {
            ..=2 => 0,
            _ if self.is_leap(year) => 1,
            _ => 2,
        };
        years + (367 * month - 362).div_euclid(12) - february + 1
    }

    /// How many days a month has.
    pub(crate) fn length_of_month(self, year: i64, month: i64) -> i64 {
        match month {
            2 => 28 + i64::from(self.is_leap(year)),
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        }
    }

    fn date(self, day: i64) -> (i64, i64, i64) {
        // A year that is right or one too late.
        let mut year = match self {
            System::Julian => (4 * (day + 1) + 1464).div_euclid(1461),
            System::Gregorian => (400 * day).div_euclid(146_097) + 1,
        };
        while self.first_of_month(year, 1) > day {
            year -= 1;
        }
        while self.first_of_month(year + 1, 1) <= day {
            year += 1;
        }
        let mut month = ((day - self.first_of_month(year, 1)) / 31) + 1;
        if month < 12 && self.first_of_month(year, month + 1) <= day {
            month += 1;
        }
        (year, month, day - self.first_of_month(year, month) + 1)
    }
}

/// The first day of a year.
pub(crate) fn first_of_year(year: i64) -> i64 {
    let system = if year <= CUTOVER_YEAR { System::Julian } else { System::Gregorian };
    system.first_of_month(year, 1)
}

/// 1 = Sunday.
pub(crate) fn day_of_week(day: i64) -> i64 {
    day.rem_euclid(7) + 1
}

/// The last day up to `day` that is this day of the week. One beyond Saturday is counted on.
pub(crate) fn on_or_before(day: i64, day_of_week: i32) -> i64 {
    day - (day - i64::from(day_of_week.wrapping_sub(1))).rem_euclid(7)
}

fn week(first: i64, day: i64) -> i64 {
    (day - on_or_before(first, 1)) / 7 + 1
}

/// What is known of a moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    pub(crate) day: i64,
    /// Milliseconds since midnight.
    pub(crate) of_day: i64,
    /// The year before 1 is 0.
    pub(crate) year: i64,
    /// 1 to 12
    pub(crate) month: i64,
    pub(crate) day_of_month: i64,
}

impl Moment {
    pub(crate) fn at(millis: i64) -> Moment {
        let day = millis.div_euclid(DAY) + EPOCH;
        let system = if day >= CUTOVER { System::Gregorian } else { System::Julian };
        let (year, month, day_of_month) = system.date(day);
        Moment { day, of_day: millis.rem_euclid(DAY), year, month, day_of_month }
    }

    /// 0 = BC
    pub(crate) fn era(&self) -> usize {
        usize::from(self.year > 0)
    }

    pub(crate) fn year_of_era(&self) -> i64 {
        if self.year > 0 { self.year } else { 1 - self.year }
    }

    pub(crate) fn day_of_year(&self) -> i64 {
        self.day - first_of_year(self.year) + 1
    }

    /// The day that the month's weeks are counted from: that of the cutover begins before it.
    fn first_of_month(&self) -> i64 {
        if self.year == CUTOVER_YEAR && self.month == 10 {
            return System::Julian.first_of_month(self.year, self.month);
        }
        self.day - self.day_of_month + 1
    }

    pub(crate) fn week_of_month(&self) -> i64 {
        week(self.first_of_month(), self.day)
    }

    pub(crate) fn day_of_week_in_month(&self) -> i64 {
        (self.day - self.first_of_month()) / 7 + 1
    }

    /// 1 for the last days of a year that are in a week with the first day of the next one.
    pub(crate) fn week_of_year(&self) -> i64 {
        let next = first_of_year(self.year + 1);
        if day_of_week(next) != 1 && self.day >= on_or_before(next, 1) {
            return 1;
        }
        week(first_of_year(self.year), self.day)
    }

    /// The year that the week counts to. Before year 1 Java takes another year than the next one for it, and so does this.
    pub(crate) fn week_year(&self) -> i64 {
        let year = self.year;
        if year > CUTOVER_YEAR + 1 {
            return if self.month > 1 && self.week_of_year() == 1 { year + 1 } else { year };
        }
        let length = first_of_year(year + 1) - first_of_year(year);
        let (of_year, left) = (self.day_of_year(), length - self.day_of_year() + 1);
        if of_year < first_sunday(year) || (of_year > 1 && of_year < length - 6) {
            return year;
        }
        let behind = if year > 0 { year + 1 } else { -year };
        let own = match first_sunday(behind) - 1 {
            0 => 7,
            days => days,
        };
        if left <= 7 - own { year + 1 } else { year }
    }
}

/// The day of the year.
fn first_sunday(year: i64) -> i64 {
    let first = first_of_year(year);
    on_or_before(first + 6, 1) - first + 1
}
