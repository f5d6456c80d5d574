//! Checks that bytes are one JSON text.

/// Where a text stops being JSON, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{problem} at byte {at}")]
pub struct SyntaxError {
    /// What was found or missed.
    pub problem: &'static str,
    /// Index of the byte.
    pub at: usize,
}

/// Checks that `text`, which is UTF-8, is exactly one JSON text.
///
/// # Errors
/// Where and why not.
pub fn check_strict(text: &[u8]) -> Result<(), SyntaxError> {
    serde_json::from_slice::<serde::de::IgnoredAny>(text)
        .map(drop)
        .map_err(|error| SyntaxError { problem: "not JSON", at: error.column() })
}
