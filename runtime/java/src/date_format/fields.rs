//! The fields of a parsed text, and the moment that they result in: Java's `CalendarBuilder` and the lenient `computeTime` of its
//! `GregorianCalendar`. If fields contradict each other, those that were set last take precedence.

use crate::calendar::{CUTOVER, CUTOVER_YEAR, DAY, EPOCH, Moment, System, first_of_year, on_or_before};

/// The fields of Java's `Calendar` that can be set, and `WeekYear`, which `CalendarBuilder` adds to them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Era,
    Year,
    Month,
    WeekOfYear,
    WeekOfMonth,
    DayOfMonth,
    DayOfYear,
    DayOfWeek,
    DayOfWeekInMonth,
    AmPm,
    Hour,
    HourOfDay,
    Minute,
    Second,
    Millisecond,
    ZoneOffset,
    WeekYear,
}

const PARTS: usize = Part::WeekYear as usize + 1;

/// The values of the fields, and the order in which they were set.
#[derive(Clone, Debug, Default)]
pub(super) struct Fields {
    values: [i32; PARTS],
    stamps: [u32; PARTS],
    last: u32,
    /// Whether the year was given by the two digits that the first and the last possible year have in common.
    pub(super) ambiguous_year: bool,
}

/// The fields that determine the day.
enum By {
    DayOfMonth,
    WeekOfMonth,
    DayOfWeekInMonth,
    DayOfYear,
    WeekOfYear,
}

impl Fields {
    pub(super) fn set(&mut self, part: Part, value: i32) {
        self.last += 1;
        self.stamps[part as usize] = self.last;
        self.values[part as usize] = value;
    }

    pub(super) fn add_years(&mut self, years: i32) {
        for part in [Part::Year, Part::WeekYear] {
            self.values[part as usize] = self.values[part as usize].wrapping_add(years);
        }
    }

    fn get(&self, part: Part) -> i32 {
        self.values[part as usize]
    }

    fn stamp(&self, part: Part) -> u32 {
        self.stamps[part as usize]
    }

    fn is_set(&self, part: Part) -> bool {
        self.stamp(part) > 0
    }

    /// Returns the later stamp of the two fields, or 0 if one of them is not set.
    fn both(&self, one: Part, other: Part) -> u32 {
        if self.is_set(one) && self.is_set(other) { self.stamp(one).max(self.stamp(other)) } else { 0 }
    }

    /// Returns the milliseconds since 1970-01-01T00:00:00Z.
    pub(super) fn millis(&self) -> i64 {
        let of_day = self.time_of_day();
        let days = of_day.div_euclid(DAY);
        let mut day = self.day(days);
        if self.stamp(Part::WeekYear) > self.stamp(Part::Year) {
            // The era is that of the moment without the week.
            let era = Moment::at(millis_of(day)).era();
            day = self.on(self.day_of_week_year(era)).day(days);
        }
        millis_of(day).wrapping_add(of_day.rem_euclid(DAY)).wrapping_sub(self.get(Part::ZoneOffset).into())
    }

    /// Returns the fields with another date.
    fn on(&self, day: i64) -> Fields {
        let (date, mut fields) = (Moment::at(millis_of(day)), self.clone());
        fields.set(Part::Era, i32::from(date.era() == 1));
        fields.set(Part::Year, date.year_of_era() as i32);
        fields.set(Part::Month, date.month as i32 - 1);
        fields.set(Part::DayOfMonth, date.day_of_month as i32);
        fields
    }

    fn time_of_day(&self) -> i64 {
        let long = |part| i64::from(self.get(part));
        let (of_day, of_half) = (self.stamp(Part::HourOfDay), self.both(Part::Hour, Part::AmPm));
        let half = of_half > of_day || (of_day == 0 && of_half == 0);
        let hour = if half {
            long(Part::Hour) + i64::from(self.get(Part::AmPm).wrapping_mul(12))
        } else {
            long(Part::HourOfDay)
        };
        ((hour * 60 + long(Part::Minute)) * 60 + long(Part::Second)) * 1000 + long(Part::Millisecond)
    }

    /// Returns the day plus `later` days, in the calendar that was in use then.
    fn day(&self, later: i64) -> i64 {
        let year = if self.is_set(Part::Year) { self.get(Part::Year) } else { 1970 };
        let year = if self.is_set(Part::Era) && self.get(Part::Era) == 0 { 1_i32.wrapping_sub(year) } else { year };
        let by = self.by();
        let of = |system| self.day_of(system, year, &by).wrapping_add(later);
        let of_year = matches!(by, By::DayOfYear | By::WeekOfYear);
        match i64::from(year) {
            year if year < CUTOVER_YEAR => of(System::Julian),
            CUTOVER_YEAR if of_year => of(System::Julian),
            _ => Some(of(System::Gregorian)).filter(|day| *day >= CUTOVER).unwrap_or_else(|| of(System::Julian)),
        }
    }

