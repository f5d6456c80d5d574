//! Limits for the name and the configuration of a connector. Kafka Connect has no such limits, but Kafka does not accept a record, and so
//! a configuration, of more than 1 MB unless its brokers are configured to.

use super::error::Error;
use weir_plugin::ConfigMap;

/// Maximum length of a connector's name in bytes. The name is in each log line and each metric of the connector.
pub const NAME_MAX_BYTES: usize = 1024;

/// Maximum size in bytes of all keys and values of a configuration as submitted.
const CONFIG_MAX_BYTES: usize = 1 << 20;

/// Refuses a name that is too long. The error does not contain the name.
///
/// # Errors
///
/// The name is too long.
pub fn check_name(name: &str) -> Result<(), Error> {
    if name.len() > NAME_MAX_BYTES {
        return Err(Error::NameTooLong { bytes: name.len(), limit: NAME_MAX_BYTES });
    }
    Ok(())
}

/// Refuses a configuration that is too large.
pub(super) fn check_config(config: &ConfigMap) -> Result<(), Error> {
    let bytes: usize = config.iter().map(|(key, value)| key.len() + value.len()).sum();
    if bytes > CONFIG_MAX_BYTES {
        return Err(Error::ConfigTooLarge { bytes, limit: CONFIG_MAX_BYTES });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::error_kind::ErrorKind;
    use super::*;

    #[test]
    fn what_is_too_long_is_refused_without_being_repeated() {
        assert!(check_name(&"n".repeat(NAME_MAX_BYTES)).is_ok());
        let error = check_name(&"n".repeat(1_000_000)).expect_err("refused");
        assert_eq!(error.kind(), ErrorKind::BadRequest, "{error}");
        assert!(error.to_string().len() < 200, "{error}");
        let config = |bytes| ConfigMap::from([("k".to_owned(), "v".repeat(bytes - 1))]);
        assert!(check_config(&config(CONFIG_MAX_BYTES)).is_ok());
        assert!(check_config(&config(CONFIG_MAX_BYTES + 1)).expect_err("refused").to_string().len() < 200);
    }
}
