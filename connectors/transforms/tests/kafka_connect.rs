//! Holds transforms against what Kafka Connect 4.3.1's own did with the same records.
//!
//! Each line of `kafka_connect.jsonl` was recorded by reading `input` with JsonConverter, as the key or the value of a sink
//! record, and writing what the transform made of it with the same converter: the text, or which of these failed and with
//! which message. Where Weir differs on purpose, the line has Weir's own `weir` beside it, and `why`. `record/Record.java`
//! records them anew.

use std::collections::{BTreeMap, HashMap};

use serde_json::{Value as Json, json};
use weir_data::converter::{Converter, converter};
use weir_data::records::{Column, Encoding, Format, Values};
use weir_data::schema as host;
use weir_sdk::schema::{Schema, SchemaNode, SchemaType};
use weir_sdk::transform::Transform;
use weir_sdk::transform::testing::{Input, Row, Step, TestChain};
use weir_sdk::{Config, config};
use weir_transforms::mask_field::MaskField;
use weir_transforms::replace_field::ReplaceField;
use weir_transforms::side::{Key, Value};

const CASES: &str = include_str!("kafka_connect.jsonl");

fn members(case: &Json, member: &str) -> Vec<(String, String)> {
    let members = case[member].as_object().expect("an object");
    members.iter().map(|(key, value)| (key.clone(), value.as_str().expect("a text").into())).collect()
}

/// The definition's own checks first, as the runtime makes them.
fn configured<T: Transform>(entries: &[(String, String)]) -> Result<TestChain, String> {
    let map: BTreeMap<_, _> = entries.iter().cloned().collect();
    config::check(&T::Config::keys(), &map).map_err(|error| error.message)?;
    TestChain::new(&[Step::of::<T>("t", entries.iter().cloned())]).map_err(|error| error.replace("transforms.t: ", ""))
}

fn chain(class: &str, entries: &[(String, String)]) -> Result<TestChain, String> {
    match class {
        "MaskField$Key" => configured::<MaskField<Key>>(entries),
        "MaskField$Value" => configured::<MaskField<Value>>(entries),
        "ReplaceField$Key" => configured::<ReplaceField<Key>>(entries),
        "ReplaceField$Value" => configured::<ReplaceField<Value>>(entries),
        _ => panic!("no test for {class}"),
    }
}

const KINDS: [(SchemaType, host::SchemaType); 12] = [
    (SchemaType::Int8, host::SchemaType::Int8),
    (SchemaType::Int16, host::SchemaType::Int16),
    (SchemaType::Int32, host::SchemaType::Int32),
    (SchemaType::Int64, host::SchemaType::Int64),
    (SchemaType::Float32, host::SchemaType::Float32),
    (SchemaType::Float64, host::SchemaType::Float64),
    (SchemaType::Boolean, host::SchemaType::Boolean),
    (SchemaType::String, host::SchemaType::String),
    (SchemaType::Bytes, host::SchemaType::Bytes),
    (SchemaType::Array, host::SchemaType::Array),
    (SchemaType::Map, host::SchemaType::Map),
    (SchemaType::Struct, host::SchemaType::Struct),
];

fn to_sdk(schema: &host::Schema) -> Schema {
    let node = |node: &host::SchemaNode| SchemaNode {
        kind: KINDS.iter().find(|(_, kind)| *kind == node.kind).expect("a kind").0,
        optional: node.optional,
        name: node.name.clone(),
        version: node.version,
        doc: node.doc.clone(),
        parameters: node.parameters.clone(),
        default: node.default.clone(),
        children: node.children.clone(),
        field_names: node.field_names.clone(),
    };
    Schema::from_nodes(schema.nodes.iter().map(node).collect())
}

fn to_host(schema: &Schema) -> host::Schema {
    let node = |node: &SchemaNode| host::SchemaNode {
        kind: KINDS.iter().find(|(kind, _)| *kind == node.kind).expect("a kind").1,
        optional: node.optional,
        name: node.name.clone(),
        version: node.version,
        doc: node.doc.clone(),
        parameters: node.parameters.clone(),
        default: node.default.clone(),
        children: node.children.clone(),
        field_names: node.field_names.clone(),
    };
    host::Schema { nodes: schema.nodes().iter().map(node).collect() }
}

