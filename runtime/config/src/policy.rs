//! Kafka Connect's override policies: which client settings a connector's configuration may set.

use super::client::Kind;
use super::error::Error;

/// What the policy `Principal` lets through.
const PRINCIPAL: [&str; 3] = ["sasl.jaas.config", "sasl.mechanism", "security.protocol"];

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
        // A class of somebody else's may be called the same, and allow less.
        let simple = name.strip_prefix("org.apache.kafka.connect.connector.policy.").unwrap_or(name);
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

    /// What to say about the choice at start, in Kafka Connect's words.
    pub(super) fn warning(&self) -> Option<String> {
        (*self == Self::Principal).then(|| {
            let keys = PRINCIPAL.join(",");
            format!(
                "The Principal ConnectorClientConfigOverridePolicy is deprecated, use the Allowlist policy instead. To replicate the \
                 Principal policy behavior, set the connector.client.config.override.allowlist configuration to \"{keys}\""
            )
        })
    }

    /// Whether a connector may set `key` (no prefix) of that client, and Kafka Connect's text if not.
    pub fn check(&self, kind: Kind, key: &str) -> Result<(), Error> {
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
        assert!(OverridePolicy::new("x.AllConnectorClientConfigOverridePolicy", vec![]).is_err());
        assert!(policy("Principal").warning().is_some_and(|text| text.contains("\"sasl.jaas.config,sasl.mechanism,")));
        assert_eq!(policy("All").warning(), None);
    }
}
