//! Connect schemas as JSON: the `schema` member of JsonConverter's envelope.

use std::collections::HashSet;

use super::payload::{self, Rules};
use super::shape::Shape;
use crate::check::MAX_FORMAT_BYTES;
use crate::schema::{Schema, SchemaNode, SchemaType};
use crate::schema_check::{self, MAX_DEPTH};
use weir_json::node::Node;
use weir_json::text::write_string;

const TYPES: [(&str, SchemaType); 12] = [
    ("int8", SchemaType::Int8),
    ("int16", SchemaType::Int16),
    ("int32", SchemaType::Int32),
    ("int64", SchemaType::Int64),
    ("float", SchemaType::Float32),
    ("double", SchemaType::Float64),
    ("boolean", SchemaType::Boolean),
    ("string", SchemaType::String),
    ("bytes", SchemaType::Bytes),
    ("array", SchemaType::Array),
    ("map", SchemaType::Map),
    ("struct", SchemaType::Struct),
];

/// Reads a schema. `rules`, which are for reading, apply to its defaults.
///
/// # Errors
/// Kafka Connect's message.
pub(crate) fn read(json: &Node<'_>, rules: &Rules) -> Result<Schema, String> {
    let mut nodes = Vec::new();
    read_node(json, rules, 0, &mut nodes, &mut 0)?;
    let schema = Schema { nodes };
    if schema.weight() > MAX_FORMAT_BYTES {
        return Err(format!("the schema takes more than {} MiB", MAX_FORMAT_BYTES >> 20));
    }
    schema_check::check(&schema).map_err(|fault| fault.to_string())?;
    Ok(schema)
}

/// The maximum number of nodes below nodes with a default, where a node counts once for each such node above it. Each default is
/// compared with a schema made of these nodes, so that without a limit the work would grow with the square of the levels.
const MAX_UNDER_DEFAULTS: usize = 1 << 18;

/// Appends a node and all nodes below it, and returns its index. `under_defaults` counts the nodes below defaults.
fn read_node(
    json: &Node<'_>,
    rules: &Rules,
    depth: usize,
    nodes: &mut Vec<SchemaNode>,
    under_defaults: &mut usize,
) -> Result<u32, String> {
    if depth == MAX_DEPTH {
        return Err(schema_check::SchemaFault::TooDeep.to_string());
    }
    let kind = json.get("type").and_then(Node::text).ok_or("Schema must contain 'type' field")?;
    let Some(&(_, kind)) = TYPES.iter().find(|(name, _)| *name == kind) else {
        return Err(format!("Unknown schema type: {kind}"));
    };
    let index = nodes.len();
    nodes.push(SchemaNode::new(kind));
    let mut child = |json: Option<&Node<'_>>, missing: &str| match json {
        None | Some(Node::Null) => Err(missing.to_owned()),
        Some(json) => read_node(json, rules, depth + 1, nodes, under_defaults),
    };
    let mut children = Vec::new();
    let mut field_names = Vec::new();
    let mut names = HashSet::new();
    match kind {
        SchemaType::Array => children.push(child(json.get("items"), "Array schema did not specify the element type")?),
        SchemaType::Map => {
            children.push(child(json.get("keys"), "Map schema did not specify the key type")?);
            children.push(child(json.get("values"), "Map schema did not specify the value type")?);
        }
        SchemaType::Struct => {
            let Some(Node::Array(fields)) = json.get("fields") else {
                return Err("Struct schema's \"fields\" argument is not an array.".to_owned());
            };
            for field in fields {
                let name = field.get("field").and_then(Node::text);
                let name = name.ok_or("Struct schema's field name not specified properly")?;
                if !names.insert(name.clone()) {
                    return Err(format!("Cannot create field because of field name duplication {name}"));
                }
                field_names.push(name.into_owned());
                children.push(child(Some(field), "")?);
            }
        }
        _ => {}
    }
    let integral = |json: &Node<'_>| match json {
        Node::Number(digits) if json.is_integral() => Some(weir_java::big_decimal::long_value(digits) as i32),
        _ => None,
    };
    let node = &mut nodes[index];
    node.children = children;
    node.field_names = field_names;
    node.optional = json.get("optional") == Some(&Node::Boolean(true));
    node.name = json.get("name").and_then(Node::text).map(Into::into);
    node.version = json.get("version").and_then(integral);
    node.doc = json.get("doc").and_then(Node::text).map(Into::into);
    if let Some(Node::Object(parameters)) = json.get("parameters") {
        for (name, value) in parameters {
            let value = value.text().ok_or("Schema parameters must have string values.")?;
            node.parameters.push((name.clone().into_owned(), value.into_owned()));
        }
    }
    // A null is the same as no default.
    let no_default = |default: &Node<'_>| nodes[index].optional && *default == Node::Null;
    if let Some(default) = json.get("default").filter(|default| !no_default(default)) {
        *under_defaults += nodes.len() - index;
        if *under_defaults > MAX_UNDER_DEFAULTS {
            return Err(format!("more than {MAX_UNDER_DEFAULTS} nodes of the schema are below ones with a default"));
        }
        let text = read_default(default, index, rules, nodes)?;
        nodes[index].default = text;
    }
    Ok(index as u32)
}

