//! Parses escapes: what follows a backslash.

use super::error::RegexError;
use super::parse::Parser;
use super::property;
use super::set::CharSet;
use super::tree::{Assertion, Node};

const QUOTED: &str = "\\Q within an escape";

const NO_ESCAPE: &str = "Illegal/unsupported escape sequence";

/// Parses an escape outside a class, whose backslash has been read.
pub(super) fn escape(parser: &mut Parser<'_>, unix: bool) -> Result<Node, RegexError> {
    let begin = parser.reader.at() - 1;
    if let Some(set) = class_by_name(parser)? {
        return Ok(Node::One(set));
    }
    let node = match parser.reader.peek() {
        // `\G` is the end of the previous match, and there is none before the first match.
        Some('A' | 'G') => Node::Assert(Assertion::Begin),
        Some('z') => Node::Assert(Assertion::End),
        Some('Z') => Node::Assert(Assertion::LastLineEnd { unix }),
        Some('b') if [1, 2, 3].map(|at| parser.reader.peek_at(at)) == ['{', 'g', '}'].map(Some) => {
            return Err(parser.reader.unsupported("\\b{g}, the bounds of grapheme clusters,", begin));
        }
        Some('b') => Node::Assert(Assertion::WordBoundary),
        Some('B') => Node::Assert(Assertion::NoWordBoundary),
        Some('R') => Node::LineBreak,
        Some('X') => return Err(parser.reader.unsupported("\\X, a grapheme cluster,", begin)),
        Some('k') => return group_by_name(parser, begin),
        Some('1'..='9') => return group_by_number(parser, begin),
        _ => {
            let letter = character(parser, begin)?;
            return Ok(Node::One(parser.literal(letter, begin)?));
        }
    };
    parser.reader.next();
    Ok(node)
}

fn group_by_name(parser: &mut Parser<'_>, begin: usize) -> Result<Node, RegexError> {
    parser.reader.eat("k");
    if !parser.reader.eat("<") {
        let read = parser.reader.at() + 1;
        return Err(parser.reader.error_at("\\k is not followed by '<' for named capturing group", read));
    }
    let name = parser.name()?;
    match parser.names.iter().find(|(there, _)| *there == name) {
        Some(&(_, group)) => again(parser, group, begin),
        None => Err(parser.named("named capturing group <{}> does not exist", &name)),
    }
}

/// Parses the number of a group. A further digit belongs to it only if so far there is a group with that number.
fn group_by_number(parser: &mut Parser<'_>, begin: usize) -> Result<Node, RegexError> {
    let mut group = 0;
    while let Some(digit) = parser.reader.peek().and_then(|digit| digit.to_digit(10)) {
        let longer = group * 10 + digit as usize;
        if group > 0 && longer >= parser.groups {
            break;
        }
        group = longer;
        parser.reader.next();
    }
    let spaces = |letter: char| letter.is_ascii_whitespace() || letter == '\u{b}' || letter == '#';
    if parser.has_comments() && parser.reader.peek().is_some_and(spaces) {
        return Err(parser.reader.unsupported("white space after the number of a group", begin));
    }
    again(parser, group, begin)
}

fn again(parser: &Parser<'_>, group: usize, begin: usize) -> Result<Node, RegexError> {
    // The set is not used: `cased` is called only to check whether ignoring case is supported.
    parser.cased(CharSet::default(), begin)?;
    Ok(Node::Again { group, ignore_case: parser.flags.ignore_case })
}

/// Parses a class that is written as a letter or a name, if one follows.
pub(super) fn class_by_name(parser: &mut Parser<'_>) -> Result<Option<CharSet>, RegexError> {
    let begin = parser.reader.at() - 1;
    let set = match parser.reader.peek() {
        Some('d' | 'D') => CharSet::range('0', '9'),
        Some('w' | 'W') => {
            CharSet::new([('a', 'z'), ('A', 'Z'), ('0', '9'), ('_', '_')].map(|(a, z)| (a.into(), z.into())))
        }
        Some('s' | 'S') => CharSet::of(" \t\n\u{b}\u{c}\r"),
        Some('h' | 'H') => CharSet::of(" \t\u{a0}\u{1680}\u{180e}\u{202f}\u{205f}\u{3000}")
            .union(&CharSet::range('\u{2000}', '\u{200a}')),
        Some('v' | 'V') => CharSet::of("\n\u{b}\u{c}\r\u{85}\u{2028}\u{2029}"),
        Some('N') => return Err(parser.reader.unsupported("\\N{...}, a character by its name,", begin)),
        Some('p' | 'P') => return property(parser, begin).map(Some),
        _ => return Ok(None),
    };
    let letter = parser.reader.next().map_or('\0', |(letter, _)| letter);
    Ok(Some(if letter.is_ascii_uppercase() { set.negated() } else { set }))
}

