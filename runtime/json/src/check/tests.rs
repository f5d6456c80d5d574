//! Compares the check with serde_json's, which differs from it only in leading zeros.

use proptest::prelude::*;

use super::*;

fn serde_accepts(text: &[u8]) -> bool {
    // IgnoredAny and not a tree, because escaped lone surrogates are JSON that no Rust string can hold.
    serde_json::from_slice::<serde::de::IgnoredAny>(text).is_ok()
}

#[test]
fn leading_zeros_are_accepted_and_reported() {
    let zeros = |text: &[u8]| first(text, 0).ok().flatten().map(|first| first.leading_zeros);
    assert_eq!(zeros(b"[007]"), Some(true));
    assert_eq!(zeros(b"-00.5"), Some(true));
    assert_eq!(zeros(b"[0, 0.5, -0, 10]"), Some(false));
    assert!(check_strict(b"007").is_err());
}

#[test]
fn what_follows_the_first_value_is_not_checked() {
    assert_eq!(first(b" {} x", 0), Ok(Some(First { start: 1, end: 3, leading_zeros: false })));
    assert_eq!(first(b"  ", 0), Ok(None));
    assert!(first(b"12x", 0).is_err());
    assert!(first(b"nullx", 0).is_err());
    assert!(first(b"\"a\"x", 0).is_ok());
}

#[test]
fn nesting_is_limited() {
    let nested = |depth: usize| [vec![b'['; depth], vec![b']'; depth]].concat();
    assert!(check_strict(&nested(MAX_DEPTH)).is_ok());
    assert!(check_strict(&nested(MAX_DEPTH + 1)).is_err());
    assert!(check_strict(&nested(1_000_000)).is_err());
}

#[test]
fn brackets_have_to_match_at_every_depth() {
    for depth in [1, 63, 64, 65, 200] {
        let text = [r#"{"a":["#.repeat(depth), "]}".repeat(depth)].concat();
        assert!(check_strict(text.as_bytes()).is_ok());
        let wrong = [r#"{"a":["#.repeat(depth), "]}".repeat(depth - 1), "}]".to_owned()].concat();
        assert!(check_strict(wrong.as_bytes()).is_err());
    }
}

const TOKENS: &[&str] = &[
    "{", "}", "[", "]", ",", ":", "\"a\"", "\"\\n\"", "1", "0", "-", ".", "e", "E5", "null", "true", "fals", " ", "\n",
    "\"", "\\",
];

fn json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        "-?(0|[1-9][0-9]{0,20})(\\.[0-9]{1,5})?([eE][+-]?[0-9]{1,3})?",
        any::<String>().prop_map(|text| serde_json::Value::from(text).to_string()),
        Just(r#""\ud800\u00e4""#.to_owned()),
    ];
    leaf.prop_recursive(5, 40, 6, |inner| {
        let member = ("[a-z\"\\\\é]{0,12}", inner.clone())
            .prop_map(|(name, value)| format!("{}: {value}", serde_json::Value::from(name)));
        prop_oneof![
            prop::collection::vec(inner, 0..6).prop_map(|items| format!("[{}]", items.join(" ,"))),
            prop::collection::vec(member, 0..6).prop_map(|members| format!("{{{}}}", members.join(", "))),
        ]
    })
}

proptest! {
    #[test]
    fn agrees_with_serde_json_on_json(text in json()) {
        prop_assert!(check_strict(text.as_bytes()).is_ok(), "{}", text);
    }

    #[test]
    fn agrees_with_serde_json_on_broken_json(
        text in json(), at in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<bool>()) {
        let mut text = text.into_bytes();
        let at = at.index(text.len());
        if cut { text.truncate(at) } else { text[at] = byte & 0x7F }
        // Characters may be broken too, but the check requires valid UTF-8.
        if std::str::from_utf8(&text).is_ok() {
            let leading_zeros = first(&text, 0).is_ok_and(|first| first.is_some_and(|first| first.leading_zeros));
            prop_assert!(leading_zeros || check_strict(&text).is_ok() == serde_accepts(&text));
        }
    }

    #[test]
    fn agrees_with_serde_json_on_token_soup(tokens in prop::collection::vec(prop::sample::select(TOKENS), 0..12)) {
        let text = tokens.concat().into_bytes();
        let leading_zeros = first(&text, 0).is_ok_and(|first| first.is_some_and(|first| first.leading_zeros));
        prop_assert!(leading_zeros || check_strict(&text).is_ok() == serde_accepts(&text));
    }
}

#[test]
fn flat_objects_are_recognised() {
    for text in [
        "{}",
        " { } ",
        r#"{"filename":"/data/in.txt"}"#,
        r#"{"position":30}"#,
        r#"{ "a" : -1.5e+7 , "b" : null , "c" : true , "d" : false, "e":0.1,"":0 }"#,
        r#"{"a\"\\\u00e4":"ä\n"}"#,
    ] {
        assert!(is_flat_object(text.as_bytes()), "{text}");
    }
}

#[test]
fn other_texts_are_not_flat_objects() {
    for text in [
        "",
        "null",
        "[]",
        "7",
        "{",
        "}",
        "{}x",
        "{}{}",
        r#"{"a"}"#,
        r#"{"a":}"#,
        r#"{"a":1,}"#,
        r#"{,"a":1}"#,
        "{a:1}",
        r#"{"a":{}}"#,
        r#"{"a":[]}"#,
        r#"{"a":01}"#,
        r#"{"a":1.}"#,
        r#"{"a":.5}"#,
        r#"{"a":+1}"#,
        r#"{"a":1e}"#,
        r#"{"a":-}"#,
        r#"{"a":tru}"#,
        r#"{"a":NaN}"#,
        r#"{"a":"x}"#,
        r#"{"a":"\x"}"#,
        r#"{"a":"\u12g4"}"#,
        r#"{"a":"\u12"#,
        "{\"a\":\"\n\"}",
    ] {
        assert!(!is_flat_object(text.as_bytes()), "{text}");
    }
    assert!(!is_flat_object(b"{\"a\":\"\xff\"}"));
}
