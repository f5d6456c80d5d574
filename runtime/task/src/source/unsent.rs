//! What is left of a batch of the source while its records are converted and sent piece by piece. A piece is a batch of its own for
//! everything that follows: it has its records of the source, and their positions. Nearly always there is one.

use std::sync::Arc;

use super::batch::{Attempt, Batch, SentRecord, SourcePositions, State};
use super::payload::Payload;
use crate::Error;
use crate::chain::{Origins, Transformed};
use crate::convert::{Converters, Outgoing, Piece, Pieces};
use crate::errors::{Failure, Polled};

/// A batch that is transformed, and of which something is not converted yet.
pub(super) struct Unsent {
    pieces: Pieces,
    origins: Origins,
    /// Records that transforms failed for, from the last to the first.
    failures: Vec<(u32, Failure)>,
    positions: SourcePositions,
    originals: Option<Arc<Polled>>,
    /// Number of the first record of the batch since the task was started.
    first_record: u64,
    count: u32,
    /// Bytes of keys and values as the source brought them.
    bytes: usize,
    /// The first record that is in no piece yet, and where its offset begins.
    next: u32,
    offset: usize,
    /// The memory of the batch as long as it is here.
    weight: usize,
}

/// A piece, and the records of the source that failed on the way to it, by their index in the piece.
pub(super) struct Ready {
    pub(super) batch: Batch,
    pub(super) failures: Vec<(u32, Failure)>,
    /// Records of the piece that are not to be sent. Sorted.
    pub(super) left_out: Vec<u32>,
}

impl Unsent {
    pub(super) fn new(
        transformed: Transformed,
        positions: SourcePositions,
        originals: Option<Polled>,
        first_record: u64,
        count: u32,
        bytes: usize,
    ) -> Self {
        let Transformed { records, origins, mut failures } = transformed;
        failures.sort_by_key(|(record, _)| std::cmp::Reverse(*record));
        let weight = records.size() + positions.size() + originals.as_ref().map_or(0, Polled::size);
        Self {
            pieces: Pieces::new(records),
            origins,
            failures,
            positions,
            originals: originals.map(Arc::new),
            first_record,
            count,
            bytes,
            next: 0,
            offset: 0,
            weight,
        }
    }

    pub(super) fn weight(&self) -> usize {
        self.weight
    }

    /// Returns the next piece; `None` if there is none left.
    ///
    /// # Errors
    ///
    /// A record has a time that Kafka does not allow.
    pub(super) fn next(&mut self, converters: &mut Converters) -> Result<Option<Ready>, Error> {
        let origins = &self.origins;
        let Some(Piece { first, outgoing, failures }) =
            converters.next_piece(&mut self.pieces, |record| origins.of(record))
        else {
            return Ok(None);
        };
        let (from, is_last) = (self.next, self.pieces.records_left() == 0);
        let count = outgoing.records.count;
        // Records that are dropped after the last one of a piece belong to the next piece.
        let to = if is_last { self.count } else { origins.of(first + count - 1) + 1 };
        let origin = |record: u32| origins.of(first + record) - from;
        let left_out: Vec<u32> = failures.iter().map(|failure| failure.index).collect();
        let kept = self.failures.iter().rposition(|(record, _)| *record >= to).map_or(0, |last| last + 1);
        let mut failed: Vec<(u32, Failure)> =
            self.failures.split_off(kept).into_iter().rev().map(|(record, failure)| (record - from, failure)).collect();
        failed.extend(failures.into_iter().map(|failure| (origin(failure.index), failure.into_failure(converters))));
        // In the order in which Kafka Connect, which processes one record after another, would find them.
        failed.sort_by_key(|(record, _)| *record);
        // A record that became several fails once, however many of those fail.
        failed.dedup_by_key(|(record, _)| *record);
        let sent = sent(&outgoing, &left_out, origin)?;

        let whole = from == 0 && is_last;
        let bytes = if whole { self.bytes } else { outgoing.keys.bytes.len() + outgoing.values.bytes.len() };
        let positions =
            if whole { std::mem::take(&mut self.positions) } else { self.positions.part(from, to, &mut self.offset) };
        self.next = to;
        let originals = self.originals.as_ref().map(|originals| (Arc::clone(originals), from));
        // They stay as long as the last piece.
        let of_originals = originals.as_ref().filter(|_| is_last).map_or(0, |(originals, _)| originals.size());
        let payload = Payload::new(outgoing);
        let weight = payload.weight() + positions.size() + size_of_val(sent.as_slice()) + of_originals;
        let batch = Batch {
            first_record: self.first_record + u64::from(from),
            records: to - from,
            waiting: sent.len(),
            sent,
            payload,
            skipped: failed.iter().map(|(record, _)| *record).collect(),
            pieces: Vec::new(),
            first_waiting: 0,
            refusal: None,
            rejected: Vec::new(),
            positions,
            originals,
            bytes,
            weight,
        };
        Ok(Some(Ready { batch, failures: failed, left_out }))
    }

    /// Whether there is no piece left.
    pub(super) fn is_done(&self) -> bool {
        self.pieces.is_finished()
    }
}

