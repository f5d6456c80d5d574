//! What `describe` does. It gets no configuration, so a test writes it into the file: the bytes behind the mark below are the
//! deed, filled up with spaces.

use std::hint::black_box;

use crate::deeds;

/// As long as every deed. The mark is found by `weir-tests`, which knows the same text.
static DEED: [u8; 48] = *b"weir-hostile-describe-does:                     ";

const MARK: usize = b"weir-hostile-describe-does:".len();

/// Does what was written into the file.
pub(crate) fn misbehave() {
    // Without the black box the compiler would know the text and leave the deeds out.
    let text = black_box(&DEED);
    let deed = String::from_utf8_lossy(&text[MARK..]).into_owned();
    if !deed.trim().is_empty() {
        deeds::commit(deed.trim());
    }
}

/// True = a lie with this name was written into the file.
pub(crate) fn lies(name: &str) -> bool {
    String::from_utf8_lossy(&black_box(&DEED)[MARK..]).trim() == name
}
