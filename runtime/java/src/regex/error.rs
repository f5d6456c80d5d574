//! What is wrong with an expression or a replacement, or that a match took too many steps.

use std::borrow::Cow;
use std::fmt;

/// An expression that cannot be read, or was not brought to an end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RegexError {
    /// Java refuses the expression too.
    Syntax {
        /// What is wrong, in Java's words.
        reason: Cow<'static, str>,
        /// The whole expression.
        expression: String,
        /// Where, in characters, as Java counts; -1 is before the first.
        index: isize,
    },
    /// Java takes the expression, and Weir would not do the same with it.
    Unsupported {
        /// The construct that makes the difference.
        construct: String,
        /// The whole expression.
        expression: String,
        /// Where the construct begins, in characters.
        index: usize,
    },
    /// A replacement that is none, in Java's words.
    Replacement(String),
    /// The match took too many steps.
    TooManySteps,
    /// Java would look at the halves of characters above U+FFFF.
    HalfCharacters,
}

impl fmt::Display for RegexError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax { reason, expression, index } => {
                f.write_str(reason)?;
                place(f, expression, *index)
            }
            Self::Unsupported { construct, expression, index } => {
                write!(f, "Weir does not support {}; write the expression without it", construct.trim_end_matches(','))?;
                place(f, expression, isize::try_from(*index).unwrap_or(-1))
            }
            Self::Replacement(reason) => f.write_str(reason),
            Self::HalfCharacters => f.write_str(
                "the text has characters above U+FFFF, into the middle of which Java looks with this regular expression",
            ),
            Self::TooManySteps => f.write_str("the regular expression took too many steps to match"),
        }
    }
}

/// The place and a line that points to it, as `PatternSyntaxException` prints them.
fn place(f: &mut fmt::Formatter<'_>, expression: &str, index: isize) -> fmt::Result {
    let Ok(index) = usize::try_from(index) else { return write!(f, "\n{expression}") };
    write!(f, " near index {index}\n{expression}")?;
    if index < expression.chars().count() { write!(f, "\n{:index$}^", "") } else { Ok(()) }
}

impl std::error::Error for RegexError {}
