//! Kafka Connect's own definitions, recorded from its classes by `cargo xtask record validation`: those of the framework's connector
//! keys, of the converters, and of the settings of Kafka's clients.

use std::collections::HashMap;
use std::sync::LazyLock;

use serde::Deserialize;
use weir_plugin::{ConfigKey, Importance, Width};

use crate::keys::types::Type;

const RECORDED: &str = include_str!("definitions.json");

static DEFINITIONS: LazyLock<HashMap<String, Vec<ConfigKey>>> = LazyLock::new(|| {
    // The text is part of this program, and a test reads it.
    let recorded: HashMap<String, Vec<Recorded>> = serde_json::from_str(RECORDED).unwrap_or_default();
    recorded.into_iter().map(|(name, keys)| (name, keys.into_iter().map(Recorded::into_key).collect())).collect()
});

/// Returns the definitions of this name: `source`, `sink`, `producer`, `consumer`, `admin`, or the class of a converter.
pub(crate) fn definitions(name: &str) -> &'static [ConfigKey] {
    DEFINITIONS.get(name).map_or(&[], Vec::as_slice)
}

/// Returns the type of a setting of Java's `producer`, `consumer` or `admin` client.
pub(crate) fn client_setting(client: &str, name: &str) -> Option<Type> {
    definitions(client).iter().find(|key| key.name == name).map(|key| key.kind)
}

/// A `ConfigKeyInfo` of Kafka Connect.
#[derive(Deserialize)]
struct Recorded {
    name: String,
    #[serde(rename = "type")]
    kind: String,
    required: bool,
    default_value: Option<String>,
    importance: String,
    documentation: String,
    group: Option<String>,
    order_in_group: i32,
    width: String,
    display_name: String,
    dependents: Vec<String>,
}

impl Recorded {
    fn into_key(self) -> ConfigKey {
        ConfigKey {
            kind: match self.kind.as_str() {
                "BOOLEAN" => Type::Boolean,
                "INT" => Type::Int,
                "SHORT" => Type::Short,
                "LONG" => Type::Long,
                "DOUBLE" => Type::Double,
                "LIST" => Type::List,
                "CLASS" => Type::Class,
                "PASSWORD" => Type::Password,
                _ => Type::String,
            },
            importance: match self.importance.as_str() {
                "HIGH" => Importance::High,
                "MEDIUM" => Importance::Medium,
                _ => Importance::Low,
            },
            width: match self.width.as_str() {
                "SHORT" => Width::Short,
                "MEDIUM" => Width::Medium,
                "LONG" => Width::Long,
                _ => Width::None,
            },
            name: self.name,
            required: self.required,
            default: self.default_value,
            validators: Vec::new(),
            doc: self.documentation,
            group: self.group,
            order_in_group: self.order_in_group,
            display_name: self.display_name,
            dependents: self.dependents,
            recommended_values: Vec::new(),
            visible: true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::connector::{COMMON, SINK, SOURCE};
    use crate::keys::{Fallback, Key};
    use weir_catalogue::BUILT_IN;

    #[test]
    fn there_is_a_record_of_everything() {
        for name in ["source", "sink", "producer", "consumer", "admin"] {
            assert!(definitions(name).len() > 20, "{name}");
        }
        for known in BUILT_IN.iter().filter(|known| known.is_converter) {
            assert_eq!(definitions(known.class).first().map(|key| key.name.as_str()), Some("converter.type"));
        }
    }

    #[test]
    fn the_keys_are_kafka_connects_in_its_order_with_its_types_and_defaults() {
        for (name, own) in [("source", SOURCE), ("sink", SINK)] {
            let keys: Vec<&Key> = COMMON.iter().chain(own).filter(|key| !key.name.starts_with("weir.")).collect();
            let names: Vec<_> = keys.iter().map(|key| key.name).collect();
            let recorded = definitions(name);
            assert_eq!(names, recorded.iter().map(|key| key.name.as_str()).collect::<Vec<_>>());
            for (key, recorded) in keys.iter().zip(recorded) {
                assert_eq!(key.kind, recorded.kind, "{}", key.name);
                let same = match key.default {
                    Fallback::Required => recorded.required,
                    Fallback::Value(text) => recorded.default.as_deref() == Some(text),
                    Fallback::Null | Fallback::Computed(_) => !recorded.required && recorded.default.is_none(),
                };
                assert!(same, "{}: {:?} is not {:?}", key.name, key.default, recorded.default);
            }
        }
    }
}
