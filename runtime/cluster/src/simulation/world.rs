//! Everything around the machines, in simulated milliseconds: what is sent, when it arrives, and what it does.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::time::Duration;

use super::coordinator::Coordinator;
use super::log::{Log, key, through_bytes};
use super::process::{Execution, Process};
use crate::config::{Change, Config};
use crate::event::{Action, Event, Ticket};
use crate::record::{MemberId, Record, Version};
use crate::work::{Name, Work};
use crate::{Machine, Settings};

/// Something that happens at a time.
#[derive(Debug, Clone)]
pub(super) enum Happening {
    /// Something happens in a process, unless it has been killed. A paused process does it later.
    Inside(usize, u32, Inside),
    /// A request arrives outside a process, which may have been killed or paused since.
    Request(usize, u32, Request),
    /// The coordinator expires sessions and completes rebalances.
    Coordinate,
    /// Another broker becomes the coordinator.
    FailOver,
}

#[derive(Debug, Clone)]
pub(super) enum Inside {
    Event(Event),
    /// The timer that `next_step` set.
    Tick,
    Heartbeat,
    /// The coordinator does not know the member.
    Removed(MemberId),
    /// Records of the topics arrive.
    Fetched {
        assignments: usize,
        configs: usize,
    },
    Stopped(Work, u64),
    /// The producers are initialized.
    Claimed(Ticket, u64),
    /// The result of a write to the config topic: its offset if it succeeded.
    Written(Option<usize>),
    /// The rebalance has completed.
    Rebalanced(MemberId),
}

#[derive(Debug, Clone)]
pub(super) enum Request {
    Join,
    Heartbeat(MemberId),
    Commit(MemberId, Duration),
    Describe(Ticket),
    Claim(Ticket),
    Ends(Ticket),
    Publish { producer: u64, version: Version, records: Vec<Record> },
    Acknowledge(Record),
    Write { producer: u64, change: Change },
}

/// What is simulated differently from reality, to show that the simulation finds what it causes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Flaws {
    /// Producers of earlier leaders can write to the config topic.
    pub(super) unfenced_configs: bool,
    /// Producers of earlier leaders can write to the assignment topic.
    pub(super) unfenced_assignments: bool,
    /// The clock does not count the time during which a process is paused.
    pub(super) clock_stops: bool,
}

/// The state of everything.
pub(super) struct World {
    pub(super) now: u64,
    pub(super) random: fastrand::Rng,
    pub(super) settings: Settings,
    pub(super) flaws: Flaws,
    pub(super) coordinator: Coordinator,
    pub(super) processes: Vec<Process>,
    pub(super) assignments: Log<Record>,
    pub(super) configs: Log<Change>,
    /// What the config topic says.
    pub(super) config: Config,
    /// The epoch of the last claim.
    producer: u64,
    /// The first rule that was broken.
    pub(super) violation: Option<String>,
    /// How often connectors and tasks were started and stopped.
    pub(super) starts: u64,
    pub(super) stops: u64,
    /// How long a rebalance may take: a member learns of it with its next heartbeat.
    pub(super) rebalance_time: u64,
    /// Whether responses get lost.
    pub(super) is_calm: bool,
    /// The last events and actions, for the report of a violation.
    pub(super) trace: Vec<String>,
    pub(super) is_traced: bool,
    queue: BinaryHeap<Reverse<(u64, u64)>>,
    happenings: BTreeMap<u64, Happening>,
    count: u64,
}

impl World {
    pub(super) fn new(seed: u64, workers: usize, settings: Settings, flaws: Flaws) -> Self {
        let mut random = fastrand::Rng::with_seed(seed);
        let session_timeout = settings.session_timeout.as_millis() as u64;
        let process = |number| {
            let url = format!("http://w{number}:8083").into();
            Process::new(url, 1_000_000 + random.u64(0..1_000_000), random.i64(-50..=50))
        };
        let processes = (0..workers).map(process).collect();
        let mut world = Self {
            now: 1,
            random,
            settings,
            flaws,
            coordinator: Coordinator::new(session_timeout),
            processes,
            assignments: Log::default(),
            configs: Log::default(),
            config: Config::default(),
            producer: 0,
            violation: None,
            starts: 0,
            stops: 0,
            rebalance_time: 3000,
            is_calm: false,
            trace: Vec::new(),
            is_traced: false,
            queue: BinaryHeap::new(),
            happenings: BTreeMap::new(),
            count: 0,
        };
        world.after(100, Happening::Coordinate);
        world
    }

