//! Kafka Connect's override policies: which client settings a connector's configuration may set.

use super::client::Kind;
use super::error::Error;

/// `connector.client.config.override.policy`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OverridePolicy {
    /// Everything.
    All,
    /// Nothing.
    None,
    /// Who the client is: `sasl.jaas.config`, `sasl.mechanism`, `security.protocol`.
    Principal,
    /// The keys of `connector.client.config.override.allowlist`.
    Allowlist(Vec<String>),
}

impl OverridePolicy {
    /// The policy of this alias or class name.
    pub(super) fn new(name: &str, allowlist: Vec<String>) -> Result<Self, Error> {
        let simple = name.rsplit('.').next().unwrap_or(name);
        match simple.strip_suffix("ConnectorClientConfigOverridePolicy").unwrap_or(simple) {
            "All" => Ok(Self::All),
            "None" => Ok(Self::None),
            "Principal" => Ok(Self::Principal),
            "Allowlist" => Ok(Self::Allowlist(allowlist)),
            _ => Err(Error::invalid(
                "connector.client.config.override.policy",
                name,
                "Weir knows the policies All, None, Principal and Allowlist",
            )),
        }
    }

    /// Whether a connector may set `key` (no prefix) of that client, and Kafka Connect's text if not.
    pub fn check(&self, kind: Kind, key: &str) -> Result<(), Error> {
        let (allowed, name) = match self {
            Self::All => (true, "All"),
            Self::None => (false, "None"),
            Self::Principal => {
                (matches!(key, "sasl.jaas.config" | "sasl.mechanism" | "security.protocol"), "Principal")
            }
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
    fn policies_let_through_what_kafka_connects_do() {
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
    }
}
