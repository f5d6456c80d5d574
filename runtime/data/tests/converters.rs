//! Tests converters with whole columns: unchanged values, values that fail among others, and several formats.

use std::collections::HashMap;
use std::sync::Arc;

use proptest::collection::vec;
use proptest::prelude::*;
use weir_data::converter::{ConfigError, Converter, converter, header_converter};
use weir_data::records::{Column, Encoding, Format, Records, Topics, Values};
use weir_data::schema::{Schema, SchemaType};
use weir_data::schema_check::STACK;

fn make(class: &str, settings: &[(&str, &str)]) -> Box<dyn Converter> {
    let settings = settings.iter().map(|&(key, value)| (key.to_owned(), value.to_owned())).collect();
    converter(class, &settings, false).expect("a converter")
}

fn plain_json() -> Box<dyn Converter> {
    make("JsonConverter", &[("schemas.enable", "false")])
}

fn column<const N: usize>(values: [Option<&str>; N]) -> Column {
    Column::from_entries(values)
}

fn texts(values: weir_data::records::Entries<'_>) -> Vec<Option<String>> {
    values.map(|value| value.map(|bytes| String::from_utf8_lossy(bytes).into_owned())).collect()
}

fn some<const N: usize>(values: [Option<&str>; N]) -> Vec<Option<String>> {
    values.iter().map(|value| value.map(str::to_owned)).collect()
}

#[test]
fn classes_have_three_names() {
    let none = HashMap::new();
    for simple in ["Boolean", "ByteArray", "Double", "Float", "Integer", "Long", "Short"] {
        let full = format!("org.apache.kafka.connect.converters.{simple}Converter");
        for class in [simple.to_owned(), format!("{simple}Converter"), full] {
            assert!(converter(&class, &none, true).is_ok(), "{class}");
            assert!(header_converter(&class, &none).is_ok(), "{class}");
        }
    }
    for class in ["org.apache.kafka.connect.json.JsonConverter", "Json", "JsonConverter"] {
        assert!(converter(class, &none, true).is_ok(), "{class}");
    }
    for class in ["org.apache.kafka.connect.storage.StringConverter", "String", "StringConverter"] {
        assert!(header_converter(class, &none).is_ok(), "{class}");
    }
    for class in ["org.apache.kafka.connect.storage.SimpleHeaderConverter", "Simple", "SimpleHeaderConverter"] {
        assert!(header_converter(class, &none).is_ok(), "{class}");
        assert!(matches!(converter(class, &none, true), Err(ConfigError::UnknownClass { .. })), "{class}");
    }
    for class in ["", "Avro", "io.confluent.connect.avro.AvroConverter", "com.example.JsonConverter", "json"] {
        let error = converter(class, &none, true).err().expect("unknown").to_string();
        assert!(error.contains("JsonConverter, LongConverter"), "{error}");
    }
}

