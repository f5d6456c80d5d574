//! Cases of InsertHeader: texts and the types that are guessed for them.

use serde_json::json;

use super::inputs::header;
use crate::case::Case;

const LITERALS: [&str; 133] = [
    "",
    " ",
    "a",
    " a b ",
    "null",
    "NULL",
    " null ",
    "true",
    "false",
    "True",
    " true ",
    "truely",
    "0",
    "-0",
    "+7",
    "42",
    "-42",
    "007",
    "127",
    "128",
    "-128",
    "-129",
    "32767",
    "32768",
    "-32768",
    "-32769",
    "2147483647",
    "2147483648",
    "-2147483648",
    "-2147483649",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775808",
    "-9223372036854775809",
    "123456789012345678901234567890",
    "1.5",
    "-1.5",
    ".5",
    "5.",
    "1e3",
    "1E400",
    "1.0",
    "100.00",
    "0.1",
    "3.4028236e38",
    "3.4028235e38",
    "1.7976931348623157e309",
    "1e-400",
    "0.000001",
    "1.5f",
    "1L",
    "0x10",
    "1_000",
    "1,5",
    "1 5",
    "NaN",
    "Infinity",
    "-Infinity",
    "2020-01-02",
    "2020-13-45",
    "0001-01-01",
    "1969-12-31",
    "9999-12-31",
    "1582-10-10",
    "10:20:30.123Z",
    "00:00:00.000Z",
    "24:00:00.000Z",
    "2020-01-02T10:20:30.123Z",
    "1969-12-31T23:59:59.999Z",
    "2020-01-02T10:20:30Z",
    "2020-01-02T10\\:20\\:30.123Z",
    "2020-01-02 ",
    "2020-01-02x",
    "2020-1-2",
    "[]",
    "{}",
    "[1,2,3]",
    "[1, 200, 70000]",
    "[1,2.5]",
    "[1,\"a\"]",
    "[true,false]",
    "[\"a\",\"b\"]",
    "[null]",
    "[1,null]",
    "[[1],[2]]",
    "[[1],[\"a\"]]",
    "[1",
    "[1,",
    "[1 2]",
    "[a]",
    "[1,]",
    "[,]",
    "[\"2020-01-02\"]",
    "[2020-01-02]",
    "{\"a\":1}",
    "{\"a\":1,\"b\":2}",
    "{\"a\":1,\"b\":\"x\"}",
    "{\"a\":null}",
    "{1:2}",
    "{\"a\"}",
    "{\"a\":}",
    "{\"a\":1",
    "{a:1}",
    "{\"a\":[1,2]}",
    "{\"a\":{\"b\":1}}",
    "{\"a\":1,\"a\":2}",
    "{\"a\":1 \"b\":2}",
    "\"quoted\"",
    "\"\"",
    "\"a\\\"b\"",
    "'a'",
    "a:b",
    "a,b",
    "{}{}",
    "[]x",
    "\\",
    "\\\"",
    "é😀",
    "\u{1}",
    "a\nb",
    "12,abc",
    "-",
    "+",
    "--1",
    "1-2",
    "[1]]",
    "{\"a\":1}}",
    "\u{a0}5",
    "\u{661}",
    "1e",
    "e1",
    "[\"a\":1]",
    "{[1]:2}",
];

pub(crate) fn cases() -> Vec<Case> {
    let record = Some("{\"schema\":null,\"payload\":{\"v\":1}}");
    let there = json!([["a", header("\"type\":\"string\"", "\"x\"")], ["h", null]]);
    let case = |config: &[(&str, &str)]| Case::new("InsertHeader", config, true, record);
    let mut cases = Vec::new();
    for literal in LITERALS {
        cases.push(case(&[("header", "h"), ("value.literal", literal)]));
    }
    for name in ["", " ", "h", " h ", "a", "é\"\\", "😀", "a,b"] {
        for literal in ["1", "x", "null"] {
            cases.push(case(&[("header", name), ("value.literal", literal)]).with("headers", there.clone()));
        }
    }
    cases.push(case(&[("header", "h")]));
    cases.push(case(&[("value.literal", "h")]));
    cases.push(case(&[]));
    let config = [("header", "h"), ("value.literal", "[1]")];
    cases.push(Case::new("InsertHeader", &config, true, None).with("headers", there));
    cases.push(Case::new("InsertHeader", &config, false, Some("1")).with("headers", json!([["h", "{\"a\":1}"]])));
    cases
}

pub(crate) fn why(case: &Case) -> Option<&'static str> {
    let literal = case.entries("config").into_iter().find(|(name, _)| name == "value.literal")?.1;
    if literal.contains('\u{661}') {
        return Some("digits are those of ASCII, as for SimpleHeaderConverter");
    }
    literal.starts_with(['[', '{']).then_some(
        "lists and maps whose entries have no type in common have none at all in Weir; Kafka Connect gives them a schema that \
         lacks the part, with which JsonConverter writes null or fails",
    )
}
