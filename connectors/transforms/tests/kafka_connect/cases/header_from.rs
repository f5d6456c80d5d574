//! Cases of HeaderFrom: fields of each type, existing and missing, on both sides, copied and moved.

use serde_json::json;

use super::inputs::{PLAIN, TYPED, envelope, header, structure, without_defaults};
use crate::case::Case;

const ODD_NUMBERS: [&str; 3] = ["1.4E-45", "-4.9E-324", "-0.0"];

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for class in ["HeaderFrom$Key", "HeaderFrom$Value"] {
        for operation in ["copy", "move"] {
            plain(class, operation, &mut cases);
            typed(class, operation, &mut cases);
            defaults(class, operation, &mut cases);
            lists(class, operation, &mut cases);
        }
    }
    settings(&mut cases);
    cases
}

fn plain(class: &str, operation: &str, cases: &mut Vec<Case>) {
    let config = [("fields", "a"), ("headers", "h"), ("operation", operation)];
    for json in PLAIN {
        cases.push(Case::new(class, &config, false, Some(&format!("{{\"a\":{json},\"z\":1}}"))));
        cases.push(Case::new(class, &config, false, Some(json)).with("headers", json!([["h", "1"]])));
    }
    for text in ["{\"z\":1}", "{\"a\":1,\"a\":2}", "{\"z\":{\"a\":1}}"] {
        cases.push(Case::new(class, &config, false, Some(text)));
    }
    cases.push(Case::new(class, &config, false, None));
    cases.push(Case::new(class, &config, true, None));
    for payload in ["null", "{\"a\":1}"] {
        cases.push(Case::new(class, &config, true, Some(&format!("{{\"schema\":null,\"payload\":{payload}}}"))));
    }
}

fn typed(class: &str, operation: &str, cases: &mut Vec<Case>) {
    let config = [("fields", "a"), ("headers", "h"), ("operation", operation)];
    let there = json!([["h", header("\"type\":\"string\"", "\"x\"")]]);
    for (schema, values) in TYPED {
        // The form of numbers depends on the converter.
        for value in values.iter().filter(|value| !ODD_NUMBERS.contains(value)) {
            let record =
                structure(&[("a", schema, false, ""), ("z", r#""type":"int8""#, true, "")], "", &payload(value));
            cases.push(Case::new(class, &config, true, Some(&record)).with("headers", there.clone()));
        }
        let null =
            structure(&[("a", schema, true, "")], ",\"version\":2,\"doc\":\"d\",\"optional\":true", "{\"a\":null}");
        cases.push(Case::new(class, &config, true, Some(&null)));
        cases.push(Case::new(class, &config, true, Some(&envelope(schema, true, "", "null"))));
        cases.push(Case::new(class, &config, true, Some(&envelope(schema, false, "", values[0]))));
    }
}

fn payload(value: &str) -> String {
    format!("{{\"a\":{value},\"z\":null}}")
}

/// Nulls with a default, read as null and as the default.
fn defaults(class: &str, operation: &str, cases: &mut Vec<Case>) {
    for replace in ["true", "false"] {
        let config =
            [("fields", "a"), ("headers", "h"), ("operation", operation), ("replace.null.with.default", replace)];
        for (schema, default) in [
            (r#""type":"int8""#, "7"),
            (r#""type":"string""#, r#""d\"""#),
            (r#""type":"boolean""#, "false"),
            (r#""type":"array","items":{"type":"int8"}"#, "[]"),
            (r#""type":"int64","name":"org.apache.kafka.connect.data.Timestamp","version":1"#, "77"),
        ] {
            for optional in [true, false] {
                let default = format!(",\"default\":{default}");
                let fields = [("a", schema, optional, default.as_str()), ("z", schema, optional, default.as_str())];
                let record = structure(&fields, "", "{\"a\":null,\"z\":null}");
                let case = Case::new(class, &config, true, Some(&record));
                cases.push(case.clone());
                cases.push(case.with("converter", without_defaults()));
            }
        }
    }
}

/// Several fields, duplicates, unusual names.
fn lists(class: &str, operation: &str, cases: &mut Vec<Case>) {
    let fields = [
        ("a", r#""type":"int8""#, false, ""),
        ("b", r#""type":"string""#, true, ""),
        ("é\\\"", r#""type":"int8""#, false, ""),
    ];
    let record = structure(&fields, "", r#"{"a":1,"b":null,"é\"":3}"#);
    for (from, to) in [
        ("a,b", "g,h"),
        ("b,a", "g,h"),
        ("a,a", "g,h"),
        ("a,b", "h,h"),
        (" a , b ", " g , h "),
        ("a,x", "g,h"),
        ("x", "h"),
        ("a.b", "h"),
        ("a,,b", "f,,g"),
        ("a,", "h,"),
        ("é\"", "ö😀"),
        ("a,b,é\"", "x,y,z"),
    ] {
        let config = [("fields", from), ("headers", to), ("operation", operation)];
        let text = r#"{"a":1,"b":"x","c":{"a":2},"é\"":3,"":4}"#;
        cases.push(Case::new(class, &config, false, Some(text)).with("headers", json!([["g", "1"]])));
        cases.push(Case::new(class, &config, true, Some(&record)));
    }
}

fn settings(cases: &mut Vec<Case>) {
    let good = [("fields", "a"), ("headers", "h"), ("operation", "copy"), ("replace.null.with.default", "true")];
    let mut add = |config: &[(&str, &str)]| cases.push(Case::new("HeaderFrom$Value", config, false, Some("{\"a\":1}")));
    add(&[]);
    for (place, (key, _)) in good.iter().enumerate() {
        let mut less = good.to_vec();
        less.remove(place);
        add(&less);
        for value in ["", " ", ",", "a,b", "TRUE", " false ", "maybe", "move", " move ", "MOVE", "drop"] {
            let mut other = good.to_vec();
            other[place] = (key, value);
            add(&other);
        }
    }
    add(&[("fields", "a,b,c"), ("headers", "h,i"), ("operation", "copy")]);
}

pub(crate) fn why(case: &Case) -> Option<&'static str> {
    let message = case.text("message")?;
    message.starts_with("Cannot invoke").then_some(
        "a field that the struct does not have is a NullPointerException in Kafka Connect; Weir says which field it is",
    )
}
