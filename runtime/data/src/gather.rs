//! Selects records from batches and joins batches, as the task loops do for transforms and failed records.

use crate::records::{Column, Encoding, Format, Headers, NO_FORMAT, Records, Topics, Values};

impl Records {
    /// Returns the records with these indexes, in this order. An index may occur more than once. A record that does not exist
    /// is null.
    pub fn select(&self, records: &[u32]) -> Records {
        Records {
            count: records.len() as u32,
            topics: Topics { names: self.topics.names.clone(), name_index: pick(&self.topics.name_index, records) },
            partitions: pick_or(&self.partitions, records, -1),
            timestamps: pick_or(&self.timestamps, records, -1),
            formats: self.formats.clone(),
            keys: self.keys.select(records),
            values: self.values.select(records),
            headers: self.headers.select(records),
        }
    }

    /// Returns the records from `from` up to, but not including, `to`. Both are reduced to the number of records.
    pub fn slice(&self, from: u32, to: u32) -> Records {
        let to = to.min(self.count);
        let records: Vec<u32> = (from.min(to)..to).collect();
        self.select(&records)
    }

    /// Returns the records of `self`, followed by those of `other`.
    pub fn concat(mut self, mut other: Records) -> Records {
        if other.count == 0 {
            return self;
        }
        if self.count == 0 {
            return other;
        }
        let counts = (self.count as usize, other.count as usize);
        let total_headers = (self.headers.names.lengths.len(), other.headers.names.lengths.len());
        let (mine, theirs) = join_formats(&mut self.formats, std::mem::take(&mut other.formats));
        self.topics.append(other.topics, counts);
        append_or(&mut self.partitions, other.partitions, counts, -1);
        append_or(&mut self.timestamps, other.timestamps, counts, -1);
        self.keys.append(other.keys, counts, mine, theirs);
        self.values.append(other.values, counts, mine, theirs);
        append_or(&mut self.headers.counts, other.headers.counts, counts, 0);
        append_or(&mut self.headers.names.lengths, other.headers.names.lengths, total_headers, -1);
        self.headers.names.bytes.extend_from_slice(&other.headers.names.bytes);
        self.headers.values.append(other.headers.values, total_headers, mine, theirs);
        self.count += other.count;
        self
    }

    /// Joins two parts of a batch in the order of the batch. `own` and `others` contain the origin of each record, its index in
    /// the batch, and never decrease. Returns the records and their origins.
    ///
    /// This is for a transform that was applied to some of the records. Nothing is copied if one part is empty.
    pub fn interleave(self, own: Vec<u32>, other: Records, others: Vec<u32>) -> (Records, Vec<u32>) {
        if other.count == 0 {
            return (self, own);
        }
        if self.count == 0 {
            return (other, others);
        }
        let mut records = Vec::with_capacity(own.len() + others.len());
        let mut origins = Vec::with_capacity(records.capacity());
        let (mut left, mut right) = (0, 0);
        while left < own.len() || right < others.len() {
            let from_left = right >= others.len() || left < own.len() && own[left] <= others[right];
            if from_left {
                records.push(left as u32);
                origins.push(own[left]);
                left += 1;
            } else {
                records.push((own.len() + right) as u32);
                origins.push(others[right]);
                right += 1;
            }
        }
        let in_order = records.windows(2).all(|pair| pair[0] < pair[1]);
        let both = self.concat(other);
        (if in_order { both } else { both.select(&records) }, origins)
    }
}

impl Column {
    /// Returns the entries with these indexes, in this order.
    pub fn select(&self, indexes: &[u32]) -> Column {
        let (lengths, bytes) = pick_bytes(&self.lengths, &self.bytes, indexes);
        Column { lengths, bytes }
    }
}

impl Values {
    /// Returns the entries with these indexes, in this order. Their formats are in the same table.
    pub fn select(&self, indexes: &[u32]) -> Values {
        let (lengths, bytes) = pick_bytes(&self.lengths, &self.bytes, indexes);
        Values { lengths, bytes, formats: pick(&self.formats, indexes) }
    }

    fn append(&mut self, other: Values, counts: (usize, usize), mine: u32, theirs: Theirs) {
        append_or(&mut self.lengths, other.lengths, counts, -1);
        self.bytes.extend_from_slice(&other.bytes);
        if self.formats.is_empty() && other.formats.is_empty() && mine == 0 && theirs.default == 0 {
            return;
        }
        if self.formats.is_empty() {
            self.formats = vec![mine; counts.0];
        }
        if other.formats.is_empty() {
            self.formats.resize(counts.0 + counts.1, theirs.default);
        } else {
            self.formats.extend(other.formats.iter().map(|format| format + theirs.shift));
        }
    }
}

impl Headers {
    /// Returns the headers of the records with these indexes, in this order.
    pub fn select(&self, records: &[u32]) -> Headers {
        if self.counts.is_empty() {
            return Headers::default();
        }
        let starts = starts(self.counts.iter().map(|&own| own as usize));
        let mut headers = Vec::new();
        for &record in records {
            let record = record as usize;
            if let (Some(&start), Some(&end)) = (starts.get(record), starts.get(record + 1)) {
                headers.extend(start as u32..end as u32);
            }
        }
        Headers {
            counts: pick(&self.counts, records),
            names: self.names.select(&headers),
            values: self.values.select(&headers),
        }
    }
}

