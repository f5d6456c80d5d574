//! Parses the TLS keys of https listeners.

use std::path::PathBuf;

use super::cipher_suites::cipher_suites;
use super::settings::{ClientAuth, ListenerTls, Version};
use super::store::{Secret, Store};
use crate::error::Error;
use crate::keys::{nearest, types};
use weir_keystore::StoreKind;
use weir_plugin::ConfigMap;

/// Keys that only a JVM can apply, and why they have no effect.
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

/// Parses the keys with `prefix`, or those without prefix. Adds a line to `warnings` for each key that has no effect.
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
            // Kafka Connect ignores it. A misspelled key for client certificates would leave the listener open.
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
            .ok_or_else(|| Error::invalid(self.name(key), text, "the type of a store may be JKS, PKCS12 or PEM"))
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

    /// Checks that certificates and keys in the configuration itself are PEM, are complete, and do not conflict with a file.
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
                Err(Error::other(&name, format!("'{name}' is in PEM format, so the type of its store must be PEM")))
            }
            (true, None) if !whole => {
                let text =
                    format!("'{name}' and '{}' must be set together", self.name("ssl.keystore.certificate.chain"));
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
            _ => Err(Error::invalid(self.name(key), text, "Weir supports TLSv1.2 and TLSv1.3")),
        };
        // In Java, this selects the context; the versions are selected by the list.
        if let Some(context) = self.get("ssl.protocol").filter(|context| *context != "TLS") {
            version("ssl.protocol", context)?;
        }
        let key = "ssl.enabled.protocols";
        let enabled = types::list(self.get(key).unwrap_or("TLSv1.2,TLSv1.3"));
        enabled.iter().map(|text| version(key, text)).collect()
    }

    fn cipher_suites(&self, warnings: &mut Vec<String>) -> Result<Vec<String>, Error> {
        let (key, known) = (self.name("ssl.cipher.suites"), cipher_suites());
        let asked = types::list(self.get("ssl.cipher.suites").unwrap_or_default());
        let (found, missing): (Vec<_>, Vec<_>) = asked.iter().cloned().partition(|name| known.contains(name));
        if found.is_empty() && !asked.is_empty() {
            let detail = format!("none of these is supported; Weir supports {}", known.join(", "));
            return Err(Error::invalid(key, asked.join(", "), detail));
        }
        warnings.extend(
            missing.iter().map(|name| format!("worker key '{key}': Weir does not support {name} and ignores it")),
        );
        Ok(found)
    }
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
            ("ssl.cipher.suites", "TLS_NULL", "Weir supports TLS_AES_256_GCM_SHA384"),
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
            ("ssl.cipher.suites", "TLS_AES_128_GCM_SHA256,TLS_OLD", "does not support TLS_OLD"),
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
