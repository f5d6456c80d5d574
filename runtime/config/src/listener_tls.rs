//! TLS of the REST server's https listeners: `listeners.https.ssl.*`, or `ssl.*` when none of those is there. As in Kafka Connect it
//! is all or nothing: one prefixed key, and no unprefixed one counts.

use std::fmt;
use std::path::PathBuf;

use tokio_rustls::rustls::SupportedCipherSuite;
use tokio_rustls::rustls::crypto::ring;

use super::def;
use super::error::Error;
use super::nearest;
use weir_keystore::{Keystore, Source, StoreKind};
use weir_plugin::ConfigMap;

/// A password, kept out of logs.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(pub String);

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("[hidden]")
    }
}

/// A key store or a trust store as the configuration names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Store {
    /// The key that names it, for messages.
    pub name: String,
    kind: StoreKind,
    location: Option<PathBuf>,
    key: Option<Secret>,
    certificates: Option<String>,
    trusted: Option<String>,
    password: Option<Secret>,
    key_password: Option<Secret>,
}

impl Store {
    /// Reads it. Blocks for the time of a file.
    pub fn load(&self) -> Result<Keystore, weir_keystore::Error> {
        let source = match &self.location {
            Some(path) => Source::File(path),
            None => Source::Inline {
                key: self.key.as_ref().map(|key| key.0.as_str()),
                chain: self.certificates.as_deref(),
                trusted: self.trusted.as_deref(),
            },
        };
        let text = |secret: &'_ Option<Secret>| secret.as_ref().map(|secret| secret.0.clone());
        Keystore::load(self.kind, source, text(&self.password).as_deref(), text(&self.key_password).as_deref())
    }
}

/// `ssl.client.auth`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientAuth {
    /// No certificate is asked for.
    None,
    /// A client may be without one; one that is not trusted is refused.
    Requested,
    /// A client without a trusted one is refused.
    Required,
}

/// A version of TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// 1.2.
    Tls12,
    /// 1.3.
    Tls13,
}

/// The TLS of a group of listeners.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListenerTls {
    /// The server's own key and certificates.
    pub keystore: Store,
    /// Who may sign clients' certificates; without it what the key store holds.
    pub truststore: Option<Store>,
    /// Whether clients show certificates.
    pub client_auth: ClientAuth,
    /// `ssl.enabled.protocols`.
    pub versions: Vec<Version>,
    /// `ssl.cipher.suites` that there are; empty = all.
    pub cipher_suites: Vec<String>,
}

/// Keys that only a JVM can follow, and why they do not matter here.
const WITHOUT_EFFECT: &[(&str, &str)] = &[
    ("ssl.provider", "Weir has one implementation of TLS"),
    ("ssl.keymanager.algorithm", "it names a class of Java"),
    ("ssl.trustmanager.algorithm", "it names a class of Java"),
    ("ssl.secure.random.implementation", "it names a class of Java"),
    ("ssl.engine.factory.class", "it names a class of Java"),
    ("ssl.endpoint.identification.algorithm", "a server does not check the names of its clients' hosts"),
];

const USED: &[&str] = &[
    "ssl.keystore.type",
    "ssl.keystore.location",
    "ssl.keystore.password",
    "ssl.keystore.key",
    "ssl.keystore.certificate.chain",
    "ssl.key.password",
    "ssl.truststore.type",
    "ssl.truststore.location",
    "ssl.truststore.password",
    "ssl.truststore.certificates",
    "ssl.client.auth",
    "ssl.enabled.protocols",
    "ssl.protocol",
    "ssl.cipher.suites",
];

/// Parses the keys for listeners whose prefixed keys begin with `prefix`. What has no effect is added to `warnings`.
pub fn parse(
    originals: &ConfigMap,
    prefix: &str,
    errors: &mut Vec<Error>,
    warnings: &mut Vec<String>,
) -> Option<ListenerTls> {
    let before = errors.len();
    let prefixed = originals.keys().any(|key| key.starts_with(prefix));
    let keys = Keys { originals, prefix: if prefixed { prefix } else { "" } };
    for key in originals.keys().filter(|key| prefixed && key.starts_with(prefix)) {
        let name = &key[prefix.len()..];
        match WITHOUT_EFFECT.iter().find(|(known, _)| *known == name) {
            Some((_, reason)) => warnings.push(format!("worker key '{key}' has no effect: {reason}")),
            None if USED.contains(&name) => {}
            // Kafka Connect passes over it. One that was to ask clients for certificates would leave the listener open.
            None => {
                let known: Vec<String> = USED.iter().map(|known| format!("{prefix}{known}")).collect();
                errors.push(Error::other(key, nearest::unknown(key, known.iter().map(String::as_str))));
            }
        }
    }
    let keystore = keys.keystore().map_err(|error| errors.push(error)).ok();
    let truststore = keys.truststore().map_err(|error| errors.push(error)).ok().flatten();
    let client_auth = keys.client_auth().map_err(|error| errors.push(error)).ok();
    let versions = keys.versions().map_err(|error| errors.push(error)).ok();
    let cipher_suites = keys.cipher_suites(warnings).map_err(|error| errors.push(error)).ok();
    match errors.len() == before {
        true => Some(ListenerTls {
            keystore: keystore?,
            truststore,
            client_auth: client_auth?,
            versions: versions?,
            cipher_suites: cipher_suites?,
        }),
        false => None,
    }
}

