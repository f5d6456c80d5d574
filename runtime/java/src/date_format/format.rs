//! Formats moments.

use std::fmt::Write;

use super::names::{AM_PM, DAYS, ERAS, LONG_UTC, MONTHS, UTC, short};
use super::pattern::{Field, Item};
use crate::calendar::{Moment, day_of_week};

/// Maximum number of digits that a number is padded to, as in Java's `DecimalFormat`.
const MAX_DIGITS: usize = 309;

pub(super) fn write(items: &[Item], millis: i64, text: &mut String) {
    let moment = Moment::at(millis);
    for item in items {
        match item {
            Item::Literal(literal) => text.push_str(literal),
            Item::Field(field, count) => field_to(*field, *count, &moment, text),
        }
    }
}

fn field_to(field: Field, count: usize, moment: &Moment, text: &mut String) {
    let hour = moment.of_day / 3_600_000;
    let weekday = day_of_week(moment.day);
    let or = |number: i64, zero: i64| if number == 0 { zero } else { number };
    let value = match field {
        Field::Era => return text.push_str(ERAS[moment.era()]),
        Field::Month if count >= 3 => return name(&MONTHS, moment.month, count, text),
        Field::DayOfWeek => return name(&DAYS, weekday, count, text),
        Field::AmPm => return text.push_str(AM_PM[usize::from(hour >= 12)]),
        Field::ZoneName => return text.push_str(if count >= 4 { LONG_UTC } else { UTC }),
        Field::ZoneValue => return text.push_str("+0000"),
        Field::IsoZone => return text.push('Z'),
        Field::Year => moment.year_of_era(),
        Field::WeekYear => moment.week_year(),
        Field::Month => moment.month,
        Field::DayOfMonth => moment.day_of_month,
        Field::HourOfDay1 => or(hour, 24),
        Field::HourOfDay => hour,
        Field::Minute => moment.of_day / 60_000 % 60,
        Field::Second => moment.of_day / 1000 % 60,
        Field::Millisecond => moment.of_day % 1000,
        Field::DayOfYear => moment.day_of_year(),
        Field::DayOfWeekInMonth => moment.day_of_week_in_month(),
        Field::WeekOfYear => moment.week_of_year(),
        Field::WeekOfMonth => moment.week_of_month(),
        Field::Hour1 => or(hour % 12, 12),
        Field::Hour => hour % 12,
        Field::IsoDayOfWeek => or(weekday - 1, 7),
    };
    if value < 0 {
        text.push('-');
    }
    let cut = count == 2 && matches!(field, Field::Year | Field::WeekYear);
    let magnitude = if cut { value.unsigned_abs() % 100 } else { value.unsigned_abs() };
    let width = count.min(MAX_DIGITS);
    let _ = write!(text, "{magnitude:0width$}");
}

fn name(names: &[&str], number: i64, count: usize, text: &mut String) {
    let name = usize::try_from(number - 1).ok().and_then(|place| names.get(place)).copied().unwrap_or_default();
    text.push_str(if count >= 4 { name } else { short(name) });
}
