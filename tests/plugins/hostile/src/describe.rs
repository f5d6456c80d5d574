//! What `describe` does. It gets no configuration, so a test writes it into the file: the bytes behind the mark below are the
//! deed, filled up with spaces.

use std::hint::black_box;

use crate::deeds;

/// As long as every deed. The mark is found by `weir-tests`, which knows the same text.
static DEED: [u8; 48] = *b"weir-hostile-describe-does:                     ";

const MARK: usize = b"weir-hostile-describe-does:".len();

/// What was written into the file.
fn written() -> String {
    // Without the black box the compiler would know the text and leave the deeds out.
    String::from_utf8_lossy(&black_box(&DEED)[MARK..]).trim().to_owned()
}

/// Does what was written into the file.
pub(crate) fn misbehave() {
    let deed = written();
    if !deed.is_empty() && !deed.starts_with(VERSION) {
        deeds::commit(&deed);
    }
}

/// True = a lie with this name was written into the file.
pub(crate) fn lies(name: &str) -> bool {
    written() == name
}

/// No deed but a version: `version 2.0`.
const VERSION: &str = "version ";

/// The version to report.
pub(crate) fn version() -> String {
    written().strip_prefix(VERSION).unwrap_or("0.1.0").to_owned()
}