    /// Returns the group of fields that was completed last.
    fn by(&self) -> By {
        let dow = Part::DayOfWeek;
        let dom = self.stamp(Part::DayOfMonth);
        let mut wom = self.both(Part::WeekOfMonth, dow);
        let mut dowim = self.both(Part::DayOfWeekInMonth, dow);
        let doy = self.stamp(Part::DayOfYear);
        let mut woy = self.both(Part::WeekOfYear, dow);
        let mut best = dom.max(wom).max(dowim).max(doy).max(woy);
        if best == 0 {
            // No group is complete: a week is used without a day, and a day of the week means the first one of the month.
            wom = self.stamp(Part::WeekOfMonth);
            dowim = self.stamp(Part::DayOfWeekInMonth).max(self.stamp(dow));
            woy = self.stamp(Part::WeekOfYear);
            best = wom.max(dowim).max(woy);
            if best == 0 {
                return By::DayOfMonth;
            }
        }
        let (of_month, of_year) = (self.stamp(Part::WeekOfMonth), self.stamp(Part::WeekOfYear));
        let in_month = self.stamp(Part::DayOfWeekInMonth);
        if best == dom {
            By::DayOfMonth
        } else if (best == wom && of_month >= of_year) || (best == dowim && in_month >= of_year) {
            let by_week = if wom == dowim { of_month >= in_month } else { best == wom };
            if by_week { By::WeekOfMonth } else { By::DayOfWeekInMonth }
        } else if best == doy {
            By::DayOfYear
        } else {
            By::WeekOfYear
        }
    }

    fn day_of(&self, system: System, year: i32, by: &By) -> i64 {
        let weekday = if self.is_set(Part::DayOfWeek) { self.get(Part::DayOfWeek) } else { 1 };
        let year_of_month = i64::from(year.wrapping_add(self.get(Part::Month).div_euclid(12)));
        let month = i64::from(self.get(Part::Month).rem_euclid(12)) + 1;
        let first = system.first_of_month(year_of_month, month);
        let first_of_year = system.first_of_month(year.into(), 1);
        let weeks = |count: i32| i64::from(count.wrapping_sub(1).wrapping_mul(7));
        match by {
            By::DayOfMonth if self.is_set(Part::DayOfMonth) => first + i64::from(self.get(Part::DayOfMonth)) - 1,
            By::DayOfMonth => first,
            By::WeekOfMonth => on_or_before(on_or_before(first, 1) + 6, weekday) + weeks(self.get(Part::WeekOfMonth)),
            By::DayOfWeekInMonth => {
                let count = if self.is_set(Part::DayOfWeekInMonth) { self.get(Part::DayOfWeekInMonth) } else { 1 };
                if count >= 0 {
                    return on_or_before(first + i64::from(count.wrapping_mul(7)) - 1, weekday);
                }
                let system = if year_of_month > CUTOVER_YEAR { System::Gregorian } else { System::Julian };
                let length = system.length_of_month(year_of_month, month);
                on_or_before(first + length + i64::from(count.wrapping_add(1).wrapping_mul(7)) - 1, weekday)
            }
            By::DayOfYear => first_of_year + i64::from(self.get(Part::DayOfYear)) - 1,
            By::WeekOfYear => {
                let week = on_or_before(first_of_year, 1);
                on_or_before(week + 6, weekday) + 7 * (i64::from(self.get(Part::WeekOfYear)) - 1)
            }
        }
    }

    /// Returns the day that a week year, its week and a day of the week determine (`setWeekDate`).
    fn day_of_week_year(&self, era: usize) -> i64 {
        let mut week = if self.is_set(Part::WeekOfYear) { self.get(Part::WeekOfYear) } else { 1 };
        let mut weekday = if self.is_set(Part::DayOfWeek) { self.get(Part::DayOfWeek) } else { 1 };
        if weekday >= 8 {
            weekday -= 1;
            week = week.wrapping_add(weekday / 7);
            weekday = iso_to_calendar(weekday % 7 + 1);
        } else if weekday <= 0 {
            let weeks = 1 - weekday.div_euclid(7) - i32::from(weekday.rem_euclid(7) != 0);
            week = week.wrapping_sub(weeks);
            weekday = iso_to_calendar(weekday.wrapping_add(weeks.wrapping_mul(7)));
        }
        let year = self.get(Part::WeekYear);
        let year = if era == 0 { 1_i32.wrapping_sub(year) } else { year };
        let first = on_or_before(first_of_year(year.into()), 1);
        let days = weekday.wrapping_sub(1).wrapping_add(week.wrapping_sub(1).wrapping_mul(7));
        // Java converts the day to milliseconds and back, which may overflow.
        let there = |day| millis_of(day).div_euclid(DAY) + EPOCH;
        there(first) + i64::from(days)
    }
}

fn millis_of(day: i64) -> i64 {
    day.wrapping_sub(EPOCH).wrapping_mul(DAY)
}

/// Converts a day of the week that counts from Monday to one that counts from Sunday, both from 1. Other numbers are not changed.
pub(super) fn iso_to_calendar(day: i32) -> i32 {
    match day {
        7 => 1,
        1..=6 => day + 1,
        other => other,
    }
}