/// Returns the default of the node at `index`. Its children follow it.
fn read_default(json: &Node<'_>, index: usize, rules: &Rules, nodes: &[SchemaNode]) -> Result<Option<String>, String> {
    let mut below = nodes[index..].to_vec();
    for node in &mut below {
        node.children.iter_mut().for_each(|child| *child -= index as u32);
    }
    let shape = Shape::of(&Schema { nodes: below }, rules).map_err(|error| error.to_string())?;
    let mut out = Vec::new();
    payload::rebuild(&shape, json, rules, &mut out)?;
    let text = String::from_utf8(out).map_err(|error| error.to_string())?;
    // The value has another type and has become null.
    if text == "null" && !shape.optional {
        return Err("Invalid default value".to_owned());
    }
    Ok((text != "null").then_some(text))
}

/// Appends a schema as Kafka Connect writes it. `rules`, which are for writing, apply to its defaults.
///
/// # Errors
/// The schema is not valid, or its default does not fit.
pub(crate) fn write(schema: &Schema, rules: &Rules, out: &mut Vec<u8>) -> Result<Shape, String> {
    let shape = Shape::of(schema, rules).map_err(|error| error.to_string())?;
    write_node(schema, 0, &shape, None, out);
    Ok(shape)
}

fn write_node(schema: &Schema, index: usize, shape: &Shape, field: Option<&str>, out: &mut Vec<u8>) {
    let node = &schema.nodes[index];
    let kind = TYPES.iter().find(|(_, kind)| *kind == node.kind).map_or("", |(name, _)| name);
    out.extend_from_slice(b"{\"type\":");
    write_string(kind.as_bytes(), out);
    let names: &[&str] = match node.kind {
        SchemaType::Array => &["items"],
        SchemaType::Map => &["keys", "values"],
        _ => &[],
    };
    for ((name, &child), shape) in names.iter().zip(&node.children).zip(&shape.children) {
        write_key(name, out);
        write_node(schema, child as usize, shape, None, out);
    }
    if node.kind == SchemaType::Struct {
        write_key("fields", out);
        out.push(b'[');
        for (place, ((&child, shape), name)) in
            node.children.iter().zip(&shape.children).zip(&node.field_names).enumerate()
        {
            if place > 0 {
                out.push(b',');
            }
            write_node(schema, child as usize, shape, Some(name), out);
        }
        out.push(b']');
    }
    write_key("optional", out);
    out.extend_from_slice(if node.optional { b"true" } else { b"false" });
    if let Some(name) = &node.name {
        write_key("name", out);
        write_string(name.as_bytes(), out);
    }
    if let Some(version) = node.version {
        write_key("version", out);
        out.extend_from_slice(version.to_string().as_bytes());
    }
    if let Some(doc) = &node.doc {
        write_key("doc", out);
        write_string(doc.as_bytes(), out);
    }
    if !node.parameters.is_empty() {
        write_key("parameters", out);
        for (place, (name, value)) in node.parameters.iter().enumerate() {
            out.push(if place > 0 { b',' } else { b'{' });
            write_string(name.as_bytes(), out);
            out.push(b':');
            write_string(value.as_bytes(), out);
        }
        out.push(b'}');
    }
    if let Some(default) = &shape.default {
        write_key("default", out);
        out.extend_from_slice(default);
    }
    if let Some(field) = field {
        write_key("field", out);
        write_string(field.as_bytes(), out);
    }
    out.push(b'}');
}

