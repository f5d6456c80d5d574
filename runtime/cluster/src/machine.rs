//! The state machine of one worker: both of its roles, and what they share.

use std::time::Duration;

use crate::config::{Change, Config};
use crate::event::{Action, Event, Tickets};
use crate::fault::{self, Fault};
use crate::leader::{Context, Leader};
use crate::record::{MemberId, Record};
use crate::session::Session;
use crate::settings::Settings;
use crate::table::Table;
use crate::work::{Generation, Name, Work};
use crate::worker::{View, Worker};

/// The state of a worker in its cluster.
///
/// It neither reads clocks nor performs I/O: [`Self::step`] is told what happened and returns what to do.
#[derive(Debug)]
pub struct Machine {
    settings: Settings,
    /// The advertised URL of this worker.
    url: Name,
    config: Config,
    table: Table,
    session: Session,
    worker: Worker,
    leader: Leader,
    now: Duration,
    tickets: Tickets,
}

impl Machine {
    /// Returns the machine of a worker that has not joined its group yet.
    pub fn new(settings: Settings, url: Name) -> Self {
        Self {
            settings,
            url,
            config: Config::default(),
            table: Table::default(),
            session: Session::default(),
            worker: Worker::default(),
            leader: Leader::default(),
            now: Duration::ZERO,
            tickets: Tickets::default(),
        }
    }

    /// Notes what happened and returns what to do, in order.
    ///
    /// `now` is the time since the machine was booted, including the time during which it was suspended (`CLOCK_BOOTTIME`). If the lease of
    /// the session has ended, the first action is to stop everything, whatever the event is.
    pub fn step(&mut self, event: Event, now: Duration) -> Vec<Action> {
        let mut actions = Vec::new();
        // A clock that went back proves nothing.
        if now < self.now {
            self.session.forget_lease();
            self.worker.abandon(&mut actions);
        }
        self.now = now;
        if self.session.lapse(now) {
            self.worker.abandon(&mut actions);
        }
        self.receive(event, &mut actions);
        self.advance(&mut actions);
        actions
    }

    /// Returns when the next [`Event::Tick`] is due if nothing else happens before. `None` if there is nothing to wait for.
    pub fn next_step(&self) -> Option<Duration> {
        if self.worker.has_left() {
            return None;
        }
        let session = self.session.next_step(&self.settings)?;
        let leader = self.leader.next_step().filter(|_| self.session.is_alive(self.now));
        [leader, self.worker.next_step()].into_iter().flatten().fold(session, Duration::min).into()
    }

    /// What the config topic says, as far as it was read.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// What the assignment topic says, as far as it was read.
    pub fn table(&self) -> &Table {
        &self.table
    }

    /// Returns the id of the session.
    pub fn member(&self) -> Option<&MemberId> {
        self.session.member()
    }

    /// Whether this worker is the leader, as far as it knows, and may write to the config topic. If it is wrong, the write fails.
    pub fn leads(&self) -> bool {
        self.leader.leads() && self.session.is_alive(self.now)
    }

    /// Whether the session is proven to be alive at this time.
    pub fn is_alive(&self, now: Duration) -> bool {
        now >= self.now && self.session.is_alive(now)
    }

    /// Whether everything assigned to this worker runs, and nothing has still to stop.
    pub fn is_settled(&self) -> bool {
        self.worker.is_settled(&self.view())
    }

    /// Returns what this worker has started and what has not stopped yet.
    pub fn running(&self) -> impl Iterator<Item = (&Work, Generation)> {
        self.worker.running()
    }