/// The records of a batch that go to Kafka: all but those in `left_out`, which is sorted.
fn sent(outgoing: &Outgoing, left_out: &[u32], origin: impl Fn(u32) -> u32) -> Result<Vec<SentRecord>, Error> {
    let records = &outgoing.records;
    let mut left_out = left_out.iter().peekable();
    let mut sent = Vec::with_capacity((records.count as usize).saturating_sub(left_out.len()));
    for number in 0..records.count {
        if left_out.next_if_eq(&&number).is_some() {
            continue;
        }
        // `InvalidRecordException` in Kafka Connect; -1 means no timestamp.
        if let Some(timestamp) = records.timestamps.get(number as usize).copied().filter(|timestamp| *timestamp < -1) {
            return Err(Error::Timestamp(timestamp));
        }
        let topic = u32::try_from(records.topics.index(number as usize)).unwrap_or(u32::MAX);
        sent.push(SentRecord { origin: origin(number), number, topic, state: State::Waiting(Attempt::InOrder) });
    }
    Ok(sent)
}

#[cfg(test)]
mod tests {
    use weir_data::records::{Column, Encoding, Format, Records, Topics, Values};
    use weir_data::schema::Schema;

    use super::*;
    use crate::convert::PIECE_BYTES;
    use crate::convert::testing::converters;

    /// Twelve records of the source: 1 and 11 were dropped, 4 failed, 5 became three, and 8 cannot be converted.
    fn transformed(doc: usize) -> (Transformed, SourcePositions) {
        let origins: Vec<u32> = vec![0, 2, 3, 5, 5, 5, 6, 7, 8, 9, 10];
        let count = origins.len() as u32;
        let mut schema = Schema::string();
        schema.nodes[0].doc = Some("d".repeat(doc));
        let values = origins.iter().enumerate().map(|(index, origin)| format!("{origin}.{index}"));
        let mut values = Values::from_column(Column::from_entries(values.map(Some)), count, 0);
        values.formats = origins.iter().map(|origin| u32::from(*origin == 8)).collect();
        let records = Records {
            count,
            topics: Topics {
                names: vec!["a".into(), "b".into()],
                name_index: origins.iter().map(|origin| origin % 2).collect(),
            },
            formats: vec![
                Format::with_schema(Encoding::Utf8, Arc::new(schema)),
                Format::with_schema(Encoding::Json, Arc::new(Schema::string())),
            ],
            values,
            ..Records::default()
        };
        let positions = SourcePositions {
            partitions: vec![r#"{"p":0}"#.into(), r#"{"p":1}"#.into()],
            partition: (0..12).map(|record| record % 2).collect(),
            offsets: Column::from_entries((0..12).map(|record| (record != 3).then(|| format!(r#"{{"o":{record}}}"#)))),
        };
        let failures = vec![(4, Failure::of_put("no"))];
        (Transformed { records, origins: Origins::Records(origins), failures }, positions)
    }

    /// A record of the source: its number, its place, whether it was skipped, and what is sent of it.
    type Told = (u64, String, bool, Vec<String>);

    /// The number of pieces, and what they say of each record.
    fn told(doc: usize) -> (usize, Vec<Told>) {
        let (transformed, positions) = transformed(doc);
        let (mut unsent, mut converters) =
            (Unsent::new(transformed, positions, None, 100, 12, 50), converters("JsonConverter"));
        let (mut told, mut pieces) = (Vec::new(), 0);
        while let Some(Ready { batch, failures, .. }) = unsent.next(&mut converters).expect("a piece") {
            assert_eq!(batch.first_record, 100 + told.len() as u64, "records are numbered without gaps");
            assert_eq!(failures.iter().map(|(record, _)| *record).collect::<Vec<_>>(), batch.skipped);
            assert!(batch.sent.is_sorted_by_key(|sent| sent.origin) && batch.waiting == batch.sent.len());
            let starts = batch.positions.starts();
            for record in 0..batch.records {
                let (partition, offset) = batch.positions.of(record, &starts);
                let sent = batch.sent.iter().filter(|sent| sent.origin == record).map(|sent| {
                    let value = batch.payload.record(sent.number).value.expect("a value");
                    let text = String::from_utf8_lossy(value);
                    format!("{} {}", batch.topic(sent), text.rsplit_once("payload").expect("an envelope").1)
                });
                let place = format!("{partition} {offset}");
                told.push((
                    batch.first_record + u64::from(record),
                    place,
                    batch.skipped.contains(&record),
                    sent.collect(),
                ));
            }
            pieces += 1;
        }
        assert!(unsent.is_done());
        (pieces, told)
    }

    #[test]
    fn pieces_say_of_each_record_what_the_whole_batch_does() {
        let (pieces, whole) = told(1);
        assert_eq!((pieces, whole.len()), (1, 12));
        let skipped: Vec<u64> = whole.iter().filter(|(.., skipped, _)| *skipped).map(|(record, ..)| *record).collect();
        assert_eq!(skipped, [104, 108]);
        assert_eq!(whole[5].3, [r#"b ":"5.3"}"#, r#"b ":"5.4"}"#, r#"b ":"5.5"}"#]);
        assert_eq!((whole[11].1.as_str(), whole[11].3.len()), (r#"{"p":1} {"o":11}"#, 0));
        for doc in [PIECE_BYTES / 5, PIECE_BYTES / 2, PIECE_BYTES] {
            let (pieces, parts) = told(doc);
            assert!(pieces > 1);
            assert_eq!(parts, whole, "{pieces} pieces");
        }
    }
}