impl Topics {
    fn append(&mut self, other: Topics, counts: (usize, usize)) {
        let shift = if self.names == other.names { 0 } else { self.names.len() as u32 };
        if shift != 0 {
            self.names.extend(other.names);
        } else if self.name_index.is_empty() && other.name_index.is_empty() {
            return;
        }
        if self.name_index.is_empty() {
            self.name_index = vec![0; counts.0];
        }
        if other.name_index.is_empty() {
            self.name_index.resize(counts.0 + counts.1, shift);
        } else {
            self.name_index.extend(other.name_index.iter().map(|topic| topic + shift));
        }
    }
}

/// The new indexes of the formats of an appended batch.
#[derive(Clone, Copy)]
struct Theirs {
    /// The number to add to an index.
    shift: u32,
    /// The index that replaces an empty list, which means that all entries have the first format.
    default: u32,
}

/// Appends `theirs` to `mine`, unless both tables are equal. Returns the index that replaces an empty list of `mine`, and the new
/// indexes of `theirs`.
fn join_formats(mine: &mut Vec<Format>, theirs: Vec<Format>) -> (u32, Theirs) {
    let same = mine.iter().zip(&theirs).all(|(a, b)| match (&a.schema, &b.schema) {
        (None, None) => a.encoding == b.encoding,
        (Some(x), Some(y)) => a.encoding == b.encoding && std::sync::Arc::ptr_eq(x, y),
        _ => false,
    });
    if same && !mine.is_empty() && !theirs.is_empty() || mine.is_empty() && theirs.is_empty() {
        if theirs.len() > mine.len() {
            *mine = theirs;
        }
        return (0, Theirs { shift: 0, default: 0 });
    }
    // An empty table stands for bytes without a schema, which a joined table must contain.
    if mine.is_empty() {
        mine.push(NO_FORMAT.clone());
    }
    let shift = mine.len() as u32;
    if theirs.is_empty() {
        let default = Format::plain(Encoding::Bytes).index_in(mine);
        return (0, Theirs { shift, default });
    }
    mine.extend(theirs);
    (0, Theirs { shift, default: shift })
}

fn append_or<T: Copy>(mine: &mut Vec<T>, theirs: Vec<T>, counts: (usize, usize), absent: T) {
    if mine.is_empty() && theirs.is_empty() {
        return;
    }
    if mine.is_empty() {
        *mine = vec![absent; counts.0];
    }
    if theirs.is_empty() {
        mine.resize(counts.0 + counts.1, absent);
    } else {
        mine.extend(theirs);
    }
}

fn pick(entries: &[u32], indexes: &[u32]) -> Vec<u32> {
    pick_or(entries, indexes, 0)
}

/// Returns the entries with these indexes. An empty list means the same for all records, so the result is empty, too.
pub(crate) fn pick_or<T: Copy>(entries: &[T], indexes: &[u32], absent: T) -> Vec<T> {
    if entries.is_empty() {
        return Vec::new();
    }
    indexes.iter().map(|&index| entries.get(index as usize).copied().unwrap_or(absent)).collect()
}

pub(crate) fn pick_bytes(lengths: &[i32], bytes: &[u8], indexes: &[u32]) -> (Vec<i32>, Vec<u8>) {
    if lengths.is_empty() {
        return (Vec::new(), Vec::new());
    }
    let starts = starts(lengths.iter().map(|&length| length.max(0) as usize));
    let picked = pick_or(lengths, indexes, -1);
    let total = picked.iter().map(|&length| length.max(0) as usize).sum();
    let mut out = Vec::with_capacity(total);
    // Entries with consecutive indexes are adjacent and are copied at once.
    let mut left = indexes;
    while let Some((&first, rest)) = left.split_first() {
        let run =
            1 + rest.iter().zip(1..).take_while(|&(&index, step)| u64::from(index) == u64::from(first) + step).count();
        let (from, to) = (first as usize, (first as usize + run).min(lengths.len()));
        if let Some(run) = starts.get(from).zip(starts.get(to)).and_then(|(&from, &to)| bytes.get(from..to)) {
            out.extend_from_slice(run);
        }
        left = &left[run..];
    }
    (picked, out)
}

/// Returns the position at which each entry begins, followed by the end of the last one.
fn starts(lengths: impl ExactSizeIterator<Item = usize>) -> Vec<usize> {
    let mut starts = Vec::with_capacity(lengths.len() + 1);
    let mut at = 0;
    starts.push(at);
    starts.extend(lengths.map(|length| {
        at += length;
        at
    }));
    starts
}

/// Returns the number of bytes that the entries with these indexes take.
pub(crate) fn picked_size(lengths: &[i32], indexes: &[u32]) -> u64 {
    indexes.iter().map(|&index| lengths.get(index as usize).map_or(0, |&length| 4 + length.max(0) as u64)).sum()
}
