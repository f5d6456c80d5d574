//! Cases of Cast: each type to each other type, as a field and as a whole value.

use super::inputs::{PLAIN, TYPED, default_of, envelope, structure, without_defaults};
use crate::case::Case;

const CLASSES: [&str; 2] = ["Cast$Key", "Cast$Value"];
const TYPES: [&str; 8] = ["int8", "int16", "int32", "int64", "float32", "float64", "boolean", "string"];

/// Texts that are numbers in Java, or look like numbers.
const TEXTS: [&str; 40] = [
    "0",
    "-0",
    "+1",
    "127",
    "128",
    "-129",
    "32768",
    "2147483648",
    "-2147483649",
    "9223372036854775807",
    "9223372036854775808",
    "007",
    " 1",
    "1 ",
    "1.0",
    "1.5",
    ".5",
    "5.",
    "1e3",
    "1E-400",
    "-1e400",
    "0x10",
    "0x1.8p1",
    "0x1p-1075",
    "1f",
    "2d",
    "1L",
    "NaN",
    "-NaN",
    "Infinity",
    "inf",
    "true",
    "TRUE",
    " true",
    "yes",
    "",
    "٣",
    "1_000",
    "--1",
    "3.4028236E38",
];

/// JSON numbers without a schema.
const NUMBERS: [&str; 22] = [
    "0",
    "1",
    "-1",
    "128",
    "-32769",
    "2147483648",
    "4294967297",
    "9223372036854775807",
    "9007199254740993",
    "16777217",
    "9223372036854775808",
    "0.5",
    "-0.9",
    "1.9",
    "300.7",
    "-2147483649.5",
    "1e10",
    "1e19",
    "-1e300",
    "0.1",
    "1.0E-5",
    "3.4028235677973366e38",
];