#[test]
fn bytes_text_and_json_pass_without_a_copy() {
    for (class, settings) in
        [("ByteArray", [("a", "b")]), ("String", [("a", "b")]), ("JsonConverter", [("schemas.enable", "false")])]
    {
        let mut converter = make(class, &settings);
        let column = column([Some(r#"{"a":1}"#), None, Some(r#" [1, "x"]"#)]);
        let (lengths, bytes) = (column.lengths.as_ptr(), column.bytes.as_ptr());
        let mut formats = Vec::new();
        let read = converter.to_connect(column, 3, &mut formats);
        assert_eq!(read.failures, [], "{class}");
        assert_eq!((read.output.lengths.as_ptr(), read.output.bytes.as_ptr()), (lengths, bytes), "{class}");
        let written = converter.from_connect(&formats, read.output, 3);
        assert_eq!(written.failures, [], "{class}");
        assert_eq!((written.output.lengths.as_ptr(), written.output.bytes.as_ptr()), (lengths, bytes), "{class}");
    }
}

#[test]
fn a_value_that_fails_does_not_affect_the_others() {
    let column = column([Some("1"), Some("{"), None, Some("007"), Some("null"), Some("[2] x"), Some("")]);
    let read = plain_json().to_connect(column, 7, &mut Vec::new());
    assert_eq!(texts(read.output.iter(7)), some([Some("1"), None, None, Some("7"), None, Some("[2]"), None]));
    let failures: Vec<_> = read.failures.iter().map(|failure| (failure.index, failure.message.as_str())).collect();
    let message = "Converting byte[] to Kafka Connect data failed due to serialization error: unexpected end at byte 1";
    assert_eq!(failures, [(1, message)]);
}

#[test]
fn text_that_is_not_utf8_fails_alone() {
    let column = Column::from_entries([Some(&b"\"a\""[..]), Some(b"\"\xff\""), Some(b"\"\xc3"), Some(b"\xa4\"")]);
    let read = plain_json().to_connect(column, 4, &mut Vec::new());
    let failed: Vec<_> = read.failures.iter().map(|failure| failure.index).collect();
    assert_eq!(failed, [1, 2, 3]);
}

#[test]
fn values_of_a_batch_may_have_different_schemas() {
    let int = r#"{"schema":{"type":"int32","optional":false},"payload":5}"#;
    let text = r#"{"schema":{"type":"string","optional":true},"payload":"a\nb"}"#;
    let none = r#"{"schema":null,"payload":{"x":1}}"#;
    let records = column([Some(int), Some(text), None, Some(int), Some(none), Some("{}"), Some(text), Some(text)]);
    let mut converter = make("Json", &[]);
    let mut formats = vec![Format::plain(Encoding::Bytes)];
    let read = converter.to_connect(records, 8, &mut formats);
    let values = read.output;
    assert_eq!(
        texts(values.iter(8)),
        some([Some("5"), Some("a\nb"), None, Some("5"), Some(r#"{"x":1}"#), None, Some("a\nb"), Some("a\nb")])
    );
    let of_record = |record| values.format_of(record, &formats).clone();
    assert_eq!(of_record(0), Format::with_schema(Encoding::Json, Arc::new(Schema::primitive(SchemaType::Int32))));
    assert_eq!(of_record(1), Format::with_schema(Encoding::Utf8, Arc::new(Schema::optional_string())));
    assert_eq!(of_record(2), Format::plain(Encoding::Json));
    assert_eq!(of_record(4), of_record(2));
    assert_eq!(read.failures.len(), 1);
    assert_eq!(formats.len(), 4);

    let written = converter.from_connect(&formats, values, 8);
    assert_eq!(
        texts(written.output.iter(8)),
        some([Some(int), Some(text), None, Some(int), Some(none), None, Some(text), Some(text)])
    );
}

#[test]
fn the_size_of_the_cache_does_not_change_the_result() {
    let kinds = ["int8", "int16", "int32", "int64"];
    let records: Vec<_> = (0..40)
        .map(|record| format!(r#"{{"payload":{record},"schema":{{"type":"{}","optional":false}}}}"#, kinds[record % 4]))
        .collect();
    for size in ["0", "1", "3", "1000"] {
        let mut converter = make("Json", &[("schemas.cache.size", size)]);
        let mut formats = Vec::new();
        let read = converter.to_connect(Column::from_entries(records.iter().map(Some)), 40, &mut formats);
        assert_eq!(read.failures, []);
        let kind = |record| read.output.format_of(record, &formats).schema.as_ref().map(|schema| schema.nodes[0].kind);
        assert_eq!(kind(4), Some(SchemaType::Int8));
        assert_eq!(kind(7), Some(SchemaType::Int64));
        let written = converter.from_connect(&formats, read.output, 40).output;
        assert!(texts(written.iter(40))[39].as_ref().is_some_and(|record| record.ends_with(r#""payload":39}"#)));
    }
}

#[test]
fn the_envelope_of_the_previous_value_does_not_affect_the_next_one() {
    let first = r#"{"schema":{"type":"int32"},"payload":1}"#;
    let mut converter = make("Json", &[]);
    for (second, value) in [
        (r#"{"schema":{"type":"int32"},"payload":2} "#, Some("2")),
        (r#"{"schema":{"type":"int32"},"payload":03}"#, Some("3")),
        (r#"{"schema":{"type":"int32"},"payload":4,"payload":5}"#, Some("5")),
        (r#"{"schema":{"type":"int32"},"payload":6,"more":7}"#, None),
        (r#"{"schema":{"type":"int32"},"payload":8"#, None),
        (r#"{"schema":{"type":"int32"},"payload":"#, None),
        (r#"{"schema":{"type":"int32"},"payload":9,"schema":null}"#, Some("9")),
    ] {
        let read = converter.to_connect(column([Some(first), Some(second)]), 2, &mut Vec::new());
        assert_eq!(texts(read.output.iter(2)), some([Some("1"), value]), "{second}");
        assert_eq!(read.failures.len(), usize::from(value.is_none()), "{second}");
    }
}

#[test]
fn a_plugins_values_become_json() {
    let formats = [Format::plain(Encoding::Utf8), Format::plain(Encoding::Bytes), Format::plain(Encoding::Json)];
    let column = column([Some("a\"b"), Some("ab"), Some("[1]"), Some("[1"), Some("01"), Some("null"), None]);
    let values = Values { lengths: column.lengths, bytes: column.bytes, formats: vec![0, 1, 2, 2, 2, 2, 0] };
    let written = plain_json().from_connect(&formats, values, 7);
    assert_eq!(
        texts(written.output.iter(7)),
        some([Some(r#""a\"b""#), Some("\"YWI=\""), Some("[1]"), None, None, None, None])
    );
    assert_eq!(written.failures.iter().map(|failure| failure.index).collect::<Vec<_>>(), [3, 4]);
}

#[test]
fn a_plugins_values_have_to_fit_their_schema() {
    let schema = Schema::structure([
        ("id".to_owned(), Schema::primitive(SchemaType::Int8)),
        ("tag".to_owned(), Schema::string().optional().with_default("\"none\"")),
    ]);
    let formats = [Format::with_schema(Encoding::Json, Arc::new(schema))];
    for (value, expected) in [
        (r#"{"id":1,"tag":"x"}"#, Ok(r#"{"id":1,"tag":"x"}"#)),
        (r#"{"tag":null,"id":1}"#, Ok(r#"{"id":1,"tag":"none"}"#)),
        (r#"{"id":300,"tag":"x"}"#, Err("Invalid type for INT8: class java.lang.Long")),
        (r#"{"id":"1"}"#, Err("Invalid type for INT8: class java.lang.String")),
        ("{}", Err("Conversion error: null value for field that is required and has no default value")),
        (r#"{"id":1,"x":2}"#, Err("Mismatching schema. The value has a field \"x\", which its schema has not.")),
        ("[]", Err("Invalid type for STRUCT: class java.util.ArrayList")),
    ] {
        let values = Values::from_column(column([Some(value)]), 1, 0);
        let written = plain_json().from_connect(&formats, values, 1);
        match expected {
            Ok(text) => assert_eq!(texts(written.output.iter(1)), some([Some(text)])),
            Err(message) => assert_eq!(written.failures[0].message, message),
        }
    }
}

#[test]
fn json_with_too_many_levels_is_an_error_of_its_value() {
    let deep = [vec![b'['; 200_000], vec![b']'; 200_000]].concat();
    for mut converter in [plain_json(), make("Json", &[])] {
        let read = converter.to_connect(Column::from_entries([Some(&deep)]), 1, &mut Vec::new());
        assert!(read.failures[0].message.contains("more than 1000 levels"), "{}", read.failures[0].message);
    }
    let values = || Values::from_column(Column::from_entries([Some(&deep)]), 1, 0);
    for class in ["Json", "String", "ByteArray", "Integer", "Boolean"] {
        let formats = [Format::plain(Encoding::Json)];
        let written = make(class, &[]).from_connect(&formats, values(), 1);
        assert!(written.failures[0].message.contains("more than 1000 levels"), "{class}");
    }
}

#[test]
fn the_deepest_values_do_not_exhaust_a_stack() {
    // An envelope is one level of its own.
    let lists = [vec![b'['; 999], vec![b']'; 999]].concat();
    let mut schema = Schema::string();
    for _ in 1..499 {
        schema = Schema::structure([("f".to_owned(), schema)]);
    }
    let structs = [r#"{"f":"#.repeat(498), "5".to_owned(), "}".repeat(498)].concat();
    let formats = [Format::plain(Encoding::Json), Format::with_schema(Encoding::Json, Arc::new(schema))];
    let run = move || {
        for (format, value) in [(0, lists.as_slice()), (1, structs.replace('5', "\"5\"").as_bytes())] {
            let values = || Values::from_column(Column::from_entries([Some(value)]), 1, format);
            for class in ["Json", "String"] {
                assert_eq!(make(class, &[]).from_connect(&formats, values(), 1).failures, [], "{class}");
            }
            let mut simple = header_converter("Simple", &HashMap::new()).expect("known");
            assert_eq!(simple.from_connect(&formats, values(), 1).failures, []);
            let written = make("Json", &[]).from_connect(&formats, values(), 1).output;
            assert_eq!(make("Json", &[]).to_connect(written, 1, &mut Vec::new()).failures, []);
        }
        // A value that does not fit has to go the longer way.
        let values = Values::from_column(Column::from_entries([Some(&structs)]), 1, 1);
        assert_eq!(make("Json", &[]).from_connect(&formats, values, 1).failures.len(), 1);
    };
    // The other half is for what calls a converter.
    std::thread::Builder::new().stack_size(STACK / 2).spawn(run).expect("a thread").join().expect("no overflow");
}

/// For each schema type, values that have to come back as they were.
fn examples() -> Vec<(Schema, Vec<&'static str>)> {
    vec![
        (Schema::primitive(SchemaType::Int8), vec!["-128", "127"]),
        (Schema::primitive(SchemaType::Int16), vec!["-32768", "32767"]),
        (Schema::primitive(SchemaType::Int32), vec!["-2147483648", "2147483647"]),
        (Schema::primitive(SchemaType::Int64), vec!["-9223372036854775808", "9223372036854775807"]),
        (Schema::primitive(SchemaType::Float32), vec!["0.1", "3.4028235E38", "-0.5"]),
        (Schema::primitive(SchemaType::Float64), vec!["0.1", "1.7976931348623157E308", "1.0E-5"]),
        (Schema::primitive(SchemaType::Boolean), vec!["true", "false"]),
        (Schema::string(), vec!["a", ""]),
        (Schema::optional_bytes(), vec!["a", ""]),
        (Schema::decimal(2), vec!["\"AfQ=\"", "\"/w==\""]),
        (Schema::logical("Date", SchemaType::Int32), vec!["0", "-1", "19000"]),
        (Schema::logical("Time", SchemaType::Int32), vec!["0", "86400000"]),
        (Schema::logical("Timestamp", SchemaType::Int64), vec!["0", "-1", "1750000000123"]),
        (Schema::array(Schema::string().optional()), vec!["[]", r#"["a",null]"#]),
        (Schema::map(Schema::string(), Schema::primitive(SchemaType::Int8)), vec!["{}", r#"{"a":1,"b":2}"#]),
        (Schema::map(Schema::primitive(SchemaType::Int8), Schema::string()), vec!["[]", r#"[[1,"a"],[2,"b"]]"#]),
        (Schema::structure([("a".to_owned(), Schema::string().optional())]), vec![r#"{"a":null}"#, r#"{"a":"x"}"#]),
        (Schema::structure([]).optional().named("Empty"), vec!["{}"]),
    ]
}

#[test]
fn values_of_every_type_come_back() {
    for (schema, values) in examples() {
        let encoding = match schema.nodes[0].kind {
            SchemaType::String => Encoding::Utf8,
            SchemaType::Bytes => Encoding::Bytes,
            _ => Encoding::Json,
        };
        // A Decimal is bytes too, given here as the JSON that stands for it.
        let given = if schema.nodes[0].name.as_deref() == Some("org.apache.kafka.connect.data.Decimal") {
            Encoding::Json
        } else {
            encoding
        };
        let formats = [Format::with_schema(given, Arc::new(schema.clone()))];
        let count = values.len() as u32;
        let column = Column::from_entries(values.iter().map(Some));
        for settings in [&[][..], &[("decimal.format", "NUMERIC")]] {
            let mut converter = make("Json", settings);
            let written = converter.from_connect(&formats, Values::from_column(column.clone(), count, 0), count);
            assert_eq!(written.failures, [], "{schema:?}");
            let mut read_formats = Vec::new();
            let read = converter.to_connect(written.output, count, &mut read_formats);
            assert_eq!(read.failures, [], "{schema:?}");
            assert_eq!(read_formats, [Format::with_schema(encoding, Arc::new(schema.clone()))]);
            // Bytes and Decimals come back as bytes; writing them once more shows that they are the same.
            let again = converter.from_connect(&read_formats, read.output.clone(), count);
            let first = converter.from_connect(&formats, Values::from_column(column.clone(), count, 0), count);
            assert_eq!(again, first, "{schema:?}");
            if given == encoding {
                assert_eq!(read.output.into_column(), column, "{schema:?}");
            }
        }
    }
}

#[test]
fn numbers_come_back() {
    for (class, kind, text) in [
        ("Short", SchemaType::Int16, "-32768"),
        ("Integer", SchemaType::Int32, "2147483647"),
        ("Long", SchemaType::Int64, "-9223372036854775808"),
        ("Float", SchemaType::Float32, "1.5"),
        ("Double", SchemaType::Float64, "\"NaN\""),
        ("Boolean", SchemaType::Boolean, "true"),
    ] {
        let mut converter = make(class, &[]);
        let formats = vec![Format::with_schema(Encoding::Json, Arc::new(Schema::primitive(kind).optional()))];
        let values = Values::from_column(column([Some(text), None]), 2, 0);
        let written = converter.from_connect(&formats, values, 2);
        assert_eq!(written.failures, [], "{class}");
        let mut again = formats.clone();
        let read = converter.to_connect(written.output, 2, &mut again);
        assert_eq!(texts(read.output.iter(2)), some([Some(text), None]), "{class}");
        assert_eq!(again, formats, "{class}");
    }
}

#[test]
fn headers_of_a_batch_share_the_table_of_formats() {
    let mut converter = header_converter("Simple", &HashMap::new()).expect("a converter");
    let mut formats = vec![Format::plain(Encoding::Json)];
    let records = column([Some("text"), Some("5"), None, Some("6"), Some("[1,2]"), Some("more"), Some("300")]);
    let read = converter.to_connect(records.clone(), 7, &mut formats);
    assert_eq!(read.failures, []);
    assert_eq!(read.output.formats, [1, 2, 0, 2, 3, 1, 4]);
    assert_eq!(converter.from_connect(&formats, read.output, 7).output, records);
}

fn any_column() -> impl Strategy<Value = Column> {
    let text = prop_oneof![
        Just(br#"{"schema":{"type":"int32"},"payload":1}"#.to_vec()),
        "[\\[\\]{}:,\"a1. -]{0,8}".prop_map(String::into_bytes),
        vec(any::<u8>(), 0..9),
    ];
    vec(prop::option::of(text), 0..6).prop_map(Column::from_entries)
}

fn any_formats() -> impl Strategy<Value = Vec<Format>> {
    let schemas: Vec<_> = examples().into_iter().map(|(schema, _)| Arc::new(schema)).collect();
    let encodings = vec![Encoding::Bytes, Encoding::Utf8, Encoding::Json];
    let format = (prop::sample::select(encodings), prop::option::of(prop::sample::select(schemas)));
    vec(format.prop_map(|(encoding, schema)| Format { encoding, schema }), 0..4)
}

const CLASSES: [(&str, &[(&str, &str)]); 8] = [
    ("Json", &[]),
    ("Json", &[("schemas.enable", "false"), ("decimal.format", "NUMERIC")]),
    ("Json", &[("schema.content", r#"{"type":"array","items":{"type":"int8","optional":true}}"#)]),
    ("String", &[]),
    ("String", &[("converter.encoding", "UTF-16")]),
    ("ByteArray", &[]),
    ("Integer", &[]),
    ("Boolean", &[]),
];

proptest! {
    #[test]
    fn whatever_is_read_is_a_valid_batch(column in any_column(), which in 0..9_usize) {
        let count = column.lengths.len() as u32;
        let mut formats = Vec::new();
        let read = match CLASSES.get(which) {
            Some((class, settings)) => make(class, settings).to_connect(column, count, &mut formats),
            None => header_converter("Simple", &HashMap::new()).expect("known").to_connect(column, count, &mut formats),
        };
        let failed: Vec<_> = read.failures.iter().map(|failure| failure.index as usize).collect();
        let values: Vec<_> = read.output.iter(count).map(|record| record.is_some()).collect();
        prop_assert!(failed.iter().all(|&record| !values[record]));
        let records = Records { count, topics: Topics::all("t"), formats, values: read.output, ..Records::default() };
        prop_assert_eq!(records.check(), Ok(()));
    }

    #[test]
    fn whatever_a_plugin_gives_is_written_or_refused(
        column in any_column(), table in any_formats(), picks in vec(any::<prop::sample::Index>(), 6), which in 0..9_usize) {
        let count = column.lengths.len() as u32;
        let formats = if table.is_empty() { vec![] } else { (0..column.lengths.len()).map(|record| picks[record].index(table.len()) as u32).collect() };
        let values = Values { lengths: column.lengths, bytes: column.bytes, formats };
        let written = match CLASSES.get(which) {
            Some((class, settings)) => make(class, settings).from_connect(&table, values, count),
            None => header_converter("Simple", &HashMap::new()).expect("known").from_connect(&table, values, count),
        };
        let records: Vec<_> = written.output.iter(count).collect();
        prop_assert_eq!(records.len(), count as usize);
        prop_assert!(written.failures.iter().all(|failure| records[failure.index as usize].is_none()));
    }
}

/// Returns the schema of an array of structs with this number of optional fields with long names, all of which `{}` stands for.
fn wide(fields: u32) -> Arc<Schema> {
    let field = |number| (format!("{number}{}", "f".repeat(1000)), Schema::string().optional());
    Arc::new(Schema::array(Schema::structure((0..fields).map(field))))
}

#[test]
fn a_value_that_would_become_too_large_fails() {
    let text = format!("[{}{{}}]", "{},".repeat(200_000));
    let values =
        |records: u32| Values::from_column(Column::from_entries(vec![Some(&text); records as usize]), records, 0);
    let formats = [Format::with_schema(Encoding::Json, wide(1000))];
    for mut converter in [make("JsonConverter", &[]), make("JsonConverter", &[("schemas.enable", "false")])] {
        let converted = converter.from_connect(&formats, values(2), 2);
        assert_eq!(converted.failures.len(), 2);
        assert!(converted.failures[0].message.contains("more than 64 MiB"), "{}", converted.failures[0].message);
        assert!(converted.output.bytes.capacity() < 256 << 20);
    }
    let mut headers = header_converter("SimpleHeaderConverter", &HashMap::new()).expect("a converter");
    let converted = headers.from_connect(&formats, values(1), 1);
    assert!(converted.failures[0].message.contains("more than 64 MiB"), "{:?}", converted.failures);
}

#[test]
fn a_value_that_would_need_a_large_tree_fails() {
    // Null does not fit, so the value has to be taken apart.
    let text = format!("[null{}]", ",0".repeat(5 << 20));
    let values = Values::from_column(Column::from_entries([Some(text)]), 1, 0);
    let schema = Schema::array(Schema::primitive(SchemaType::Int8).with_default("1"));
    let formats = [Format::with_schema(Encoding::Json, schema.into())];
    let converted = make("JsonConverter", &[]).from_connect(&formats, values, 1);
    assert!(converted.failures[0].message.contains("the limit is 8 MiB"), "{:?}", converted.failures);
}

#[test]
fn defaults_within_defaults_are_limited() {
    let mut schema = Schema::string().with_default(format!("\"{}\"", "d".repeat(1 << 20)));
    for _ in 0..90 {
        schema = Schema::structure([("f".to_owned(), schema)]).with_default("{}");
    }
    let formats = [Format::with_schema(Encoding::Json, schema.into())];
    let values = Values::from_column(Column::from_entries([Some("{}"), Some("{}")]), 2, 0);
    let converted = make("JsonConverter", &[]).from_connect(&formats, values, 2);
    assert_eq!(converted.failures.len(), 2);
    assert!(converted.failures[1].message.contains("the defaults of the schema take more than 16 MiB"));
}

#[test]
fn a_message_about_a_value_is_short() {
    let name = "n".repeat(1 << 20);
    let values = Values::from_column(Column::from_entries([Some(format!(r#"{{"{name}":1}}"#))]), 1, 0);
    let schema = Schema::structure([("f".to_owned(), Schema::string().optional())]);
    let formats = [Format::with_schema(Encoding::Json, schema.into())];
    let converted = make("JsonConverter", &[]).from_connect(&formats, values, 1);
    let message = &converted.failures[0].message;
    assert!(message.len() <= 2051, "{} bytes", message.len());
}

#[test]
fn a_part_ends_where_the_limit_is_reached() {
    let mut schema = Schema::string();
    schema.nodes[0].doc = Some("d".repeat(1000));
    let formats = [Format::with_schema(Encoding::Utf8, schema.into())];
    let values = Values::from_column(Column::from_entries(vec![Some("v"); 10]), 10, 0);
    let mut converter = make("JsonConverter", &[]);
    assert!(converter.grows(&formats) && !converter.grows(&[Format::plain(Encoding::Json)]));
    let whole = converter.from_connect(&formats, values.clone(), 10);
    let mut rest = values.part(10);
    let first = converter.from_connect_part(&formats, rest, 3000);
    assert_eq!(first.output.lengths.len(), 3);
    rest.split_off(3);
    let second = converter.from_connect_part(&formats, rest, usize::MAX);
    assert_eq!(second.output.lengths.len(), 7);
    assert_eq!([first.output.bytes, second.output.bytes].concat(), whole.output.bytes);
}
