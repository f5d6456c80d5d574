//! Cases of TimestampConverter: each type to each other type, patterns, and texts that are parsed.

use serde_json::json;

use super::inputs::{PLAIN, TYPED, envelope, structure, without_defaults};
use crate::case::Case;

const CLASS: &str = "TimestampConverter$Value";

const TARGETS: [&str; 5] = ["string", "unix", "Date", "Time", "Timestamp"];

const PRECISIONS: [&str; 4] = ["seconds", "milliseconds", "microseconds", "nanoseconds"];

const FORMAT: &str = "yyyy-MM-dd'T'HH:mm:ss.SSSXXX";

/// Times before 1970, around the change of the calendar, before year 1, and in the far future.
const MOMENTS: [i64; 16] = [
    0,
    -1,
    86_399_999,
    951_782_400_000,
    1_700_000_000_123,
    4_102_444_799_999,
    -12_219_292_800_000,
    -12_219_292_800_001,
    -12_213_000_000_000,
    -62_135_769_600_000,
    -62_135_769_600_001,
    -99_999_999_999_999,
    253_402_300_800_000,
    9_007_199_254_740_993,
    i64::MAX,
    i64::MIN,
];

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    settings(&mut cases);
    kinds(&mut cases);
    precisions(&mut cases);
    written(&mut cases);
    read(&mut cases);
    for class in ["TimestampConverter$Key", CLASS] {
        places(class, &mut cases);
        nulls(class, &mut cases);
    }
    cases
}

fn settings(cases: &mut Vec<Case>) {
    let mut add = |config: &[(&str, &str)]| cases.push(Case::new(CLASS, config, false, Some("1")));
    add(&[]);
    for target in ["", " ", "String", "UNIX", "date", "timestamp", "unix ", "x"] {
        add(&[("target.type", target)]);
    }
    for target in TARGETS {
        for format in ["", " ", "bb", "yyyy'", "XXXX", "yyyy-MM-ddTHH", "c", "yyyy-MM-dd e", " yyyy "] {
            add(&[("target.type", target), ("format", format)]);
        }
    }
    for precision in ["", "Seconds", " seconds ", "s", "minutes"] {
        add(&[("target.type", "unix"), ("unix.precision", precision)]);
    }
    for replace in ["", "TRUE", " false ", "maybe"] {
        add(&[("target.type", "unix"), ("replace.null.with.default", replace)]);
    }
    for field in ["", " ", "a"] {
        add(&[("target.type", "unix"), ("field", field)]);
    }
}

