//! Finds the next significant byte of a JSON text, several bytes at a time.

/// Returns the index of the first byte, starting at `at`, that is not white space.
#[inline]
pub fn after_space(text: &[u8], at: usize) -> Option<usize> {
    let rest = text.get(at..)?;
    rest.iter().position(|byte| !is_space(*byte)).map(|offset| at + offset)
}

/// Returns whether JSON defines the byte as white space.
#[inline]
pub fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\n' | b'\r' | b'\t')
}

/// Returns the index of the first byte, starting at `at`, that ends the plain characters of a string: a quote, a
/// backslash, a control character, or the end of the text.
#[inline(always)]
pub fn plain_until(text: &[u8], at: usize) -> usize {
    // Most strings are short, so two words are checked before a function is called.
    let Some(first) = word(text, at) else { return plain_tail(text, at) };
    if let Some(offset) = first_special(first) {
        return at + offset;
    }
    let Some(second) = word(text, at + 8) else { return plain_tail(text, at + 8) };
    match first_special(second) {
        Some(offset) => at + 8 + offset,
        None => plain_long(text, at + 16),
    }
}

fn is_special(byte: u8) -> bool {
    byte < 0x20 || byte == b'"' || byte == b'\\'
}

#[inline(always)]
fn word(text: &[u8], at: usize) -> Option<u64> {
    text.get(at..)?.first_chunk().map(|bytes| u64::from_le_bytes(*bytes))
}

/// Returns the index of the first special byte among the eight of `word`; the lowest byte is the first.
#[inline(always)]
fn first_special(word: u64) -> Option<usize> {
    const ONES: u64 = u64::MAX / 255;
    const HIGH: u64 = ONES * 0x80;
    // Each of the three terms marks its bytes. Because of the borrow it may mark others above a correct mark, but never
    // below it, so the lowest mark is correct.
    let quote = word ^ (ONES * b'"' as u64);
    let backslash = word ^ (ONES * b'\\' as u64);
    let marks = (quote.wrapping_sub(ONES) & !quote)
        | (backslash.wrapping_sub(ONES) & !backslash)
        | (word.wrapping_sub(ONES * 0x20) & !word);
    let marks = marks & HIGH;
    (marks != 0).then(|| (marks.trailing_zeros() / 8) as usize)
}

/// Like [`plain_until`], for long strings: each block is tested as a whole, which compiles to vector instructions.
#[inline(never)]
fn plain_long(text: &[u8], mut at: usize) -> usize {
    while let Some(block) = text.get(at..).and_then(|rest| rest.first_chunk::<32>()) {
        if block.iter().fold(false, |any, &byte| any | is_special(byte)) {
            break;
        }
        at += block.len();
    }
    while let Some(word) = word(text, at) {
        if let Some(offset) = first_special(word) {
            return at + offset;
        }
        at += 8;
    }
    plain_tail(text, at)
}

fn plain_tail(text: &[u8], at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    at + rest.iter().position(|&byte| is_special(byte)).unwrap_or(rest.len())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn plain_runs_end_at_the_first_special_byte(
            plain in 0..90_usize, after in prop::collection::vec(any::<u8>(), 0..90)) {
            let text = [vec![b'x'; plain], after].concat();
            let expected = text.iter().position(|&byte| is_special(byte)).unwrap_or(text.len());
            prop_assert_eq!(plain_until(&text, 0), expected);
        }
    }
}
