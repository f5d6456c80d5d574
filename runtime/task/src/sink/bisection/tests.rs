//! A topic, a consumer that reads in pieces of any size, and a sink that fails for some records and forgets what it has not made
//! durable: whatever the records, the good ones arrive in order, the bad ones are found, and it does not take many tries.

use super::super::fetch;
use super::*;

/// Marsaglia's xorshift, so that a run can be repeated.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

fn id(partition: usize) -> TopicPartition {
    TopicPartition { topic: "t".to_owned(), partition: partition as i32 }
}

fn ids(count: usize) -> Vec<TopicPartition> {
    (0..count).map(id).collect()
}

/// The sink, and what it is fed from.
struct World {
    /// For each partition its records' offsets.
    log: Vec<Vec<i64>>,
    bad: BTreeSet<RecordId>,
    random: Random,
    bisection: Bisection,
    /// For each partition the next record to be read.
    next: Vec<i64>,
    committed: Vec<i64>,
    /// Accepted and not durable.
    buffer: Vec<RecordId>,
    durable: Vec<RecordId>,
    found: Vec<RecordId>,
    failed_puts: u32,
}

impl World {
    fn new(log: Vec<Vec<i64>>, bad: &[RecordId], seed: u64) -> Self {
        let partitions = log.len();
        Self {
            log,
            bad: bad.iter().copied().collect(),
            random: Random(seed | 1),
            bisection: Bisection::default(),
            next: vec![0; partitions],
            committed: vec![0; partitions],
            buffer: Vec::new(),
            durable: Vec::new(),
            found: Vec::new(),
            failed_puts: 0,
        }
    }

    /// Records of one or all partitions, in runs.
    fn fetch(&mut self, most: u64) -> FetchedBatch {
        let mut fetched = FetchedBatch::default();
        let mut next = self.next.clone();
        let mut left = 1 + self.random.below(most);
        let mut turns = 4 * self.log.len();
        while turns > 0 {
            turns -= 1;
            // Some partition has records, as long as there are any.
            if turns == 0 && fetched.offsets.is_empty() && (0..self.log.len()).any(|at| self.has_more(at)) {
                turns = 1;
            }
            let partition = self.random.below(self.log.len() as u64) as usize;
            let run = (1 + self.random.below(most)).min(left);
            let offsets: Vec<i64> = self.log[partition]
                .iter()
                .copied()
                .filter(|offset| *offset >= next[partition])
                .take(run as usize)
                .collect();
            let Some((&first, &last)) = offsets.first().zip(offsets.last()) else { continue };
            let index = fetched.partitions.iter().position(|known| known.id == id(partition)).unwrap_or_else(|| {
                fetched.partitions.push(fetch::partition(id(partition), first));
                fetched.partitions.len() - 1
            });
            fetched.partitions[index].next = last + 1;
            fetched.partition.extend(offsets.iter().map(|_| index as u32));
            fetched.offsets.extend(&offsets);
            next[partition] = last + 1;
            left -= offsets.len() as u64;
            if left == 0 {
                break;
            }
        }
        fetched
    }

    fn has_more(&self, partition: usize) -> bool {
        self.log[partition].last().is_some_and(|last| *last >= self.next[partition])
    }

    fn commit(&mut self) {
        self.durable.append(&mut self.buffer);
        self.committed = self.next.clone();
        for (partition, offset) in self.committed.clone().into_iter().enumerate() {
            self.bisection.committed(&id(partition), offset);
        }
    }

