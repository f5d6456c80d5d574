//! Division of an assignment into records below the broker's size limit, and assembly of what was divided.

use super::ids::ranges;
use super::{Assignment, MemberId, Part, Revoked, Version};
use crate::work::{Generation, Name, WorkSet};

/// The size of a record without its work: names of the fields, numbers, and room for the fields of later versions.
const ENVELOPE: usize = 512;

/// The size of a connector with tasks, without its name and ranges: names of the fields and the generation.
const TASKS_ENVELOPE: usize = 80;

/// The size of a range of task numbers, at most: `[4294967295,4294967295],`.
const RANGE: usize = 24;

/// The most ranges that are kept together.
const MAX_RANGES: usize = 1000;

impl Assignment {
    /// Divides the assignment into parts, the values of which take at most `max_bytes` each.
    pub fn divide(&self, member: &MemberId, max_bytes: usize) -> Vec<Part> {
        let header = ENVELOPE + escaped_len(member) + escaped_len(&self.worker);
        let mut division = Division { header, max_bytes, used: header, shares: vec![self.empty()], of: self };
        division.add(&self.work, None);
        for revoked in &self.revoked {
            division.add(&revoked.work, Some(revoked.since));
        }
        let parts = u32::try_from(division.shares.len()).unwrap_or(u32::MAX);
        let part = |(part, share)| Part { member: member.clone(), part, parts, share };
        (0..).zip(division.shares).map(part).collect()
    }

    /// Assembles the shares of an assignment. `None` if there is none.
    pub fn assemble(shares: impl IntoIterator<Item = Self>) -> Option<Self> {
        let mut shares = shares.into_iter();
        let mut whole = shares.next()?;
        for share in shares {
            merge(&mut whole.work, share.work);
            for revoked in share.revoked {
                whole.revoke(revoked.since, revoked.work);
            }
        }
        Some(whole)
    }

    /// Adds revoked work, to that of the same version if there is any.
    pub(crate) fn revoke(&mut self, since: Version, work: WorkSet) {
        match self.revoked.iter_mut().find(|known| known.since == since) {
            Some(known) => merge(&mut known.work, work),
            None => self.revoked.push(Revoked { since, work }),
        }
    }

    fn empty(&self) -> Self {
        Self { worker: self.worker.clone(), work: WorkSet::default(), revoked: Vec::new(), ..*self }
    }
}

struct Division<'a> {
    header: usize,
    max_bytes: usize,
    used: usize,
    shares: Vec<Assignment>,
    of: &'a Assignment,
}

impl Division<'_> {
    /// Adds assigned work, or work that was revoked with a version.
    fn add(&mut self, work: &WorkSet, since: Option<Version>) {
        for name in &work.connectors {
            self.reserve(escaped_len(name) + 1);
            self.target(since).connectors.insert(name.clone());
        }
        for (name, tasks) in &work.tasks {
            for ranges in ranges(&tasks.ids).chunks(MAX_RANGES) {
                self.reserve(escaped_len(name) + TASKS_ENVELOPE + ranges.len() * RANGE);
                let ids = ranges.iter().flat_map(|&(first, last)| first..=last);
                add_tasks(self.target(since), name, tasks.generation, ids);
            }
        }
    }

    /// Begins another part if the current one has no room for this many bytes.
    fn reserve(&mut self, bytes: usize) {
        if self.used + bytes > self.max_bytes && self.used > self.header {
            self.shares.push(self.of.empty());
            self.used = self.header;
        }
        self.used += bytes;
    }

    fn target(&mut self, since: Option<Version>) -> &mut WorkSet {
        let share = self.shares.last_mut().expect("a division has at least one share");
        let Some(since) = since else { return &mut share.work };
        if share.revoked.last().is_none_or(|last| last.since != since) {
            share.revoked.push(Revoked { since, work: WorkSet::default() });
            self.used += TASKS_ENVELOPE;
        }
        &mut share.revoked.last_mut().expect("an entry was added").work
    }
}

fn merge(whole: &mut WorkSet, part: WorkSet) {
    whole.connectors.extend(part.connectors);
    for (name, tasks) in part.tasks {
        add_tasks(whole, &name, tasks.generation, tasks.ids);
    }
}

/// Adds tasks. Those of a connector that is known with another generation are not added; the parts of one transaction have the same.
fn add_tasks(work: &mut WorkSet, name: &Name, generation: Generation, ids: impl IntoIterator<Item = u32>) {
    for id in ids {
        if work.tasks.get(name).is_none_or(|known| known.generation == generation) {
            work.insert_task(name, id, generation);
        }
    }
}

/// Returns the length of a JSON string, at most.
fn escaped_len(text: &str) -> usize {
    let escaped = |byte: u8| match byte {
        b'"' | b'\\' => 2,
        0..0x20 => 6,
        _ => 1,
    };
    text.bytes().map(escaped).sum::<usize>() + 2
}
