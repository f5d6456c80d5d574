//! Cases of TimestampRouter: topics, formats and times.

use serde_json::json;

use crate::case::Case;

const CLASS: &str = "TimestampRouter";

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    let mut add = |config: &[(&str, &str)], topic: &str, timestamp: Option<i64>| {
        let case = Case::new(CLASS, config, false, Some("1")).with("topic", json!(topic));
        cases.push(match timestamp {
            Some(timestamp) => case.with("timestamp", json!(timestamp)),
            None => case,
        });
    };
    for moment in [
        0,
        1,
        86_399_999,
        86_400_000,
        951_782_399_999,
        1_700_000_000_123,
        4_102_444_800_000,
        253_402_300_800_000,
        i64::MAX,
    ] {
        add(&[], "t", Some(moment));
        add(&[("timestamp.format", "yyyy-MM-dd_HH.mm.ss.SSS")], "t", Some(moment));
        add(&[("timestamp.format", "YYYY-'w'ww-u"), ("topic.format", "${timestamp}_${topic}")], "t.x", Some(moment));
    }
    for format in ["${topic}", "${timestamp}", "x", "${topic}${topic}-${timestamp}${timestamp}", " ${topic} "] {
        for topic in ["t", "a.b-c_D", "x"] {
            add(&[("topic.format", format)], topic, Some(1_700_000_000_123));
        }
    }
    for pattern in [
        "",
        " ",
        "G",
        "y",
        "yy",
        "yyy",
        "yyyyy",
        "M",
        "MM",
        "MMM",
        "MMMM",
        "L",
        "LLLL",
        "d",
        "D",
        "E",
        "EEEE",
        "F",
        "w",
        "W",
        "a",
        "H",
        "k",
        "K",
        "h",
        "m",
        "s",
        "S",
        "SSSSSS",
        "u",
        "X",
        "XX",
        "XXX",
        "z",
        "Y",
        "YY",
        "'",
        "yyyyMMdd'T'HH",
        "b",
        "yyyy-MM-ddT",
        "XXXX",
        "c",
        "'x",
        "e",
        "yyyyMM'",
        "_-.",
        "yyyyMMddHHmmssSSS",
        "hha",
        "kk-KK",
    ] {
        add(&[("timestamp.format", pattern)], "t", Some(1_700_000_000_123));
    }
    add(&[], "t", None);
    add(&[("timestamp.format", "b")], "t", None);
    add(&[("unknown", "x")], "t", Some(7));
    cases.push(Case::new(CLASS, &[], true, None).with("timestamp", json!(5)).with("headers", json!([["h", null]])));
    cases
}

pub(crate) fn why(case: &Case) -> Option<&'static str> {
    let message = case.text("message")?;
    match case.text("error")? {
        "transform" if message.starts_with("Timestamp missing on record") => {
            Some("Kafka Connect prints the whole record, with its key, its value and its headers")
        }
        "transform" => Some("a pattern that cannot be used is refused with the configuration, not by each record"),
        _ => None,
    }
}