    /// Runs one iteration of the task's loop. Returns `false` if no records remain.
    fn turn(&mut self, most: u64) -> Result<bool, String> {
        let fetched = self.fetch(most);
        if fetched.offsets.is_empty() {
            return Ok(false);
        }
        let mut front = fetched.clone();
        if self.bisection.affects(&fetched) {
            let cut = self.bisection.cut(&fetched);
            if cut.risky {
                self.commit();
            }
            let bisection = &self.bisection;
            front = fetched
                .split(cut.records, |fetched, partition, offset| bisection.has_failed(fetched, partition, offset))
                .0;
        }
        let names: Vec<TopicPartition> = front.partitions.iter().map(|partition| partition.id.clone()).collect();
        let records: Vec<RecordId> =
            front.partition.iter().zip(&front.offsets).map(|(&index, &offset)| (index as usize, offset)).collect();
        let real = |(index, offset): RecordId| (names[index].partition as usize, offset);
        if records.iter().any(|record| self.bad.contains(&real(*record))) {
            self.failed_puts += 1;
            match self.bisection.put_failed(&names, &records, Duration::ZERO, Duration::from_secs(60)) {
                Verdict::Split => {}
                Verdict::Bad(record) => self.found.push(real(record)),
                Verdict::GiveUp(limit) => return Err(limit),
            }
            self.buffer.clear();
            self.next = self.committed.clone();
            return Ok(true);
        }
        self.buffer.extend(records.iter().map(|record| real(*record)));
        for partition in &front.partitions {
            self.next[partition.id.partition as usize] = partition.next;
        }
        Ok(true)
    }

    fn run(&mut self, most: u64) -> Result<(), String> {
        while self.turn(most)? {}
        self.commit();
        Ok(())
    }

    /// Each good record once and in order, each bad one found once.
    fn check(&self) {
        for (partition, offsets) in self.log.iter().enumerate() {
            let good: Vec<RecordId> =
                offsets.iter().map(|&offset| (partition, offset)).filter(|record| !self.bad.contains(record)).collect();
            let durable: Vec<RecordId> = self.durable.iter().copied().filter(|record| record.0 == partition).collect();
            assert_eq!(durable, good);
        }
        let mut found = self.found.clone();
        found.sort_unstable();
        assert_eq!(found, self.bad.iter().copied().collect::<Vec<_>>());
        assert!(!self.bisection.is_searching() && self.bisection.is_idle(), "everything is committed");
    }
}

#[test]
fn one_bad_record_of_a_thousand_is_found_with_a_dozen_tries() {
    for bad in [0, 1, 499, 500, 998, 999] {
        let mut world = World::new(vec![(0..1000).collect()], &[(0, bad)], 7);
        world.run(1000).unwrap();
        world.check();
        assert!(world.failed_puts <= 11, "{} failed for record {bad}", world.failed_puts);
    }
}

#[test]
fn whatever_the_records_the_good_ones_arrive_in_order_and_the_bad_ones_are_found() {
    for seed in 1..100 {
        let mut random = Random(u64::wrapping_mul(seed, 0x9E37_79B9_7F4A_7C15) | 1);
        let partitions = 1 + random.below(3) as usize;
        let mut log = Vec::new();
        let mut bad = Vec::new();
        for partition in 0..partitions {
            let mut offset = 0;
            let offsets: Vec<i64> = (0..random.below(200))
                .map(|_| {
                    // Compacted topics have gaps.
                    offset += 1 + i64::from(random.below(5) == 0) * random.below(9) as i64;
                    offset
                })
                .collect();
            bad.extend(offsets.iter().filter(|_| random.below(25) == 0).map(|&offset| (partition, offset)));
            log.push(offsets);
        }
        let most = 1 + random.below(150);
        let mut world = World::new(log, &bad, seed);
        world.run(most).unwrap_or_else(|limit| panic!("seed {seed}: {limit}"));
        world.check();
        // Each bad record costs at most the depth of its batch, and one more call.
        let depth = 64 - most.leading_zeros();
        assert!(
            world.failed_puts <= bad.len() as u32 * (depth + 1),
            "seed {seed}: {} failed for {} bad records in batches of {most}",
            world.failed_puts,
            bad.len()
        );
    }
}

#[test]
fn a_sink_that_fails_for_every_record_is_given_up() {
    let all: Vec<RecordId> = (0..1000).map(|offset| (0, offset)).collect();
    let mut world = World::new(vec![(0..1000).collect()], &all, 3);
    let limit = world.run(1000).unwrap_err();
    assert!(limit.contains("more than 100 records"), "{limit}");
    assert_eq!(world.found.len(), MAX_BAD as usize);
    // Neighbours share most of the way to them.
    assert!(world.failed_puts < 2 * MAX_BAD + 20, "{} failed", world.failed_puts);
}

