//! Task numbers as ranges, `[[0,9],[12,12]]`, so that a connector with many tasks takes few bytes.

use std::collections::BTreeSet;

/// The maximum number of tasks in one record. A record names its ranges, so the reader limits how many tasks they may expand to.
pub(super) const MAX_TASKS: usize = 1 << 20;

/// Returns the ranges of the numbers, first and last inclusive.
pub(super) fn ranges(ids: &BTreeSet<u32>) -> Vec<(u32, u32)> {
    let mut ranges: Vec<(u32, u32)> = Vec::new();
    for &id in ids {
        match ranges.last_mut() {
            Some((_, last)) if last.checked_add(1) == Some(id) => *last = id,
            _ => ranges.push((id, id)),
        }
    }
    ranges
}

/// Returns the numbers of the ranges. `None` if a range ends before it begins or does not follow the one before it, or if the ranges
/// contain more than `room` numbers.
pub(super) fn expand(ranges: &[(u32, u32)], room: usize) -> Option<BTreeSet<u32>> {
    let mut count = 0;
    let mut next = 0u64;
    for &(first, last) in ranges {
        if last < first || u64::from(first) < next {
            return None;
        }
        next = u64::from(last) + 1;
        count += u64::from(last - first) + 1;
        if count > room as u64 {
            return None;
        }
    }
    Some(ranges.iter().flat_map(|&(first, last)| first..=last).collect())
}
