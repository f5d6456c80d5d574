//! An expression as a tree.

use super::set::CharSet;

/// No upper bound of a repetition.
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
    /// In round brackets; with a number if it captures.
    Group(Option<usize>, Box<Node>),
    /// `(?>X)`
    Atomic(Box<Node>),
    Look(Look, Box<Node>),
    /// What a group captured.
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
    /// Fewest and most characters that what is looked for takes, of a look behind.
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

/// How Java walks through a repetition, which decides what groups hold afterwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Walk {
    /// An alternative with nothing: `(X)?`.
    Choice,
    /// Each round is matched on its own and not tried again otherwise. Groups within it keep what they have, whatever is given
    /// back later; the group that is repeated, if this is one that captures, does not.
    Rounds(Option<usize>),
    /// What comes behind decides how each round is matched.
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

    /// Whether Java takes it that this can match in one way only.
    fn is_deterministic(&self) -> bool {
        match self {
            Node::Sequence(nodes) => nodes.iter().all(Node::is_deterministic),
            Node::Alternatives(_) => false,
            Node::One(_) | Node::LineBreak | Node::Assert(_) | Node::Look(..) | Node::Again { .. } => true,
            Node::Group(_, body) | Node::Atomic(body) => body.is_deterministic(),
            Node::Repeat(repeat, body) => !repeat.is_optional() && repeat.min == repeat.max && body.is_deterministic(),
        }
    }

    /// Whether this takes at least one character whenever it matches, for all that is known without looking at a text.
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

    /// Fewest and most characters that this takes, as far as Java knows; `None` = it does not know the most.
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
                    // Of what is unbounded Java loses count, also where it is repeated no times at all.
                    let unbounded = repeat.max == UNBOUNDED || max == UNBOUNDED;
                    let most = if unbounded { UNBOUNDED } else { max.saturating_mul(repeat.max) };
                    Some((min.saturating_mul(repeat.min), most))
                }
            },
        }
    }
}