    /// Lets time pass until `end`, or until a rule is broken.
    pub(super) fn run_until(&mut self, end: u64) {
        while self.violation.is_none() {
            let Some(Reverse((at, number))) = self.queue.peek().copied() else { break };
            if at > end {
                break;
            }
            self.queue.pop();
            self.now = at;
            if let Some(happening) = self.happenings.remove(&number) {
                self.happen(happening);
            }
        }
        self.now = self.now.max(end);
    }

    pub(super) fn after(&mut self, delay: u64, happening: Happening) {
        self.count += 1;
        self.queue.push(Reverse((self.now + delay, self.count)));
        self.happenings.insert(self.count, happening);
    }

    /// Starts a process.
    pub(super) fn start(&mut self, at: usize) {
        let machine = Machine::new(self.settings.clone(), self.processes[at].url.clone());
        self.processes[at].start(machine);
        self.note(|| format!("w{at} starts"));
        self.inside(at, 1, Inside::Fetched { assignments: self.assignments.end(), configs: self.configs.end() });
        self.inside(at, 1000, Inside::Heartbeat);
        self.request(at, Request::Join);
    }

    pub(super) fn kill(&mut self, at: usize) {
        self.note(|| format!("w{at} is killed"));
        self.processes[at].kill();
    }

    pub(super) fn pause(&mut self, at: usize, time: u64) {
        self.note(|| format!("w{at} is paused for {time}"));
        self.processes[at].paused_until = self.now + time;
        let incarnation = self.processes[at].incarnation;
        if self.flaws.clock_stops {
            self.processes[at].lose(time);
        }
        // Something has to happen in it when it continues.
        self.after(time, Happening::Inside(at, incarnation, Inside::Heartbeat));
    }

    /// Whether the process exists and executes.
    pub(super) fn is_up(&self, at: usize) -> bool {
        self.processes[at].machine.is_some() && !self.processes[at].is_paused(self.now)
    }

    /// A delay of the network, in milliseconds.
    pub(super) fn delay(&mut self, at: usize) -> u64 {
        let slowness = self.processes[at].slowness;
        let most = if self.random.u8(..) < 8 { 1500 } else { 60 };
        1 + self.random.u64(0..most) + if slowness > 0 { self.random.u64(0..slowness) } else { 0 }
    }

    /// Whether a response gets lost.
    fn is_lost(&mut self) -> bool {
        !self.is_calm && self.random.u8(..) < 6
    }

    pub(super) fn inside(&mut self, at: usize, delay: u64, inside: Inside) {
        let incarnation = self.processes[at].incarnation;
        self.after(delay, Happening::Inside(at, incarnation, inside));
    }

    pub(super) fn request(&mut self, at: usize, request: Request) {
        let incarnation = self.processes[at].incarnation;
        let delay = self.delay(at);
        self.after(delay, Happening::Request(at, incarnation, request));
    }

