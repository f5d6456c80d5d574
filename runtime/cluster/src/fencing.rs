//! Rounds of fencing for exactly-once sources: before the tasks of a connector start with new task configurations, the producers of the
//! tasks before them are fenced, once per connector and generation.
//!
//! As in Kafka Connect, the leader carries out a round when the first task asks for it, and tasks that ask meanwhile join it:
//!
//! 1. Read the config topic to its end.
//! 2. Decide. Without new task configurations since the last record of a round, nothing is to be done. If there is no such record, or if
//!    there was and is one task, writing the record is enough: no producer has to be fenced, or the new one fences it.
//! 3. Fence the transactional ids of the tasks before.
//! 4. Read the config topic to its end again.
//! 5. Write the record with the new number of tasks.
//!
//! New task configurations end the round: the tasks that asked are told to ask again (409).

use std::collections::BTreeMap;

use crate::config::{Change, Config};
use crate::work::{Generation, Name};

/// The number of a task's request.
pub type Request = u64;

/// The number of a round, by which a step that belongs to an earlier round is recognized.
pub type RoundNumber = u64;

/// What to do for a round.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FencingAction {
    /// Reads the config topic to the end that it has now.
    ReadToEnd {
        /// The connector.
        connector: Name,
        /// The round.
        round: RoundNumber,
    },
    /// Fences the transactional ids of the tasks from 0 to `count`, exclusive.
    Fence {
        /// The connector.
        connector: Name,
        /// The round.
        round: RoundNumber,
        /// The number of tasks.
        count: u32,
    },
    /// Writes the record of the round to the config topic, with the leader's producer.
    WriteTaskCount {
        /// The connector.
        connector: Name,
        /// The round.
        round: RoundNumber,
        /// The number of tasks.
        count: u32,
    },
    /// Answers a request.
    Answer {
        /// The request.
        request: Request,
        /// The result.
        outcome: FencingOutcome,
    },
}

/// The result of a round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FencingOutcome {
    /// The task may initialize its producer.
    Fenced,
    /// There are newer task configurations (409).
    Conflict,
    /// The connector does not exist (404).
    Unknown,
    /// A step failed (500).
    Failed,
    /// This worker is not the leader any more.
    NotLeader,
}

/// A step that has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FencingStep {
    /// The config topic was read to its end.
    Read,
    /// The producers are fenced.
    Fenced,
    /// The record is written.
    Written,
    /// The current step failed.
    Failed,
}

#[derive(Debug)]
struct Round {
    number: RoundNumber,
    progress: Progress,
    requests: Vec<Request>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Progress {
    Reading,
    Fencing { generation: Option<Generation> },
    ReadingAgain { generation: Option<Generation> },
    Writing,
}

/// The rounds of a leader.
#[derive(Debug, Default)]
pub struct FencingRounds {
    rounds: BTreeMap<Name, Round>,
    last: RoundNumber,
}

impl FencingRounds {
    /// A task of the connector asks for a round.
    pub fn request(&mut self, connector: &Name, request: Request) -> Vec<FencingAction> {
        if let Some(round) = self.rounds.get_mut(connector) {
            round.requests.push(request);
            return Vec::new();
        }
        self.last += 1;
        let round = Round { number: self.last, progress: Progress::Reading, requests: vec![request] };
        self.rounds.insert(connector.clone(), round);
        vec![FencingAction::ReadToEnd { connector: connector.clone(), round: self.last }]
    }

    /// The current step of the connector's round has ended. A step of a round that has ended is ignored.
    pub fn advance(
        &mut self,
        connector: &Name,
        number: RoundNumber,
        step: FencingStep,
        config: &Config,
    ) -> Vec<FencingAction> {
        let Some(round) = self.rounds.get_mut(connector).filter(|round| round.number == number) else {
            return Vec::new();
        };
        let Some(known) = config.connector(connector) else { return self.end(connector, FencingOutcome::Unknown) };
        let count = known.task_count;
        match (round.progress, step) {
            (_, FencingStep::Failed) => self.end(connector, FencingOutcome::Failed),
            (Progress::Reading, FencingStep::Read) => match known.fenced_count {
                _ if !known.pending_fencing => self.end(connector, FencingOutcome::Fenced),
                None => round.write(connector, count),
                Some(1) if count == 1 => round.write(connector, count),
                Some(before) => {
                    round.progress = Progress::Fencing { generation: known.generation };
                    vec![FencingAction::Fence { connector: connector.clone(), round: number, count: before }]
                }
            },
            (Progress::Fencing { generation }, FencingStep::Fenced) => {
                round.progress = Progress::ReadingAgain { generation };
                vec![FencingAction::ReadToEnd { connector: connector.clone(), round: number }]
            }
            (Progress::ReadingAgain { generation }, FencingStep::Read) if generation == known.generation => {
                round.write(connector, count)
            }
            (Progress::ReadingAgain { .. }, FencingStep::Read) => self.end(connector, FencingOutcome::Conflict),
            (Progress::Writing, FencingStep::Written) => self.end(connector, FencingOutcome::Fenced),
            _ => Vec::new(),
        }
    }

    /// Notes a record of the config topic.
    pub fn note(&mut self, change: &Change) -> Vec<FencingAction> {
        match change {
            // The first read shows the task configurations that were committed before the request.
            Change::Tasks { connector, .. } if self.has_decided(connector) => {
                self.end(connector, FencingOutcome::Conflict)
            }
            Change::ConnectorRemoved(connector) => self.end(connector, FencingOutcome::Unknown),
            _ => Vec::new(),
        }
    }

