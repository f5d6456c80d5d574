//! The leader's role: claims the right to write, follows the group, and publishes who runs what.

mod absence;
mod plan;
mod term;

use std::time::Duration;

use crate::event::{Action, Ticket, Tickets};
use crate::record::{MemberId, Version};
use crate::work::Name;

pub(crate) use term::{Context, Term};

/// The leader's role of a worker.
#[derive(Debug, Default)]
pub(crate) struct Leader {
    /// Whether the partition of the config topic is assigned to this worker.
    is_assigned: bool,
    claim: Claim,
}

/// How far a worker is in becoming the leader.
#[derive(Debug, Default)]
enum Claim {
    #[default]
    No,
    /// The claim failed, or the producer was fenced. A worker to which the partition is still assigned tries again.
    Failed { until: Duration },
    /// The producers are being initialized, which fences those of the former leader.
    Fencing(Ticket),
    /// The topics are being read to their ends: nothing is written to them any more by the former leader.
    Reading(Ticket),
    /// The worker is the leader.
    Leading(Box<Term>),
}

impl Leader {
    /// Whether this worker is the leader, as far as it knows.
    pub(crate) fn leads(&self) -> bool {
        matches!(self.claim, Claim::Leading(_))
    }

    /// Notes whether the partition of the config topic is assigned to this worker.
    pub(crate) fn assign(&mut self, is_assigned: bool) {
        self.is_assigned = is_assigned;
        if !is_assigned {
            self.claim = Claim::No;
        }
    }

    /// Notes that the producers are initialized.
    pub(crate) fn note_claimed(&mut self, ticket: Ticket, tickets: &mut Tickets, actions: &mut Vec<Action>) {
        if matches!(self.claim, Claim::Fencing(own) if own == ticket) {
            let ticket = tickets.draw();
            self.claim = Claim::Reading(ticket);
            actions.push(Action::ReadToEnd { ticket });
        }
    }

    /// Notes that the producers could not be initialized.
    pub(crate) fn note_claim_failed(&mut self, ticket: Ticket, until: Duration) {
        if matches!(self.claim, Claim::Fencing(own) if own == ticket) {
            self.claim = Claim::Failed { until };
        }
    }

    /// Notes that the producer was fenced while a version was published, or while the config topic was written. The next claim shows what
    /// the topics contain.
    pub(crate) fn note_write_failed(&mut self, version: Option<Version>, until: Duration) {
        if let Claim::Leading(term) = &self.claim
            && version.is_none_or(|version| term.publishes(version))
        {
            self.claim = Claim::Failed { until };
        }
    }

    /// Notes that the topics were read to their ends.
    pub(crate) fn note_read(&mut self, ticket: Ticket, latest: Version) {
        match &mut self.claim {
            Claim::Reading(own) if *own == ticket => {
                self.claim = Claim::Leading(Box::new(Term::new(latest.epoch + 1)));
            }
            Claim::Leading(term) => term.note_read(ticket),
            _ => {}
        }
    }

    /// Returns the term, if this worker is the leader.
    pub(crate) fn term(&mut self) -> Option<&mut Term> {
        match &mut self.claim {
            Claim::Leading(term) => Some(term),
            _ => None,
        }
    }

    /// Claims the right to write, or follows the group and publishes.
    pub(crate) fn advance(
        &mut self,
        member: &MemberId,
        worker: &Name,
        context: &mut Context<'_>,
        actions: &mut Vec<Action>,
    ) {
        if !self.is_assigned {
            return;
        }
        match &mut self.claim {
            Claim::Failed { until } if context.now < *until => {}
            Claim::No | Claim::Failed { .. } => {
                let ticket = context.tickets.draw();
                self.claim = Claim::Fencing(ticket);
                actions.push(Action::Claim { ticket });
            }
            Claim::Fencing(_) | Claim::Reading(_) => {}
            Claim::Leading(term) => term.advance(member, worker, context, actions),
        }
    }

    /// Returns when something is due.
    pub(crate) fn next_step(&self) -> Option<Duration> {
        match &self.claim {
            Claim::Failed { until } if self.is_assigned => Some(*until),
            Claim::Leading(term) => Some(term.next_step()),
            _ => None,
        }
    }
}
