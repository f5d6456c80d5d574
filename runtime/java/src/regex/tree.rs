//! An expression as a tree.

use super::set::CharSet;

/// The maximum of a repetition without an upper bound.
pub(super) const UNBOUNDED: u32 = u32::MAX;

#[derive(Debug)]
pub(super) enum Node {
    Sequence(Vec<Node>),
    Alternatives(Vec<Node>),
    /// One character.
    One(CharSet),
    /// `\R`
    LineBreak,
    Assert(Assertion),
    /// A group in parentheses; with a number if it captures.
    Group(Option<usize>, Box<Node>),
    /// `(?>X)`
    Atomic(Box<Node>),
    Look(Look, Box<Node>),
    /// The text that a group captured.
    Again {
        group: usize,
        ignore_case: bool,
    },
    Repeat(Repeat, Box<Node>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Look {
    pub(super) ahead: bool,
    pub(super) negative: bool,
    /// The minimum and maximum number of characters of a look-behind.
    pub(super) length: (u32, u32),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Assertion {
    /// `\A`, `\G`, and `^` without `(?m)`.
    Begin,
    /// `\z`
    End,
    /// `\Z`, and `$` without `(?m)`.
    LastLineEnd {
        unix: bool,
    },
    /// `^` with `(?m)`.
    LineBegin {
        unix: bool,
    },
    /// `$` with `(?m)`.
    LineEnd {
        unix: bool,
    },
    WordBoundary,
    NoWordBoundary,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Repeat {
    pub(super) min: u32,
    pub(super) max: u32,
    pub(super) kind: Kind,
}

impl Repeat {
    fn is_optional(self) -> bool {
        (self.min, self.max) == (0, 1)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Greedy,
    Lazy,
    Possessive,
}

/// How Java matches a repetition, which determines what groups contain afterwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Walk {
    /// An alternative between the body and nothing: `(X)?`.
    Choice,
    /// Each round is matched separately, and not in another way later. Groups within it keep their contents when the match backtracks
    /// over the round; the repeated group itself, if it captures, does not.
    Rounds(Option<usize>),
    /// How each round is matched depends on what follows.
    Loop,
}

impl Node {
    pub(super) fn walk(&self, repeat: Repeat) -> Walk {
        match self {
            Node::Group(..) if repeat.kind == Kind::Possessive => Walk::Rounds(None),
            Node::Group(..) if repeat.is_optional() => Walk::Choice,
            Node::Group(number, body) if body.is_deterministic() => Walk::Rounds(*number),
            Node::Group(..) => Walk::Loop,
            _ => Walk::Rounds(None),
        }
    }

    /// Whether Java assumes that this can match in one way only.
    fn is_deterministic(&self) -> bool {
        match self {
            Node::Sequence(nodes) => nodes.iter().all(Node::is_deterministic),
            Node::Alternatives(_) => false,
            Node::One(_) | Node::LineBreak | Node::Assert(_) | Node::Look(..) | Node::Again { .. } => true,
            Node::Group(_, body) | Node::Atomic(body) => body.is_deterministic(),
            Node::Repeat(repeat, body) => !repeat.is_optional() && repeat.min == repeat.max && body.is_deterministic(),
        }
    }

    /// Whether this always matches at least one character, as far as that is known without a text.
    pub(super) fn takes_something(&self) -> bool {
        match self {
            Node::Sequence(nodes) => nodes.iter().any(Node::takes_something),
            Node::Alternatives(nodes) => nodes.iter().all(Node::takes_something),
            Node::One(_) | Node::LineBreak => true,
            Node::Assert(_) | Node::Look(..) | Node::Again { .. } => false,
            Node::Group(_, body) | Node::Atomic(body) => body.takes_something(),
            Node::Repeat(repeat, body) => repeat.min > 0 && body.takes_something(),
        }
    }

    /// Returns the minimum and maximum number of characters, as far as Java knows; `None` if it does not know the maximum.
    pub(super) fn length(&self) -> Option<(u32, u32)> {
        match self {
            Node::Sequence(nodes) => nodes.iter().try_fold((0, 0), |sum, node| {
                let (min, max) = node.length()?;
                Some((min.saturating_add(sum.0), max.saturating_add(sum.1)))
            }),
            Node::Alternatives(nodes) => {
                let lengths: Option<Vec<_>> = nodes.iter().map(Node::length).collect();
                let lengths = lengths?;
                Some((lengths.iter().map(|own| own.0).min()?, lengths.iter().map(|own| own.1).max()?))
            }
            Node::One(_) => Some((1, 1)),
            Node::LineBreak => Some((1, 2)),
            Node::Assert(_) | Node::Look(..) => Some((0, 0)),
            Node::Group(_, body) | Node::Atomic(body) => body.length(),
            Node::Again { .. } => None,
            Node::Repeat(repeat, body) => match body.walk(*repeat) {
                Walk::Loop => None,
                Walk::Choice | Walk::Rounds(_) => {
                    let (min, max) = body.length()?;
                    // As in Java, a repetition of something unbounded is unbounded, even if it is repeated zero times.
                    let unbounded = repeat.max == UNBOUNDED || max == UNBOUNDED;
                    let most = if unbounded { UNBOUNDED } else { max.saturating_mul(repeat.max) };
                    Some((min.saturating_mul(repeat.min), most))
                }
            },
        }
    }
}