    /// This worker is not the leader any more: all requests are answered.
    pub fn step_down(&mut self) -> Vec<FencingAction> {
        let connectors: Vec<Name> = self.rounds.keys().cloned().collect();
        connectors.iter().flat_map(|connector| self.end(connector, FencingOutcome::NotLeader)).collect()
    }

    fn has_decided(&self, connector: &Name) -> bool {
        self.rounds.get(connector).is_some_and(|round| round.progress != Progress::Reading)
    }

    fn end(&mut self, connector: &Name, outcome: FencingOutcome) -> Vec<FencingAction> {
        let requests = self.rounds.remove(connector).map_or_else(Vec::new, |round| round.requests);
        requests.into_iter().map(|request| FencingAction::Answer { request, outcome }).collect()
    }
}

impl Round {
    fn write(&mut self, connector: &Name, count: u32) -> Vec<FencingAction> {
        self.progress = Progress::Writing;
        vec![FencingAction::WriteTaskCount { connector: connector.clone(), round: self.number, count }]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(changes: &[Change]) -> Config {
        let mut config = Config::default();
        for (offset, change) in (0..).zip(changes) {
            config.apply(offset, change);
        }
        config
    }

    fn tasks(generation: Generation, count: u32) -> Change {
        Change::Tasks { connector: "c".into(), generation, count }
    }

    fn fenced(count: u32) -> Change {
        Change::TaskCount { connector: "c".into(), count }
    }

    fn answer(request: Request, outcome: FencingOutcome) -> FencingAction {
        FencingAction::Answer { request, outcome }
    }

    /// Returns what follows the first read of a round.
    fn decision(changes: &[Change]) -> Vec<FencingAction> {
        let name: Name = "c".into();
        let mut all = vec![Change::Connector(name.clone())];
        all.extend_from_slice(changes);
        let mut rounds = FencingRounds::default();
        assert_eq!(rounds.request(&name, 1), [FencingAction::ReadToEnd { connector: name.clone(), round: 1 }]);
        rounds.advance(&name, 1, FencingStep::Read, &config(&all))
    }

    #[test]
    fn the_decision_is_that_of_kafka_connect() {
        let write = |count| vec![FencingAction::WriteTaskCount { connector: "c".into(), round: 1, count }];
        let fence = |count| vec![FencingAction::Fence { connector: "c".into(), round: 1, count }];
        assert_eq!(decision(&[]), [answer(1, FencingOutcome::Fenced)]);
        assert_eq!(decision(&[tasks(1, 2), fenced(2)]), [answer(1, FencingOutcome::Fenced)]);
        assert_eq!(decision(&[tasks(1, 2)]), write(2));
        assert_eq!(decision(&[tasks(1, 1), fenced(1), tasks(3, 1)]), write(1));
        assert_eq!(decision(&[tasks(1, 1), fenced(1), tasks(3, 2)]), fence(1));
        assert_eq!(decision(&[tasks(1, 3), fenced(3), tasks(3, 1)]), fence(3));
    }

    #[test]
    fn tasks_that_ask_during_a_round_join_it() {
        let name: Name = "c".into();
        let config = config(&[Change::Connector(name.clone()), tasks(1, 3), fenced(3), tasks(3, 2)]);
        let mut rounds = FencingRounds::default();
        rounds.request(&name, 1);
        rounds.advance(&name, 1, FencingStep::Read, &config);
        assert_eq!(rounds.request(&name, 2), []);
        assert_eq!(
            rounds.advance(&name, 1, FencingStep::Fenced, &config),
            [FencingAction::ReadToEnd { connector: name.clone(), round: 1 }]
        );
        let write = FencingAction::WriteTaskCount { connector: name.clone(), round: 1, count: 2 };
        assert_eq!(rounds.advance(&name, 1, FencingStep::Read, &config), [write]);
        let answers = [answer(1, FencingOutcome::Fenced), answer(2, FencingOutcome::Fenced)];
        assert_eq!(rounds.advance(&name, 1, FencingStep::Written, &config), answers);
        assert_eq!(rounds.request(&name, 3).len(), 1, "another round");
    }

    #[test]
    fn new_task_configurations_end_a_round_with_a_conflict() {
        let name: Name = "c".into();
        let before = config(&[Change::Connector(name.clone()), tasks(1, 3), fenced(3), tasks(3, 2)]);
        let mut rounds = FencingRounds::default();
        rounds.request(&name, 1);
        assert_eq!(rounds.note(&tasks(3, 2)), [], "the round has not decided yet");
        rounds.advance(&name, 1, FencingStep::Read, &before);
        assert_eq!(rounds.note(&tasks(4, 5)), [answer(1, FencingOutcome::Conflict)]);
        assert_eq!(rounds.advance(&name, 1, FencingStep::Fenced, &before), [], "a step of the ended round");
    }

    #[test]
    fn a_failed_step_a_deleted_connector_and_a_lost_leadership_are_answered() {
        let name: Name = "c".into();
        let config = config(&[Change::Connector(name.clone()), tasks(1, 2)]);
        let mut rounds = FencingRounds::default();
        rounds.request(&name, 1);
        assert_eq!(rounds.advance(&name, 1, FencingStep::Failed, &config), [answer(1, FencingOutcome::Failed)]);
        rounds.request(&name, 2);
        assert_eq!(rounds.note(&Change::ConnectorRemoved(name.clone())), [answer(2, FencingOutcome::Unknown)]);
        rounds.request(&name, 3);
        assert_eq!(rounds.step_down(), [answer(3, FencingOutcome::NotLeader)]);
        assert_eq!(rounds.step_down(), []);
    }
}
