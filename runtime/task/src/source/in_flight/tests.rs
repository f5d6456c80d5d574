//! Which offsets may be stored, for batches in every state.

use std::sync::Arc;

use tokio::sync::Notify;

use super::*;
use crate::source::batch::{Attempt, Piece, SentRecord, State};
use crate::source::testing;
use weir_kafka::producer::{Outstanding, Tracked};

/// Passes the records of a batch to a producer that reports only what the test determines.
fn give(batch: &mut Batch) -> Arc<Outstanding> {
    let outstanding = Arc::new(Outstanding::new(batch.sent.len(), Arc::new(Notify::new())));
    for (index, sent) in batch.sent.iter_mut().enumerate() {
        sent.state = State::Given { piece: 0, index: index as u16, attempt: Attempt::InOrder };
    }
    batch.waiting = 0;
    let mut piece = Piece::new(1_000_000, Tracked::untracked(Arc::clone(&outstanding)), batch.sent.len());
    piece.members = (0..batch.sent.len() as u32).collect();
    piece.given = batch.sent.len();
    batch.pieces = vec![piece];
    outstanding
}

/// A batch whose records have these source partitions and the offsets `first`, `first + 1`, …, all given to a producer.
fn batch(first_record: u64, partitions: &[u32]) -> (Batch, Arc<Outstanding>) {
    let records: Vec<_> = partitions.iter().map(|partition| (*partition, 0, -1, "v")).collect();
    let mut batch = testing::batch(first_record, &["t"], &records);
    let outstanding = give(&mut batch);
    (batch, outstanding)
}

fn sent(origins: &[u32]) -> Vec<SentRecord> {
    let record = |&origin| SentRecord { origin, number: origin, topic: 0, state: State::Waiting(Attempt::InOrder) };
    origins.iter().map(record).collect()
}

/// As `delivery.rs` does it.
fn pop_settled(in_flight: &mut InFlight) -> Option<Batch> {
    if in_flight.queue.front()?.is_reported() { in_flight.pop() } else { None }
}

fn offsets(pairs: &[(&str, u64)]) -> Committable {
    pairs.iter().map(|(partition, offset)| ((*partition).to_owned(), format!("{{\"o\":{offset}}}"))).collect()
}

#[test]
fn nothing_may_be_stored_before_an_acknowledgement() {
    let mut in_flight = InFlight::default();
    in_flight.push(batch(0, &[0, 1]).0);
    assert!(pop_settled(&mut in_flight).is_none());
    assert_eq!(in_flight.take_committable(), offsets(&[]));
}

#[test]
fn a_record_holds_back_later_records_of_its_own_source_partition_only() {
    let mut in_flight = InFlight::default();
    let (first, reports) = batch(0, &[0, 1, 0, 1]);
    in_flight.push(first);
    for record in [1, 2, 3] {
        reports.acknowledge(record, 0, 100 + record as i64);
    }
    assert_eq!(in_flight.take_committable(), offsets(&[("b", 3)]));
    reports.acknowledge(0, 0, 99);
    assert_eq!(pop_settled(&mut in_flight).map(|batch| batch.records), Some(4));
    assert_eq!(in_flight.take_committable(), offsets(&[("a", 2), ("b", 3)]));
    assert_eq!(in_flight.take_committable(), offsets(&[]));
}

#[test]
fn a_later_batch_waits_for_an_earlier_one() {
    let mut in_flight = InFlight::default();
    let (first, first_reports) = batch(0, &[0]);
    let (second, second_reports) = batch(1, &[0]);
    in_flight.push(first);
    in_flight.push(second);
    second_reports.acknowledge(0, 0, 2);
    assert!(pop_settled(&mut in_flight).is_none());
    assert_eq!(in_flight.take_committable(), offsets(&[]));
    first_reports.acknowledge(0, 0, 1);
    while pop_settled(&mut in_flight).is_some() {}
    assert_eq!(in_flight.take_committable(), offsets(&[("a", 1)]));
    assert_eq!(in_flight.settled_below(), 2);
}

#[test]
fn records_that_a_transform_dropped_count_as_settled() {
    let mut in_flight = InFlight::default();
    let (mut only, reports) = batch(0, &[0, 0, 0]);
    only.sent = sent(&[1]);
    drop(reports);
    give(&mut only);
    in_flight.push(only);
    assert_eq!(in_flight.take_committable(), offsets(&[("a", 0)]), "record 1 was sent and is not acknowledged");
}

#[test]
fn offsets_that_were_not_stored_do_not_hide_newer_ones() {
    let mut in_flight = InFlight::default();
    let (first, reports) = batch(0, &[0]);
    in_flight.push(first);
    reports.acknowledge(0, 0, 1);
    pop_settled(&mut in_flight);
    let old = in_flight.take_committable();
    let (second, reports) = batch(1, &[0]);
    in_flight.push(second);
    reports.acknowledge(0, 0, 2);
    pop_settled(&mut in_flight);
    in_flight.put_back(old);
    assert_eq!(in_flight.take_committable(), offsets(&[("a", 1)]));
}

#[test]
fn a_source_hears_where_each_record_went() {
    let (mut only, reports) = batch(7, &[0, 0, 0, 0]);
    only.sent = sent(&[1, 1, 3]);
    only.skipped = vec![2];
    drop(reports);
    let outstanding = give(&mut only);
    outstanding.acknowledge(0, 4, 40);
    outstanding.acknowledge(1, 5, 50);
    outstanding.acknowledge(2, 4, 41);
    let told = only.settled_records();
    assert_eq!(told.numbers, [7, 8, 9, 10]);
    assert_eq!(told.topic_partition, [-1, 1, -2, 0], "dropped, the last of two, skipped, sent");
    assert_eq!(told.offsets, [-1, 50, -1, 41]);
    assert_eq!(told.topic_partitions.len(), 2);
}

#[test]
fn offsets_that_wait_to_be_stored_are_bounded() {
    let mut in_flight = InFlight::default();
    let count = 64;
    let mut number = 0;
    while !in_flight.has_many_offsets() {
        assert!(number < 1000, "they are never too many");
        let (mut next, reports) = batch(number * count, &(0..count as u32).collect::<Vec<_>>());
        let name = |record| format!(r#"{{"p":"{}{record}"}}"#, "x".repeat(1000));
        next.positions.partitions = (0..count).map(|record| name(number * count + record)).collect();
        in_flight.push(next);
        for record in 0..count as usize {
            reports.acknowledge(record, 0, 1);
        }
        pop_settled(&mut in_flight);
        number += 1;
    }
    let offsets = in_flight.take_committable();
    let taken: usize = offsets.iter().map(|(partition, offset)| partition.len() + offset.len()).sum();
    assert!(taken <= MAX_SETTLED_BYTES && taken > MAX_SETTLED_BYTES / 2, "{taken} bytes of texts");
    assert!(!in_flight.has_many_offsets());
    in_flight.put_back(offsets);
    assert!(in_flight.has_many_offsets(), "what could not be stored still waits");
}
