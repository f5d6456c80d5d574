//! Cases of Flatten: nested maps and structs, names that collide, and what fields inherit from the structs around them.

use super::inputs::{PLAIN, TYPED, default_of, envelope, structure, without_defaults};
use crate::case::Case;

const CLASSES: [&str; 2] = ["Flatten$Key", "Flatten$Value"];
const DELIMITERS: [&[(&str, &str)]; 5] =
    [&[], &[("delimiter", "_")], &[("delimiter", "")], &[("delimiter", " :\"é ")], &[("delimiter", "..")]];

const MAPS: [&str; 14] = [
    "{}",
    r#"{"a":{}}"#,
    r#"{"a":{},"b":{"c":{}},"d":1}"#,
    r#"{"a":1,"b":{"c":"x","d":[{"e":1}],"f":null,"g":true,"h":-1.5}}"#,
    r#"{"a":{"b":{"c":{"d":{"e":{"f":"deep"}}}}}}"#,
    r#"{"a.b":1,"a":{"b":2}}"#,
    r#"{"a":{"b":2},"a.b":1}"#,
    r#"{"a_b":1,"a":{"b":2},"ab":3,"a..b":4}"#,
    r#"{"a":{"b":{"c":1},"b.c":2},"a.b":{"c":3},"a.b.c":4}"#,
    r#"{"x":{"y.z":1,"y":{"z":2}},"x.y":{"z":3},"p":{"":5},"p.":6}"#,
    r#"{"":{"a":1,"":{"":2}},"a":3}"#,
    r#"{"é\"\\":{"😀":1,"\n":{"\u0001":2}}}"#,
    r#"{"a":{"b":1},"a":{"c":2}}"#,
    r#"{"a":{"b":1,"b":{"c":2}},"l":[[],{}]}"#,
];

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = vec![
        Case::new(CLASSES[1], &[("delimiter", "   ")], false, Some(MAPS[3])),
        Case::new(CLASSES[1], &[("delimiter", " - ")], false, Some(MAPS[3])),
        Case::new(CLASSES[1], &[("unknown", "x")], false, Some(MAPS[3])),
    ];
    for class in CLASSES {
        for config in DELIMITERS {
            for text in MAPS {
                cases.push(Case::new(class, config, false, Some(text)));
            }
            for text in structs() {
                cases.push(Case::new(class, config, true, Some(&text)));
            }
        }
        cases.push(Case::new(class, &[], false, None));
        cases.push(Case::new(class, &[], true, None));
        for text in PLAIN {
            cases.push(Case::new(class, &[], false, Some(text)));
            cases.push(Case::new(class, &[], false, Some(&format!("{{\"a\":{{\"b\":{text}}}}}"))));
        }
        for (schema, values) in TYPED {
            cases.push(Case::new(class, &[], true, Some(&envelope(schema, true, "", "null"))));
            cases.push(Case::new(class, &[], true, Some(&envelope(schema, false, "", values[0]))));
            let default = default_of(schema, values[values.len() - 1]).unwrap_or_default();
            for value in [values[0], "null"] {
                for (around, optional, more) in
                    [(false, true, ""), (true, false, ""), (false, true, &*default), (true, false, &*default)]
                {
                    if value == "null" && !optional && more.is_empty() {
                        continue;
                    }
                    let inner = format!(
                        r#""type":"struct","fields":[{{{schema},"optional":{optional}{more},"field":"v"}}],"name":"In""#
                    );
                    let fields = [("i", inner.as_str(), around, ""), ("n", r#""type":"int8""#, false, "")];
                    let text = structure(&fields, "", &format!("{{\"i\":{{\"v\":{value}}},\"n\":1}}"));
                    cases.push(Case::new(class, &[], true, Some(&text)).with("converter", without_defaults()));
                }
            }
        }
        for text in with_struct_defaults() {
            // JsonConverter would replace null by the default.
            if !text.ends_with("null}}") {
                cases.push(Case::new(class, &[], true, Some(&text)));
            }
            cases
                .push(Case::new(class, &[("delimiter", "/")], true, Some(&text)).with("converter", without_defaults()));
        }
    }
    cases
}

/// Nested structs, required and optional, present and null, with names that collide.
fn structs() -> Vec<String> {
    let int8 = r#""type":"int8""#;
    let low = r#""type":"struct","fields":[{"type":"string","optional":true,"default":"d","field":"s"},{"type":"int64","optional":false,"field":"t"}],"name":"Low","doc":"x""#;
    let of = |optional: bool| {
        format!(
            r#""type":"struct","fields":[{{{low},"optional":{optional},"field":"low"}},{{"type":"array","items":{{"type":"int8"}},"optional":true,"field":"l"}}],"name":"Mid""#
        )
    };
    let mut structs = Vec::new();
    for (outer, inner) in [(false, false), (true, false), (false, true), (true, true)] {
        let mid = of(inner);
        let fields = [("a", int8, false, ""), ("m", mid.as_str(), outer, ""), ("z", r#""type":"boolean""#, true, "")];
        for more in ["", r#","version":3,"doc":"D","parameters":{"p":"q"},"optional":true"#] {
            let mut payloads = vec![
                r#"{"a":1,"m":{"low":{"s":"x","t":2},"l":[3]},"z":true}"#,
                r#"{"z":null,"m":{"l":null,"low":{"t":2,"s":null}},"a":1}"#,
            ];
            if inner {
                payloads.push(r#"{"a":1,"m":{"low":null,"l":[]},"z":null}"#);
            }
            if outer {
                payloads.push(r#"{"a":1,"m":null,"z":null}"#);
            }
            structs.extend(payloads.into_iter().map(|payload| structure(&fields, more, payload)));
        }
    }
    let b = r#""type":"struct","fields":[{"type":"int8","optional":false,"field":"b"}]"#;
    structs.push(structure(&[("a.b", int8, false, ""), ("a", b, false, "")], "", r#"{"a.b":1,"a":{"b":2}}"#));
    structs.push(structure(
        &[("a", b, false, ""), ("ab", int8, false, ""), ("a_b", int8, false, "")],
        "",
        r#"{"a":{"b":2},"ab":1,"a_b":3}"#,
    ));
    structs.push(structure(&[], "", "{}"));
    structs.push(structure(&[("e", r#""type":"struct","fields":[]"#, true, "")], "", r#"{"e":{}}"#));
    structs.push(structure(&[("é\\\"", b, true, "")], r#","optional":true"#, "{\"é\\\"\":{\"b\":7}}"));
    structs.push(structure(&[("a", b, true, "")], r#","optional":true"#, "null"));
    structs
}

/// Structs whose default is a struct, which JsonConverter cannot read: `Transforms.java` creates their schemas.
fn with_struct_defaults() -> Vec<String> {
    let n = r#""type":"struct","fields":[{"type":"int8","optional":false,"field":"v"},{"type":"string","optional":true,"default":"own","field":"w"}],"name":"N""#;
    let mut structs = Vec::new();
    for optional in [true, false] {
        for default in [r#","default":{"v":5,"w":"given"}"#, r#","default":{"v":5,"w":null}"#] {
            for payload in [r#"{"n":{"v":1,"w":"x"}}"#, r#"{"n":{"v":1,"w":null}}"#, r#"{"n":null}"#] {
                if optional || !payload.ends_with("null}") {
                    structs.push(structure(&[("n", n, optional, default)], "", payload));
                }
            }
        }
        let more = format!(r#","optional":{optional},"default":{{"n":{{"v":6,"w":"top"}}}}"#);
        structs.push(structure(&[("n", n, optional, "")], &more, r#"{"n":{"v":1,"w":"x"}}"#));
        structs.push(structure(&[("n", n, true, r#","default":{"v":5,"w":"near"}"#)], &more, r#"{"n":null}"#));
    }
    structs
}

pub(crate) fn why(_: &Case) -> Option<&'static str> {
    None
}
