//! A worker process: its machine, its clock, what it executes, and how far it has read.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use super::world::Happening;
use crate::Machine;
use crate::record::MemberId;
use crate::work::{Generation, Name, Work};

/// A connector or task that executes.
#[derive(Debug, Clone)]
pub(super) struct Execution {
    pub(super) generation: Generation,
    /// The session in which it was started.
    pub(super) member: Option<MemberId>,
    /// Whether it was told to stop at once.
    pub(super) is_abandoned: bool,
    /// Distinguishes it from an earlier one.
    pub(super) number: u64,
}

/// A process, or the place where one will start again.
pub(super) struct Process {
    pub(super) url: Name,
    /// `None` while the process does not exist.
    pub(super) machine: Option<Machine>,
    /// Grows with each start.
    pub(super) incarnation: u32,
    pub(super) executions: BTreeMap<Work, Execution>,
    /// What is to happen after a pause.
    pub(super) deferred: VecDeque<Happening>,
    pub(super) paused_until: u64,
    pub(super) resumed_at: u64,
    /// Offsets of the next records of the assignment topic and of the config topic.
    pub(super) positions: (usize, usize),
    /// Reads to the end: the ticket and the ends.
    pub(super) reads: Vec<(u64, usize, usize)>,
    pub(super) tick_at: u64,
    /// The epoch of the leader's producer.
    pub(super) producer: u64,
    /// Until when a write to the config topic keeps the REST API busy: its offset, or `usize::MAX` while it is not known.
    pub(super) writing: Option<usize>,
    /// When the connection to the group coordinator works again.
    pub(super) cut_off_until: u64,
    /// Added to each delay.
    pub(super) slowness: u64,
    /// Added to the delay of records that are read.
    pub(super) reading_slowness: u64,
    /// The last time at which an acknowledgement reaches the topic, because one producer writes them in order.
    pub(super) acknowledged_at: u64,
    clock_offset: u64,
    /// In ten thousandths.
    clock_drift: i64,
}

impl Process {
    pub(super) fn new(url: Name, clock_offset: u64, clock_drift: i64) -> Self {
        Self {
            url,
            machine: None,
            incarnation: 0,
            executions: BTreeMap::new(),
            deferred: VecDeque::new(),
            paused_until: 0,
            resumed_at: 0,
            positions: (0, 0),
            reads: Vec::new(),
            tick_at: u64::MAX,
            producer: 0,
            writing: None,
            cut_off_until: 0,
            slowness: 0,
            reading_slowness: 0,
            acknowledged_at: 0,
            clock_offset,
            clock_drift,
        }
    }

    /// Begins with a new machine.
    pub(super) fn start(&mut self, machine: Machine) {
        self.machine = Some(machine);
        self.incarnation += 1;
        self.paused_until = 0;
        self.deferred.clear();
        self.positions = (0, 0);
        self.reads.clear();
        self.tick_at = u64::MAX;
        self.producer = 0;
        self.writing = None;
    }

    /// Ends at once, with everything that it executes.
    pub(super) fn kill(&mut self) {
        self.machine = None;
        self.incarnation += 1;
        self.executions.clear();
        self.deferred.clear();
        self.paused_until = 0;
    }

    pub(super) fn is_paused(&self, now: u64) -> bool {
        now < self.paused_until
    }

    /// Returns the time on this machine's clock.
    pub(super) fn clock(&self, now: u64) -> Duration {
        let drift = i64::try_from(now).unwrap() * self.clock_drift / 10_000;
        Duration::from_millis((now + self.clock_offset).checked_add_signed(drift).unwrap())
    }

    /// Returns after how much time the clock shows this time, at the earliest.
    pub(super) fn until(&self, time: Duration, now: u64) -> u64 {
        let left = time.saturating_sub(self.clock(now)).min(Duration::from_secs(1000)).as_millis() as u64;
        (left - left / 90).max(1)
    }

    pub(super) fn jump(&mut self, by: u64) {
        self.clock_offset += by;
    }

    /// Takes back what the clock went on during a pause: what a clock does that does not count suspended time.
    pub(super) fn lose(&mut self, by: u64) {
        self.clock_offset = self.clock_offset.saturating_sub(by);
    }

    /// Whether the process believes that it may execute this.
    pub(super) fn believes_in(&self, execution: &Execution, now: u64) -> bool {
        self.machine.as_ref().is_some_and(|machine| {
            !execution.is_abandoned
                && machine.is_alive(self.clock(now))
                && machine.member().is_some_and(|member| execution.member.as_ref() == Some(member))
        })
    }
}
