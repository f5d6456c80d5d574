//! Parses patterns.

use std::fmt;

use crate::calendar::DAY;

/// Why a pattern is not valid, with Java's messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PatternError {
    /// A letter has no meaning.
    IllegalCharacter(char),
    /// A quote is not closed.
    UnterminatedQuote,
    /// There are more than three `X`.
    IsoZone(usize),
}

impl fmt::Display for PatternError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PatternError::IllegalCharacter(letter) => write!(f, "Illegal pattern character '{letter}'"),
            PatternError::UnterminatedQuote => f.write_str("Unterminated quote"),
            PatternError::IsoZone(count) => write!(f, "invalid ISO 8601 format: length={count}"),
        }
    }
}

impl std::error::Error for PatternError {}

/// A piece of a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Item {
    /// Literal text.
    Literal(String),
    /// A field, and the number of its letters.
    Field(Field, usize),
}

/// The meaning of a letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    Era,
    Year,
    /// `M` and `L`
    Month,
    DayOfMonth,
    /// 1 to 24
    HourOfDay1,
    HourOfDay,
    Minute,
    Second,
    Millisecond,
    DayOfWeek,
    DayOfYear,
    DayOfWeekInMonth,
    WeekOfYear,
    WeekOfMonth,
    AmPm,
    /// 1 to 12
    Hour1,
    Hour,
    ZoneName,
    ZoneValue,
    WeekYear,
    /// From 1 for Monday to 7 for Sunday.
    IsoDayOfWeek,
    IsoZone,
}

impl Field {
    fn of(letter: char) -> Option<Field> {
        Some(match letter {
            'G' => Field::Era,
            'y' => Field::Year,
            'M' | 'L' => Field::Month,
            'd' => Field::DayOfMonth,
            'k' => Field::HourOfDay1,
            'H' => Field::HourOfDay,
            'm' => Field::Minute,
            's' => Field::Second,
            'S' => Field::Millisecond,
            'E' => Field::DayOfWeek,
            'D' => Field::DayOfYear,
            'F' => Field::DayOfWeekInMonth,
            'w' => Field::WeekOfYear,
            'W' => Field::WeekOfMonth,
            'a' => Field::AmPm,
            'h' => Field::Hour1,
            'K' => Field::Hour,
            'z' => Field::ZoneName,
            'Z' => Field::ZoneValue,
            'Y' => Field::WeekYear,
            'u' => Field::IsoDayOfWeek,
            'X' => Field::IsoZone,
            _ => return None,
        })
    }
}

impl Item {
    /// Whether a number before this item has at most as many digits as its own letters.
    pub(super) fn abuts(&self) -> bool {
        match self {
            Item::Literal(_) => false,
            Item::Field(Field::Month, count) => *count <= 2,
            Item::Field(field, _) => !matches!(
                field,
                Field::Era | Field::DayOfWeek | Field::AmPm | Field::ZoneName | Field::ZoneValue | Field::IsoZone
            ),
        }
    }

    /// See `DateFormat::granularity`.
    pub(super) fn granularity(&self) -> i64 {
        match self {
            Item::Field(Field::Millisecond, _) => 1,
            Item::Field(Field::Second, _) => 1000,
            Item::Field(Field::Minute, _) => 60_000,
            Item::Field(Field::HourOfDay | Field::HourOfDay1 | Field::Hour | Field::Hour1 | Field::AmPm, _) => {
                3_600_000
            }
            _ => DAY,
        }
    }
}

/// Returns the items of a pattern.
pub(super) fn read(pattern: &str) -> Result<Vec<Item>, PatternError> {
    let mut items = Vec::new();
    // The letter of the current field, and the number of its repetitions.
    let mut run: Option<(char, usize)> = None;
    let mut quoted = false;
    let mut characters = pattern.chars().peekable();
    while let Some(character) = characters.next() {
        if character == '\'' {
            close(&mut run, &mut items)?;
            if characters.next_if_eq(&'\'').is_some() {
                literal(&mut items, '\'');
            } else {
                quoted = !quoted;
            }
        } else if quoted || !character.is_ascii_alphabetic() {
            close(&mut run, &mut items)?;
            literal(&mut items, character);
        } else {
            match &mut run {
                Some((letter, count)) if *letter == character => *count += 1,
                _ => {
                    close(&mut run, &mut items)?;
                    Field::of(character).ok_or(PatternError::IllegalCharacter(character))?;
                    run = Some((character, 1));
                }
            }
        }
    }
    if quoted {
        return Err(PatternError::UnterminatedQuote);
    }
    close(&mut run, &mut items)?;
    Ok(items)
}

fn literal(items: &mut Vec<Item>, character: char) {
    match items.last_mut() {
        Some(Item::Literal(text)) => text.push(character),
        _ => items.push(Item::Literal(character.into())),
    }
}

fn close(run: &mut Option<(char, usize)>, items: &mut Vec<Item>) -> Result<(), PatternError> {
    let Some((letter, count)) = run.take() else { return Ok(()) };
    let Some(field) = Field::of(letter) else { return Ok(()) };
    if field == Field::IsoZone && count > 3 {
        return Err(PatternError::IsoZone(count));
    }
    items.push(Item::Field(field, count));
    Ok(())
}
