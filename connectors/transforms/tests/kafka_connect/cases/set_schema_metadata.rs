//! Cases of SetSchemaMetadata: schemas of each type, with and without names and versions.

use super::inputs::{PLAIN, TYPED, default_of, envelope, structure, without_defaults};
use crate::case::Case;

const CLASSES: [&str; 2] = ["SetSchemaMetadata$Key", "SetSchemaMetadata$Value"];

const CONFIGS: [&[(&str, &str)]; 6] = [
    &[("schema.name", "org.example.New")],
    &[("schema.version", "2")],
    &[("schema.name", "é \"\\"), ("schema.version", "-2147483648")],
    &[("schema.name", "")],
    &[("schema.name", "new"), ("replace.null.with.default", "false")],
    &[("schema.version", "2147483647"), ("replace.null.with.default", "false")],
];

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = configurations();
    for class in CLASSES {
        for text in PLAIN {
            cases.push(Case::new(class, CONFIGS[0], false, Some(text)));
        }
        cases.push(Case::new(class, CONFIGS[0], false, None));
        cases.push(Case::new(class, CONFIGS[1], true, None));
        for (schema, values) in TYPED {
            for (optional, value) in [(true, "null"), (false, values[0])] {
                cases.push(Case::new(class, CONFIGS[0], true, Some(&envelope(schema, optional, "", value))));
            }
            let default = default_of(schema, values[values.len() - 1]);
            // Both sides use the same code, so the key does not need all values.
            for config in [CONFIGS[0], CONFIGS[4]].into_iter().filter(|_| class == CLASSES[1]) {
                for value in [values[values.len() - 1], "null"] {
                    for (optional, has_default) in [(true, false), (true, true), (false, true)] {
                        let default = if has_default { default.as_deref() } else { Some("") };
                        let Some(default) = default else { continue };
                        let payload = format!("{{\"a\":{value}}}");
                        let text = structure(&[("a", schema, optional, default)], "", &payload);
                        cases.push(Case::new(class, config, true, Some(&text)).with("converter", without_defaults()));
                    }
                }
            }
        }
        for config in CONFIGS {
            for text in structs() {
                cases.push(Case::new(class, config, true, Some(&text)));
                cases.push(Case::new(class, config, true, Some(&text)).with("converter", without_defaults()));
            }
        }
    }
    cases
}

fn configurations() -> Vec<Case> {
    let configs: [&[(&str, &str)]; 9] = [
        &[],
        &[("replace.null.with.default", "true")],
        &[("schema.version", "")],
        &[("schema.version", "1.0")],
        &[("schema.version", "2147483648")],
        &[("schema.version", " 3 ")],
        &[("schema.version", "+3")],
        &[("schema.name", " name ")],
        &[("schema.name", "name"), ("replace.null.with.default", "1")],
    ];
    let text = structure(&[("a", r#""type":"int8""#, false, "")], "", "{\"a\":1}");
    configs.iter().map(|config| Case::new("SetSchemaMetadata$Value", config, true, Some(&text))).collect()
}

fn structs() -> Vec<String> {
    let nested =
        r#""type":"struct","fields":[{"type":"int8","optional":false,"default":3,"field":"n"}],"name":"N","version":4"#;
    let fields = [
        ("a", r#""type":"string""#, false, r#","default":"x""#),
        ("b", nested, true, ""),
        ("c", r#""type":"int64""#, true, r#","default":9"#),
    ];
    let mut structs = Vec::new();
    for more in ["", r#","version":7,"doc":"A doc.","parameters":{"p":"q"},"optional":true"#] {
        for payload in [
            r#"{"a":"y","b":{"n":1},"c":2}"#,
            r#"{"a":null,"b":null,"c":null}"#,
            r#"{"a":"y","b":{"n":null},"c":null}"#,
        ] {
            structs.push(structure(&fields, more, payload));
        }
    }
    structs.push(structure(&fields, r#","optional":true"#, "null"));
    structs.push(structure(&[], "", "{}"));
    structs
}

pub(crate) fn why(_: &Case) -> Option<&'static str> {
    None
}
