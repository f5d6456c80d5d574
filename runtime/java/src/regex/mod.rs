//! Java's regular expressions (`java.util.regex`), to the extent that Kafka Connect uses them for names: matching a whole text, and
//! replacing the first match.
//!
//! An expression matches the same texts, and its groups capture the same texts, as in Java, including Java's oddities; recorded cases
//! (`tests/java_regex.rs`) compare the two. Constructs that would behave differently are refused when the expression is parsed.

mod class;
mod error;
mod escape;
mod parse;
mod program;
mod property;
mod reader;
mod replace;
mod run;
mod set;
mod tree;

pub use error::RegexError;
use parse::Flags;
use program::Program;
use run::Machine;
pub use run::Span;

/// A regular expression.
#[derive(Debug, Clone)]
pub struct JavaRegex {
    program: Program,
    /// The names and numbers of named groups.
    names: Vec<(String, usize)>,
}

impl JavaRegex {
    /// Parses an expression.
    ///
    /// # Errors
    ///
    /// Java refuses the expression, or Weir does not support it like Java.
    pub fn new(expression: &str) -> Result<JavaRegex, RegexError> {
        JavaRegex::with(expression, Flags::default())
    }

    /// Parses an expression that ignores the case of ASCII letters (`Pattern.CASE_INSENSITIVE`).
    ///
    /// # Errors
    ///
    /// Those of [`JavaRegex::new`].
    pub fn ignoring_case(expression: &str) -> Result<JavaRegex, RegexError> {
        JavaRegex::with(expression, Flags::ignoring_case())
    }

    fn with(expression: &str, flags: Flags) -> Result<JavaRegex, RegexError> {
        let (node, parser) = parse::parse(expression, flags)?;
        Ok(JavaRegex { program: Program::new(&node, parser.groups), names: parser.names })
    }

    /// Whether the whole text matches (`Matcher.matches`).
    ///
    /// # Errors
    ///
    /// The match took too many steps.
    pub fn matches(&self, text: &str) -> Result<bool, RegexError> {
        let text: Vec<char> = text.chars().collect();
        if self.program.looks_behind && has_halves(&text) {
            return Err(RegexError::HalfCharacters);
        }
        Ok(Machine::new(&self.program, &text, true).match_at(0)?.is_some())
    }

    /// Returns the positions of the first match in the text and of its groups, in characters (`Matcher.find`).
    ///
    /// # Errors
    ///
    /// The match took too many steps.
    pub fn find(&self, text: &str) -> Result<Option<Vec<Span>>, RegexError> {
        let text: Vec<char> = text.chars().collect();
        self.find_in(&text)
    }

    /// Returns the text with its first match replaced (`Matcher.replaceFirst`).
    ///
    /// # Errors
    ///
    /// The match took too many steps, or the replacement is not valid.
    pub fn replace_first(&self, text: &str, replacement: &str) -> Result<String, RegexError> {
        let letters: Vec<char> = text.chars().collect();
        let Some(groups) = self.find_in(&letters)? else { return Ok(text.into()) };
        let Some((begin, end)) = groups[0] else { return Ok(text.into()) };
        let mut out: String = letters[..begin].iter().collect();
        replace::append(&mut out, replacement, &self.names, &letters, &groups).map_err(RegexError::Replacement)?;
        out.extend(&letters[end..]);
        Ok(out)
    }

    fn find_in(&self, text: &[char]) -> Result<Option<Vec<Span>>, RegexError> {
        if self.program.looks_behind && has_halves(text) {
            return Err(RegexError::HalfCharacters);
        }
        let mut machine = Machine::new(&self.program, text, false);
        for from in 0..=text.len() {
            // Java also tries to match from the middle of such a character.
            if from > 0 && has_halves(&text[from - 1..from]) {
                return Err(RegexError::HalfCharacters);
            }
            if let Some(groups) = machine.match_at(from)? {
                return Ok(Some(groups.to_vec()));
            }
        }
        Ok(None)
    }
}

/// Whether the text contains characters that are two `char`s in Java.
fn has_halves(text: &[char]) -> bool {
    text.iter().any(|&letter| letter > '\u{ffff}')
}

#[cfg(test)]
mod tests;
