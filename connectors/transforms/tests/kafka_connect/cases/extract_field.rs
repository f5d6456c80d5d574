//! Cases of ExtractField: existing and missing names and paths, in values of each type.

use super::inputs::{PLAIN, TYPED, default_of, envelope, structure, without_defaults};
use crate::case::Case;

const CLASSES: [&str; 2] = ["ExtractField$Key", "ExtractField$Value"];

/// A field and the version of its syntax.
const PATHS: [(&str, &str); 20] = [
    ("a", "V1"),
    ("a.b", "V1"),
    ("`a`", "V1"),
    ("", "V1"),
    ("é\"\\", "V1"),
    ("missing", "v1"),
    ("a", "V2"),
    ("a.b", "V2"),
    ("a.b.c", "v2"),
    ("a.missing.c", "V2"),
    ("`a.b`", "V2"),
    ("`a.b`.c", "V2"),
    ("a.`b.c`", "V2"),
    ("`a`.`b`", "V2"),
    (r"`a\`.b`.c", "V2"),
    ("a.", "V2"),
    (".", "V2"),
    ("``", "V2"),
    ("s.b", "V2"),
    ("l.0", "V2"),
];

/// The values around them, for JSON and for structs.
const NESTED: [&str; 8] = [
    "null",
    r#"{"a":1}"#,
    r#"{"a":null,"a.b":"dot","`a`":true}"#,
    r#"{"a":{"b":{"c":"deep"},"b.c":2,"":3},"s":"text","l":[0]}"#,
    r#"{"a":{"b":null},"a.b":{"c":-1.5}}"#,
    r#"{"a`.b":{"c":[1]},"":{"":"empty"},"é\"\\":"odd"}"#,
    r#"{"a":[{"b":1}],"s":{"b":"é\uD83D\uDE00\n"}}"#,
    r#"{"a":{"b":"x"},"a":{"b":{"c":"later"}}}"#,
];

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = configurations();
    for class in CLASSES {
        for (field, version) in PATHS {
            let config = [("field", field), ("field.syntax.version", version)];
            for text in NESTED {
                cases.push(Case::new(class, &config, false, Some(text)));
            }
            for text in structs() {
                cases.push(Case::new(class, &config, true, Some(&text)));
            }
        }
        let fields = [("field", "a")];
        cases.push(Case::new(class, &fields, false, None));
        cases.push(Case::new(class, &fields, true, None));
        for text in PLAIN {
            cases.push(Case::new(class, &fields, false, Some(text)));
            cases.push(Case::new(class, &fields, false, Some(&format!("{{\"x\":0,\"a\":{text}}}"))));
        }
        for (schema, values) in TYPED {
            cases.push(Case::new(class, &fields, true, Some(&envelope(schema, true, "", "null"))));
            cases.push(Case::new(class, &fields, true, Some(&envelope(schema, false, "", values[0]))));
            let default = default_of(schema, values[values.len() - 1]);
            for value in values.iter().chain([&"null"]) {
                let optional = *value == "null";
                let payload = format!("{{\"a\":{value}}}");
                let text = structure(&[("a", schema, optional, "")], "", &payload);
                cases.push(Case::new(class, &fields, true, Some(&text)));
                let Some(default) = default.as_deref() else { continue };
                let text = structure(&[("a", schema, optional, default)], "", &payload);
                for replace in ["true", "false"] {
                    let config = [("field", "a"), ("replace.null.with.default", replace)];
                    cases.push(Case::new(class, &config, true, Some(&text)).with("converter", without_defaults()));
                }
            }
        }
    }
    cases
}

fn configurations() -> Vec<Case> {
    let configs: [&[(&str, &str)]; 12] = [
        &[],
        &[("field", " a ")],
        &[("field", "a"), ("field.syntax.version", "V3")],
        &[("field", "a"), ("field.syntax.version", "")],
        &[("field", "a"), ("field.syntax.version", " v2 ")],
        &[("field", "a"), ("replace.null.with.default", "yes")],
        &[("field", "a"), ("replace.null.with.default", "")],
        &[("field", "`a"), ("field.syntax.version", "V2")],
        &[("field", "é😀.`a.b"), ("field.syntax.version", "V2")],
        &[("field", r"`a\`"), ("field.syntax.version", "V2")],
        &[("field", "`a`b.c"), ("field.syntax.version", "V2")],
        &[("field", ""), ("field.syntax.version", "V2")],
    ];
    configs.iter().map(|config| Case::new("ExtractField$Value", config, false, Some("{\"a\":1}"))).collect()
}

/// Structs with fields that are structs, null and not null.
fn structs() -> Vec<String> {
    let inner = r#""type":"struct","fields":[{"type":"string","optional":true,"default":"d","field":"c"}],"name":"B""#;
    let outer = format!(
        r#""type":"struct","fields":[{{{inner},"optional":true,"field":"b"}},{{"type":"int8","optional":false,"field":"b.c"}}],"name":"A""#
    );
    let fields = [
        ("a", outer.as_str(), true, ""),
        ("a.b", r#""type":"int32""#, false, ""),
        ("s", r#""type":"string""#, true, ""),
    ];
    [
        r#"{"a":{"b":{"c":"deep"},"b.c":2},"a.b":7,"s":"text"}"#,
        r#"{"a":{"b":{"c":null},"b.c":2},"a.b":7,"s":"text"}"#,
        r#"{"a":{"b":null,"b.c":2},"a.b":7,"s":null}"#,
        r#"{"a":null,"a.b":7,"s":null}"#,
    ]
    .iter()
    .map(|payload| structure(&fields, r#","optional":true"#, payload))
    .chain([structure(&fields, r#","optional":true"#, "null")])
    .collect()
}

pub(crate) fn why(case: &Case) -> Option<&'static str> {
    let empty = case.config("field") == Some("") && case.config("field.syntax.version") == Some("V2");
    empty.then_some("a path without a step is refused when it is configured; Kafka Connect fails with each record")
}
