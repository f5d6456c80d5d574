//! When two texts name the same source partition: JSON objects with the same members, whatever their order and spacing. A source
//! writes its partitions its own way; an operator who types one into a request need not know it.

use serde_json::Value;

/// The one text that all equal partitions have. What is no JSON is equal to itself only.
pub fn canonical(partition: &str) -> String {
    match serde_json::from_str::<Value>(partition) {
        Ok(mut value) => {
            value.sort_all_objects();
            value.to_string()
        }
        Err(_) => partition.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_and_spacing_make_no_difference_and_values_do() {
        let text = |partition| canonical(partition);
        assert_eq!(text(r#"{"b":1,"a":"x"}"#), text(r#"{ "a": "x", "b": 1 }"#));
        assert_eq!(text(r#"{"a":"\u0078"}"#), text(r#"{"a":"x"}"#));
        assert_ne!(text(r#"{"a":1}"#), text(r#"{"a":1.0}"#));
        assert_ne!(text(r#"{"a":1}"#), text(r#"{"a":"1"}"#));
        assert_eq!(text("null"), "null");
        assert_eq!(text("{broken"), "{broken");
    }
}
