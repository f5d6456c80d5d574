//! Kafka Connect's override policies: which client settings a connector's configuration may set.

use super::kind::Kind;
use crate::error::Error;
use crate::keys::KeyReader;

const POLICY: &str = "connector.client.config.override.policy";

/// The keys that the policy `Principal` allows.
const PRINCIPAL: [&str; 3] = ["sasl.jaas.config", "sasl.mechanism", "security.protocol"];

/// `connector.client.config.override.policy`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum OverridePolicy {
    /// Allows all keys.
    All,
    /// Allows no key.
    None,
    /// Allows the keys that identify the client: `sasl.jaas.config`, `sasl.mechanism`, `security.protocol`.
    Principal,
    /// Allows the keys of `connector.client.config.override.allowlist`.
    Allowlist(Vec<String>),
}

impl OverridePolicy {
    /// Reads the policy and its allowlist.
    pub(crate) fn read(reader: &mut KeyReader<'_>) -> Self {
        let name = reader.text(POLICY);
        let allowlist = reader.list("connector.client.config.override.allowlist");
        reader.or_note(Self::new(&name, allowlist)).unwrap_or(Self::None)
    }

    /// Finds a policy by its alias or class name.
    fn new(name: &str, allowlist: Vec<String>) -> Result<Self, Error> {
        // A class in another package may have the same simple name, and allow less.
        let simple = name.strip_prefix("org.apache.kafka.connect.connector.policy.").unwrap_or(name);
        match simple.strip_suffix("ConnectorClientConfigOverridePolicy").unwrap_or(simple) {
            "All" => Ok(Self::All),
            "None" => Ok(Self::None),
            "Principal" => Ok(Self::Principal),
            "Allowlist" => Ok(Self::Allowlist(allowlist)),
            _ => Err(Error::invalid(POLICY, name, "Weir supports the policies All, None, Principal and Allowlist")),
        }
    }

    /// Returns Kafka Connect's warning about the policy at start.
    pub(crate) fn warning(&self) -> Option<String> {
        (*self == Self::Principal).then(|| {
            let keys = PRINCIPAL.join(",");
            format!(
                "The Principal ConnectorClientConfigOverridePolicy is deprecated, use the Allowlist policy instead. To replicate the \
                 Principal policy behavior, set the connector.client.config.override.allowlist configuration to \"{keys}\""
            )
        })
    }

    /// Checks whether a connector may set `key` (without prefix) of a client. The error has Kafka Connect's text.
    pub(crate) fn check(&self, kind: Kind, key: &str) -> Result<(), Error> {
        let (allowed, name) = match self {
            Self::All => (true, "All"),
            Self::None => (false, "None"),
            Self::Principal => (PRINCIPAL.contains(&key), "Principal"),
            Self::Allowlist(keys) => (keys.iter().any(|one| one == key), "Allowlist"),
        };
        match allowed {
            true => Ok(()),
            false => Err(Error::other(
                format!("{}{key}", kind.override_prefix()),
                format!("The '{name}' policy does not allow '{key}' to be overridden in the connector configuration."),
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policies_allow_what_kafka_connects_do() {
        let policy = |name: &str| OverridePolicy::new(name, vec!["linger.ms".into()]).expect("known");
        assert!(policy("All").check(Kind::Producer, "acks").is_ok());
        let error = policy("None").check(Kind::Producer, "acks").expect_err("refused");
        assert_eq!(error.key(), "producer.override.acks");
        assert_eq!(
            error.to_string(),
            "The 'None' policy does not allow 'acks' to be overridden in the connector configuration."
        );
        let full = "org.apache.kafka.connect.connector.policy.PrincipalConnectorClientConfigOverridePolicy";
        assert!(policy(full).check(Kind::Admin, "sasl.mechanism").is_ok());
        assert!(policy(full).check(Kind::Admin, "acks").is_err());
        assert!(policy("Allowlist").check(Kind::Consumer, "linger.ms").is_ok());
        assert!(policy("Allowlist").check(Kind::Consumer, "acks").is_err());
        assert!(OverridePolicy::new("x.Own", vec![]).is_err());
        assert!(OverridePolicy::new("x.AllConnectorClientConfigOverridePolicy", vec![]).is_err());
        assert!(policy("Principal").warning().is_some_and(|text| text.contains("\"sasl.jaas.config,sasl.mechanism,")));
        assert_eq!(policy("All").warning(), None);
    }
}