/// `\p{NAME}`, `\pL`
fn property(parser: &mut Parser<'_>, begin: usize) -> Result<CharSet, RegexError> {
    let negated = parser.reader.next().is_some_and(|(letter, _)| letter == 'P');
    let name = if parser.reader.eat("{") {
        let mut name = String::new();
        while let Some(letter) = parser.reader.next_if(|letter| letter != '}') {
            name.push(letter);
        }
        if !parser.reader.eat("}") {
            return Err(parser.reader.error_at("Unclosed character family", parser.reader.at() + 1));
        }
        if name.is_empty() {
            return Err(parser.reader.error("Empty character family"));
        }
        name
    } else {
        match parser.reader.next() {
            Some((letter, false)) => letter.to_string(),
            Some(_) => return Err(parser.reader.unsupported(QUOTED, begin)),
            None => {
                let read = parser.reader.at() + 1;
                return Err(parser.reader.error_at("Unknown character property name {\0}", read));
            }
        }
    };
    let construct = || format!("\\p{{{name}}}");
    let set = property::by_name(&name, parser.flags.ignore_case)
        .ok_or_else(|| parser.reader.unsupported(construct(), begin))?;
    Ok(if negated { set.negated() } else { set })
}

/// Parses an escape that means one character.
pub(super) fn character(parser: &mut Parser<'_>, begin: usize) -> Result<char, RegexError> {
    let Some((letter, quoted)) = parser.reader.next() else {
        return Err(match parser.depth {
            0 => parser.reader.error_at("Unescaped trailing backslash", parser.reader.at() + 1),
            _ => parser.reader.error_at("Unclosed group", parser.reader.at() + 2),
        });
    };
    if quoted {
        return Err(parser.reader.unsupported(QUOTED, begin));
    }
    Ok(match letter {
        't' => '\t',
        'n' => '\n',
        'r' => '\r',
        'f' => '\u{c}',
        'a' => '\u{7}',
        'e' => '\u{1b}',
        '0' => octal(parser)?,
        'x' => hexadecimal(parser, begin)?,
        'u' => unicode(parser, begin)?,
        'c' => match parser.reader.next() {
            Some((letter, false)) => char::from_u32(u32::from(letter) ^ 64)
                .ok_or_else(|| parser.reader.unsupported("this control character", begin))?,
            Some(_) => return Err(parser.reader.unsupported(QUOTED, begin)),
            None => return Err(parser.reader.error_at("Illegal control escape sequence", parser.reader.at())),
        },
        letter if letter.is_ascii_alphanumeric() => return Err(parser.reader.error(NO_ESCAPE)),
        letter => letter,
    })
}

/// Parses up to three digits; three only if the first is 0 to 3.
fn octal(parser: &mut Parser<'_>) -> Result<char, RegexError> {
    let digit =
        |parser: &mut Parser<'_>| parser.reader.next_if(|digit| digit.is_digit(8)).and_then(|digit| digit.to_digit(8));
    let Some(mut value) = digit(parser) else {
        return Err(parser.reader.error_at("Illegal octal escape sequence", parser.reader.at() + 1));
    };
    let longest = if value <= 3 { 3 } else { 2 };
    for _ in 1..longest {
        let Some(next) = digit(parser) else { break };
        value = value * 8 + next;
    }
    Ok(char::from_u32(value).unwrap_or('\0'))
}

/// `\xHH`, `\x{H...}`
fn hexadecimal(parser: &mut Parser<'_>, begin: usize) -> Result<char, RegexError> {
    let wrong = |parser: &Parser<'_>| match parser.reader.is_quoted() {
        true => parser.reader.unsupported(QUOTED, begin),
        false => parser.reader.error_at("Illegal hexadecimal escape sequence", parser.reader.at() + 1),
    };
    if !parser.reader.eat("{") {
        let Some(value) = digits(parser, 2) else { return Err(wrong(parser)) };
        return scalar(parser, value, begin);
    }
    let mut value = 0;
    let first = parser.reader.at();
    while let Some(digit) =
        parser.reader.next_if(|digit| digit.is_ascii_hexdigit()).and_then(|digit| digit.to_digit(16))
    {
        value = value * 16 + digit;
        if value > u32::from(char::MAX) {
            return Err(parser.reader.error("Hexadecimal codepoint is too big"));
        }
    }
    if !parser.reader.eat("}") {
        return Err(parser.reader.error_at("Unclosed hexadecimal escape sequence", parser.reader.at() + 1));
    }
    if parser.reader.at() == first + 1 {
        return Err(wrong(parser));
    }
    scalar(parser, value, begin)
}

/// Parses `\uHHHH`, or two of them that together are one character.
fn unicode(parser: &mut Parser<'_>, begin: usize) -> Result<char, RegexError> {
    let unit = |parser: &mut Parser<'_>| {
        digits(parser, 4)
            .ok_or_else(|| parser.reader.error_at("Illegal Unicode escape sequence", parser.reader.at() + 1))
    };
    let high = unit(parser)?;
    if (0xD800..0xDC00).contains(&high) && parser.reader.eat("\\u") {
        let low = unit(parser)?;
        if (0xDC00..0xE000).contains(&low) {
            return scalar(parser, 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00), begin);
        }
    }
    scalar(parser, high, begin)
}

fn digits(parser: &mut Parser<'_>, count: usize) -> Option<u32> {
    (0..count).try_fold(0, |value, _| {
        let digit = parser.reader.next_if(|digit| digit.is_ascii_hexdigit())?;
        Some(value * 16 + digit.to_digit(16)?)
    })
}

fn scalar(parser: &Parser<'_>, value: u32, begin: usize) -> Result<char, RegexError> {
    char::from_u32(value).ok_or_else(|| parser.reader.unsupported("half of a character above U+FFFF", begin))
}