#[test]
fn a_call_that_takes_long_is_not_made_again_and_again() {
    let mut bisection = Bisection::default();
    let records: Vec<RecordId> = (0..1 << 40).step_by(1 << 30).map(|offset| (0, offset)).collect();
    let timeout = Duration::from_secs(60);
    for _ in 0..MAX_TIMEOUTS {
        assert_eq!(bisection.put_failed(&ids(1), &records, timeout, timeout), Verdict::Split);
    }
    assert!(matches!(bisection.put_failed(&ids(1), &records, timeout, timeout), Verdict::GiveUp(_)));
}

#[test]
fn records_of_different_pieces_are_not_given_together() {
    let mut bisection = Bisection::default();
    let records: Vec<RecordId> = (0..8).map(|offset| (0, offset)).collect();
    assert_eq!(bisection.put_failed(&ids(1), &records, Duration::ZERO, Duration::from_secs(60)), Verdict::Split);
    let mut fetched = FetchedBatch::default();
    fetched.partitions.push(fetch::partition(id(0), 0));
    fetched.offsets = (0..20).collect();
    fetched.partition = vec![0; 20];
    assert_eq!(bisection.cut(&fetched), Cut { records: 4, risky: true });
    fetched.offsets = (4..20).collect();
    fetched.partition = vec![0; 16];
    assert_eq!(bisection.cut(&fetched), Cut { records: 4, risky: true });
    fetched.offsets = (8..20).collect();
    fetched.partition = vec![0; 12];
    assert_eq!(bisection.cut(&fetched), Cut { records: 12, risky: false });
    assert!(!bisection.committed(&id(0), 4));
    assert!(bisection.committed(&id(0), 8), "the search ends");
}

#[test]
fn records_that_failed_are_remembered_until_they_are_committed_and_not_without_bound() {
    let mut bisection = Bisection::default();
    for offset in 0..2 * MAX_KNOWN as i64 {
        bisection.remember_failed(&id(0), offset);
    }
    let mut fetched = FetchedBatch::default();
    fetched.partitions.push(fetch::partition(id(0), 5));
    assert!(bisection.affects(&fetched));
    assert!(bisection.has_failed(&fetched, 0, 5));
    assert!(!bisection.has_failed(&fetched, 0, MAX_KNOWN as i64));
    bisection.committed(&id(0), 6);
    assert!(!bisection.has_failed(&fetched, 0, 5));
    bisection.forget(&id(0));
    assert!(!bisection.affects(&fetched));
    bisection.remember_failed(&id(0), 0);
    assert!(bisection.has_failed(&fetched, 0, 0), "there is room again");
}

#[test]
fn a_search_remembers_the_records_that_it_finds_and_of_those_that_the_plugin_names_not_all() {
    let mut bisection = Bisection::default();
    let failed = |records: &[RecordId], bisection: &mut Bisection| {
        bisection.put_failed(&ids(1), records, Duration::ZERO, Duration::from_secs(60))
    };
    let last = 2 * MAX_KNOWN as i64;
    assert_eq!(failed(&[(0, 0), (0, last)], &mut bisection), Verdict::Split);
    for offset in 0..last {
        bisection.remember_failed(&id(0), offset);
    }
    assert!(bisection.is_searching());
    assert_eq!(failed(&[(0, last)], &mut bisection), Verdict::Bad((0, last)));
    bisection.remember_failed(&id(0), last);
    let mut fetched = FetchedBatch::default();
    fetched.partitions.push(fetch::partition(id(0), 0));
    let known = (0..=last).filter(|offset| bisection.has_failed(&fetched, 0, *offset)).count();
    assert_eq!(known, MAX_KNOWN + 1);
    assert!(bisection.has_failed(&fetched, 0, last), "otherwise it would be found again");
}
