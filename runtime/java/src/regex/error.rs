//! Errors in expressions and replacements, and of matches that take too many steps.

use std::borrow::Cow;
use std::fmt;

/// Why an expression cannot be used, or a match was not completed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RegexError {
    /// Java refuses the expression too.
    Syntax {
        /// Java's message.
        reason: Cow<'static, str>,
        /// The whole expression.
        expression: String,
        /// The position in characters, as Java counts; -1 is before the first.
        index: isize,
    },
    /// Java accepts the expression, but Weir does not support it or would behave differently.
    Unsupported {
        /// The construct that is not supported.
        construct: String,
        /// The whole expression.
        expression: String,
        /// The position of the construct, in characters.
        index: usize,
    },
    /// The replacement is not valid. The message is Java's.
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
                write!(
                    f,
                    "Weir does not support {}; write the expression without it",
                    construct.trim_end_matches(',')
                )?;
                place(f, expression, isize::try_from(*index).unwrap_or(-1))
            }
            Self::Replacement(reason) => f.write_str(reason),
            Self::HalfCharacters => f.write_str(
                "the text contains characters above U+FFFF, which Java would split to match this regular expression",
            ),
            Self::TooManySteps => f.write_str("the regular expression took too many steps to match"),
        }
    }
}

/// Writes the position and a line that points to it, like `PatternSyntaxException`.
fn place(f: &mut fmt::Formatter<'_>, expression: &str, index: isize) -> fmt::Result {
    let Ok(index) = usize::try_from(index) else { return write!(f, "\n{expression}") };
    write!(f, " near index {index}\n{expression}")?;
    if index < expression.chars().count() { write!(f, "\n{:index$}^", "") } else { Ok(()) }
}

impl std::error::Error for RegexError {}
