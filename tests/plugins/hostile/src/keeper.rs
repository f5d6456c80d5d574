//! A sink that misbehaves only for some records (`poison`), and appends the others to a file (`keeps`) in `pre-commit`. Until then they
//! are in its memory, and lost with it.

use std::cell::RefCell;
use std::io::Write as _;

use weir_hostile_common::plan;

use crate::bindings::weir::connect::data::Records;

thread_local! {
    static HELD: RefCell<Vec<Vec<u8>>> = RefCell::default();
}

/// Returns the records whose value contains the poison, or `None` if the configuration has no poison.
pub(crate) fn poisoned(records: &Records) -> Option<Vec<u32>> {
    let poison = plan::value("poison");
    if poison.is_empty() {
        return None;
    }
    let has = |value: &Vec<u8>| value.windows(poison.len()).any(|part| part == poison.as_bytes());
    Some((0u32..).zip(values(records)).filter(|(_, value)| has(value)).map(|(index, _)| index).collect())
}

/// Holds the records, except these.
pub(crate) fn hold(records: &Records, left_out: &[u32]) {
    if plan::value("keeps").is_empty() {
        return;
    }
    let kept = (0u32..).zip(values(records)).filter(|(index, _)| !left_out.contains(index)).map(|(_, value)| value);
    HELD.with_borrow_mut(|held| held.extend(kept));
}

/// Writes the records held to the file, one per line.
pub(crate) fn write() {
    let held = HELD.take();
    let path = plan::value("keeps");
    if held.is_empty() || path.is_empty() {
        return;
    }
    let mut lines = held.join(&b'\n');
    lines.push(b'\n');
    let file = std::fs::File::options().create(true).append(true).open(path);
    // If it fails, a test that counts lines does too.
    let _ = file.and_then(|mut file| file.write_all(&lines));
}

fn values(records: &Records) -> Vec<Vec<u8>> {
    let mut rest = records.values.bytes.as_slice();
    let mut values = Vec::new();
    for &length in &records.values.lengths {
        let (value, after) = rest.split_at(usize::try_from(length).unwrap_or(0).min(rest.len()));
        rest = after;
        values.push(value.to_vec());
    }
    values
}
