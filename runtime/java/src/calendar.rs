//! Java's `GregorianCalendar`. Days are numbered; day 1 is 0001-01-01 of the proleptic Gregorian calendar. Dates up to 1582-10-04 are
//! Julian. Weeks begin on Sunday, and the first week of a year or month is the one that contains its first day.

/// The milliseconds of a day.
pub const DAY: i64 = 86_400_000;

/// The number of the day 1970-01-01.
pub(crate) const EPOCH: i64 = 719_163;

/// The number of the day 1582-10-15, the first one that is not Julian.
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

    /// Returns the first day of a month, 1 to 12. The year before 1 is 0.
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

    /// Returns the number of days of a month.
    pub(crate) fn length_of_month(self, year: i64, month: i64) -> i64 {
        match month {
            2 => 28 + i64::from(self.is_leap(year)),
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        }
    }

    fn date(self, day: i64) -> (i64, i64, i64) {
        // This year is correct or close; the loops below correct it.
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

/// Returns the first day of a year.
pub(crate) fn first_of_year(year: i64) -> i64 {
    let system = if year <= CUTOVER_YEAR { System::Julian } else { System::Gregorian };
    system.first_of_month(year, 1)
}

/// Returns the day of the week; Sunday is 1.
pub(crate) fn day_of_week(day: i64) -> i64 {
    day.rem_euclid(7) + 1
}

/// Returns the last day up to `day` that is this day of the week. Numbers greater than 7 continue with the next week.
pub(crate) fn on_or_before(day: i64, day_of_week: i32) -> i64 {
    day - (day - i64::from(day_of_week.wrapping_sub(1))).rem_euclid(7)
}

fn week(first: i64, day: i64) -> i64 {
    (day - on_or_before(first, 1)) / 7 + 1
}

/// The date and time of a moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    pub(crate) day: i64,
    /// Milliseconds since midnight.
    pub(crate) of_day: i64,
    /// The year before 1 is 0.
    pub(crate) year: i64,
    /// From 1 to 12.
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

    /// Returns 0 for BC and 1 for AD.
    pub(crate) fn era(&self) -> usize {
        usize::from(self.year > 0)
    }

    pub(crate) fn year_of_era(&self) -> i64 {
        if self.year > 0 { self.year } else { 1 - self.year }
    }

    pub(crate) fn day_of_year(&self) -> i64 {
        self.day - first_of_year(self.year) + 1
    }

    /// Returns the day that the month's weeks are counted from. The month of the cutover begins before the cutover.
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

    /// Returns the week of the year: 1 for the last days of a year if their week contains the first day of the next year.
    pub(crate) fn week_of_year(&self) -> i64 {
        let next = first_of_year(self.year + 1);
        if day_of_week(next) != 1 && self.day >= on_or_before(next, 1) {
            return 1;
        }
        week(first_of_year(self.year), self.day)
    }

    /// Returns the year that the week belongs to. Before year 1, Java uses a year other than the next one for this, and so does this
    /// function.
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
        let after = if year > 0 { year + 1 } else { -year };
        let own = match first_sunday(after) - 1 {
            0 => 7,
            days => days,
        };
        if left <= 7 - own { year + 1 } else { year }
    }
}

/// Returns the day of the year of the first Sunday.
fn first_sunday(year: i64) -> i64 {
    let first = first_of_year(year);
    on_or_before(first + 6, 1) - first + 1
}