/// Values of schemas that are at the limits of Java's casts.
const EXTREMES: [(&str, &[&str]); 6] = [
    (r#""type":"float""#, &["0.99", "-129.5", "3.4028235E38", "1.0E10", "16777216"]),
    (r#""type":"double""#, &["0.5", "-1.0E300", "9.223372036854776E18", "2147483647.5", "1.0E-320", "123456789.125"]),
    (
        r#""type":"bytes","name":"org.apache.kafka.connect.data.Decimal","version":1,"parameters":{"scale":"0"}"#,
        &["\"fw==\"", "\"gA==\"", "\"AQAAAAAAAAAA\"", "\"/wAAAAAAAAAAAA==\""],
    ),
    (
        r#""type":"bytes","name":"org.apache.kafka.connect.data.Decimal","version":1,"parameters":{"scale":"9"}"#,
        &["\"AQ==\"", "\"/w==\"", "\"O5rJ/w==\""],
    ),
    (
        r#""type":"bytes","name":"org.apache.kafka.connect.data.Decimal","version":1,"parameters":{"scale":"-3"}"#,
        &["\"ew==\"", "\"AA==\""],
    ),
    (
        r#""type":"int64","name":"org.apache.kafka.connect.data.Timestamp","version":1"#,
        &["0", "86399999", "86400000", "86400001", "-86400000", "951782400000", "253402300800000", "-62135596800001"],
    ),
];

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = configurations();
    for (class, to) in CLASSES.iter().flat_map(|class| TYPES.iter().map(move |to| (*class, *to))) {
        let field = format!("a:{to}");
        let (of_field, of_whole) = ([("spec", field.as_str())], [("spec", to)]);
        for text in PLAIN {
            cases.push(Case::new(class, &of_whole, false, Some(text)));
            cases.push(Case::new(class, &of_field, false, Some(&format!("{{\"x\":1,\"a\":{text}}}"))));
        }
        cases.push(Case::new(class, &of_whole, false, None));
        cases.push(Case::new(class, &of_field, false, None));
        for (schema, values) in TYPED {
            // Both sides use the same code, so the key does not need all values.
            let values = if class == CLASSES[0] { &values[..1] } else { values };
            for value in values {
                cases.push(Case::new(class, &of_whole, true, Some(&envelope(schema, false, "", value))));
                let text = structure(
                    &[("x", r#""type":"int8""#, true, ""), ("a", schema, false, "")],
                    "",
                    &format!("{{\"x\":1,\"a\":{value}}}"),
                );
                cases.push(Case::new(class, &of_field, true, Some(&text)));
            }
            cases.push(Case::new(class, &of_whole, true, Some(&envelope(schema, true, "", "null"))));
            let Some(default) = default_of(schema, values[0]) else { continue };
            if class == CLASSES[1] {
                let last = values[values.len() - 1];
                cases.push(Case::new(class, &of_whole, true, Some(&envelope(schema, true, &default, last))));
                for optional in [true, false] {
                    for replace in ["true", "false"] {
                        let config = [("spec", field.as_str()), ("replace.null.with.default", replace)];
                        let text = structure(&[("a", schema, optional, &default)], "", "{\"a\":null}");
                        cases.push(Case::new(class, &config, true, Some(&text)).with("converter", without_defaults()));
                    }
                }
            }
        }
    }
    for to in TYPES {
        let field = format!("a:{to}");
        let (of_field, of_whole) = ([("spec", field.as_str())], [("spec", to)]);
        for text in TEXTS {
            let map = format!("{{\"a\":\"{text}\"}}");
            cases.push(Case::new(CLASSES[1], &of_field, false, Some(&map)));
            let text = envelope(r#""type":"string""#, false, "", &format!("\"{text}\""));
            cases.push(Case::new(CLASSES[1], &of_whole, true, Some(&text)));
        }
        for number in NUMBERS {
            cases.push(Case::new(CLASSES[1], &of_field, false, Some(&format!("{{\"a\":{number}}}"))));
        }
        for (schema, values) in EXTREMES {
            for value in values {
                let text = structure(&[("a", schema, false, "")], "", &format!("{{\"a\":{value}}}"));
                cases.push(Case::new(CLASSES[1], &of_field, true, Some(&text)));
            }
        }
    }
    cases
}

fn configurations() -> Vec<Case> {
    let map = r#"{"a":"1","b":2.5,"c":true,"d":null,"a.b":7,"":8}"#;
    let fields = [
        ("a", r#""type":"string""#, false, ""),
        ("b", r#""type":"double""#, true, r#","default":2.5"#),
        ("c", r#""type":"boolean""#, false, ""),
    ];
    let optional = structure(
        &fields,
        r#","version":3,"doc":"D","parameters":{"p":"q"},"optional":true"#,
        r#"{"a":"1","b":null,"c":true}"#,
    );
    let default = structure(&fields, r#","default":{"a":"1","b":1.5,"c":false}"#, r#"{"a":"1","b":null,"c":true}"#);
    let specs = [
        "",
        " ",
        ",",
        ":",
        "::",
        "a",
        "int8",
        "INT8",
        " Int8 ",
        "int8,",
        "int8,int16",
        "a:int8,string",
        "a:",
        "a:int8:",
        ":int8",
        "a:int8:b",
        "a:int7",
        "a:bytes",
        "bytes",
        "array",
        "a:struct",
        "a:MAP",
        "a : int8 , b :int32",
        "a:int8,a:string",
        "a:string,a:int8",
        "a:int32,b:int8,c:string,d:boolean",
        "missing:int8",
        "b:string,missing:float32,a:float64",
        "a.b:string",
        "a:ınt8",
        "a:int8,b:float",
        "c:int8,b:int64,a:boolean",
        "a:int8,b:x:y",
        "b:boolean,c:float64",
    ];
    let mut cases = vec![Case::new(CLASSES[1], &[], false, Some(map))];
    for spec in specs {
        cases.push(Case::new(CLASSES[1], &[("spec", spec)], false, Some(map)));
        cases.push(Case::new(CLASSES[1], &[("spec", spec)], true, Some(&optional)));
        cases.push(Case::new(CLASSES[0], &[("spec", spec)], true, Some(&default)));
    }
    cases.push(Case::new(CLASSES[1], &[("spec", "a:int8"), ("replace.null.with.default", "no")], false, Some(map)));
    // Which of two errors is reported.
    for spec in ["a:int8,b:int8", "b:int8,a:int8", "ssn:int8,id:int8,name:int8", "x1:int8,x2:int8,x17:int8"] {
        let names = ["a", "b", "ssn", "id", "name", "x1", "x2", "x17"];
        let members: Vec<String> = names.iter().map(|name| format!("\"{name}\":\"text {name}\"")).collect();
        cases.push(Case::new(CLASSES[1], &[("spec", spec)], false, Some(&format!("{{{}}}", members.join(",")))));
    }
    let nulls = [
        ("a", r#""type":"int8""#, false, r#","default":1"#),
        ("b", r#""type":"string""#, false, ""),
        ("c", r#""type":"int8""#, false, r#","default":"1""#),
    ];
    for spec in ["a:string,b:int8", "b:int8", "b:string"] {
        for payload in [r#"{"a":null,"b":"x","c":null}"#, r#"{"a":2,"b":"x","c":null}"#] {
            let config = [("spec", spec), ("replace.null.with.default", "false")];
            let text = structure(&nulls, "", payload);
            cases.push(Case::new(CLASSES[1], &config, true, Some(&text)).with("converter", without_defaults()));
        }
    }
    let odd = structure(&[("a", r#""type":"string""#, true, r#","default":"odd""#)], "", r#"{"a":"1"}"#);
    cases.push(Case::new(CLASSES[1], &[("spec", "a:int8")], true, Some(&odd)));
    cases
}

pub(crate) fn why(case: &Case) -> Option<&'static str> {
    let (spec, message) = (case.config("spec")?, case.text("message").unwrap_or_default());
    if spec.chars().all(|character| character == ':') && !spec.is_empty() {
        return Some("refused with a message; Kafka Connect fails with an index out of bounds");
    }
    if message.contains("No enum constant") {
        return Some("said without the text of a Java exception around it");
    }
    let is_logical = case.text("input").is_some_and(|input| input.contains("org.apache.kafka.connect.data."));
    (!spec.contains(':') && is_logical).then_some(
        "a value that is cast as a whole loses its logical type; Kafka Connect keeps the name of the type, and JsonConverter \
         then fails with the value, or the schema with its default",
    )
}
