//! Compares the quick check with the full conversion, and conversions with each other, for random schemas and values.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::schema::{Schema, SchemaType};

const READ: Rules = Rules { direction: Direction::Read, replace_null: true };
const WRITE: Rules = Rules { direction: Direction::Write { numeric: false }, replace_null: true };
const NUMERIC: Rules = Rules { direction: Direction::Write { numeric: true }, replace_null: true };

fn schema() -> impl Strategy<Value = Schema> {
    let kinds = vec![
        Schema::primitive(SchemaType::Int8),
        Schema::primitive(SchemaType::Int16),
        Schema::primitive(SchemaType::Int32),
        Schema::primitive(SchemaType::Int64),
        Schema::primitive(SchemaType::Float32),
        Schema::primitive(SchemaType::Float64),
        Schema::primitive(SchemaType::Boolean),
        Schema::string(),
        Schema::primitive(SchemaType::Bytes),
        Schema::decimal(2),
        Schema::logical("Date", SchemaType::Int32),
        Schema::logical("Time", SchemaType::Int32),
        Schema::logical("Timestamp", SchemaType::Int64),
        Schema::string().optional().with_default("\"none\""),
        Schema::primitive(SchemaType::Int32).with_default("5"),
    ];
    let optional = |(schema, optional): (Schema, bool)| if optional { schema.optional() } else { schema };
    let leaf = (prop::sample::select(kinds), any::<bool>()).prop_map(optional);
    leaf.prop_recursive(3, 12, 4, move |inner| {
        let fields = vec(inner.clone(), 0..4).prop_map(|fields| {
            Schema::structure(fields.into_iter().enumerate().map(|(at, field)| (format!("f{at}"), field)))
        });
        let any_kind = prop_oneof![
            inner.clone().prop_map(Schema::array),
            (inner.clone(), inner).prop_map(|(key, value)| Schema::map(key, value)),
            fields,
        ];
        (any_kind, any::<bool>()).prop_map(optional)
    })
}

/// Returns a value as it is written for the node, with nulls.
fn value(schema: &Schema, index: usize) -> BoxedStrategy<String> {
    let node = &schema.nodes[index];
    let child = |place: usize| value(schema, node.children[place] as usize);
    let own = match crate::json::shape::logical(node) {
        Some(crate::json::shape::Logical::Decimal(_)) => {
            vec(any::<u8>(), 1..12).prop_map(|bytes| quoted_base64(&bytes)).boxed()
        }
        Some(crate::json::shape::Logical::Time) => (0..=86_400_000_i64).prop_map(|n| n.to_string()).boxed(),
        _ => match node.kind {
            SchemaType::Int8 => any::<i8>().prop_map(|n| n.to_string()).boxed(),
            SchemaType::Int16 => any::<i16>().prop_map(|n| n.to_string()).boxed(),
            SchemaType::Int32 => any::<i32>().prop_map(|n| n.to_string()).boxed(),
            SchemaType::Int64 => any::<i64>().prop_map(|n| n.to_string()).boxed(),
            // Zero has no sign after it was read.
            SchemaType::Float32 => any::<f32>().prop_map(|n| float_text(weir_java::number::float(n + 0.0))).boxed(),
            SchemaType::Float64 => prop_oneof![any::<f64>(), (-99_999..99_999_i32).prop_map(|n| f64::from(n) / 100.0)]
                .prop_map(|n| float_text(weir_java::number::double(n + 0.0)))
                .boxed(),
            SchemaType::Boolean => any::<bool>().prop_map(|truth| truth.to_string()).boxed(),
            SchemaType::String => any::<String>().prop_map(|text| quoted(&text)).boxed(),
            SchemaType::Bytes => vec(any::<u8>(), 0..12).prop_map(|bytes| quoted_base64(&bytes)).boxed(),
            SchemaType::Array => vec(child(0), 0..4).prop_map(|items| format!("[{}]", items.join(","))).boxed(),
            SchemaType::Map if schema.nodes[node.children[0] as usize].kind == SchemaType::String => {
                prop::collection::btree_map("[a-zé\"]{0,4}", child(1), 0..4)
                    .prop_map(|map| {
                        map.iter().map(|(key, value)| format!("{}:{value}", quoted(key))).collect::<Vec<_>>()
                    })
                    .prop_map(|members| format!("{{{}}}", members.join(",")))
                    .boxed()
            }
            SchemaType::Map => vec((child(0), child(1)), 0..4)
                .prop_map(|pairs| pairs.iter().map(|(key, value)| format!("[{key},{value}]")).collect::<Vec<_>>())
                .prop_map(|pairs| format!("[{}]", pairs.join(",")))
                .boxed(),
            SchemaType::Struct => {
                let names = node.field_names.clone();
                let fields: Vec<_> = (0..names.len()).map(child).collect();
                fields
                    .prop_map(move |values| {
                        let members = names.iter().zip(values).map(|(name, value)| format!("\"{name}\":{value}"));
                        format!("{{{}}}", members.collect::<Vec<_>>().join(","))
                    })
                    .boxed()
            }
        },
    };
    // If there is a default, a null does not remain.
    if node.optional && node.default.is_none() {
        prop_oneof![5 => own, 1 => Just("null".to_owned())].boxed()
    } else {
        own
    }
}

