//! Runs the program of an expression on a text, with backtracking.
//!
//! The depth of recursion does not depend on the length of the text: choices for backtracking are in a list. Only what is matched
//! separately (a look-around, an atomic group, a round of a repetition) is a recursive call, so the depth is that of the expression.

use std::collections::HashSet;

use super::error::RegexError;
use super::program::{Loop, Program, Round, Step};
use super::tree::{Assertion, Kind, Look};

/// Maximum number of steps of one match. Java has no such limit and may run practically forever.
const MAX_STEPS: u32 = 5_000_000;

/// The beginning and end of a group, in characters; `None` if it does not take part in the match.
pub type Span = Option<(usize, usize)>;

/// A change to undo when backtracking.
#[derive(Debug)]
enum Undo {
    Group(usize, Span),
    Variable(usize, usize),
}

/// A point to backtrack to.
#[derive(Debug)]
struct Choice {
    step: usize,
    at: usize,
    /// The length of the undo list at that point.
    undo: usize,
    then: Then,
}

#[derive(Debug)]
enum Then {
    Continue,
    /// Tries one more round of a lazy loop or repetition.
    OneMore,
    /// Remembers that this loop fails at this position.
    Remember(usize),
}

#[derive(Debug)]
pub(super) struct Machine<'p> {
    program: &'p Program,
    text: &'p [char],
    /// Whether a match must end at the end of the text.
    whole: bool,
    groups: Vec<Span>,
    variables: Vec<usize>,
    choices: Vec<Choice>,
    undo: Vec<Undo>,
    failed: HashSet<(usize, usize)>,
    steps: u32,
}

