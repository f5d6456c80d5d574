//! Parses an expression: alternatives, groups, repetitions. The grammar, its oddities and the error messages are Java's.

use super::error::RegexError;
use super::reader::Reader;
use super::set::CharSet;
use super::tree::{Assertion, Kind, Look, Node, Repeat, UNBOUNDED};
use super::{class, escape};

/// Maximum nesting depth of groups and classes. Each level needs stack space, also when it is matched.
pub(super) const MAX_DEPTH: usize = 100;

/// Maximum number of characters of an expression. The time to parse one grows with the square of its length.
const MAX_LENGTH: usize = 10_000;

/// The flags that `(?...)` switches on and off.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Flags {
    pub(super) ignore_case: bool,
    unicode_case: bool,
    multiline: bool,
    dot_all: bool,
    unix_lines: bool,
    comments: bool,
}

impl Flags {
    pub(super) fn ignoring_case() -> Flags {
        Flags { ignore_case: true, ..Flags::default() }
    }
}

#[derive(Debug)]
pub(super) struct Parser<'e> {
    pub(super) reader: Reader<'e>,
    pub(super) flags: Flags,
    /// The number of groups that have begun so far, including the whole match.
    pub(super) groups: usize,
    pub(super) names: Vec<(String, usize)>,
    pub(super) depth: usize,
}

/// Parses a whole expression.
pub(super) fn parse(expression: &str, flags: Flags) -> Result<(Node, Parser<'_>), RegexError> {
    let reader = Reader::new(expression);
    if expression.chars().nth(MAX_LENGTH).is_some() {
        let construct = format!("expressions of more than {MAX_LENGTH} characters");
        return Err(reader.unsupported(construct, MAX_LENGTH));
    }
    let mut parser = Parser { reader, flags, groups: 1, names: Vec::new(), depth: 0 };
    let node = parser.alternatives()?;
    if !parser.reader.is_at_end() {
        return Err(parser.reader.error("Unmatched closing ')'"));
    }
    Ok((node, parser))
}