fn quoted(text: &str) -> String {
    let mut out = Vec::new();
    weir_json::text::write_string(text.as_bytes(), &mut out);
    String::from_utf8(out).expect("UTF-8")
}

fn quoted_base64(bytes: &[u8]) -> String {
    let mut out = Vec::new();
    write_base64(bytes, &mut out);
    String::from_utf8(out).expect("UTF-8")
}

fn float_text(text: String) -> String {
    if text.ends_with(|last: char| last.is_ascii_digit()) { text } else { "0.0".to_owned() }
}

fn schema_and_value() -> impl Strategy<Value = (Schema, String)> {
    schema().prop_flat_map(|schema| {
        let value = value(&schema, 0);
        (Just(schema), value)
    })
}

fn full(shape: &Shape, text: &str, rules: &Rules) -> Result<String, String> {
    let mut out = Vec::new();
    rebuild(shape, &Node::parse_checked(text), rules, &mut out)?;
    Ok(String::from_utf8(out).expect("UTF-8"))
}

fn shape(schema: &Schema, rules: &Rules) -> Shape {
    Shape::of(schema, rules).expect("a shape")
}

/// Returns whether the value fits, and the result of the quick check.
fn quick(shape: &Shape, text: &str, rules: &Rules) -> Option<String> {
    fits::fits(shape, text.as_bytes(), 0, rules).map(|end| text[..end].to_owned())
}

proptest! {
    #[test]
    fn a_value_of_a_schema_stays_as_it_is((schema, text) in schema_and_value()) {
        for rules in [READ, WRITE] {
            let shape = shape(&schema, &rules);
            prop_assert_eq!(full(&shape, &text, &rules), Ok(text.clone()));
            if let Some(quick) = quick(&shape, &text, &rules) {
                prop_assert_eq!(&quick, &text);
            }
        }
    }

    #[test]
    fn a_decimal_comes_back_from_its_digits((schema, text) in schema_and_value()) {
        let written = full(&shape(&schema, &NUMERIC), &text, &NUMERIC).expect("written");
        let read = full(&shape(&schema, &READ), &written, &READ).expect("read");
        // Different texts in base64 may stand for the same number; digits do not.
        let again = full(&shape(&schema, &NUMERIC), &read, &NUMERIC).expect("written");
        prop_assert_eq!(again, written);
    }

    #[test]
    fn the_quick_look_lets_pass_what_would_not_change(
        (schema, text) in schema_and_value(), at in any::<prop::sample::Index>(), with in "[0-9.\",\\[\\]{}:a-]{0,2}|null|true|\\\\n| ", space in any::<bool>()) {
        let at = at.index(text.len() + 1);
        if !text.is_char_boundary(at) {
            return Ok(());
        }
        let text = [&text[..at], &with, &text[at + usize::from(!space && at < text.len() && text.is_char_boundary(at + 1))..]].concat();
        if weir_json::check_strict(text.as_bytes()).is_err() {
            return Ok(());
        }
        for rules in [READ, WRITE, NUMERIC] {
            let shape = shape(&schema, &rules);
            let Some(quick) = quick(&shape, text.trim_end(), &rules) else { continue };
            let full = full(&shape, &text, &rules);
            prop_assert!(full.is_ok(), "{:?} {}", full, text);
            let full = full.unwrap_or_default();
            // White space remains, and a number that is read keeps redundant zeros.
            let plain = |text: &str| {
                let mut out = Vec::new();
                Node::parse_checked(text).write(&mut out);
                String::from_utf8_lossy(&out).replace(".0", "").replace('0', "")
            };
            prop_assert_eq!(plain(&quick), plain(&full));
            if rules != READ && !text.contains([' ', '\\']) {
                prop_assert_eq!(quick, full);
            }
        }
    }

    #[test]
    fn anything_can_be_read_or_refused(schema in schema(), other in schema_and_value()) {
        for rules in [READ, WRITE, NUMERIC] {
            let mut out = b"before".to_vec();
            let converted = convert(&shape(&schema, &rules), &other.1, &rules, &mut out);
            match converted {
                Ok(()) => prop_assert!(weir_json::check_strict(&out[6..]).is_ok(), "{}", String::from_utf8_lossy(&out)),
                Err(_) => prop_assert_eq!(out, b"before"),
            }
        }
    }
}

#[test]
fn a_default_cannot_fill_the_memory() {
    let default = format!("\"{}\"", "x".repeat(1 << 20));
    let element = Schema::string().optional().with_default(default);
    let shape = shape(&Schema::array(element), &READ);
    let text = format!("[{}null]", "null,".repeat(1000));
    let mut out = Vec::new();
    assert_eq!(convert(&shape, &text, &READ, &mut out), Err(too_large()));
}