struct Keys<'a> {
    originals: &'a ConfigMap,
    prefix: &'a str,
}

impl<'a> Keys<'a> {
    fn name(&self, key: &str) -> String {
        format!("{}{key}", self.prefix)
    }

    fn get(&self, key: &str) -> Option<&'a str> {
        self.originals.get(&self.name(key)).map(|text| text.trim()).filter(|text| !text.is_empty())
    }

    fn secret(&self, key: &str) -> Option<Secret> {
        self.get(key).map(|text| Secret(text.to_owned()))
    }

    fn kind(&self, key: &str) -> Result<StoreKind, Error> {
        let text = self.get(key).unwrap_or("JKS");
        StoreKind::parse(text)
            .ok_or_else(|| Error::invalid(self.name(key), text, "a store may be of the type JKS, PKCS12 or PEM"))
    }

    fn keystore(&self) -> Result<Store, Error> {
        let store = Store {
            name: self.name("ssl.keystore.location"),
            kind: self.kind("ssl.keystore.type")?,
            location: self.get("ssl.keystore.location").map(PathBuf::from),
            key: self.secret("ssl.keystore.key"),
            certificates: self.get("ssl.keystore.certificate.chain").map(str::to_owned),
            trusted: None,
            password: self.secret("ssl.keystore.password"),
            key_password: self.secret("ssl.key.password"),
        };
        self.check(&store, "ssl.keystore.key", store.key.is_some() && store.certificates.is_some())?;
        if store.location.is_none() && store.key.is_none() {
            let text = format!(
                "an https listener needs a key: '{}', or '{}' and '{}' (docs/security.md)",
                store.name,
                self.name("ssl.keystore.key"),
                self.name("ssl.keystore.certificate.chain")
            );
            return Err(Error::other(store.name, text));
        }
        Ok(store)
    }

    fn truststore(&self) -> Result<Option<Store>, Error> {
        let store = Store {
            name: self.name("ssl.truststore.location"),
            kind: self.kind("ssl.truststore.type")?,
            location: self.get("ssl.truststore.location").map(PathBuf::from),
            key: None,
            certificates: None,
            trusted: self.get("ssl.truststore.certificates").map(str::to_owned),
            password: self.secret("ssl.truststore.password"),
            key_password: None,
        };
        self.check(&store, "ssl.truststore.certificates", store.trusted.is_some())?;
        Ok((store.location.is_some() || store.trusted.is_some()).then_some(store))
    }

    /// PEM may stand in the configuration, which no other form may, and not beside a file.
    fn check(&self, store: &Store, inline: &str, whole: bool) -> Result<(), Error> {
        let name = self.name(inline);
        let given = store.key.is_some() || store.certificates.is_some() || store.trusted.is_some();
        match (given, &store.location) {
            (false, _) => Ok(()),
            (true, Some(_)) => {
                let text = format!("Both '{name}' and '{}' are set; only one of them may be", store.name);
                Err(Error::other(name, text))
            }
            (true, None) if store.kind != StoreKind::Pem => {
                Err(Error::other(&name, format!("'{name}' is PEM; the type of its store must be PEM")))
            }
            (true, None) if !whole => {
                let text = format!("'{name}' and '{}' go together", self.name("ssl.keystore.certificate.chain"));
                Err(Error::other(name, text))
            }
            (true, None) => Ok(()),
        }
    }

    fn client_auth(&self) -> Result<ClientAuth, Error> {
        match self.get("ssl.client.auth").unwrap_or("none") {
            "none" => Ok(ClientAuth::None),
            "requested" => Ok(ClientAuth::Requested),
            "required" => Ok(ClientAuth::Required),
            other => {
                let detail = "String must be one of: required, requested, none";
                Err(Error::invalid(self.name("ssl.client.auth"), other, detail))
            }
        }
    }

    fn versions(&self) -> Result<Vec<Version>, Error> {
        let version = |key: &str, text: &str| match text {
            "TLSv1.2" => Ok(Version::Tls12),
            "TLSv1.3" => Ok(Version::Tls13),
            _ => Err(Error::invalid(self.name(key), text, "Weir speaks TLSv1.2 and TLSv1.3")),
        };
        // In Java this names the context; which versions are spoken is the list's business.
        if let Some(context) = self.get("ssl.protocol").filter(|context| *context != "TLS") {
            version("ssl.protocol", context)?;
        }
        let key = "ssl.enabled.protocols";
        let enabled = def::list(self.get(key).unwrap_or("TLSv1.2,TLSv1.3"));
        enabled.iter().map(|text| version(key, text)).collect()
    }

    fn cipher_suites(&self, warnings: &mut Vec<String>) -> Result<Vec<String>, Error> {
        let (key, known) = (self.name("ssl.cipher.suites"), cipher_suites());
        let asked = def::list(self.get("ssl.cipher.suites").unwrap_or_default());
        let (found, missing): (Vec<_>, Vec<_>) = asked.iter().cloned().partition(|name| known.contains(name));
        if found.is_empty() && !asked.is_empty() {
            let detail = format!("none of these is there; Weir has {}", known.join(", "));
            return Err(Error::invalid(key, asked.join(", "), detail));
        }
        warnings.extend(
            missing.iter().map(|name| format!("worker key '{key}': Weir does not have {name}, and goes without it")),
        );
        Ok(found)
    }
}

