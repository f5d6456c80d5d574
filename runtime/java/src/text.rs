//! Methods of `java.lang.String`.

/// Trims like `String.trim`: removes white space and control characters of ASCII at both ends, but not other white space.
pub fn trim(text: &str) -> &str {
    text.trim_matches(|character| character <= ' ')
}