fn write_key(name: &str, out: &mut Vec<u8>) {
    out.push(b',');
    write_string(name.as_bytes(), out);
    out.push(b':');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::payload::Direction;

    const READ: Rules = Rules { direction: Direction::Read, replace_null: true };
    const WRITE: Rules = Rules { direction: Direction::Write { numeric: false }, replace_null: true };

    fn parse(json: &str) -> Result<Schema, String> {
        read(&Node::parse(json).expect("JSON"), &READ)
    }

    #[test]
    fn a_schema_is_written_as_it_was_read() {
        let json = concat!(
            r#"{"type":"struct","fields":["#,
            r#"{"type":"int32","optional":false,"field":"id"},"#,
            r#"{"type":"string","optional":true,"default":"none","field":"tag"},"#,
            r#"{"type":"bytes","optional":false,"name":"org.apache.kafka.connect.data.Decimal","version":1,"#,
            r#""parameters":{"scale":"2"},"default":"AfQ=","field":"price"},"#,
            r#"{"type":"map","keys":{"type":"int32","optional":false},"values":{"type":"string","optional":false},"#,
            r#""optional":false,"field":"m"},"#,
            r#"{"type":"array","items":{"type":"double","optional":true},"optional":true,"doc":"some","field":"a"}],"#,
            r#""optional":false,"name":"Order"}"#
        );
        let mut out = Vec::new();
        write(&parse(json).expect("a schema"), &WRITE, &mut out).expect("written");
        assert_eq!(String::from_utf8_lossy(&out), json);
    }

    #[test]
    fn what_a_schema_lacks_is_said_in_kafka_connects_words() {
        for (json, message) in [
            ("{}", "Schema must contain 'type' field"),
            (r#"{"type":"x"}"#, "Unknown schema type: x"),
            (r#"{"type":"array"}"#, "Array schema did not specify the element type"),
            (r#"{"type":"map"}"#, "Map schema did not specify the key type"),
            (r#"{"type":"map","keys":{"type":"string"}}"#, "Map schema did not specify the value type"),
            (r#"{"type":"struct"}"#, "Struct schema's \"fields\" argument is not an array."),
            (r#"{"type":"struct","fields":[{"type":"string"}]}"#, "Struct schema's field name not specified properly"),
            (r#"{"type":"string","parameters":{"a":1}}"#, "Schema parameters must have string values."),
            (r#"{"type":"string","default":null}"#, "Invalid null value for required STRING field"),
        ] {
            assert_eq!(parse(json), Err(message.to_owned()), "{json}");
        }
    }

    #[test]
    fn members_of_an_unexpected_kind_are_passed_over() {
        let schema = parse(r#"{"type":"string","optional":"true","name":1,"version":"1","doc":2,"x":3}"#);
        assert_eq!(schema, Ok(Schema::string()));
        let schema = parse(r#"{"type":"string","optional":true,"default":null}"#);
        assert_eq!(schema, Ok(Schema::optional_string()));
    }

    #[test]
    fn a_numeric_default_of_a_decimal_becomes_base64() {
        let name = "org.apache.kafka.connect.data.Decimal";
        let json =
            format!(r#"{{"type":"bytes","name":"{name}","version":1,"parameters":{{"scale":"2"}},"default":5}}"#);
        assert_eq!(parse(&json), Ok(Schema::decimal(2).with_default("\"AfQ=\"")));
        let rules = Rules { direction: Direction::Write { numeric: true }, replace_null: true };
        let mut out = Vec::new();
        write(&Schema::decimal(2).with_default("\"AfQ=\""), &rules, &mut out).expect("written");
        assert!(String::from_utf8_lossy(&out).ends_with(r#""default":5.00}"#));
    }

    #[test]
    fn a_schema_deeper_than_any_is_refused_and_not_recursed_into() {
        let json =
            [r#"{"type":"array","items":"#.repeat(999), r#"{"type":"int8"}"#.to_owned(), "}".repeat(999)].concat();
        let run = move || parse(&json).map(|schema| schema.nodes.len());
        let thread = std::thread::Builder::new().stack_size(schema_check::STACK / 2).spawn(run);
        assert_eq!(thread.expect("a thread").join().expect("no overflow"), Ok(1000));
        // JSON may not have one more level, so that such a schema can only come from a plugin.
        let array = |below: u32| SchemaNode { children: vec![below], ..SchemaNode::new(SchemaType::Array) };
        let mut nodes: Vec<_> = (1..=1000).map(array).collect();
        nodes.push(SchemaNode::new(SchemaType::Int8));
        assert_eq!(schema_check::check(&Schema { nodes }), Err(schema_check::SchemaFault::TooDeep));
    }

    #[test]
    fn defaults_on_every_level_of_a_large_schema_are_refused_before_they_cost_much() {
        let fields = |fields: &str| {
            format!(r#"{{"type":"struct","optional":true,"default":{{}},"field":"f","fields":[{fields}]}}"#)
        };
        let leaves: Vec<_> =
            (0..20_000).map(|n| format!(r#"{{"type":"int8","optional":true,"field":"{n}"}}"#)).collect();
        let json = (0..20).fold(leaves.join(","), |below, _| fields(&below));
        assert_eq!(parse(&json), Err("more than 262144 nodes of the schema are below ones with a default".to_owned()));
        let json = (0..20).fold(String::new(), |below, _| fields(&below));
        assert!(parse(&json).is_ok());
    }
}