/// Values of each type, with and without schemas.
fn kinds(cases: &mut Vec<Case>) {
    for target in TARGETS {
        let config = [("target.type", target), ("format", FORMAT)];
        let field = [("target.type", target), ("format", FORMAT), ("field", "a")];
        for text in PLAIN {
            cases.push(Case::new(CLASS, &config, false, Some(text)));
            cases.push(Case::new(CLASS, &field, false, Some(&format!("{{\"a\":{text},\"z\":1}}"))));
        }
        for (schema, values) in TYPED {
            cases.push(Case::new(CLASS, &config, true, Some(&envelope(schema, true, "", "null"))));
            for value in values {
                cases.push(Case::new(CLASS, &config, true, Some(&envelope(schema, false, "", value))));
            }
            let fields = [("a", schema, false, ""), ("z", r#""type":"int8""#, true, "")];
            let record = structure(&fields, "", &format!("{{\"a\":{},\"z\":null}}", values[values.len() - 1]));
            cases.push(Case::new(CLASS, &field, true, Some(&record)));
        }
    }
}

fn precisions(cases: &mut Vec<Case>) {
    for precision in PRECISIONS {
        for target in TARGETS {
            let config = [("target.type", target), ("unix.precision", precision), ("format", FORMAT)];
            for number in
                [0, 1, -1, 999, -999, 1500, -1500, 1_700_000_000_123, 1_700_000_000_123_456_789, i64::MAX, i64::MIN]
            {
                let value = envelope("\"type\":\"int64\"", false, "", &number.to_string());
                cases.push(Case::new(CLASS, &config, true, Some(&value)));
            }
        }
        let config = [("target.type", "unix"), ("unix.precision", precision), ("format", FORMAT)];
        for moment in MOMENTS {
            for name in ["Timestamp", "Date", "Time"] {
                let (kind, moment) = match name {
                    "Timestamp" => ("int64", moment),
                    "Date" => ("int32", (moment / 86_400_000) as i32 as i64),
                    _ => ("int32", moment.rem_euclid(86_400_000)),
                };
                let schema =
                    format!("\"type\":\"{kind}\",\"name\":\"org.apache.kafka.connect.data.{name}\",\"version\":1");
                cases.push(Case::new(CLASS, &config, true, Some(&envelope(&schema, true, "", &moment.to_string()))));
            }
        }
        cases.push(Case::new(CLASS, &config, false, Some("\"1969-12-31T23:59:59.999Z\"")));
    }
}

/// Patterns and the texts that they produce.
fn written(cases: &mut Vec<Case>) {
    for pattern in [
        "G GGGG",
        "y yy yyy yyyy yyyyyyy",
        "Y YY YYYY",
        "M MM MMM MMMM MMMMM",
        "L LL LLL LLLL",
        "d dd ddd",
        "D DDD",
        "E EEE EEEE",
        "F FF",
        "w ww",
        "W WW",
        "u uu",
        "a aaaa",
        "H HH",
        "k kk",
        "K KK",
        "h hh",
        "m mm",
        "s ss",
        "S SS SSS SSSSSS",
        "z zzzz",
        "Z ZZZZ",
        "X XX XXX",
        "yyyy-MM-dd HH:mm:ss",
        FORMAT,
        "EEE, d MMM yyyy HH:mm:ss Z",
        "yyyyMMddHHmmssSSS",
        "''yyyy''",
        "'it''s' yyyy",
        "h 'o''clock' a",
        "é€😀 yyyy",
        "\t/%\"{}\\ d",
        "yyyy-'W'ww-u",
        "hh:mm a, z",
        "K:mm a",
    ] {
        let config = [("target.type", "string"), ("format", pattern)];
        let few = if pattern == FORMAT { &MOMENTS[..] } else { &MOMENTS[..12] };
        for moment in few {
            cases.push(Case::new(CLASS, &config, false, Some(&moment.to_string())));
        }
    }
}

/// Texts that are parsed, including nearly valid ones.
fn read(cases: &mut Vec<Case>) {
    let texts: [(&str, &[&str]); 36] = [
        (
            "yyyy-MM-dd",
            &[
                "2020-02-29",
                "2021-02-29",
                "2021-13-01",
                "2021-00-00",
                "2021-1-2",
                "2021-01-02 and more",
                "2021-01-02T10:00",
                "21-1-2",
                "0021-01-02",
                "-1-01-01",
                "0-1-1",
                "2021--1-02",
                "2021-01--2",
                " 2021- 01-\t02",
                "2021-01-",
                "2021-01",
                "",
                " ",
                "x",
                "+2021-01-02",
                "2021/01/02",
                "99999-01-01",
                "999999999-01-01",
                "9999999999-01-01",
                "2021-99999999999-01",
                "1582-10-04",
                "1582-10-05",
                "1582-10-14",
                "1582-10-15",
                "0001-01-01",
                "0000-01-01",
                "1969-12-31",
                "2E3-01-01",
                "20.5-01-01",
                "2,021-01-01",
                "٢٠٢١-٠١-٠٢",
                "NaN-01-01",
                "∞-01-01",
                "2021-01-02é",
                "２０２１-01-02",
            ],
        ),
        ("yyyyMMdd", &["20200229", "2020229", "202002291", "2020 229", "2020-1-1", "12", "-2020101", "20209999"]),
        ("yyyyMMddHHmmssSSS", &["20200229010203004", "20200229010203", "20200229 1 2 3  4", "202002290102030045"]),
        ("yy-MM-dd", &["20-01-01", "99-12-31", "00-01-01", "1-1-1", "020-01-01", "2020-01-01", "-1-01-01", "٢٠-01-01"]),
        ("y", &["20", "2020", "7", "020"]),
        ("yyy", &["20", "2020"]),
        (
            "YYYY-'W'ww-u",
            &[
                "2020-W01-1",
                "2020-W53-7",
                "2021-W00-0",
                "2020-W1-8",
                "2020-W99-99",
                "1582-W42-5",
                "-5-W01-1",
                "2020-W01--1",
            ],
        ),
        ("YYYY-MM-dd", &["2020-12-31", "2021-01-01"]),
        ("yyyy-DDD", &["2020-366", "2021-366", "2020-0", "2020--1", "1582-300"]),
        ("yyyy-MM W E", &["2020-02 1 Mon", "2020-02 6 Sunday", "2020-02 0 sat", "2020-02 9 x"]),
        ("yyyy-MM F EEE", &["2020-02 1 Mon", "2020-02 5 Mon", "2020-02 -1 Mon", "2020-02 0 Mon"]),
        ("yyyy ww EEE", &["2020 01 Mon", "2020 53 Sat", "2020 -1 Sun"]),
        (
            "yyyy MMM d",
            &[
                "2020 Feb 1",
                "2020 february 1",
                "2020 FEBRUARY 1",
                "2020 Sept 1",
                "2020 2 1",
                "2020  Feb 1",
                "2020 ſep 1",
                "2020 May 1",
            ],
        ),
        ("yyyy MMMM d", &["2020 Feb 1", "2020 August 31"]),
        ("LLL yyyy", &["Mar 2020", "march 2020"]),
        ("EEE yyyy-MM-dd", &["Mon 2020-01-01", "wednesday 2020-01-01", "xyz 2020-01-01", "Mo 2020-01-01"]),
        ("EEE", &["Thu", "Fri"]),
        ("yyyy-MM-dd EEE", &["2020-01-01 Mon"]),
        (
            "G yyyy-MM-dd",
            &["AD 2020-01-01", "BC 0001-12-31", "bc 44-03-15", "Anno Domini 1-1-1", "CE 1-1-1", "Before Christ 5-1-1"],
        ),
        ("hh:mm a", &["12:00 AM", "12:00 PM", "01:30 pm", "13:00 AM", "0:0 am", "11:59 p.m.", "11:59PM", "-1:00 AM"]),
        ("K:mm a", &["0:00 PM", "12:00 PM", "11:00 AM"]),
        ("kk:mm", &["24:00", "25:00", "00:00", "1:1"]),
        (
            "HH:mm:ss.SSS",
            &["23:59:59.999", "24:00:00.000", "99:99:99.9999", "-1:-1:-1.-1", "1:2:3.4", "00:00:00.5", "00:00:60.000"],
        ),
        ("HH a", &["5 PM", "17 AM"]),
        ("a", &["PM", "AM"]),
        (
            "yyyy-MM-dd'T'HH:mm:ssX",
            &[
                "2020-01-01T00:00:00Z",
                "2020-01-01T00:00:00+01",
                "2020-01-01T00:00:00-0130",
                "2020-01-01T00:00:00z",
                "2020-01-01T00:00:00",
                "2020-01-01T00:00:00+24",
                "2020-01-01T00:00:00+1",
            ],
        ),
        ("HH:mmXX", &["10:00+0130", "10:00-01", "10:00+01:30", "10:00Z", "10:00+0160"]),
        ("HH:mmXXX", &["10:00+01:30", "10:00-01:30", "10:00+0130", "10:00Z", "10:00+23:59"]),
        (
            "HH:mm z",
            &[
                "10:00 UTC",
                "10:00 utc",
                "10:00 GMT",
                "10:00 gmt",
                "10:00 GMT+1:30",
                "10:00 GMT-01:30",
                "10:00 GMT+0130",
                "10:00 GMT+5",
                "10:00 GMTx",
                "10:00 +0130",
                "10:00 -0800",
                "10:00 Coordinated Universal Time",
                "10:00 PST",
                "10:00 CET",
                "10:00 Z",
                "10:00 1",
                "10:00  UTC",
                "10:00  GMT",
                "10:00  GMT+1",
                "10:00 Greenwich Mean Time",
                "10:00",
            ],
        ),
        ("HH:mm Z", &["10:00 +0130", "10:00 UTC", "10:00 EST"]),
        ("'at' HH", &["at 5", "At 5", "5"]),
        ("''yy''", &["'20'", "20"]),
        ("d/M/y H:m", &["1/2/2020 3:4", "31/4/20 25:61", "1/2/3"]),
        ("D", &["1", "365", "99999999999"]),
        ("S", &["1", "-1", "9223372036854775807", "9223372036854775808", "2147483648"]),
        ("é yyyy", &["é 2020", "e 2020", "😀é 2020"]),
    ];
    for (pattern, texts) in texts {
        for text in texts {
            let config = [("target.type", "unix"), ("format", pattern)];
            cases.push(Case::new(CLASS, &config, false, Some(&json!(text).to_string())));
        }
    }
    for target in TARGETS.into_iter().filter(|target| *target != "string") {
        let text = envelope("\"type\":\"string\"", false, "", "\"2020-01-02T03:04:05.006+01:00\"");
        cases.push(Case::new(CLASS, &[("target.type", target), ("format", FORMAT)], true, Some(&text)));
        cases.push(Case::new(CLASS, &[("target.type", target)], true, Some(&text)));
        cases.push(Case::new(CLASS, &[("target.type", target)], false, Some("\"2020\"")));
    }
}

/// The whole value, a field, a missing field, a nested field.
fn places(class: &str, cases: &mut Vec<Case>) {
    let moment = r#""type":"int64","name":"org.apache.kafka.connect.data.Timestamp","version":1"#;
    for field in ["", "a", "b", "x", "n.a", "é\""] {
        for target in TARGETS {
            let config = [("target.type", target), ("format", FORMAT), ("field", field)];
            for text in [
                "1700000000123",
                r#"{"a":1,"b":"2020-01-02T00:00:00.000Z","n":{"a":2},"é\"":-1}"#,
                r#"{"a":1,"a":-5}"#,
                "[1]",
                "null",
            ] {
                cases.push(Case::new(class, &config, false, Some(text)));
            }
            let fields = [
                ("a", r#""type":"int64""#, false, ",\"doc\":\"d\""),
                ("b", r#""type":"string""#, true, ""),
                ("é\\\"", moment, true, ""),
            ];
            let more = ",\"version\":3,\"doc\":\"d\",\"parameters\":{\"p\":\"q\"}";
            let record = structure(&fields, more, r#"{"a":1,"b":"2020-01-02T00:00:00.000Z","é\"":-1}"#);
            cases.push(Case::new(class, &config, true, Some(&record)));
            let missing = structure(&fields, more, r#"{"a":-1,"b":null,"é\"":null}"#);
            cases.push(Case::new(class, &config, true, Some(&missing)));
        }
    }
}

/// Null values and fields, with and without a default.
fn nulls(class: &str, cases: &mut Vec<Case>) {
    let timestamp = r#""type":"int64","name":"org.apache.kafka.connect.data.Timestamp","version":1"#;
    for field in ["", "a"] {
        let config = [("target.type", "string"), ("format", FORMAT), ("field", field)];
        cases.push(Case::new(class, &config, false, None));
        cases.push(Case::new(class, &config, true, None));
        cases.push(Case::new(class, &config, true, Some("{\"schema\":null,\"payload\":null}")));
        cases.push(Case::new(class, &config, true, Some(&envelope(timestamp, true, "", "null"))));
        cases.push(Case::new(class, &config, true, Some(&envelope(timestamp, true, ",\"default\":5", "null"))));
        let null = structure(&[("a", timestamp, true, "")], ",\"optional\":true", "null");
        cases.push(Case::new(class, &config, true, Some(&null)));
    }
    for target in TARGETS {
        for replace in ["true", "false"] {
            let config =
                [("target.type", target), ("format", FORMAT), ("field", "a"), ("replace.null.with.default", replace)];
            for optional in [true, false] {
                for (schema, default) in [
                    (timestamp, ",\"default\":77"),
                    (r#""type":"int64""#, ",\"default\":-1"),
                    (r#""type":"string""#, ",\"default\":\"2020-01-02T00:00:00.000Z\""),
                ] {
                    let z = ("z", r#""type":"int8""#, optional, ",\"default\":7");
                    for value in ["null", if schema.contains("string") { "\"1970-01-01T00:00:00.000Z\"" } else { "3" }]
                    {
                        let payload = format!("{{\"a\":{value},\"z\":null}}");
                        let record = structure(&[("a", schema, optional, default), z], "", &payload);
                        let case = Case::new(class, &config, true, Some(&record));
                        cases.push(case.clone().with("converter", without_defaults()));
                        cases.push(case);
                    }
                }
            }
        }
    }
}

pub(crate) fn why(case: &Case) -> Option<&'static str> {
    let message = case.text("message").unwrap_or_default();
    let outcome = case.text("output").is_some();
    let text = case.text("input").unwrap_or_default();
    if message.contains("class java.util.Date") {
        return Some(
            "without a schema Weir has JSON's types alone, and a moment is its milliseconds since 1970; JsonConverter has no \
             form for a java.util.Date without a schema",
        );
    }
    if message.starts_with("Kafka Connect Date type should not have any time fields") {
        return Some(
            "no number of milliseconds is the midnight before: here the transform says so, in Kafka Connect the converter",
        );
    }
    if message.starts_with("Cannot invoke") {
        return Some("text without `format` is a NullPointerException in Kafka Connect; Weir says what to set");
    }
    if outcome && ["PST", "CET", "EST"].iter().any(|zone| text.contains(zone)) {
        return Some("the names of time zones other than UTC and GMT would need their rules; the record fails");
    }
    None
}
