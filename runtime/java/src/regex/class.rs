//! Classes of characters in square brackets.
//!
//! Brackets within brackets are a nested class (`[[:alpha:]]` is one of `:`, `a`, `l`, `p`, `h`), and `&&` intersects.

use super::error::RegexError;
use super::escape;
use super::parse::Parser;
use super::reader::Reader;
use super::set::CharSet;

/// One side of `&&`.
#[derive(Default)]
struct Side {
    members: Vec<CharSet>,
    /// Whether members follow brackets. Before a further `&&`, Java ignores such a side.
    members_after_brackets: bool,
    has_brackets: bool,
}

/// Parses a class whose opening bracket has been read.
pub(super) fn class(parser: &mut Parser<'_>) -> Result<CharSet, RegexError> {
    let begin = parser.reader.at() - 1;
    let negated = parser.reader.eat("^");
    let mut left: Option<CharSet> = None;
    loop {
        let side = side(parser, left.is_some())?;
        if side.members.is_empty() {
            return Err(parser.reader.unsupported("a class with nothing on one side of &&", begin));
        }
        let members = CharSet::all(&side.members);
        let more = parser.reader.eat("&&");
        if more && left.is_some() && side.members_after_brackets {
            return Err(parser.reader.unsupported("a class with brackets and other members between two &&", begin));
        }
        if more && parser.reader.peek() == Some('&') {
            return Err(parser.reader.unsupported("&&& in a class", begin));
        }
        let set = match left {
            Some(left) => left.intersection(&members),
            None => members,
        };
        if !more {
            parser.reader.eat("]");
            return Ok(if negated { set.negated() } else { set });
        }
        left = Some(set);
    }
}

/// Parses up to the end of the class, or up to `&&`.
fn side(parser: &mut Parser<'_>, after_and: bool) -> Result<Side, RegexError> {
    let mut side = Side::default();
    loop {
        let begin = parser.reader.at();
        let (set, brackets) = match parser.reader.peek() {
            None if parser.reader.is_at_end() => return Err(unclosed(parser)),
            Some(']') if !side.members.is_empty() || after_and => return Ok(side),
            Some('&') if parser.reader.peek_at(1) == Some('&') => return Ok(side),
            Some('&') if after_and && side.has_brackets => {
                return Err(parser.reader.unsupported("& after && and brackets in a class", begin));
            }
            Some('[') => {
                parser.reader.next();
                (parser.deeper(class)?, true)
            }
            Some(space)
                if parser.has_comments() && (space.is_ascii_whitespace() || space == '\u{b}' || space == '#') =>
            {
                return Err(parser.reader.unsupported("white space or # in a class with (?x)", begin));
            }
            _ => (member(parser)?, false),
        };
        side.members_after_brackets |= side.has_brackets && !brackets;
        side.has_brackets |= brackets;
        side.members.push(set);
    }
}

/// Parses a character, a range, or a class that has a name.
fn member(parser: &mut Parser<'_>) -> Result<CharSet, RegexError> {
    let begin = parser.reader.at();
    let first = match one(parser, false)? {
        One::Char(first) => first,
        One::Class(set) => return Ok(set),
    };
    let range = parser.reader.peek() == Some('-') && !matches!(parser.reader.peek_at(1), Some('[' | ']'));
    if !range {
        return parser.literal(first, begin);
    }
    parser.reader.eat("-");
    if parser.reader.is_at_end() {
        return Err(parser.reader.error_at("Illegal character range", parser.reader.at() + 1));
    }
    let last = match one(parser, true)? {
        One::Char(last) if last >= first => last,
        _ => return Err(parser.reader.error("Illegal character range")),
    };
    if u32::from(first) < 0xD800 && ('\u{e000}'..='\u{ffff}').contains(&last) {
        return Err(parser.reader.unsupported("a range that contains half of the characters above U+FFFF", begin));
    }
    parser.cased(CharSet::range(first, last), begin)
}

fn unclosed(parser: &Parser<'_>) -> RegexError {
    parser.reader.error("Unclosed character class")
}

enum One {
    Char(char),
    Class(CharSet),
}

fn one(parser: &mut Parser<'_>, in_range: bool) -> Result<One, RegexError> {
    let begin = parser.reader.at();
    match parser.reader.next() {
        Some(('\\', false)) => {}
        Some((letter, _)) => return Ok(One::Char(letter)),
        None => return Err(unclosed(parser)),
    }
    if parser.reader.is_at_end() {
        return Err(parser.reader.error_at("Unclosed character class", parser.reader.at() + 1));
    }
    if in_range && matches!(parser.reader.peek(), Some('p' | 'P')) {
        return Err(parser.reader.error_at("Illegal/unsupported escape sequence", parser.reader.at() + 1));
    }
    // At the end of a range, Java reads it as one character, and elsewhere as a class.
    let ambiguous = parser.reader.peek() == Some('v');
    if let Some(set) = escape::class_by_name(parser)? {
        let dash = |reader: &Reader<'_>| reader.peek() == Some('-') && !matches!(reader.peek_at(1), Some('[' | ']'));
        if ambiguous && (in_range || dash(&parser.reader)) {
            return Err(parser.reader.unsupported("\\v at the end of a range", begin));
        }
        return Ok(One::Class(set));
    }
    escape::character(parser, begin).map(One::Char)
}