/// A row whose key or value is what the converter reads.
fn read(converter: &mut dyn Converter, text: Option<&str>, is_key: bool) -> Result<Input, String> {
    let mut formats = Vec::new();
    let column = Column::from_rows([text.map(|text| text.as_bytes().to_vec())]);
    let read = converter.to_connect(column, 1, &mut formats);
    if let Some(failure) = read.failures.first() {
        return Err(failure.message.clone());
    }
    let values = read.output;
    let format = values.format_of(0, &formats);
    let schema = format.schema.as_deref().map(to_sdk);
    let bytes = values.iter(1).next().flatten();
    let text = bytes.map(|bytes| std::str::from_utf8(bytes).expect("JSON reads as text"));
    let row = match (text, is_key, format.encoding) {
        (None, ..) => Input::null(),
        (Some(text), true, Encoding::Json) => Input::null().key_json(text),
        (Some(text), true, _) => Input::null().key_text(text),
        (Some(text), false, Encoding::Json) => Input::json(text),
        (Some(text), false, _) => Input::text(text),
    };
    Ok(match (schema, is_key) {
        (None, _) => row,
        (Some(schema), true) => row.key_schema(&schema),
        (Some(schema), false) => row.schema(&schema),
    })
}

/// What the converter writes. An object is what the transforms leave, or the row is as it was read.
fn write(converter: &mut dyn Converter, row: Row, is_key: bool) -> Result<Option<String>, String> {
    let (text, schema) = if is_key { (row.key, row.key_schema) } else { (row.value, row.value_schema) };
    let formats = [Format { encoding: Encoding::Json, schema: schema.as_ref().map(|schema| to_host(schema).into()) }];
    let Column { lengths, bytes } = Column::from_rows([text.map(String::into_bytes)]);
    let written = converter.from_connect(&formats, Values { lengths, bytes, formats: vec![0] }, 1);
    match written.failures.first() {
        Some(failure) => Err(failure.message.clone()),
        None => {
            let bytes = written.output.iter(1).next().flatten();
            Ok(bytes.map(|bytes| String::from_utf8_lossy(bytes).into_owned()))
        }
    }
}

fn outcome(case: &Json) -> Json {
    let error = |stage: &str, message: String| json!({ "error": stage, "message": message });
    let class = case["transform"].as_str().expect("a class");
    let is_key = class.ends_with("$Key");
    let mut chain = match chain(class, &members(case, "config")) {
        Ok(chain) => chain,
        Err(message) => return error("config", message),
    };
    let settings: HashMap<_, _> = members(case, "converter").into_iter().collect();
    let mut converter = converter("Json", &settings, is_key).expect("a converter");
    let row = match read(&mut *converter, case["input"].as_str(), is_key) {
        Ok(row) => row,
        Err(message) => return error("read", message),
    };
    let mut output = chain.run(&[row]);
    if let Some(failure) = output.failures.pop() {
        return error("transform", failure.message);
    }
    match write(&mut *converter, output.rows.remove(0), is_key) {
        Ok(output) => json!({ "output": output }),
        Err(message) => error("write", message),
    }
}

/// Whether an outcome is the one recorded. The fields of a map have no order, those of a struct have.
fn same(expected: &Json, found: &Json) -> bool {
    if expected.get("error").is_some() {
        // Behind the converter's message there may be more of Weir's own.
        let message = |value: &Json| value["message"].as_str().unwrap_or_default().to_owned();
        return expected["error"] == found["error"] && message(found).starts_with(&message(expected));
    }
    let text = |value: &Json| value.get("output").map(|output| output.as_str().map(str::to_owned));
    let (Some(expected), Some(found)) = (text(expected), text(found)) else { return false };
    let is_map = |text: &str| !text.starts_with("{\"schema\":");
    match (&expected, &found) {
        (Some(expected), Some(found)) if is_map(expected) && is_map(found) => {
            let read = |text| serde_json::from_str::<Json>(text).expect("JSON");
            read(expected) == read(found)
        }
        _ => expected == found,
    }
}

#[test]
fn transforms_do_what_those_of_kafka_connect_do() {
    let mut wrong = Vec::new();
    for line in CASES.lines() {
        let case: Json = serde_json::from_str(line).expect("JSON");
        let found = outcome(&case);
        let weir = case.get("weir");
        // What is said to differ and does not is wrong too.
        if !same(weir.unwrap_or(&case), &found) || weir.is_some_and(|weir| same(&case, weir)) {
            wrong.push(format!("{line}\n  found {found}"));
        }
    }
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
}
