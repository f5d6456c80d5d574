//! Whether this worker's session is alive, as far as the worker can prove it.

use std::time::Duration;

use crate::event::{Action, Ticket, Tickets};
use crate::fault::{self, Fault};
use crate::record::MemberId;
use crate::settings::Settings;

/// The session of a worker.
#[derive(Debug, Default)]
pub(crate) struct Session {
    member: Option<MemberId>,
    /// The end of the time for which the session is proven to be alive.
    lease: Option<Duration>,
    reading: Reading,
    /// When the last proof was requested, until its result is known.
    asked: Option<Duration>,
    next_proof: Duration,
}

/// Whether the worker has read the topics to their ends since its lease began.
#[derive(Debug, Default, PartialEq, Eq)]
enum Reading {
    #[default]
    Outstanding,
    UpTo(Ticket),
    Done,
}

impl Session {
    /// Returns the member id.
    pub(crate) fn member(&self) -> Option<&MemberId> {
        self.member.as_ref()
    }

    /// Whether the session is proven to be alive.
    pub(crate) fn is_alive(&self, now: Duration) -> bool {
        self.lease.is_some_and(|end| now < end || fault::is(Fault::NoLease))
    }

    /// Whether work may be started: the session is alive, and what was published before its lease began is known.
    pub(crate) fn may_start(&self, now: Duration) -> bool {
        self.is_alive(now) && (self.reading == Reading::Done || fault::is(Fault::NoReadToEnd))
    }

    /// Ends the lease if its time is over. Returns whether it did.
    pub(crate) fn lapse(&mut self, now: Duration) -> bool {
        let is_over = self.lease.is_some() && !self.is_alive(now);
        if is_over {
            self.forget_lease();
        }
        is_over
    }

    /// Ends the lease, and requests a proof at once.
    pub(crate) fn forget_lease(&mut self) {
        self.lease = None;
        self.reading = Reading::Outstanding;
        self.next_proof = Duration::ZERO;
    }

    /// Notes that the group knows the worker by this id. Returns whether it is a new session.
    pub(crate) fn join(&mut self, member: MemberId) -> bool {
        let is_new = self.member.as_ref() != Some(&member);
        if is_new {
            *self = Self { member: Some(member), ..Self::default() };
        }
        is_new
    }

    /// Notes that the session is over.
    pub(crate) fn end(&mut self) {
        *self = Self::default();
    }

    /// Extends the lease.
    pub(crate) fn prove(&mut self, member: &MemberId, sent_at: Duration, now: Duration, settings: &Settings) {
        if self.member.as_ref() != Some(member) || sent_at > now {
            return;
        }
        self.asked = None;
        let from = if fault::is(Fault::LeaseFromResponse) { now } else { sent_at };
        let end = from + settings.lease();
        if now < end {
            self.lease = self.lease.max(Some(end));
            self.next_proof = from + settings.proof_interval();
        }
    }

    /// Notes that a proof failed.
    pub(crate) fn fail(&mut self, now: Duration, settings: &Settings) {
        self.asked = None;
        self.next_proof = now + settings.retry_backoff;
    }

    /// Requests a proof that is sent after this time.
    pub(crate) fn prove_soon(&mut self) {
        self.next_proof = Duration::ZERO;
        self.asked = None;
    }

    /// Requests a proof if one is due, and a reading to the ends of the topics if the lease has just begun.
    pub(crate) fn advance(
        &mut self,
        now: Duration,
        settings: &Settings,
        tickets: &mut Tickets,
        actions: &mut Vec<Action>,
    ) {
        let Some(member) = &self.member else { return };
        // The response to a proof may be lost.
        let is_waiting = self.asked.is_some_and(|asked| now < asked + settings.proof_interval());
        if now >= self.next_proof && !is_waiting {
            self.asked = Some(now);
            actions.push(Action::Prove { member: member.clone() });
        }
        if self.is_alive(now) && self.reading == Reading::Outstanding {
            let ticket = tickets.draw();
            self.reading = Reading::UpTo(ticket);
            actions.push(Action::ReadToEnd { ticket });
        }
    }

    /// Notes that the topics were read to their ends. Returns whether this is what the session has waited for.
    pub(crate) fn read(&mut self, ticket: Ticket) -> bool {
        let is_awaited = self.reading == Reading::UpTo(ticket);
        if is_awaited {
            self.reading = Reading::Done;
        }
        is_awaited
    }

    /// Returns when the lease ends or a proof is due.
    pub(crate) fn next_step(&self, settings: &Settings) -> Option<Duration> {
        self.member.as_ref()?;
        let proof = self.asked.map_or(self.next_proof, |asked| self.next_proof.max(asked + settings.proof_interval()));
        Some(self.lease.map_or(proof, |end| proof.min(end)))
    }
}