    /// Answers a request of a process as it was then.
    fn answer(&mut self, at: usize, incarnation: u32, inside: Inside) {
        let delay = self.delay(at);
        self.after(delay, Happening::Inside(at, incarnation, inside));
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Inside(at, incarnation, inside) => {
                let process = &mut self.processes[at];
                if process.incarnation != incarnation || process.machine.is_none() {
                    return;
                }
                if process.is_paused(self.now) {
                    process.deferred.push_back(Happening::Inside(at, incarnation, inside));
                    return;
                }
                if process.paused_until > 0 {
                    process.paused_until = 0;
                    process.resumed_at = self.now;
                    for deferred in std::mem::take(&mut process.deferred) {
                        self.after(0, deferred);
                    }
                }
                self.happen_inside(at, inside);
            }
            Happening::Request(at, incarnation, request) => self.arrive(at, incarnation, request),
            Happening::FailOver => {
                self.note(|| "the coordinator moves".into());
                let loading = self.random.u64(0..2000);
                self.coordinator.fail_over(self.now, loading);
                self.report_rebalance();
            }
            Happening::Coordinate => {
                self.coordinator.expire(self.now);
                let takes_part = |process: &Process, incarnation, now| {
                    process.machine.is_some() && process.incarnation == incarnation && !process.is_paused(now)
                };
                let mut members = self.coordinator.members.values();
                let all =
                    members.all(|member| takes_part(&self.processes[member.process], member.incarnation, self.now));
                if self.coordinator.is_rebalancing && self.coordinator.rebalanced_at.is_none() {
                    let most = if self.random.bool() { 200 } else { self.rebalance_time };
                    self.coordinator.rebalanced_at = Some(self.now + self.random.u64(0..most));
                }
                let is_time = self.coordinator.rebalanced_at.is_some_and(|at| at <= self.now);
                if is_time && all && self.now >= self.coordinator.loading_until {
                    self.coordinator.complete();
                    self.report_rebalance();
                }
                self.after(100, Happening::Coordinate);
            }
        }
    }

    /// Tells all members that a rebalance has completed.
    pub(super) fn report_rebalance(&mut self) {
        for (id, member) in self.coordinator.members.clone() {
            self.answer(member.process, member.incarnation, Inside::Rebalanced(id));
        }
    }

    fn happen_inside(&mut self, at: usize, inside: Inside) {
        match inside {
            Inside::Event(event) => self.step(at, event),
            Inside::Tick => {
                self.processes[at].tick_at = u64::MAX;
                self.step(at, Event::Tick);
            }
            Inside::Heartbeat => {
                // The client knows its member id from the machine's last `Joined`; both follow the same callback.
                let machine = self.processes[at].machine.as_ref();
                match machine.and_then(Machine::member).cloned() {
                    Some(member) => self.request(at, Request::Heartbeat(member)),
                    // A coordinator that moved does not know who was joining.
                    None => self.request(at, Request::Join),
                }
                if self.processes[at].machine.is_some() {
                    self.inside(at, 2500, Inside::Heartbeat);
                }
            }
            Inside::Removed(member) => {
                let current = self.processes[at].machine.as_ref().and_then(Machine::member).cloned();
                if current == Some(member) {
                    // Only a client to which the partition was assigned reports this.
                    if self.random.bool() {
                        self.step(at, Event::SessionLost);
                    }
                    self.request(at, Request::Join);
                }
            }
            Inside::Fetched { assignments, configs } => self.fetch(at, assignments, configs),
            Inside::Stopped(work, number) => {
                let executions = &mut self.processes[at].executions;
                if executions.get(&work).is_some_and(|execution| execution.number == number) {
                    executions.remove(&work);
                    self.step(at, Event::Stopped(work));
                }
            }
            Inside::Claimed(ticket, producer) => {
                self.processes[at].producer = producer;
                self.step(at, Event::Claimed { ticket });
            }
            Inside::Written(offset) => {
                self.processes[at].writing = offset;
                if offset.is_none() {
                    self.step(at, Event::ConfigWriteFailed);
                }
            }
            Inside::Rebalanced(member) => {
                // The callbacks of a client come in order, so there is none for a former member after it has joined again.
                if self.coordinator.members.contains_key(&member) {
                    let is_assigned = self.coordinator.holder.as_ref() == Some(&member);
                    self.step(at, Event::Joined { member });
                    self.step(at, Event::LeaderPartition { is_assigned });
                }
            }
        }
    }

    /// Gives records to the machine, those of the assignment topic before or after those of the config topic.
    fn fetch(&mut self, at: usize, assignments: usize, configs: usize) {
        let assignments_first = self.random.bool();
        for topic in [assignments_first, !assignments_first] {
            while self.processes[at].machine.is_some() {
                let positions = &mut self.processes[at].positions;
                let (position, end) = if topic { (&mut positions.0, assignments) } else { (&mut positions.1, configs) };
                if *position >= end {
                    break;
                }
                let offset = *position;
                *position += 1;
                let event = if topic {
                    self.assignments.get(offset).cloned().map(Event::Record)
                } else {
                    let offset_of = |change| Event::Config { offset: offset as i64, change };
                    self.configs.get(offset).cloned().map(offset_of)
                };
                if let Some(event) = event {
                    self.step(at, event);
                }
            }
        }
        let (position, config_position) = self.processes[at].positions;
        let reads = std::mem::take(&mut self.processes[at].reads);
        for (ticket, end, config_end) in reads {
            if position >= end && config_position >= config_end {
                self.step(at, Event::ReadToEnd { ticket });
            } else {
                self.processes[at].reads.push((ticket, end, config_end));
            }
        }
    }

    /// Lets all processes read what the topics contain now. Each topic has its own delay.
    fn announce(&mut self) {
        for at in 0..self.processes.len() {
            self.announce_to(at);
        }
    }

    fn announce_to(&mut self, at: usize) {
        let (assignments, configs) = (self.assignments.end(), self.configs.end());
        for (assignments, configs) in [(assignments, 0), (0, configs)] {
            let slowness = self.processes[at].reading_slowness;
            let delay = self.delay(at) + if slowness > 0 { self.random.u64(0..slowness) } else { 0 };
            self.inside(at, delay, Inside::Fetched { assignments, configs });
        }
    }

    fn arrive(&mut self, at: usize, incarnation: u32, request: Request) {
        let reachable = self.now >= self.processes[at].cut_off_until;
        match request {
            Request::Join => {
                let process = &self.processes[at];
                if process.incarnation == incarnation && process.machine.is_some() {
                    let url = process.url.clone();
                    let knows =
                        |member: &super::coordinator::Member| member.process == at && member.incarnation == incarnation;
                    if !self.coordinator.members.values().any(knows) {
                        self.coordinator.join(at, incarnation, &url, self.now);
                    }
                }
            }
            Request::Heartbeat(member) => {
                if reachable
                    && self.now >= self.coordinator.loading_until
                    && !self.coordinator.heartbeat(&member, self.now)
                {
                    self.answer(at, incarnation, Inside::Removed(member));
                }
            }
            Request::Commit(member, sent_at) => {
                let is_committed = reachable && self.coordinator.commit(&member, self.now);
                let is_known = is_committed && !self.is_lost();
                let event = if is_known { Event::Proven { member, sent_at } } else { Event::ProofFailed };
                self.answer(at, incarnation, Inside::Event(event));
            }
            Request::Describe(ticket) => {
                let members = || self.coordinator.members.iter().map(|(id, member)| (id.clone(), member.url.clone()));
                let event = if self.now < self.coordinator.loading_until || !reachable {
                    Event::DescribeFailed { ticket }
                } else {
                    Event::Described { ticket, members: members().collect() }
                };
                self.answer(at, incarnation, Inside::Event(event));
            }
            Request::Claim(ticket) => {
                self.producer += 1;
                let inside = if self.is_lost() {
                    Inside::Event(Event::ClaimFailed { ticket })
                } else {
                    Inside::Claimed(ticket, self.producer)
                };
                self.answer(at, incarnation, inside);
            }
            Request::Ends(ticket) => {
                if self.processes[at].incarnation == incarnation {
                    let (end, config_end) = (self.assignments.end(), self.configs.end());
                    self.processes[at].reads.push((ticket, end, config_end));
                    self.announce_to(at);
                }
            }
            Request::Publish { producer, version, records } => {
                let is_fenced = producer != self.producer && !self.flaws.unfenced_assignments;
                if !is_fenced {
                    for record in &records {
                        let (key, record) = through_bytes(record);
                        self.assignments.append(key, record);
                    }
                    self.announce();
                }
                let is_known = !is_fenced && !self.is_lost();
                let event = if is_known { Event::Published { version } } else { Event::PublishFailed { version } };
                self.answer(at, incarnation, Inside::Event(event));
            }
            Request::Acknowledge(record) => {
                let times = 1 + usize::from(self.is_lost());
                for _ in 0..times {
                    let (key, record) = through_bytes(&record);
                    self.assignments.append(key, record);
                }
                if times > 1 {
                    self.answer(at, incarnation, Inside::Event(Event::AcknowledgeFailed));
                }
                self.announce();
            }
            Request::Write { producer, change } => {
                let offset = self.write(producer, change);
                let offset = offset.filter(|_| !self.is_lost());
                self.answer(at, incarnation, Inside::Written(offset));
            }
        }
    }

    /// Writes to the config topic. `None` if the producer is fenced.
    pub(super) fn write(&mut self, producer: u64, mut change: Change) -> Option<usize> {
        if producer != self.producer && !self.flaws.unfenced_configs {
            return None;
        }
        let offset = self.configs.end();
        if let Change::Tasks { generation, .. } = &mut change {
            *generation = offset as i64;
        }
        // The REST API creates a connector only if it does not exist. The leader had read the topic to its end before it could write.
        if let Change::Connector(name) = &change
            && self.config.connector(name).is_some()
        {
            self.violate(format!("the connector {name}, whose creation was acknowledged, was overwritten"));
        }
        self.note(|| format!("config {offset}: {change:?}"));
        self.config.apply(offset as i64, &change);
        self.configs.append(key(&change), change);
        self.announce();
        Some(offset)
    }

    /// Gives an event to a machine and carries out its actions.
    pub(super) fn step(&mut self, at: usize, event: Event) {
        let clock = self.processes[at].clock(self.now);
        self.note(|| format!("w{at} <- {event:?}"));
        let Some(machine) = &mut self.processes[at].machine else { return };
        let actions = machine.step(event, clock);
        for action in actions {
            self.note(|| format!("w{at} -> {action:?}"));
            self.act(at, action);
        }
        let process = &mut self.processes[at];
        let Some(machine) = &process.machine else { return };
        if let Some(time) = machine.next_step() {
            let delay = process.until(time, self.now);
            if self.now + delay < process.tick_at {
                process.tick_at = self.now + delay;
                self.inside(at, delay, Inside::Tick);
            }
        }
    }

    fn act(&mut self, at: usize, action: Action) {
        match action {
            Action::Abandon => {
                let works: Vec<Work> = self.processes[at].executions.keys().cloned().collect();
                for work in works {
                    let delay = self.random.u64(0..200);
                    let execution = self.processes[at].executions.get_mut(&work).unwrap();
                    execution.is_abandoned = true;
                    let number = execution.number;
                    self.inside(at, delay, Inside::Stopped(work, number));
                }
            }
            Action::Stop(work) => {
                self.stops += 1;
                let delay = self.random.u64(0..1500);
                let number = self.processes[at].executions[&work].number;
                self.inside(at, delay, Inside::Stopped(work, number));
            }
            Action::Start { work, generation } => {
                self.starts += 1;
                let member = self.processes[at].machine.as_ref().and_then(Machine::member).cloned();
                let execution = Execution { generation, member, is_abandoned: false, number: self.starts };
                if self.processes[at].executions.insert(work.clone(), execution).is_some() {
                    self.violate(format!("w{at} started {work:?} before it had stopped"));
                }
                self.check_start(at, &work, generation);
            }
            Action::AwaitComponent(_)
            | Action::Reconfigure(_)
            | Action::ApplyTargetState(_)
            | Action::Restart { .. }
            | Action::ReportUnreadable { .. } => {}
            Action::Prove { member } => {
                let sent_at = self.processes[at].clock(self.now);
                self.request(at, Request::Commit(member, sent_at));
            }
            Action::Describe { ticket } => self.request(at, Request::Describe(ticket)),
            Action::ReadToEnd { ticket } => self.request(at, Request::Ends(ticket)),
            Action::Claim { ticket } => self.request(at, Request::Claim(ticket)),
            Action::Publish { version, records } => {
                self.check_moves(at, &records);
                let producer = self.processes[at].producer;
                self.request(at, Request::Publish { producer, version, records });
            }
            Action::Acknowledge(record) => {
                let time = (self.now + self.delay(at)).max(self.processes[at].acknowledged_at);
                self.processes[at].acknowledged_at = time;
                let incarnation = self.processes[at].incarnation;
                self.after(time - self.now, Happening::Request(at, incarnation, Request::Acknowledge(record)));
            }
            Action::Rejoin => {
                self.leave(at);
                self.request(at, Request::Join);
            }
            Action::Leave => {
                self.leave(at);
                self.kill(at);
            }
        }
    }

    /// Removes all members of the process from the group, at once: the client waits for that.
    fn leave(&mut self, at: usize) {
        let incarnation = self.processes[at].incarnation;
        let members = self.coordinator.members.iter();
        let own = members.filter(|(_, member)| member.process == at && member.incarnation == incarnation);
        for member in own.map(|(id, _)| id.clone()).collect::<Vec<_>>() {
            self.coordinator.leave(&member);
        }
    }

    /// Notes a line for the report of a violation.
    pub(super) fn note(&mut self, line: impl FnOnce() -> String) {
        if self.is_traced {
            self.trace.push(format!("{:>7} {}", self.now, line()));
        }
    }

    pub(super) fn violate(&mut self, what: String) {
        self.note(|| format!("VIOLATION {what}"));
        let now = self.now;
        self.violation.get_or_insert_with(|| format!("at {now} ms: {what}"));
    }

    /// Returns the processes that take requests to change connectors: there may be two for some time.
    pub(super) fn leaders(&self) -> Vec<usize> {
        let leads = |at: &usize| self.is_up(*at) && self.processes[*at].machine.as_ref().is_some_and(Machine::leads);
        (0..self.processes.len()).filter(leads).collect()
    }

    pub(super) fn name(number: u32) -> Name {
        format!("c{number}").into()
    }
}