impl<'p> Machine<'p> {
    pub(super) fn new(program: &'p Program, text: &'p [char], whole: bool) -> Machine<'p> {
        Machine {
            program,
            text,
            whole,
            groups: vec![None; program.groups],
            variables: vec![0; program.variables],
            choices: Vec::new(),
            undo: Vec::new(),
            failed: HashSet::new(),
            steps: 0,
        }
    }

    /// Matches from a position. Returns the groups of the match; the first is the whole match.
    pub(super) fn match_at(&mut self, from: usize) -> Result<Option<&[Span]>, RegexError> {
        let Some(end) = self.run(0, from, true)? else { return Ok(None) };
        self.groups[0] = Some((from, end));
        Ok(Some(&self.groups))
    }

    /// Runs from a step until `Accept`, and returns the position there. Afterwards there is no backtracking into it.
    fn run(&mut self, step: usize, at: usize, outermost: bool) -> Result<Option<usize>, RegexError> {
        let (choices, undo) = (self.choices.len(), self.undo.len());
        let mut now = Some((step, at));
        loop {
            let Some((step, at)) = now else {
                if self.choices.len() == choices {
                    self.undo_to(undo);
                    return Ok(None);
                }
                now = self.backtrack()?;
                continue;
            };
            self.steps += 1;
            if self.steps > MAX_STEPS {
                return Err(RegexError::TooManySteps);
            }
            if matches!(self.program.steps[step], Step::Accept) {
                if outermost && self.whole && at != self.text.len() {
                    now = None;
                    continue;
                }
                self.choices.truncate(choices);
                // As in Java, captured groups are no longer reset, even if the whole match fails later.
                self.undo.truncate(undo);
                return Ok(Some(at));
            }
            now = self.step(step, at)?;
        }
    }

    fn undo_to(&mut self, to: usize) {
        while self.undo.len() > to {
            match self.undo.pop() {
                Some(Undo::Group(group, span)) => self.groups[group] = span,
                Some(Undo::Variable(variable, value)) => self.variables[variable] = value,
                None => return,
            }
        }
    }

    /// Returns to the last remaining choice.
    fn backtrack(&mut self) -> Result<Option<(usize, usize)>, RegexError> {
        let Some(Choice { step, at, undo, then }) = self.choices.pop() else { return Ok(None) };
        self.undo_to(undo);
        match then {
            Then::Continue => Ok(Some((step, at))),
            Then::Remember(number) => {
                self.failed.insert((number, at));
                Ok(Some((step, at)))
            }
            Then::OneMore => match self.program.steps[step] {
                Step::Round(round) => self.one_round(step, at, round, false),
                Step::Next(each) | Step::Enter(each) => {
                    let count =
                        if matches!(self.program.steps[step], Step::Enter(_)) { 0 } else { self.variables[each.count] };
                    self.set(each.count, count + 1);
                    Ok(Some((each.body, at)))
                }
                _ => Ok(None),
            },
        }
    }

    fn set(&mut self, variable: usize, value: usize) {
        self.undo.push(Undo::Variable(variable, self.variables[variable]));
        self.variables[variable] = value;
    }

    fn set_group(&mut self, group: usize, span: (usize, usize)) {
        self.undo.push(Undo::Group(group, self.groups[group]));
        self.groups[group] = Some(span);
    }

    fn choice(&mut self, step: usize, at: usize, then: Then) {
        self.choices.push(Choice { step, at, undo: self.undo.len(), then });
    }

    /// Executes one step. Returns the next step and its position, or `None` if it fails.
    fn step(&mut self, step: usize, at: usize) -> Result<Option<(usize, usize)>, RegexError> {
        let program = self.program;
        let next = step + 1;
        Ok(match program.steps[step] {
            Step::One(set) => {
                let fits = self.text.get(at).is_some_and(|&letter| program.sets[set].contains(letter));
                fits.then_some((next, at + 1))
            }
            Step::Assert(assertion) => self.holds(assertion, at).then_some((next, at)),
            Step::Again { group, ignore_case } => self.again(group, ignore_case, at).map(|end| (next, end)),
            Step::Jump(to) => Some((to, at)),
            Step::Or(other) => {
                self.choice(other, at, Then::Continue);
                Some((next, at))
            }
            Step::Begin(variable) => {
                self.set(variable, at);
                Some((next, at))
            }
            Step::End { begin, group } => {
                self.set_group(group, (self.variables[begin], at));
                Some((next, at))
            }
            Step::Enter(each) => Some(self.enter(step, at, each)),
            Step::Next(each) => Some(self.next(step, at, each)),
            Step::Count(variable) => {
                self.set(variable, 0);
                Some((next, at))
            }
            Step::Round(round) => return self.round(step, at, round),
            Step::Atomic { then } => self.run(next, at, false)?.map(|end| (then, end)),
            Step::Look { look, place, then } => {
                (self.look(next, at, look, place)? != look.negative).then_some((then, at))
            }
            Step::Behind(place) => (self.variables[place] == at).then_some((next, at)),
            Step::Accept => None,
        })
    }

    fn enter(&mut self, step: usize, at: usize, each: Loop) -> (usize, usize) {
        self.set(each.count, 0);
        let lazy = each.repeat.kind == Kind::Lazy;
        if each.repeat.min == 0 {
            match (lazy, each.repeat.max) {
                (_, 0) => return (each.then, at),
                (true, _) => {
                    self.choice(step, at, Then::OneMore);
                    return (each.then, at);
                }
                (false, _) => self.choice(each.then, at, Then::Continue),
            }
        }
        self.set(each.count, 1);
        (each.body, at)
    }

    /// Continues after a round of a loop.
    fn next(&mut self, step: usize, at: usize, each: Loop) -> (usize, usize) {
        // A round that matched nothing is the last one.
        if at <= self.variables[each.begin] {
            return (each.then, at);
        }
        let count = self.variables[each.count];
        if count < each.repeat.min as usize {
            self.set(each.count, count + 1);
            return (each.body, at);
        }
        let more = count < each.repeat.max as usize;
        if each.repeat.kind == Kind::Lazy {
            if more {
                self.choice(step, at, Then::OneMore);
            }
            return (each.then, at);
        }
        if !more || self.failed.contains(&(each.number, at)) {
            return (each.then, at);
        }
        let then = if self.program.remembers { Then::Remember(each.number) } else { Then::Continue };
        self.choice(each.then, at, then);
        self.set(each.count, count + 1);
        (each.body, at)
    }

    fn round(&mut self, step: usize, at: usize, round: Round) -> Result<Option<(usize, usize)>, RegexError> {
        let count = self.variables[round.count];
        if count < round.repeat.min as usize {
            return self.one_round(step, at, round, true);
        }
        if count >= round.repeat.max as usize {
            return Ok(Some((round.then, at)));
        }
        if round.repeat.kind == Kind::Lazy {
            self.choice(step, at, Then::OneMore);
            return Ok(Some((round.then, at)));
        }
        let undo = self.undo.len();
        let Some(end) = self.run(step + 1, at, false)? else { return Ok(Some((round.then, at))) };
        if end == at {
            return Ok(Some((round.then, at)));
        }
        if round.repeat.kind == Kind::Greedy {
            self.choices.push(Choice { step: round.then, at, undo, then: Then::Continue });
        }
        Ok(Some(self.after_round(step, at, end, round)))
    }

    /// Matches a round. With `must`, it may match nothing.
    fn one_round(
        &mut self,
        step: usize,
        at: usize,
        round: Round,
        must: bool,
    ) -> Result<Option<(usize, usize)>, RegexError> {
        let end = self.run(step + 1, at, false)?;
        Ok(end.filter(|&end| must || end > at).map(|end| self.after_round(step, at, end, round)))
    }

    fn after_round(&mut self, step: usize, at: usize, end: usize, round: Round) -> (usize, usize) {
        if let Some(group) = round.group {
            self.set_group(group, (at, end));
        }
        self.set(round.count, self.variables[round.count] + 1);
        (step, end)
    }

    fn look(&mut self, body: usize, at: usize, look: Look, place: usize) -> Result<bool, RegexError> {
        if look.ahead {
            return Ok(self.run(body, at, false)?.is_some());
        }
        let (min, max) = (look.length.0 as usize, look.length.1 as usize);
        self.set(place, at);
        for length in min..=max.min(at) {
            if self.run(body, at - length, false)?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn again(&self, group: usize, ignore_case: bool, at: usize) -> Option<usize> {
        let (begin, end) = (*self.groups.get(group)?)?;
        let here = self.text.get(at..at + (end - begin))?;
        let same = |(a, b): (&char, &char)| a == b || ignore_case && a.eq_ignore_ascii_case(b);
        self.text[begin..end].iter().zip(here).all(same).then_some(at + here.len())
    }

    fn holds(&self, assertion: Assertion, at: usize) -> bool {
        let before = at.checked_sub(1).map(|before| self.text[before]);
        let here = self.text.get(at).copied();
        let after = self.text.get(at + 1).copied();
        let ends_line = |letter: char| matches!(letter, '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}');
        let within_break = before == Some('\r') && here == Some('\n');
        match assertion {
            Assertion::Begin => at == 0,
            Assertion::End => here.is_none(),
            Assertion::LastLineEnd { unix: true } => here.is_none() || here == Some('\n') && after.is_none(),
            Assertion::LastLineEnd { unix: false } => match here {
                None => true,
                Some('\r') if after == Some('\n') => at + 2 == self.text.len(),
                Some(here) => after.is_none() && ends_line(here) && !within_break,
            },
            // Not after the last line end of the text, and not in an empty text.
            Assertion::LineBegin { unix: true } => here.is_some() && before.is_none_or(|before| before == '\n'),
            Assertion::LineBegin { unix: false } => here.is_some() && before.is_none_or(ends_line) && !within_break,
            Assertion::LineEnd { unix: true } => here.is_none_or(|here| here == '\n'),
            Assertion::LineEnd { unix: false } => here.is_none_or(ends_line) && !within_break,
            Assertion::WordBoundary => is_word(before) != is_word(here),
            Assertion::NoWordBoundary => is_word(before) == is_word(here),
        }
    }
}

fn is_word(letter: Option<char>) -> bool {
    letter.is_some_and(|letter| letter.is_ascii_alphanumeric() || letter == '_')
}
