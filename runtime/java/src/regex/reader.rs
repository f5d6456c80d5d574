//! Reads the characters of an expression one after another, resolves `\Q...\E`, and creates errors with their position.

use std::borrow::Cow;

use super::error::RegexError;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Letter {
    letter: char,
    /// Whether it is between `\Q` and `\E` and means itself.
    quoted: bool,
}

/// The position of a parser in an expression.
#[derive(Debug)]
pub(super) struct Reader<'e> {
    expression: &'e str,
    letters: Vec<Letter>,
    at: usize,
}

impl<'e> Reader<'e> {
    pub(super) fn new(expression: &'e str) -> Reader<'e> {
        let mut letters = Vec::with_capacity(expression.len());
        let mut rest = expression.chars();
        while let Some(letter) = rest.next() {
            if letter != '\\' {
                letters.push(Letter { letter, quoted: false });
            } else if let Some(quoted) = rest.as_str().strip_prefix('Q') {
                let (quoted, after) = quoted.split_once("\\E").unwrap_or((quoted, ""));
                letters.extend(quoted.chars().map(|letter| Letter { letter, quoted: true }));
                rest = after.chars();
            } else {
                letters.push(Letter { letter, quoted: false });
                letters.extend(rest.next().map(|letter| Letter { letter, quoted: false }));
            }
        }
        Reader { expression, letters, at: 0 }
    }

    pub(super) fn at(&self) -> usize {
        self.at
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.at >= self.letters.len()
    }

    /// Whether the next letter is quoted.
    pub(super) fn is_quoted(&self) -> bool {
        self.letters.get(self.at).is_some_and(|letter| letter.quoted)
    }

    /// Returns the letter at a distance from the next one, if it is not quoted: quoted letters are not part of the syntax.
    pub(super) fn peek_at(&self, distance: usize) -> Option<char> {
        self.letters.get(self.at + distance).filter(|letter| !letter.quoted).map(|letter| letter.letter)
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.peek_at(0)
    }

    /// Reads the next letter. Also returns whether it is quoted.
    pub(super) fn next(&mut self) -> Option<(char, bool)> {
        let next = self.letters.get(self.at)?;
        self.at += 1;
        Some((next.letter, next.quoted))
    }

    /// Reads the next letter, if it is not quoted and `passes` accepts it.
    pub(super) fn next_if(&mut self, passes: impl FnOnce(char) -> bool) -> Option<char> {
        let next = self.peek().filter(|&letter| passes(letter))?;
        self.at += 1;
        Some(next)
    }

    pub(super) fn eat(&mut self, text: &str) -> bool {
        let there = text.chars().enumerate().all(|(distance, letter)| self.peek_at(distance) == Some(letter));
        if there {
            self.at += text.chars().count();
        }
        there
    }

    /// Returns an error that Java reports too. Its index is that of the last character that was read.
    pub(super) fn error(&self, reason: impl Into<Cow<'static, str>>) -> RegexError {
        self.error_at(reason, self.at)
    }

    /// Like [`error`](Self::error), as if `read` characters had been read.
    pub(super) fn error_at(&self, reason: impl Into<Cow<'static, str>>, read: usize) -> RegexError {
        let index = isize::try_from(read).unwrap_or(isize::MAX) - 1;
        RegexError::Syntax { reason: reason.into(), expression: self.expression.to_owned(), index }
    }

    /// Returns the error for a construct of Java that Weir does not support, which begins at `index`.
    pub(super) fn unsupported(&self, construct: impl Into<String>, index: usize) -> RegexError {
        RegexError::Unsupported { construct: construct.into(), expression: self.expression.to_owned(), index }
    }
}
