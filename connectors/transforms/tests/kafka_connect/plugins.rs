//! The transforms by the last part of their class name.

use std::collections::BTreeMap;

use weir_sdk::bindings::host::weir::connect::data::ConfigEntry;
use weir_sdk::bindings::transform::interface::Step;
use weir_sdk::config::{self, Config};
use weir_sdk::transform::{Chain, Plugins, Transform, TransformEntry};
use weir_transforms::cast::Cast;
use weir_transforms::drop_headers::DropHeaders;
use weir_transforms::extract_field::ExtractField;
use weir_transforms::flatten::Flatten;
use weir_transforms::header_from::HeaderFrom;
use weir_transforms::hoist_field::HoistField;
use weir_transforms::insert_header::InsertHeader;
use weir_transforms::mask_field::MaskField;
use weir_transforms::replace_field::ReplaceField;
use weir_transforms::set_schema_metadata::SetSchemaMetadata;
use weir_transforms::side::{Key, Value};
use weir_transforms::timestamp_converter::TimestampConverter;
use weir_transforms::timestamp_router::TimestampRouter;
use weir_transforms::value_to_key::ValueToKey;

/// A chain with one step.
pub(crate) fn chain(class: &str, entries: &[(String, String)]) -> Result<Chain, String> {
    match class {
        "Cast$Key" => configured::<Cast<Key>>(entries),
        "Cast$Value" => configured::<Cast<Value>>(entries),
        "DropHeaders" => configured::<DropHeaders>(entries),
        "ExtractField$Key" => configured::<ExtractField<Key>>(entries),
        "ExtractField$Value" => configured::<ExtractField<Value>>(entries),
        "Flatten$Key" => configured::<Flatten<Key>>(entries),
        "Flatten$Value" => configured::<Flatten<Value>>(entries),
        "HeaderFrom$Key" => configured::<HeaderFrom<Key>>(entries),
        "HeaderFrom$Value" => configured::<HeaderFrom<Value>>(entries),
        "HoistField$Key" => configured::<HoistField<Key>>(entries),
        "HoistField$Value" => configured::<HoistField<Value>>(entries),
        "InsertHeader" => configured::<InsertHeader>(entries),
        "MaskField$Key" => configured::<MaskField<Key>>(entries),
        "MaskField$Value" => configured::<MaskField<Value>>(entries),
        "ReplaceField$Key" => configured::<ReplaceField<Key>>(entries),
        "ReplaceField$Value" => configured::<ReplaceField<Value>>(entries),
        "SetSchemaMetadata$Key" => configured::<SetSchemaMetadata<Key>>(entries),
        "SetSchemaMetadata$Value" => configured::<SetSchemaMetadata<Value>>(entries),
        "TimestampConverter$Key" => configured::<TimestampConverter<Key>>(entries),
        "TimestampConverter$Value" => configured::<TimestampConverter<Value>>(entries),
        "TimestampRouter" => configured::<TimestampRouter>(entries),
        "ValueToKey" => configured::<ValueToKey>(entries),
        _ => panic!("no test for {class}"),
    }
}

/// Makes the checks of the definition first, as the runtime does.
fn configured<T: Transform>(entries: &[(String, String)]) -> Result<Chain, String> {
    let map: BTreeMap<_, _> = entries.iter().cloned().collect();
    config::check(&T::Config::keys(), &map).map_err(|error| error.message)?;
    let config = map.into_iter().map(|(key, value)| ConfigEntry { key, value, secret: false }).collect();
    let step = Step { alias: "t".into(), class_name: T::CLASS.into(), config, predicate: None };
    let plugins = Plugins { transforms: vec![TransformEntry::of::<T>()], predicates: vec![] };
    Chain::new(&plugins, vec![step]).map_err(|error| error.replace("transforms.t: ", ""))
}
