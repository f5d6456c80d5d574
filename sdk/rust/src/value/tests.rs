//! Tests of values as transforms use them, and a comparison of edits with trees of serde_json.

use proptest::prelude::*;
use serde_json::{Map, Value as Tree, json};

use super::*;

#[test]
fn a_value_that_is_only_read_is_written_as_it_came() {
    let text = "{ \"a\" : 1,\n\"a\":2 }";
    let mut value = Value::json(text);
    assert_eq!(value.get("a").unwrap().as_i64(), Some(2));
    assert!(!value.is_changed());
    assert_eq!(value.to_string(), text);
}

#[test]
fn values_become_members() {
    for (mut value, expected) in [
        (Value::null(), r#"{"f":null}"#),
        (Value::text("a\"b\u{1}é"), r#"{"f":"a\"b\u0001é"}"#),
        (Value::bytes(b"\xff\x00"), r#"{"f":"/wA="}"#),
        (Value::json(" [1, 2] "), r#"{"f": [1, 2] }"#),
        (Value::json(r#"{"a":1}"#), r#"{"f":{"a":1}}"#),
    ] {
        value.wrap("f", None);
        assert_eq!(value.to_string(), expected);
        assert_eq!(value.encoding(), Encoding::Json);
    }
}

#[test]
fn a_field_becomes_the_value() {
    let text =
        || Value::json(r#"{"a":{"s":"x","e":"\"\u00e9","h":"\ud800","n":null,"i":7,"o":{"p":[1]}},"s":"other"}"#);
    for (name, expected, encoding) in [
        ("s", "x", Encoding::Utf8),
        ("e", "\"é", Encoding::Utf8),
        ("h", r#""\ud800""#, Encoding::Json),
        ("i", "7", Encoding::Json),
        ("o", r#"{"p":[1]}"#, Encoding::Json),
        ("n", "", Encoding::Json),
        ("missing", "", Encoding::Json),
    ] {
        let mut value = text();
        value.extract("a", None).unwrap();
        value.extract(&FieldName::new(name), None).unwrap();
        assert_eq!((value.to_string().as_str(), value.encoding()), (expected, encoding), "{name}");
        assert_eq!(value.is_absent(), expected.is_empty());
        value.wrap("w", None);
        value.extract("w", Some(Schema::bytes().build())).unwrap();
        assert_eq!(value.encoding(), Encoding::Json, "bytes are base64 in JSON");
    }
    let mut value = text();
    value.set_str("s", "new").unwrap();
    value.extract("s", Some(Schema::string().build())).unwrap();
    assert_eq!(value.as_text(), Some("new"));
    assert_eq!(value.extract("s", None).unwrap_err().class, "java.lang.String");
}

#[test]
fn wrapping_is_undone_by_nothing_that_comes_after() {
    let mut value = Value::text("x");
    value.wrap("a", None);
    value.wrap(&FieldName::new("b"), None);
    value.set_i64("c", -3).unwrap();
    value.wrap("d", None);
    value.set_f64("e", 1.0).unwrap();
    assert_eq!(value.as_json().unwrap().get("d").unwrap().get("b").unwrap().raw(), br#"{"a":"x"}"#);
    assert_eq!(value.to_string(), r#"{"d":{"b":{"a":"x"},"c":-3},"e":1.0}"#);
    value.set_text("whole", None);
    value.wrap("f", None);
    assert_eq!(value.to_string(), r#"{"f":"whole"}"#);
}

#[test]
fn what_is_no_object_has_no_fields() {
    let schema = Schema::string().optional().build();
    for (mut value, class) in [
        (Value::null(), "null"),
        (Value::json("null"), "null"),
        (Value::json("1"), "java.lang.Long"),
        (Value::json("-1e3"), "java.lang.Double"),
        (Value::json("true"), "java.lang.Boolean"),
        (Value::json("[{}]"), "java.util.ArrayList"),
        (Value::json("\"{}\""), "java.lang.String"),
        (Value::json("{\"a\":"), "java.util.HashMap"),
        (Value::text("{}"), "java.lang.String"),
        (Value::bytes(b"{}"), "[B"),
        (Value::text("{}").with_schema(&schema), "java.lang.String"),
    ] {
        assert_eq!(value.set_i64("a", 1), Err(NotAnObject { class }));
        assert!(value.get("a").is_none() && !value.is_object());
        assert!(!value.is_changed());
    }
}

#[test]
fn loading_another_record_leaves_nothing_of_the_one_before() {
    let schema = Schema::structure("s").field("a", Schema::int8()).build();
    let mut value = Value::json(r#"{"a":1}"#).with_schema(&schema);
    value.set_str("b", "x").unwrap();
    value.load(Encoding::Json, Some(b"{}"), None);
    assert!(value.schema().is_none() && value.get("b").is_none());
    value.set_bool("c", true).unwrap();
    assert_eq!(value.to_string(), r#"{"c":true}"#);
    let mut other = value.recycle();
    assert!(other.is_null() && !other.is_changed());
    other.load(Encoding::Utf8, Some(b"t"), Some(&schema));
    assert_eq!(other.as_text(), Some("t"));
    assert!(other.schema().unwrap().same(&schema));
}

#[test]
fn a_renamed_field_takes_the_place_of_its_namesake() {
    let mut value = Value::json(r#"{"a":1,"b":2,"c":3}"#);
    assert_eq!(value.rename("c", "a"), Ok(true));
    assert_eq!(value.rename("x", "b"), Ok(false));
    assert_eq!(value.rename("b", "b\"q"), Ok(true));
    assert_eq!(value.set_i64("b\"q", 9), Ok(()));
    assert_eq!(value.to_string(), r#"{"b\"q":9,"a":3}"#);
}

#[test]
fn of_fields_with_one_name_one_is_left() {
    let text = r#"{"a":1,"bb":2,"\u0061":3,"a":4,"c":5}"#;
    for (edit, expected) in [
        ((|value| value.set_i64("a", 9)) as fn(&mut Value<'_>) -> Result<(), NotAnObject>, r#"{"bb":2,"a":9,"c":5}"#),
        (
            |value| value.update("a", |a| Ok(a.filter(|a| a.as_i64() == Some(4)).map(|_| &b"0"[..]))),
            r#"{"bb":2,"a":0,"c":5}"#,
        ),
        (|value| value.remove("a").map(drop), r#"{"bb":2,"c":5}"#),
        (|value| value.rename("a", "z").map(drop), r#"{"bb":2,"z":4,"c":5}"#),
        (|value| value.rename("c", "a").map(drop), r#"{"bb":2,"a":5}"#),
    ] {
        let mut value = Value::json(text);
        edit(&mut value).unwrap();
        assert_eq!(value.to_string(), expected);
    }
}

#[test]
fn an_update_may_leave_a_field_as_it_is_or_add_it() {
    let mut value = Value::json(r#"{"a":1}"#);
    value.update("a", |_| Ok::<_, NotAnObject>(None)).unwrap();
    assert!(!value.is_changed());
    value.update("a long name", |there| Ok::<_, NotAnObject>(there.is_none().then_some(&b"[]"[..]))).unwrap();
    assert_eq!(value.to_string(), r#"{"a":1,"a long name":[]}"#);
    assert_eq!(Value::text("x").update("a", |_| Ok(None)), Err(NotAnObject { class: "java.lang.String" }));
}

/// An edit that the property test makes.
#[derive(Clone, Debug)]
enum Edit {
    Set(String, Tree),
    Remove(String),
    Rename(String, String),
    Wrap(String),
}

/// A small set of names, so that edits hit members. Some need escapes.
fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("a".to_string()),
        Just("bb".into()),
        Just("a long name".into()),
        Just("q\"".into()),
        Just("é\\\n".into()),
        Just(String::new())
    ]
}

fn tree() -> impl Strategy<Value = Tree> {
    let leaf = prop_oneof![
        Just(Tree::Null),
        any::<bool>().prop_map(Tree::from),
        any::<i64>().prop_map(Tree::from),
        (-1e9..1e9).prop_map(Tree::from),
        "[ -~é\\\\\"\n😀]{0,20}".prop_map(Tree::from),
    ];
    leaf.prop_recursive(3, 24, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Tree::from),
            prop::collection::vec((name(), inner), 0..4)
                .prop_map(|members| Tree::Object(members.into_iter().collect())),
        ]
    })
}

fn object() -> impl Strategy<Value = Map<String, Tree>> {
    prop::collection::vec((name(), tree()), 0..6).prop_map(|members| members.into_iter().collect())
}

fn edit() -> impl Strategy<Value = Edit> {
    prop_oneof![
        4 => (name(), tree()).prop_map(|(name, value)| Edit::Set(name, value)),
        2 => name().prop_map(Edit::Remove),
        2 => (name(), name()).prop_map(|(from, to)| Edit::Rename(from, to)),
        1 => name().prop_map(Edit::Wrap),
    ]
}

/// Makes the same edit on a tree.
fn apply(tree: Map<String, Tree>, edit: &Edit) -> Map<String, Tree> {
    match edit {
        Edit::Set(name, value) => {
            let mut tree = tree;
            tree.insert(name.clone(), value.clone());
            tree
        }
        Edit::Remove(name) => tree.into_iter().filter(|(there, _)| there != name).collect(),
        Edit::Rename(from, to) if from != to && tree.contains_key(from) => {
            let rest = tree.into_iter().filter(|(there, _)| there != to);
            rest.map(|(there, value)| (if there == *from { to.clone() } else { there }, value)).collect()
        }
        Edit::Rename(..) => tree,
        Edit::Wrap(name) => Map::from_iter([(name.clone(), Tree::Object(tree))]),
    }
}

/// Returns the text of an object with white space, or with `\u` escapes in its names, depending on `style`.
fn written(tree: &Map<String, Tree>, style: u8) -> String {
    match style {
        0 => serde_json::to_string(tree).unwrap(),
        1 => serde_json::to_string_pretty(tree).unwrap(),
        _ => {
            let escaped = |name: &str| name.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect::<String>();
            let members: Vec<_> = tree.iter().map(|(name, value)| format!("\"{}\" :{value}", escaped(name))).collect();
            format!("{{{}}}", members.join(" ,"))
        }
    }
}

proptest! {
    #[test]
    fn edits_of_text_are_the_edits_of_a_tree(tree in object(), style in 0u8..3, edits in prop::collection::vec(edit(), 0..8)) {
        let text = written(&tree, style);
        let mut value = Value::json(&text);
        let mut tree = tree;
        for edit in &edits {
            match edit {
                Edit::Set(name, Tree::String(text)) => value.set_str(name, text).unwrap(),
                Edit::Set(name, json) => value.set_raw(name, json.to_string().as_bytes()).unwrap(),
                Edit::Remove(name) => {
                    prop_assert_eq!(value.remove(name).unwrap(), tree.contains_key(name));
                }
                Edit::Rename(from, to) => {
                    prop_assert_eq!(value.rename(from, to).unwrap(), tree.contains_key(from));
                }
                Edit::Wrap(name) => value.wrap(name, None),
            }
            tree = apply(tree, edit);
        }
        for (name, expected) in &tree {
            let found: Tree = serde_json::from_slice(value.get(name).unwrap().raw()).unwrap();
            prop_assert_eq!(&found, expected);
        }
        let names: Vec<String> = value.fields().unwrap().map(|(name, _)| name.into_owned()).collect();
        prop_assert_eq!(names, tree.keys().cloned().collect::<Vec<_>>());
        let result: Tree = serde_json::from_str(&value.to_string()).unwrap();
        // Compared as text: two maps are equal whatever their order.
        prop_assert_eq!(result.to_string(), Tree::Object(tree).to_string());
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(prop_oneof![
        Just(b'{'), Just(b'}'), Just(b'['), Just(b']'), Just(b'"'), Just(b'\\'), Just(b':'), Just(b','), Just(b'1'), Just(b'n'), Just(b' '), any::<u8>()
    ], 0..40)) {
        let mut value = Value::new(Encoding::Json, Some(&bytes), None);
        let _ = (value.get("a").map(|found| found.as_str().is_some()), value.class(), value.is_null());
        let _ = (value.set_i64("a", 1), value.remove("1"), value.rename("", "b"));
        value.wrap("w", None);
        let _ = value.to_string();
    }
}

#[test]
fn nested_values_are_read_in_place() {
    let text = json!({"a": {"b": [10, {"c": "d"}]}}).to_string();
    let mut value = Value::json(&text);
    let b = value.get("a").and_then(|a| a.get("b")).unwrap();
    assert_eq!(b.elements().next().unwrap().as_i64(), Some(10));
    assert_eq!(b.elements().nth(1).unwrap().get("c").unwrap().as_str().unwrap(), "d");
}

#[test]
fn a_null_does_not_keep_the_encoding_of_the_value_before() {
    let mut value = Value::text("a").with_schema(&Schema::string().build());
    value.set_null(Some(Schema::int64().optional().build()));
    assert!(value.is_null());
    assert_eq!(value.encoding(), Encoding::Json, "text has no place in an INT64");
}
