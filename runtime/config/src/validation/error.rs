//! Why a configuration is invalid.

use super::infos::ConfigInfos;
use crate::error::Error;
use weir_api::json::StringMap;
use weir_catalogue::{LookupError, RangeError};

/// Why a configuration is invalid. The text is the `message` of Kafka Connect's 400 response.
#[derive(Debug, Clone, thiserror::Error)]
pub enum InvalidConfig {
    /// The class is missing. The text contains the configuration, as Java prints a map.
    #[error("Connector config {0} contains no connector type")]
    NoClass(String),
    /// `connector.plugin.version` is not a valid version or range.
    #[error(transparent)]
    Version(#[from] RangeError),
    /// The class does not exist or is ambiguous.
    #[error(transparent)]
    Class(#[from] LookupError),
    /// References to values that no config provider has.
    #[error("{}", errors_text(.0.len(), .0.iter().map(ToString::to_string)))]
    Unresolved(Vec<Error>),
    /// Any of the above, without the values of config providers.
    #[error("{0}")]
    Hidden(String),
    /// Keys with errors.
    #[error("{}", errors_text(.0.error_count, .0.errors().map(ToString::to_string)))]
    Keys(Box<ConfigInfos>),
}

/// Kafka Connect's text.
fn errors_text(count: usize, errors: impl Iterator<Item = String>) -> String {
    let errors: String = errors.map(|error| format!("\n{error}")).collect();
    format!(
        "Connector configuration is invalid and contains the following {count} error(s):{errors}\nYou can also find the above list of \
         errors at the endpoint `/connector-plugins/{{connectorType}}/config/validate`"
    )
}

impl InvalidConfig {
    /// Returns the error of a configuration without a class.
    pub(crate) fn no_class(config: &StringMap) -> Self {
        let order = weir_java::hash_map::order_of_copy(config.keys().map(String::as_str));
        let entries = order.into_iter().filter_map(|place| config.get_index(place));
        let entries: Vec<String> =
            entries.map(|(key, value)| format!("{key}={}", value.as_deref().unwrap_or("null"))).collect();
        Self::NoClass(format!("{{{}}}", entries.join(", ")))
    }
}
