//! What is part of the worker and counts as a plugin in Kafka Connect: the converters, and kinds of plugins that have no
//! configuration to ask for.

/// A converter that is built in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BuiltIn {
    /// Kafka Connect's class.
    pub class: &'static str,
    /// It converts keys and values; all of them convert header values.
    pub is_converter: bool,
}

/// Its version, as that of all that is built in: Kafka Connect's, whose converters these are in all that they do.
pub const BUILT_IN_VERSION: &str = weir_api::KAFKA_CONNECT;

const fn converter(class: &'static str) -> BuiltIn {
    BuiltIn { class, is_converter: true }
}

/// All converters, sorted by class.
pub static BUILT_IN: [BuiltIn; 10] = [
    converter("org.apache.kafka.connect.converters.BooleanConverter"),
    converter("org.apache.kafka.connect.converters.ByteArrayConverter"),
    converter("org.apache.kafka.connect.converters.DoubleConverter"),
    converter("org.apache.kafka.connect.converters.FloatConverter"),
    converter("org.apache.kafka.connect.converters.IntegerConverter"),
    converter("org.apache.kafka.connect.converters.LongConverter"),
    converter("org.apache.kafka.connect.converters.ShortConverter"),
    converter("org.apache.kafka.connect.json.JsonConverter"),
    BuiltIn { class: "org.apache.kafka.connect.storage.SimpleHeaderConverter", is_converter: false },
    converter("org.apache.kafka.connect.storage.StringConverter"),
];

/// Kafka Connect's plugins of kinds that no REST resource gives the configuration of: config providers and override policies.
pub(super) static OTHERS: [&str; 7] = [
    "org.apache.kafka.common.config.provider.DirectoryConfigProvider",
    "org.apache.kafka.common.config.provider.EnvVarConfigProvider",
    "org.apache.kafka.common.config.provider.FileConfigProvider",
    "org.apache.kafka.connect.connector.policy.AllConnectorClientConfigOverridePolicy",
    "org.apache.kafka.connect.connector.policy.AllowlistConnectorClientConfigOverridePolicy",
    "org.apache.kafka.connect.connector.policy.NoneConnectorClientConfigOverridePolicy",
    "org.apache.kafka.connect.connector.policy.PrincipalConnectorClientConfigOverridePolicy",
];

/// The converter of this full class name.
pub(super) fn find(class: &str) -> Option<BuiltIn> {
    BUILT_IN.iter().copied().find(|known| known.class == class)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_converter_that_is_listed_can_be_made() {
        let none = std::collections::HashMap::new();
        for known in BUILT_IN {
            let class = known.class;
            assert_eq!(weir_data::converter::converter(class, &none, false).is_ok(), known.is_converter, "{class}");
            assert!(weir_data::converter::header_converter(class, &none).is_ok(), "{class}");
        }
    }
}
