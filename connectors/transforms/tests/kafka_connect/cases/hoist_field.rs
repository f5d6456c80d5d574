//! Cases of HoistField: values of each type on both sides.

use serde_json::json;

use super::inputs::{PLAIN, TYPED, envelope, structure};
use crate::case::Case;

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for class in ["HoistField$Key", "HoistField$Value"] {
        for text in PLAIN {
            cases.push(Case::new(class, &[("field", "f")], false, Some(text)));
        }
        cases.push(Case::new(class, &[("field", " é \"")], false, None));
        cases.push(Case::new(class, &[], false, None));
        for (schema, values) in TYPED {
            cases.push(Case::new(class, &[("field", "f")], true, Some(&envelope(schema, true, "", "null"))));
            cases.push(Case::new(class, &[("field", "f")], true, Some(&envelope(schema, false, "", values[0]))));
        }
        let fields = structure(
            &[("a", r#""type":"int8""#, true, r#","default":7"#), ("b", r#""type":"string""#, false, "")],
            r#","optional":true"#,
            r#"{"a":null,"b":"y"}"#,
        );
        cases.push(Case::new(class, &[("field", "f")], true, Some(&fields)));
        let all = Case::new(class, &[("field", "f")], false, Some("1"))
            .with("topic", json!("raw"))
            .with("timestamp", json!(7));
        cases.push(all.with("headers", json!([["h", "1"], ["h", null]])).with("other", json!("{\"a\":1}")));
    }
    cases
}

pub(crate) fn why(_: &Case) -> Option<&'static str> {
    None
}
