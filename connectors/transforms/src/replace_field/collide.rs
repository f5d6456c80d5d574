//! Handles maps in which two fields get the same name: the field that Kafka Connect processes last remains.

use std::collections::HashMap;

use weir_java::hash_map as java_map;
use weir_sdk::RecordError;
use weir_sdk::value::Value;

use super::rules::Rules;
use crate::object_writer::ObjectWriter;

/// Writes the map with each field. Kafka Connect processes the fields in the order of the Java map that JsonConverter makes of the object.
pub(super) fn rewrite(rules: &Rules, value: &mut Value<'_>, buffer: &mut Vec<u8>) -> Result<(), RecordError> {
    // Of members with the same name, the last value remains, in the position of the first.
    let mut fields: Vec<(String, Vec<u8>)> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    for (name, json) in value.fields()? {
        match places.get(name.as_ref()) {
            Some(place) => fields[*place].1 = json.raw().to_vec(),
            None => {
                places.insert(name.to_string(), fields.len());
                fields.push((name.into_owned(), json.raw().to_vec()));
            }
        }
    }
    let mut winners: HashMap<&str, usize> = HashMap::new();
    for place in java_map::order(fields.iter().map(|(name, _)| name.as_str())) {
        let name = &fields[place].0;
        if rules.keeps(name) {
            winners.insert(rules.renamed(name), place);
        }
    }
    let mut object = ObjectWriter::new(buffer);
    for (place, (name, json)) in fields.iter().enumerate() {
        let to = rules.renamed(name);
        if winners.get(to) == Some(&place) {
            object.member(to, json);
        }
    }
    object.finish(value, None)
}