/// The cipher suites there are, under the names that Java gives them.
fn cipher_suites() -> Vec<String> {
    ring::default_provider().cipher_suites.iter().map(java_name).collect()
}

/// The name that Java gives it. rustls puts the version into the names of TLS 1.3.
pub fn java_name(suite: &SupportedCipherSuite) -> String {
    suite.suite().as_str().unwrap_or_default().replace("TLS13_", "TLS_")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(entries: &[(&str, &str)]) -> (Option<ListenerTls>, Vec<String>, Vec<String>) {
        let originals = entries.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        let (mut errors, mut warnings) = (Vec::new(), Vec::new());
        let tls = parse(&originals, "listeners.https.", &mut errors, &mut warnings);
        (tls, errors.iter().map(ToString::to_string).collect(), warnings)
    }

    #[test]
    fn one_prefixed_key_makes_all_others_nothing() {
        let (tls, errors, _) = parsed(&[("ssl.keystore.location", "/a.jks"), ("ssl.client.auth", "required")]);
        let tls = tls.expect("whole");
        assert_eq!((tls.keystore.name.as_str(), tls.client_auth), ("ssl.keystore.location", ClientAuth::Required));
        assert_eq!((tls.versions, tls.truststore, errors.len()), (vec![Version::Tls12, Version::Tls13], None, 0));
        let (tls, errors, _) =
            parsed(&[("ssl.keystore.location", "/a.jks"), ("listeners.https.ssl.client.auth", "none")]);
        assert_eq!(tls, None);
        assert!(errors[0].contains("'listeners.https.ssl.keystore.location'"), "{errors:?}");
    }

    #[test]
    fn what_cannot_be_honoured_is_refused_or_said() {
        let prefixed = |key: &str, value: &str| {
            parsed(&[("listeners.https.ssl.keystore.location", "/a.jks"), (&format!("listeners.https.{key}"), value)])
        };
        for (key, value, part) in [
            ("ssl.keystore.type", "BCFKS", "JKS, PKCS12 or PEM"),
            ("ssl.enabled.protocols", "TLSv1.1,TLSv1.2", "TLSv1.2 and TLSv1.3"),
            ("ssl.protocol", "SSLv3", "TLSv1.2 and TLSv1.3"),
            ("ssl.client.auth", "yes", "required, requested, none"),
            ("ssl.cipher.suites", "TLS_NULL", "Weir has TLS_AES_256_GCM_SHA384"),
            ("ssl.keystore.key", "-----BEGIN", "only one of them"),
            ("ssl.truststore.certificates", "-----BEGIN", "must be PEM"),
            ("ssl.client.atuh", "required", "nearest known key is 'listeners.https.ssl.client.auth'"),
        ] {
            let (tls, errors, _) = prefixed(key, value);
            assert_eq!(tls, None, "{key}");
            assert!(errors.len() == 1 && errors[0].contains(part), "{key}: {errors:?}");
        }
        for (key, value, part) in [
            ("ssl.provider", "SunJSSE", "has no effect: Weir has one"),
            ("ssl.cipher.suites", "TLS_AES_128_GCM_SHA256,TLS_OLD", "does not have TLS_OLD"),
        ] {
            let (tls, _, warnings) = prefixed(key, value);
            assert!(tls.is_some() && warnings.len() == 1 && warnings[0].contains(part), "{key}: {warnings:?}");
        }
    }

    #[test]
    fn passwords_are_not_printed() {
        let (tls, ..) = parsed(&[("ssl.keystore.location", "/a.jks"), ("ssl.keystore.password", "hunter2")]);
        assert!(!format!("{tls:?}").contains("hunter2"));
    }
}
