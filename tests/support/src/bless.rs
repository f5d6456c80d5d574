//! Files of the repository that are generated: a test compares them with what they should be, and writes them if `WEIR_BLESS` is set.

use std::fs;
use std::path::Path;

/// Set to have the tests write the files.
const VARIABLE: &str = "WEIR_BLESS";

/// Compares a file of the repository with the text that it should contain, or writes the text if `WEIR_BLESS` is set. The path is relative
/// to the repository's root.
///
/// # Panics
///
/// The file has another content, or cannot be written.
pub fn bless(path: &str, text: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path);
    if fs::read_to_string(&file).is_ok_and(|found| found == text) {
        return;
    }
    if std::env::var_os(VARIABLE).is_some() {
        fs::write(&file, text).unwrap_or_else(|error| panic!("cannot write {path}: {error}"));
        return;
    }
    // The name of a test is that of its thread.
    let thread = std::thread::current();
    let test = thread.name().and_then(|name| name.rsplit("::").next()).unwrap_or_default();
    panic!("{path} is out of date; run: {VARIABLE}=1 cargo test --workspace {test}");
}

/// As [`bless`], for the part of a file between the first `begin` and the next `end`.
///
/// # Panics
///
/// The part has another content, the file has no such part, or cannot be written.
pub fn bless_section(path: &str, begin: &str, end: &str, section: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path);
    let text = fs::read_to_string(&file).unwrap_or_else(|error| panic!("cannot read {path}: {error}"));
    bless(path, &replaced(&text, begin, end, section).unwrap_or_else(|| panic!("{path} has no section {begin:?}")));
}

fn replaced(text: &str, begin: &str, end: &str, section: &str) -> Option<String> {
    let (before, rest) = text.split_once(begin)?;
    let (_, after) = rest.split_once(end)?;
    Some(format!("{before}{begin}{section}{end}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_section_is_replaced() {
        assert_eq!(replaced("a<b>old<e>c<e>", "<b>", "<e>", "new").as_deref(), Some("a<b>new<e>c<e>"));
        assert_eq!(replaced("a<b>old", "<b>", "<e>", "new"), None);
        assert_eq!(replaced("old<e>", "<b>", "<e>", "new"), None);
    }

    #[test]
    fn a_file_that_is_the_same_passes_and_another_one_does_not() {
        let own = include_str!("bless.rs");
        bless("tests/support/src/bless.rs", own);
        if std::env::var_os(VARIABLE).is_none() {
            let failed = std::panic::catch_unwind(|| bless("tests/support/src/bless.rs", "another text")).unwrap_err();
            let message = failed.downcast_ref::<String>().unwrap();
            assert!(message.starts_with("tests/support/src/bless.rs is out of date; run: WEIR_BLESS=1 "), "{message}");
            assert!(message.ends_with(" a_file_that_is_the_same_passes_and_another_one_does_not"), "{message}");
        }
    }
}
