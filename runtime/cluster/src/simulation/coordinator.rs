//! The group coordinator, as far as a member can see it.

use std::collections::BTreeMap;

use crate::record::MemberId;
use crate::work::Name;

/// A member of the group.
#[derive(Debug, Clone)]
pub(super) struct Member {
    pub(super) process: usize,
    pub(super) incarnation: u32,
    pub(super) url: Name,
    /// When its session expires.
    pub(super) deadline: u64,
}

/// The group.
#[derive(Debug, Default)]
pub(super) struct Coordinator {
    session_timeout: u64,
    pub(super) members: BTreeMap<MemberId, Member>,
    /// The member to which the partition of the config topic is assigned.
    pub(super) holder: Option<MemberId>,
    /// Whether members have joined or left since the last rebalance completed.
    pub(super) is_rebalancing: bool,
    /// When the rebalance can complete: members learn of it with their next heartbeat.
    pub(super) rebalanced_at: Option<u64>,
    /// Until when the group is being loaded after a failover.
    pub(super) loading_until: u64,
    /// What is in the log: the group at the end of the last rebalance.
    stored: (BTreeMap<MemberId, Member>, Option<MemberId>),
    count: u32,
}

impl Coordinator {
    pub(super) fn new(session_timeout: u64) -> Self {
        Self { session_timeout, ..Self::default() }
    }

    pub(super) fn join(&mut self, process: usize, incarnation: u32, url: &Name, now: u64) {
        self.count += 1;
        let id: MemberId = format!("{url}-{}", self.count).into();
        let member = Member { process, incarnation, url: url.clone(), deadline: now + self.session_timeout };
        self.members.insert(id, member);
        self.is_rebalancing = true;
    }

    pub(super) fn leave(&mut self, member: &MemberId) {
        self.is_rebalancing |= self.members.remove(member).is_some();
    }

    /// A heartbeat. Returns whether the coordinator knows the member.
    pub(super) fn heartbeat(&mut self, member: &MemberId, now: u64) -> bool {
        let deadline = now + self.session_timeout;
        self.members.get_mut(member).map(|known| known.deadline = deadline).is_some()
    }

    /// An offset commit, which also counts as a heartbeat. A member can commit after the first rebalance with it has completed.
    pub(super) fn commit(&mut self, member: &MemberId, now: u64) -> bool {
        now >= self.loading_until && self.stored.0.contains_key(member) && self.heartbeat(member, now)
    }

    pub(super) fn expire(&mut self, now: u64) {
        let before = self.members.len();
        if now >= self.loading_until {
            self.members.retain(|_, member| member.deadline > now);
        }
        self.is_rebalancing |= self.members.len() != before;
    }

    /// Completes a rebalance in which all members take part.
    pub(super) fn complete(&mut self) {
        (self.is_rebalancing, self.rebalanced_at) = (false, None);
        if self.holder.as_ref().is_none_or(|holder| !self.members.contains_key(holder)) {
            self.holder = self.members.keys().next().cloned();
        }
        self.stored = (self.members.clone(), self.holder.clone());
    }

    /// Assigns the partition to another member.
    pub(super) fn move_partition(&mut self, to: MemberId) {
        self.holder = Some(to);
        self.stored.1 = self.holder.clone();
    }

    /// Another broker becomes the coordinator. It knows what is in the log, and gives each member a new session timeout.
    pub(super) fn fail_over(&mut self, now: u64, loading: u64) {
        (self.members, self.holder) = self.stored.clone();
        self.loading_until = now + loading;
        (self.is_rebalancing, self.rebalanced_at) = (false, None);
        for member in self.members.values_mut() {
            member.deadline = self.loading_until + self.session_timeout;
        }
    }
}
