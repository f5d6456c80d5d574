//! Compiles an expression to a program for the machine of `run.rs`.

use super::set::CharSet;
use super::tree::{Assertion, Kind, Look, Node, Repeat, Walk};

/// One step. Numbers are indexes of steps, sets, groups or variables.
#[derive(Debug, Clone)]
pub(super) enum Step {
    One(usize),
    Assert(Assertion),
    Again {
        group: usize,
        ignore_case: bool,
    },
    Jump(usize),
    /// Continues with the next step and, if that fails, with the given one.
    Or(usize),
    /// Stores in a variable where a round of a loop, or a group, begins.
    Begin(usize),
    /// Ends a group whose beginning is in a variable.
    End {
        begin: usize,
        group: usize,
    },
    /// Begins a loop, whose rounds follow this step.
    Enter(Loop),
    /// Ends a round of a loop.
    Next(Loop),
    /// Begins rounds that are matched separately.
    Count(usize),
    /// Matches such a round, which follows this step.
    Round(Round),
    /// Matches what follows this step separately, and continues with `then`.
    Atomic {
        then: usize,
    },
    Look {
        look: Look,
        place: usize,
        then: usize,
    },
    /// Checks that a look-behind ends at the position where it was tested.
    Behind(usize),
    /// Ends what is matched separately.
    Accept,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Loop {
    pub(super) repeat: Repeat,
    /// The variables with the number of rounds, and with the beginning of the current round.
    pub(super) count: usize,
    pub(super) begin: usize,
    /// The number of the loop, for remembering where it failed.
    pub(super) number: usize,
    pub(super) body: usize,
    pub(super) then: usize,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Round {
    pub(super) repeat: Repeat,
    pub(super) count: usize,
    pub(super) group: Option<usize>,
    pub(super) then: usize,
}

#[derive(Debug, Clone)]
pub(super) struct Program {
    pub(super) steps: Vec<Step>,
    pub(super) sets: Vec<CharSet>,
    pub(super) variables: usize,
    pub(super) groups: usize,
    pub(super) loops: usize,
    pub(super) looks_behind: bool,
    /// Whether a loop that failed at a position always fails there, because the result does not depend on captured groups or the number
    /// of rounds.
    pub(super) remembers: bool,
}

impl Program {
    pub(super) fn new(node: &Node, groups: usize) -> Program {
        let mut program = Program {
            steps: Vec::new(),
            sets: Vec::new(),
            variables: 0,
            groups,
            loops: 0,
            looks_behind: false,
            remembers: true,
        };
        program.add(node);
        program.steps.push(Step::Accept);
        program
    }

    fn variable(&mut self) -> usize {
        self.variables += 1;
        self.variables - 1
    }

    /// Adds a step and the body after it. `step` creates the step from the index after the body.
    fn around(&mut self, body: impl FnOnce(&mut Program), step: impl FnOnce(usize) -> Step) {
        let at = self.steps.len();
        self.steps.push(Step::Accept);
        body(self);
        self.steps[at] = step(self.steps.len());
    }

    /// Returns the index of a set; adds the set if it does not exist yet.
    fn set(&mut self, set: &CharSet) -> usize {
        let known = self.sets.iter().position(|known| known == set);
        known.unwrap_or_else(|| {
            self.sets.push(set.clone());
            self.sets.len() - 1
        })
    }

    fn one(&mut self, set: &CharSet) {
        let set = self.set(set);
        self.steps.push(Step::One(set));
    }

    fn add(&mut self, node: &Node) {
        match node {
            Node::Sequence(nodes) => nodes.iter().for_each(|node| self.add(node)),
            Node::Alternatives(nodes) => self.alternatives(&nodes.iter().collect::<Vec<_>>()),
            Node::One(set) => self.one(set),
            Node::LineBreak => {
                let both = Node::Sequence(vec![Node::One(CharSet::of("\r")), Node::One(CharSet::of("\n"))]);
                let single = Node::One(CharSet::of("\n\u{b}\u{c}\r\u{85}\u{2028}\u{2029}"));
                self.alternatives(&[&both, &single]);
            }
            Node::Assert(assertion) => self.steps.push(Step::Assert(*assertion)),
            Node::Group(None, body) => self.add(body),
            Node::Group(Some(group), body) => {
                let begin = self.variable();
                self.steps.push(Step::Begin(begin));
                self.add(body);
                self.steps.push(Step::End { begin, group: *group });
            }
            Node::Atomic(body) => self.around(|program| program.accepted(body), |then| Step::Atomic { then }),
            Node::Look(look, body) => {
                let place = self.variable();
                let look = *look;
                self.looks_behind |= !look.ahead;
                let body = |program: &mut Program| {
                    program.add(body);
                    if !look.ahead {
                        program.steps.push(Step::Behind(place));
                    }
                    program.steps.push(Step::Accept);
                };
                self.around(body, |then| Step::Look { look, place, then });
            }
            Node::Again { group, ignore_case } => {
                self.remembers = false;
                self.steps.push(Step::Again { group: *group, ignore_case: *ignore_case });
            }
            Node::Repeat(repeat, body) => self.repeat(*repeat, body),
        }
    }

    fn accepted(&mut self, body: &Node) {
        self.add(body);
        self.steps.push(Step::Accept);
    }

    fn alternatives(&mut self, nodes: &[&Node]) {
        let Some((last, others)) = nodes.split_last() else { return };
        let mut ends = Vec::with_capacity(others.len());
        for node in others {
            let body = |program: &mut Program| {
                program.add(node);
                ends.push(program.steps.len());
                program.steps.push(Step::Accept);
            };
            self.around(body, Step::Or);
        }
        self.add(last);
        let after = self.steps.len();
        for end in ends {
            self.steps[end] = Step::Jump(after);
        }
    }

    fn repeat(&mut self, repeat: Repeat, body: &Node) {
        match body.walk(repeat) {
            Walk::Choice => {
                let nothing = Node::Sequence(Vec::new());
                match repeat.kind {
                    Kind::Lazy => self.alternatives(&[&nothing, body]),
                    Kind::Greedy | Kind::Possessive => self.alternatives(&[body, &nothing]),
                }
            }
            Walk::Rounds(group) => {
                let count = self.variable();
                self.steps.push(Step::Count(count));
                let body = match (group, body) {
                    (Some(_), Node::Group(_, body)) => body,
                    _ => body,
                };
                self.around(|program| program.accepted(body), |then| Step::Round(Round { repeat, count, group, then }));
            }
            Walk::Loop => {
                let Node::Group(group, inner) = body else { return self.add(body) };
                let simple = repeat.min <= 1 && repeat.max == super::tree::UNBOUNDED;
                self.remembers &= simple && inner.takes_something();
                let (count, begin, number) = (self.variable(), self.variable(), self.loops);
                self.loops += 1;
                let enter = self.steps.len();
                let each = Loop { repeat, count, begin, number, body: enter + 1, then: 0 };
                let body = |program: &mut Program| {
                    program.steps.push(Step::Begin(begin));
                    program.add(inner);
                    if let Some(group) = group {
                        program.steps.push(Step::End { begin, group: *group });
                    }
                    let then = program.steps.len() + 1;
                    program.steps.push(Step::Next(Loop { then, ..each }));
                };
                self.around(body, |then| Step::Enter(Loop { then, ..each }));
            }
        }
    }
}
