//! What `java.lang.String` does to texts.

/// As `String.trim`: characters up to the space are removed at both ends, white space beyond ASCII stays.
pub fn trim(text: &str) -> &str {
    text.trim_matches(|character| character <= ' ')
}
