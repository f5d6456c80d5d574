//! The parts of the worker that are plugins in Kafka Connect: the converters, and kinds of plugins whose configuration no REST resource
//! returns.

/// A built-in converter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BuiltIn {
    /// The name of Kafka Connect's class.
    pub class: &'static str,
    /// Whether it converts keys and values. All of them convert header values.
    pub is_converter: bool,
}

/// The version of everything that is built in: the version of Kafka Connect whose converters these behave like.
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

/// Kafka Connect's plugins of kinds whose configuration no REST resource returns: config providers and override policies.
pub(super) static OTHERS: [&str; 7] = [
    "org.apache.kafka.common.config.provider.DirectoryConfigProvider",
    "org.apache.kafka.common.config.provider.EnvVarConfigProvider",
    "org.apache.kafka.common.config.provider.FileConfigProvider",
    "org.apache.kafka.connect.connector.policy.AllConnectorClientConfigOverridePolicy",
    "org.apache.kafka.connect.connector.policy.AllowlistConnectorClientConfigOverridePolicy",
    "org.apache.kafka.connect.connector.policy.NoneConnectorClientConfigOverridePolicy",
    "org.apache.kafka.connect.connector.policy.PrincipalConnectorClientConfigOverridePolicy",
];

/// Returns the converter with this full class name.
pub(super) fn find(class: &str) -> Option<BuiltIn> {
    BUILT_IN.iter().copied().find(|known| known.class == class)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_listed_converter_can_be_created() {
        let none = std::collections::HashMap::new();
        for known in BUILT_IN {
            let class = known.class;
            assert_eq!(weir_data::converter::converter(class, &none, false).is_ok(), known.is_converter, "{class}");
            assert!(weir_data::converter::header_converter(class, &none).is_ok(), "{class}");
        }
    }
}
