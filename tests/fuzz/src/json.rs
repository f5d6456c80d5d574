//! The check that every value without a schema goes through, and the reader of JSON under the converters.

use serde::de::IgnoredAny;
use weir_json::check::{self, MAX_NUMBER, check_strict};
use weir_json::node::Node;

/// Levels of arrays and objects at which serde_json stops.
const SERDE_DEPTH: usize = 127;

/// Checks a text, compares the result with serde_json's, and reads and writes it.
///
/// # Panics
/// If the two disagree, or if what is written is not JSON.
pub fn json(data: &[u8]) {
    if let Ok(Some(first)) = check::first(data, 0) {
        assert!(first.start < first.end && first.end <= data.len(), "{first:?} of {} bytes", data.len());
    }
    let Ok(text) = str::from_utf8(data) else { return };
    let strict = check_strict(data);
    let limited = data.len() >= MAX_NUMBER || data.iter().filter(|byte| b"[{".contains(byte)).count() > SERDE_DEPTH;
    if !limited {
        let serde = serde_json::from_str::<IgnoredAny>(text);
        assert_eq!(strict.is_ok(), serde.is_ok(), "{text:?}: {strict:?}, and serde_json: {serde:?}");
    }
    if let Ok(node) = Node::parse(text) {
        let mut written = Vec::new();
        node.write(&mut written);
        let again = check_strict(&written);
        assert!(again.is_ok(), "{text:?} is written as {:?}: {again:?}", String::from_utf8_lossy(&written));
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_text_never_makes_a_panic_and_is_what_serde_json_says_it_is() {
        let seeds = [
            r#"{"schema":{"type":"struct","fields":[{"type":"int64","field":"a","optional":true}]},"payload":{"a":-1.5e3}}"#,
            "[\"\\u00e9\\ud83e\\udd80 \u{1f980}\",null,true,false,[[]],{\"a\":{}}, 0, -0, 10, 1E+9]",
            " \"plain\" ",
            "007",
        ];
        let seeds = seeds.map(|seed| seed.as_bytes().to_vec());
        crate::Run::from_environment().inputs(&seeds, 40_000, super::json);
    }
}
