//! What `describe` does. It has no configuration, so a test writes the deed into the component file: the bytes after the mark below,
//! padded with spaces.

use std::hint::black_box;

use crate::commit;

/// Long enough for every deed. `weir-tests` finds the mark, and contains the same text.
static DEED: [u8; 48] = *b"weir-hostile-describe-does:                     ";

const MARK: usize = b"weir-hostile-describe-does:".len();

/// Returns what was written into the file.
fn written() -> String {
    // Without the black box the compiler would use the text as it is here and remove the deeds.
    String::from_utf8_lossy(&black_box(&DEED)[MARK..]).trim().to_owned()
}

/// Does what was written into the file.
pub(crate) fn misbehave() {
    let deed = written();
    if !deed.is_empty() && !deed.starts_with(VERSION) {
        commit(&deed);
    }
}

/// Whether the deed with this name was written into the file.
pub(crate) fn lies(name: &str) -> bool {
    written() == name
}

/// Not a deed, but a version: `version 2.0`.
const VERSION: &str = "version ";

/// Returns the version to report.
pub(crate) fn version() -> String {
    written().strip_prefix(VERSION).unwrap_or("0.1.0").to_owned()
}
