//! Cases of ValueToKey: one field and several fields of each type, in the order of the key.

use serde_json::json;

use super::inputs::{PLAIN, TYPED, default_of, envelope, structure, without_defaults};
use crate::case::Case;

const CLASS: &str = "ValueToKey";

/// Names whose order changes in Java's maps of each size.
const MANY: &str = "p,ssn,b,a,id,name,created_at,é,zip code,x1,x2,x3,country";

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = configurations();
    let a = [("fields", "a")];
    for text in PLAIN {
        cases.push(Case::new(CLASS, &a, false, Some(text)));
        cases.push(Case::new(CLASS, &[("fields", "b,a")], false, Some(&format!("{{\"b\":{text},\"a\":{text}}}"))));
    }
    cases.push(Case::new(CLASS, &a, false, None));
    cases.push(Case::new(CLASS, &a, true, None));
    let names: Vec<&str> = MANY.split(',').collect();
    let members: Vec<String> = names.iter().zip(0..).map(|(name, number)| format!("\"{name}\":{number}")).collect();
    let map = format!("{{{}}}", members.join(","));
    let fields: Vec<_> = names.iter().map(|name| (*name, r#""type":"int32""#, false, "")).collect();
    for count in 1..=names.len() {
        for turned in [false, true] {
            let mut chosen = names[..count].to_vec();
            if turned {
                chosen.reverse();
            }
            let config = [("fields", &*chosen.join(","))];
            cases.push(Case::new(CLASS, &config, false, Some(&map)));
            cases.push(Case::new(CLASS, &config, true, Some(&structure(&fields, "", &map))));
        }
    }
    for other in ["null", "7", "{\"a\":2}"] {
        cases.push(Case::new(CLASS, &a, false, Some("{\"a\":1}")).with("other", json!(other)));
    }
    for (schema, values) in TYPED {
        cases.push(Case::new(CLASS, &a, true, Some(&envelope(schema, true, "", "null"))));
        cases.push(Case::new(CLASS, &a, true, Some(&envelope(schema, false, "", values[0]))));
        let default = default_of(schema, values[values.len() - 1]);
        for value in values.iter().chain([&"null"]) {
            let payload = format!("{{\"x\":1,\"a\":{value}}}");
            let fields = |optional, more| {
                let fields = [("x", r#""type":"int8""#, false, ""), ("a", schema, optional, more)];
                structure(&fields, r#","optional":true,"version":3"#, &payload)
            };
            cases.push(Case::new(CLASS, &a, true, Some(&fields(true, ""))));
            let Some(default) = default.as_deref() else { continue };
            for optional in [true, false] {
                for replace in ["true", "false"] {
                    let config = [("fields", "a,x"), ("replace.null.with.default", replace)];
                    let text = fields(optional, default);
                    cases.push(Case::new(CLASS, &config, true, Some(&text)).with("converter", without_defaults()));
                }
            }
        }
    }
    cases
}

fn configurations() -> Vec<Case> {
    let configs: [&[(&str, &str)]; 10] = [
        &[],
        &[("fields", "")],
        &[("fields", " ")],
        &[("fields", ",")],
        &[("fields", "a,,b")],
        &[("fields", "a,b,a")],
        &[("fields", " a , b ")],
        &[("fields", "a.b")],
        &[("fields", "a"), ("replace.null.with.default", "no")],
        &[("fields", "missing,a")],
    ];
    let struct_of = structure(&[("a", r#""type":"int8""#, false, "")], "", "{\"a\":1}");
    let both = |config: &&[(&str, &str)]| {
        [
            Case::new(CLASS, config, false, Some("{\"a\":{\"b\":1},\"b\":2}")),
            Case::new(CLASS, config, true, Some(&struct_of)),
        ]
    };
    configs.iter().flat_map(both).collect()
}

pub(crate) fn why(case: &Case) -> Option<&'static str> {
    let fields: Vec<&str> = case.config("fields")?.split(',').collect();
    let duplicates = (1..fields.len()).any(|at| fields[..at].contains(&fields[at]));
    duplicates.then_some(
        "refused by validation already, as by the REST API of Kafka Connect; only its configure drops what is there twice",
    )
}