    fn view(&self) -> View<'_> {
        view(&self.session, &self.table, &self.config, self.now)
    }

    fn receive(&mut self, event: Event, actions: &mut Vec<Action>) {
        match event {
            Event::Tick => {}
            Event::Joined { member } => self.join(member, actions),
            Event::SessionLost => self.end_session(actions),
            Event::LeaderPartition { is_assigned } => self.leader.assign(is_assigned),
            Event::Proven { member, sent_at } => self.prove(&member, sent_at, actions),
            Event::ProofFailed => self.session.fail(self.now, &self.settings),
            Event::Described { ticket, members } => {
                let (Some(own), Some(term)) = (self.session.member(), self.leader.term()) else { return };
                if term.note_described(ticket, members, own, self.now, &self.settings) {
                    self.session.prove_soon();
                }
            }
            Event::DescribeFailed { ticket } => {
                if let Some(term) = self.leader.term() {
                    term.note_describe_failed(ticket, self.now, &self.settings);
                }
            }
            Event::Record(record) => self.read(record, actions),
            Event::Unreadable { member, part } => {
                self.table.note_unreadable(member, part);
                self.note_leader_change();
            }
            Event::Config { offset, change } => self.configure(offset, &change, actions),
            Event::ReadToEnd { ticket } => {
                self.leader.note_read(ticket, self.table.latest());
                if self.session.read(ticket) {
                    self.reconcile(actions);
                }
            }
            Event::Claimed { ticket } => {
                self.leader.note_claimed(ticket, &mut self.tickets, actions);
            }
            Event::ClaimFailed { ticket } => self.leader.note_claim_failed(ticket, self.retry_at()),
            Event::Published { version } => {
                if let Some(term) = self.leader.term() {
                    term.note_published(version, &mut self.tickets, actions);
                }
            }
            Event::PublishFailed { version } => self.leader.note_write_failed(Some(version), self.retry_at()),
            Event::ConfigWriteFailed => self.leader.note_write_failed(None, self.retry_at()),
            Event::AcknowledgeFailed => self.worker.retry_acknowledgement(self.retry_at()),
            Event::Stopped(work) => {
                self.worker.note_stopped(&work);
                self.reconcile_connector(work.connector(), actions);
            }
            Event::ComponentMissing(connector) => self.worker.note_component(&connector, true),
            Event::ComponentArrived(connector) => {
                self.worker.note_component(&connector, false);
                self.reconcile_connector(&connector, actions);
            }
            Event::ShutDown => {
                self.worker.shut_down();
                self.reconcile(actions);
            }
        }
    }

    /// Does what is due.
    fn advance(&mut self, actions: &mut Vec<Action>) {
        if self.worker.has_left() {
            return;
        }
        self.session.advance(self.now, &self.settings, &mut self.tickets, actions);
        if let Some(member) = self.session.member() {
            let mut context = Context {
                now: self.now,
                settings: &self.settings,
                table: &self.table,
                config: &self.config,
                is_alive: self.session.is_alive(self.now),
                tickets: &mut self.tickets,
            };
            self.leader.advance(member, &self.url, &mut context, actions);
        }
        let view = view(&self.session, &self.table, &self.config, self.now);
        self.worker.advance(&view, self.now, actions);
        if self.worker.has_left() {
            self.session.end();
            self.leader.assign(false);
        }
    }

    fn join(&mut self, member: MemberId, actions: &mut Vec<Action>) {
        // A session that was lost may be known to the group again, if the coordinator moved meanwhile.
        let is_over = self.table.assignment(&member).is_some_and(|assignment| assignment.over);
        if self.session.join(member) {
            self.leader.assign(false);
            self.worker.change_session(actions);
            if is_over {
                self.rejoin(actions);
            }
        } else if let Some(term) = self.leader.term() {
            term.note_rebalance();
        }
    }

    /// Stops everything, because the session is over.
    fn end_session(&mut self, actions: &mut Vec<Action>) {
        self.session.end();
        self.leader.assign(false);
        self.worker.change_session(actions);
    }

    /// Begins another session, because the leader has published that this one is over.
    fn rejoin(&mut self, actions: &mut Vec<Action>) {
        self.end_session(actions);
        actions.push(Action::Rejoin);
    }

    fn prove(&mut self, member: &MemberId, sent_at: Duration, actions: &mut Vec<Action>) {
        self.session.prove(member, sent_at, self.now, &self.settings);
        if self.session.member() == Some(member)
            && let Some(term) = self.leader.term()
        {
            term.note_proven(sent_at);
        }
        if fault::is(Fault::NoReadToEnd) {
            self.reconcile(actions);
        }
    }

    fn read(&mut self, record: Record, actions: &mut Vec<Action>) {
        let own = self.session.member().cloned();
        let touches_own = match &record {
            Record::Assignment(part) => Some(&part.member) == own.as_ref(),
            Record::AssignmentRemoved { member, .. } => Some(member) == own.as_ref(),
            _ => false,
        };
        let was_assigned = own.as_ref().is_some_and(|own| self.table.assignment(own).is_some());
        self.table.apply(record);
        self.note_leader_change();
        let Some(own) = own.filter(|_| touches_own) else { return };
        let is_over = self.table.assignment(&own).map_or(was_assigned, |assignment| assignment.over);
        if is_over && !fault::is(Fault::IgnoresOver) {
            self.rejoin(actions);
        } else {
            self.reconcile(actions);
        }
    }

    fn configure(&mut self, offset: i64, change: &Change, actions: &mut Vec<Action>) {
        self.config.apply(offset, change);
        let connector = match change {
            Change::Connector(name) | Change::ConnectorRemoved(name) | Change::Tasks { connector: name, .. } => {
                self.note_leader_change();
                name.clone()
            }
            Change::TargetState(name) => name.clone(),
            Change::Restart(restart) => restart.connector.clone(),
            Change::TaskCount { connector, .. } => connector.clone(),
            Change::Other => Name::from(""),
        };
        self.worker.apply(change, actions);
        self.reconcile_connector(&connector, actions);
    }

    fn note_leader_change(&mut self) {
        if let Some(term) = self.leader.term() {
            term.note_change();
        }
    }

    fn reconcile(&mut self, actions: &mut Vec<Action>) {
        let view = view(&self.session, &self.table, &self.config, self.now);
        self.worker.reconcile(&view, actions);
    }

    fn reconcile_connector(&mut self, name: &Name, actions: &mut Vec<Action>) {
        let view = view(&self.session, &self.table, &self.config, self.now);
        self.worker.reconcile_connector(name, &view, actions);
    }

    fn retry_at(&self) -> Duration {
        self.now + self.settings.retry_backoff
    }
}

/// Returns what the worker's role decides by.
fn view<'a>(session: &'a Session, table: &'a Table, config: &'a Config, now: Duration) -> View<'a> {
    let member = session.member();
    let assignment = member.and_then(|member| table.assignment(member));
    View { member, assignment, config, may_start: session.may_start(now) }
}

#[cfg(test)]
mod tests;
