//! Cases of DropHeaders: listed names and existing headers.

use serde_json::{Value as Json, json};

use super::inputs::header;
use crate::case::Case;

const LISTS: [&str; 16] =
    ["a", "b", "a,b", " a , b ", "b,a,c", "x", "A", "é\"\\,😀", "a.b", "a,a", "a,,b", ",", "a,", ",a", "", " "];

/// Headers of all types, duplicate names and unusual names.
fn headers() -> [Json; 6] {
    let (text, number, map) = (header("\"type\":\"string\"", "\"x\""), header("\"type\":\"int8\"", "7"), "{\"a\":[1]}");
    let map = format!("{{\"schema\":null,\"payload\":{map}}}");
    [
        json!([]),
        json!([["a", text]]),
        json!([["b", text]]),
        json!([["a", text], ["b", number], ["a", map], ["c", null]]),
        json!([["A", text], [" a", number], ["", text], ["a,b", map], ["a.b", null]]),
        json!([["é\"\\", text], ["😀", map], ["b", number]]),
    ]
}

pub(crate) fn cases() -> Vec<Case> {
    let case = |config: &[(&str, &str)], input: Option<&str>| Case::new("DropHeaders", config, true, input);
    let record = "{\"schema\":null,\"payload\":{\"v\":1}}";
    let mut cases = Vec::new();
    for list in LISTS {
        for headers in headers() {
            cases.push(case(&[("headers", list)], Some(record)).with("headers", headers));
        }
    }
    let headers = headers();
    cases.push(case(&[], Some(record)));
    cases.push(case(&[("headers", "a"), ("unknown", "x")], Some(record)).with("headers", headers[3].clone()));
    cases.push(case(&[("headers", "a")], None).with("headers", headers[3].clone()));
    cases.push(
        Case::new("DropHeaders", &[("headers", "a")], false, Some("1"))
            .with("headers", json!([["a", "1"], ["b", "[2]"]])),
    );
    cases
}

pub(crate) fn why(case: &Case) -> Option<&'static str> {
    super::inputs::list_twice(case, "headers")
}
