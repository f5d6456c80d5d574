//! Tests that a chain allocates per batch and not per record: ten times the records need hardly more allocations.

use weir_sdk::bindings::host::weir::connect::data::{
    Column, ConfigEntry, Encoding, Format, HeaderColumns, Records, Schema as SchemaNodes, TopicColumn, TransformBatch,
    Values,
};
use weir_sdk::bindings::transform::interface::Step;
use weir_sdk::schema::Schema;
use weir_sdk::transform::Transform;
use weir_sdk::transform::{Chain, Plugins, TransformEntry};
use weir_test_support::allocations::{self, Counting};
use weir_transforms::cast::Cast;
use weir_transforms::extract_field::ExtractField;
use weir_transforms::flatten::Flatten;
use weir_transforms::hoist_field::HoistField;
use weir_transforms::insert_field::InsertField;
use weir_transforms::mask_field::MaskField;
use weir_transforms::regex_router::RegexRouter;
use weir_transforms::replace_field::ReplaceField;
use weir_transforms::side::{Key, Value};
use weir_transforms::value_to_key::ValueToKey;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn batch(records: u32, schema: Option<&Schema>) -> TransformBatch {
    let column = |record: &dyn Fn(u32) -> String| {
        let texts: Vec<String> = (0..records).map(record).collect();
        let lengths = texts.iter().map(|text| text.len() as i32).collect();
        Values { lengths, bytes: texts.concat().into_bytes(), format_index: vec![1; records as usize] }
    };
    let schema = schema.map(|schema| SchemaNodes { nodes: schema.nodes().to_vec() });
    let columns = Records {
        count: records,
        topics: TopicColumn {
            names: vec!["raw-a".into(), "b".into()],
            name_index: (0..records).map(|record| record % 2).collect(),
        },
        partitions: vec![],
        timestamps: vec![],
        formats: vec![Format { encoding: Encoding::Utf8, schema: None }, Format { encoding: Encoding::Json, schema }],
        keys: Values { format_index: vec![], ..column(&|record| format!("key \"{record}\"")) },
        values: column(&|record| format!(r#"{{"id":{record},"name":"Ada"}}"#)),
        headers: HeaderColumns {
            counts: vec![],
            names: Column { lengths: vec![], bytes: vec![] },
            values: Values { lengths: vec![], bytes: vec![], format_index: vec![] },
        },
    };
    TransformBatch { records: columns, offsets: (0..i64::from(records)).collect() }
}

fn step<T: Transform>(config: &[(&str, &str)]) -> (TransformEntry, Step) {
    let config =
        config.iter().map(|(key, value)| ConfigEntry { key: (*key).into(), value: (*value).into(), secret: false });
    let step = Step { alias: "t".into(), class_name: T::CLASS.into(), config: config.collect(), predicate: None };
    (TransformEntry::of::<T>(), step)
}

#[test]
fn records_cost_no_allocations() {
    let schema = Schema::structure("s").field("id", Schema::int64()).field("name", Schema::string()).build();
    for schema in [None, Some(&schema)] {
        let (transforms, steps) = [
            step::<HoistField<Key>>(&[("field", "k")]),
            step::<InsertField<Value>>(&[("topic.field", "t"), ("offset.field", "o")]),
            step::<MaskField<Value>>(&[("fields", "name,o"), ("replacement", "7")]),
            step::<ReplaceField<Value>>(&[("exclude", "t"), ("renames", "id:key,name:text")]),
            step::<ReplaceField<Value>>(&[("include", "text")]),
            step::<HoistField<Value>>(&[("field", "v")]),
            step::<InsertField<Value>>(&[("static.field", "s"), ("static.value", "x\"y")]),
            step::<RegexRouter>(&[("regex", "raw-(.*)"), ("replacement", "$1")]),
            step::<Flatten<Value>>(&[("delimiter", "_")]),
            step::<Cast<Value>>(&[("spec", "v_text:int64")]),
            step::<ValueToKey>(&[("fields", "v_text,s")]),
            step::<ExtractField<Key>>(&[("field", "v_text")]),
        ]
        .into_iter()
        .unzip();
        let mut chain = Chain::new(&Plugins { transforms, predicates: vec![] }, steps).unwrap();
        let mut count = |records| {
            let batch = batch(records, schema);
            allocations::during(|| {
                let transformed = chain.apply(batch).unwrap();
                assert_eq!(transformed.origins.len(), records as usize);
            })
        };
        count(100);
        let (few, many) = (count(100), count(1000));
        // Columns grow by doubling, which takes a few more allocations.
        assert!(few > 0 && many <= few + 20, "{few} allocations for 100 records, {many} for 1000");
    }
}
