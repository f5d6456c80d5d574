//! Which values of a configuration are secret, so that contexts do not print them.

use std::collections::BTreeSet;
use std::fmt;

use super::ConfigMap;
#[cfg(not(target_family = "wasm"))]
use super::{Config, ConfigType};
use crate::bindings::host::weir::connect::data::ConfigEntry;

/// The keys whose values are passwords, or came from a secret.
#[derive(Clone, Debug, Default)]
pub(crate) struct Secrets(BTreeSet<String>);

impl Secrets {
    pub(crate) fn contains(&self, key: &str) -> bool {
        self.0.contains(key)
    }

    /// Returns the keys that the definition makes secret. In a component the runtime reports them.
    #[cfg(not(target_family = "wasm"))]
    pub(crate) fn of<C: Config>() -> Secrets {
        let secret = C::keys().into_iter().filter(|key| key.kind == ConfigType::Password);
        Secrets(secret.map(|key| key.name).collect())
    }
}

/// Splits the configuration from the runtime into its values and the keys of those that are secret.
pub(crate) fn received(entries: Vec<ConfigEntry>) -> (ConfigMap, Secrets) {
    let secrets = entries.iter().filter(|entry| entry.secret).map(|entry| entry.key.clone()).collect();
    (entries.into_iter().map(|entry| (entry.key, entry.value)).collect(), Secrets(secrets))
}

/// Prints a configuration without its secrets.
pub(crate) struct Shown<'a>(pub(crate) &'a ConfigMap, pub(crate) &'a Secrets);

impl fmt::Debug for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |(key, value): (&'_ String, &'_ String)| {
            (key.clone(), if self.1.contains(key) { "[hidden]".to_owned() } else { value.clone() })
        };
        f.debug_map().entries(self.0.iter().map(shown)).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_not_printed() {
        let entry = |key: &str, secret| ConfigEntry { key: key.into(), value: format!("{key}-value"), secret };
        let (config, secrets) = received(vec![entry("user", false), entry("token", true)]);
        assert_eq!(config["token"], "token-value");
        assert_eq!(format!("{:?}", Shown(&config, &secrets)), r#"{"token": "[hidden]", "user": "user-value"}"#);
    }
}