impl Parser<'_> {
    /// Parses one level deeper, unless that exceeds the maximum depth.
    pub(super) fn deeper<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T, RegexError>) -> Result<T, RegexError> {
        if self.depth == MAX_DEPTH {
            let construct = format!("more than {MAX_DEPTH} groups and classes in each other");
            return Err(self.reader.unsupported(construct, self.reader.at()));
        }
        self.depth += 1;
        let made = read(self)?;
        self.depth -= 1;
        Ok(made)
    }

    fn alternatives(&mut self) -> Result<Node, RegexError> {
        let first = self.sequence()?;
        if self.reader.peek() != Some('|') {
            return Ok(first);
        }
        let mut all = vec![first];
        while self.reader.eat("|") {
            all.push(self.sequence()?);
        }
        Ok(Node::Alternatives(all))
    }

    fn sequence(&mut self) -> Result<Node, RegexError> {
        let mut nodes = Vec::new();
        loop {
            self.skip_comments();
            if self.reader.is_at_end() {
                break;
            }
            let begin = self.reader.at();
            let node = match self.reader.peek() {
                Some('|' | ')') => break,
                Some('*') => return Err(self.dangling("Dangling meta character '*'")),
                Some('+') => return Err(self.dangling("Dangling meta character '+'")),
                Some('?') => return Err(self.dangling("Dangling meta character '?'")),
                Some('{') if !self.reader.peek_at(1).is_some_and(|next| next.is_ascii_digit()) => {
                    return Err(self.reader.error_at("Illegal repetition", begin + 2));
                }
                Some('{') => return Err(self.reader.unsupported("a repetition with nothing before it", begin)),
                Some('(') => match self.deeper(Self::group)? {
                    Some(group) => group,
                    None => continue,
                },
                _ => self.atom()?,
            };
            nodes.push(self.repeated(node)?);
        }
        Ok(Node::Sequence(nodes))
    }

    fn dangling(&self, reason: &'static str) -> RegexError {
        self.reader.error_at(reason, self.reader.at() + 1)
    }

    fn atom(&mut self) -> Result<Node, RegexError> {
        let begin = self.reader.at();
        let unix = self.flags.unix_lines;
        Ok(match self.reader.next() {
            Some(('^', false)) if self.flags.multiline => Node::Assert(Assertion::LineBegin { unix }),
            Some(('^', false)) => Node::Assert(Assertion::Begin),
            Some(('$', false)) if self.flags.multiline => Node::Assert(Assertion::LineEnd { unix }),
            Some(('$', false)) => Node::Assert(Assertion::LastLineEnd { unix }),
            Some(('.', false)) if self.flags.dot_all => Node::One(CharSet::default().negated()),
            Some(('.', false)) if unix => Node::One(CharSet::of("\n").negated()),
            Some(('.', false)) => Node::One(CharSet::of("\n\r\u{85}\u{2028}\u{2029}").negated()),
            Some(('[', false)) => Node::One(self.deeper(class::class)?),
            Some(('\\', false)) => escape::escape(self, unix)?,
            Some((letter, _)) => Node::One(self.literal(letter, begin)?),
            None => Node::Sequence(Vec::new()),
        })
    }

    /// Returns the characters that match this one.
    pub(super) fn literal(&self, letter: char, index: usize) -> Result<CharSet, RegexError> {
        self.cased(CharSet::range(letter, letter), index)
    }

    /// Returns the set with the characters that `(?i)` adds.
    pub(super) fn cased(&self, set: CharSet, index: usize) -> Result<CharSet, RegexError> {
        match self.flags {
            Flags { ignore_case: false, .. } => Ok(set),
            Flags { unicode_case: true, .. } => {
                Err(self.reader.unsupported("(?iu), upper and lower case beyond ASCII,", index))
            }
            _ => Ok(set.with_both_cases()),
        }
    }

    /// Parses what follows an opening parenthesis. Returns `None` if it only sets flags.
    fn group(&mut self) -> Result<Option<Node>, RegexError> {
        let begin = self.reader.at();
        let outer = self.flags;
        self.reader.eat("(");
        if self.flags.comments && self.reader.peek().is_some_and(|next| next.is_ascii_whitespace() || next == '#') {
            self.skip_comments();
            if self.reader.peek() == Some('?') {
                return Err(self.reader.unsupported("white space between ( and ?", begin));
            }
        }
        if !self.reader.eat("?") {
            let number = self.open();
            return self.closed(outer).map(|body| Some(Node::Group(Some(number), Box::new(body))));
        }
        for (mark, ahead, negative) in
            [("=", true, false), ("!", true, true), ("<=", false, false), ("<!", false, true)]
        {
            if self.reader.eat(mark) {
                let body = self.closed(outer)?;
                let length = if ahead { (0, 0) } else { self.look_behind_length(&body, begin)? };
                return Ok(Some(Node::Look(Look { ahead, negative, length }, Box::new(body))));
            }
        }
        if self.reader.eat(">") {
            return self.closed(outer).map(|body| Some(Node::Atomic(Box::new(body))));
        }
        if self.reader.eat("<") {
            let name = self.name()?;
            if self.names.iter().any(|(there, _)| *there == name) {
                return Err(self.named("Named capturing group <{}> is already defined", &name));
            }
            let number = self.open();
            self.names.push((name, number));
            return self.closed(outer).map(|body| Some(Node::Group(Some(number), Box::new(body))));
        }
        self.read_flags(begin)?;
        match self.reader.next() {
            Some((')', false)) => Ok(None),
            Some(('$' | '@', false)) => Err(self.reader.error("Unknown group type")),
            Some((':', false)) => self.closed(outer).map(|body| Some(Node::Group(None, Box::new(body)))),
            Some(_) => Err(self.reader.error("Unknown inline modifier")),
            None => Err(self.reader.error_at("Unknown inline modifier", self.reader.at() + 1)),
        }
    }

    fn open(&mut self) -> usize {
        self.groups += 1;
        self.groups - 1
    }

    /// Parses the content of a group and its end. Afterwards the flags are again those from before the group.
    fn closed(&mut self, outer: Flags) -> Result<Node, RegexError> {
        let body = self.alternatives()?;
        self.flags = outer;
        if self.reader.eat(")") { Ok(body) } else { Err(self.reader.error_at("Unclosed group", self.reader.at() + 1)) }
    }

    fn look_behind_length(&self, body: &Node, begin: usize) -> Result<(u32, u32), RegexError> {
        match body.length() {
            None => Err(self
                .reader
                .error_at("Look-behind group does not have an obvious maximum length", self.reader.at() - 1)),
            Some((_, max)) if max > i32::MAX.cast_unsigned() => {
                Err(self.reader.unsupported("an unbounded repetition in a look-behind", begin))
            }
            Some(length) => Ok(length),
        }
    }

    /// Parses the name of a group, up to its `>`.
    pub(super) fn name(&mut self) -> Result<String, RegexError> {
        let Some(first) = self.reader.next_if(|letter| letter.is_ascii_alphabetic()) else {
            return Err(self
                .reader
                .error_at("capturing group name does not start with a Latin letter", self.reader.at() + 1));
        };
        let mut name = String::from(first);
        while let Some(letter) = self.reader.next_if(|letter| letter.is_ascii_alphanumeric()) {
            name.push(letter);
        }
        if self.reader.eat(">") {
            return Ok(name);
        }
        Err(self.reader.error_at("named capturing group is missing trailing '>'", self.reader.at() + 1))
    }

    /// Returns an error with a name in place of `{}` in `reason`.
    pub(super) fn named(&self, reason: &str, name: &str) -> RegexError {
        self.reader.error(reason.replace("{}", name))
    }

    fn read_flags(&mut self, begin: usize) -> Result<(), RegexError> {
        let mut on = true;
        loop {
            let flag = match self.reader.peek() {
                Some('i') => &mut self.flags.ignore_case,
                Some('m') => &mut self.flags.multiline,
                Some('s') => &mut self.flags.dot_all,
                Some('d') => &mut self.flags.unix_lines,
                Some('u') => &mut self.flags.unicode_case,
                Some('x') => &mut self.flags.comments,
                Some('U') => return Err(self.reader.unsupported("(?U), classes of characters beyond ASCII,", begin)),
                Some('c') => return Err(self.reader.unsupported("(?c), canonical equivalence,", begin)),
                Some('-') if on => {
                    on = false;
                    self.reader.eat("-");
                    continue;
                }
                _ => return Ok(()),
            };
            *flag = on;
            self.reader.next();
        }
    }

    /// Parses the repetition that follows a node, if there is one.
    fn repeated(&mut self, node: Node) -> Result<Node, RegexError> {
        self.skip_comments();
        let (min, max) = match self.reader.peek() {
            Some('{') => self.bounds()?,
            Some('?') => self.bounds_of_sign(0, 1),
            Some('*') => self.bounds_of_sign(0, UNBOUNDED),
            Some('+') => self.bounds_of_sign(1, UNBOUNDED),
            _ => return Ok(node),
        };
        let behind = self.reader.at();
        self.skip_comments();
        let kind = match self.reader.peek() {
            Some('?') => Kind::Lazy,
            Some('+') => Kind::Possessive,
            _ => Kind::Greedy,
        };
        if kind != Kind::Greedy {
            if self.reader.at() != behind {
                return Err(self.reader.unsupported("white space within a repetition", behind));
            }
            self.reader.next();
        }
        Ok(Node::Repeat(Repeat { min, max, kind }, Box::new(node)))
    }

    fn bounds_of_sign(&mut self, min: u32, max: u32) -> (u32, u32) {
        self.reader.next();
        (min, max)
    }

    /// `{n}`, `{n,}`, `{n,m}`
    fn bounds(&mut self) -> Result<(u32, u32), RegexError> {
        if !self.reader.peek_at(1).is_some_and(|digit| digit.is_ascii_digit()) {
            return Err(self.reader.error_at("Illegal repetition", self.reader.at() + 2));
        }
        self.reader.eat("{");
        let min = self.bound()?;
        let max = match self.reader.eat(",") {
            false => min,
            true if self.reader.peek() == Some('}') => UNBOUNDED,
            true => self.bound()?,
        };
        if !self.reader.eat("}") {
            return Err(self.reader.error_at("Unclosed counted closure", self.reader.at() + 1));
        }
        if max < min {
            return Err(self.reader.error("Illegal repetition range"));
        }
        Ok((min, max))
    }

    fn bound(&mut self) -> Result<u32, RegexError> {
        let mut bound = 0_i32;
        while let Some(digit) = self.reader.peek().and_then(|digit| digit.to_digit(10)) {
            self.reader.next();
            let next = bound.checked_mul(10).and_then(|bound| bound.checked_add_unsigned(digit));
            bound = next.ok_or_else(|| self.reader.error("Illegal repetition range"))?;
        }
        Ok(bound.cast_unsigned())
    }

    /// Skips white space and comments if `(?x)` is on.
    fn skip_comments(&mut self) {
        while self.flags.comments && !self.reader.is_at_end() {
            if self.reader.next_if(|letter| letter.is_ascii_whitespace() || letter == '\u{b}').is_some() {
                continue;
            }
            if self.reader.peek() != Some('#') {
                return;
            }
            // Quoted characters are part of the comment too.
            while self
                .reader
                .next()
                .is_some_and(|(letter, _)| !matches!(letter, '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}'))
            {
            }
        }
    }

    /// Whether `(?x)` is on, which ignores white space also in unusual places.
    pub(super) fn has_comments(&self) -> bool {
        self.flags.comments
    }
}
