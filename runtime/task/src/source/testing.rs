//! Batches for tests.

use weir_data::records::{Column, Records, Topics};

use super::batch::{Attempt, Batch, SentRecord, SourcePositions, State};
use super::payload::Payload;
use crate::convert::Outgoing;

/// A batch in which each record has a source partition (0 is `a`, 1 is `b`), a topic, a Kafka partition, and a value. Its offset is
/// its number in the task's life: `{"o":7}`.
pub(super) fn batch(first_record: u64, topics: &[&str], records: &[(u32, u32, i32, &str)]) -> Batch {
    let count = u32::try_from(records.len()).unwrap();
    let offset = |number: usize| format!("{{\"o\":{}}}", first_record + number as u64);
    let records_of_kafka = Records {
        count,
        topics: Topics {
            names: topics.iter().map(|&name| name.to_owned()).collect(),
            name_index: records.iter().map(|(_, topic, _, _)| *topic).collect(),
        },
        partitions: records.iter().map(|(_, _, partition, _)| *partition).collect(),
        ..Records::default()
    };
    Batch {
        first_record,
        records: count,
        sent: (0..count)
            .map(|number| SentRecord {
                origin: number,
                number,
                topic: records[number as usize].1,
                state: State::Waiting(Attempt::InOrder),
            })
            .collect(),
        payload: Payload::new(Outgoing {
            records: records_of_kafka,
            keys: Column::default(),
            values: Column::from_entries(records.iter().map(|(_, _, _, value)| Some(value))),
            header_values: Column::default(),
        }),
        skipped: vec![],
        pieces: vec![],
        waiting: records.len(),
        first_waiting: 0,
        refusal: None,
        rejected: vec![],
        positions: SourcePositions {
            partitions: vec!["a".to_owned(), "b".to_owned()],
            partition: records.iter().map(|(partition, _, _, _)| *partition).collect(),
            offsets: Column::from_entries((0..records.len()).map(|number| Some(offset(number)))),
        },
        originals: None,
        bytes: 10,
        weight: 100,
    }
}
