//! `ssl.keystore.*` and `ssl.truststore.*`: converts stores in any of Java's formats to PEM, which librdkafka accepts. Which
//! settings may be combined, and the messages, are those of Kafka's `DefaultSslEngineFactory`.

use std::path::Path;

use super::super::settings::{ClientSettings, Given, given};
use crate::error::Error;
use weir_keystore::{Keystore, Source, StoreKind};

const KEY_LOCATION: &str = "ssl.keystore.location";
const KEY_PASSWORD: &str = "ssl.keystore.password";
const KEY_TYPE: &str = "ssl.keystore.type";
const KEY: &str = "ssl.keystore.key";
const CHAIN: &str = "ssl.keystore.certificate.chain";
const TRUST_LOCATION: &str = "ssl.truststore.location";
const TRUST_PASSWORD: &str = "ssl.truststore.password";
const TRUST_TYPE: &str = "ssl.truststore.type";
const TRUSTED: &str = "ssl.truststore.certificates";

/// Adds the client's own key and certificate, if it has any.
pub(super) fn key_store(settings: &Given<'_>, client: &mut ClientSettings) -> Result<(), Error> {
    let kind = store_kind(settings, KEY_TYPE)?;
    let (location, password) = (given(settings, KEY_LOCATION), given(settings, KEY_PASSWORD));
    let (key, chain) = (given(settings, KEY), given(settings, CHAIN));
    let wrong = |key: &str, text: &str| Err(Error::other(key, text));
    let source = match (key, chain, location) {
        (Some(_), _, _) if kind != StoreKind::Pem => {
            let name = given(settings, KEY_TYPE).unwrap_or("JKS");
            let text = format!("SSL private key can be specified only for PEM, but key store type is {name}.");
            return wrong(KEY, &text);
        }
        (Some(_), None, _) => {
            return wrong(CHAIN, "SSL private key is specified, but certificate chain is not specified.");
        }
        (Some(_), Some(_), Some(_)) => {
            return wrong(KEY_LOCATION, "Both SSL key store location and separate private key are specified.");
        }
        (Some(key), Some(chain), None) => Source::Inline { key: Some(key), chain: Some(chain), trusted: None },
        (None, Some(_), _) => {
            return wrong(KEY, "SSL certificate chain is specified, but private key is not specified");
        }
        (None, None, Some(location)) => Source::File(Path::new(location)),
        (None, None, None) if password.is_some() => {
            return wrong(KEY_LOCATION, "SSL key store is not specified, but key store password is specified.");
        }
        (None, None, None) => return Ok(()),
    };
    if kind == StoreKind::Pem && password.is_some() {
        let text = "SSL key store password cannot be specified with PEM format, only key password may be specified.";
        return wrong(KEY_PASSWORD, text);
    }
    if kind != StoreKind::Pem && password.is_none() {
        return wrong(KEY_PASSWORD, "SSL key store is specified, but key store password is not specified.");
    }
    let name = location.unwrap_or(KEY);
    let store = Keystore::load(kind, source, password, given(settings, "ssl.key.password"))
        .and_then(|store| store.with_identity(name))
        .map_err(|error| unusable(location.map_or(KEY, |_| KEY_LOCATION), "keystore", &error))?;
    let from = location.map_or(KEY, |_| KEY_LOCATION);
    if let Some(key) = store.key_pem() {
        client.put(from, "ssl.key.pem", key);
    }
    client.put(from, "ssl.certificate.pem", store.chain_pem());
    Ok(())
}

/// Adds the certificates that the client trusts; without a trust store, those of the system.
pub(super) fn trust_store(settings: &Given<'_>, client: &mut ClientSettings) -> Result<(), Error> {
    let kind = store_kind(settings, TRUST_TYPE)?;
    let (location, password) = (given(settings, TRUST_LOCATION), given(settings, TRUST_PASSWORD));
    let trusted = given(settings, TRUSTED);
    let wrong = |key: &str, text: &str| Err(Error::other(key, text));
    let source = match (trusted, location) {
        (Some(_), _) if kind != StoreKind::Pem => {
            let name = given(settings, TRUST_TYPE).unwrap_or("JKS");
            let text = format!("SSL trust store certs can be specified only for PEM, but trust store type is {name}.");
            return wrong(TRUSTED, &text);
        }
        (Some(_), Some(_)) => {
            let text = "Both SSL trust store location and separate trust certificates are specified.";
            return wrong(TRUST_LOCATION, text);
        }
        (Some(trusted), None) => Source::Inline { key: None, chain: None, trusted: Some(trusted) },
        (None, Some(location)) => Source::File(Path::new(location)),
        (None, None) if password.is_some() => {
            return wrong(TRUST_LOCATION, "SSL trust store is not specified, but trust store password is specified.");
        }
        (None, None) => {
            // librdkafka's own settings take precedence. OpenSSL is built from source and does not know where the system's
            // certificates are.
            if given(settings, "ssl.ca.location").or(given(settings, "ssl.ca.pem")).is_none() {
                client.put(TRUST_LOCATION, "ssl.ca.location", "probe".to_owned());
            }
            return Ok(());
        }
    };
    if kind == StoreKind::Pem && password.is_some() {
        return wrong(TRUST_PASSWORD, "SSL trust store password cannot be specified for PEM format.");
    }
    let from = location.map_or(TRUSTED, |_| TRUST_LOCATION);
    let store = Keystore::load(kind, source, password, None)
        .and_then(|store| store.with_trusted(location.unwrap_or(TRUSTED)))
        .map_err(|error| unusable(from, "truststore", &error))?;
    client.put(from, "ssl.ca.pem", store.trusted_pem());
    Ok(())
}

fn store_kind(settings: &Given<'_>, key: &str) -> Result<StoreKind, Error> {
    let name = given(settings, key).unwrap_or("JKS");
    StoreKind::parse(name)
        .ok_or_else(|| Error::invalid(key, name, "Weir reads the types JKS, PKCS12 and PEM; keytool converts others"))
}

fn unusable(key: &str, what: &str, error: &weir_keystore::Error) -> Error {
    Error::other(key, format!("Failed to load SSL {what} {error} ({key})"))
}

#[cfg(test)]
mod tests {
    use super::super::super::kind::Kind;
    use super::super::secure;
    use super::*;

    fn problem(settings: &[(&str, &str)]) -> (String, String) {
        let settings = settings.iter().copied().chain([("security.protocol", "SSL")]).collect();
        let error = secure(Kind::Consumer, &settings, &mut ClientSettings::default()).expect_err("refused");
        (error.key().to_owned(), error.to_string())
    }

    #[test]
    fn settings_that_do_not_go_together_are_refused_in_kafkas_words() {
        let pem = (KEY_TYPE, "PEM");
        for (settings, key, text) in [
            (vec![(KEY, "k")], KEY, "SSL private key can be specified only for PEM, but key store type is JKS."),
            (vec![pem, (KEY, "k")], CHAIN, "SSL private key is specified, but certificate chain is not specified."),
            (
                vec![pem, (KEY, "k"), (CHAIN, "c"), (KEY_LOCATION, "/f")],
                KEY_LOCATION,
                "Both SSL key store location and separate private key are specified.",
            ),
            (vec![(CHAIN, "c")], KEY, "SSL certificate chain is specified, but private key is not specified"),
            (
                vec![(KEY_LOCATION, "/f")],
                KEY_PASSWORD,
                "SSL key store is specified, but key store password is not specified.",
            ),
            (
                vec![(KEY_PASSWORD, "hush")],
                KEY_LOCATION,
                "SSL key store is not specified, but key store password is specified.",
            ),
            (
                vec![pem, (KEY_LOCATION, "/f"), (KEY_PASSWORD, "hush")],
                KEY_PASSWORD,
                "SSL key store password cannot be specified with PEM format, only key password may be specified.",
            ),
            (
                vec![(TRUSTED, "c")],
                TRUSTED,
                "SSL trust store certs can be specified only for PEM, but trust store type is JKS.",
            ),
            (
                vec![(TRUST_TYPE, "PEM"), (TRUSTED, "c"), (TRUST_LOCATION, "/f")],
                TRUST_LOCATION,
                "Both SSL trust store location and separate trust certificates are specified.",
            ),
            (
                vec![(TRUST_TYPE, "PEM"), (TRUST_LOCATION, "/f"), (TRUST_PASSWORD, "hush")],
                TRUST_PASSWORD,
                "SSL trust store password cannot be specified for PEM format.",
            ),
        ] {
            assert_eq!(problem(&settings), (key.to_owned(), text.to_owned()));
        }
    }

    #[test]
    fn a_store_that_cannot_be_read_says_which_and_shows_no_password() {
        let (key, text) = problem(&[(KEY_LOCATION, "/no/such/store"), (KEY_PASSWORD, "hush")]);
        assert_eq!(key, KEY_LOCATION);
        assert!(text.starts_with("Failed to load SSL keystore /no/such/store: ") && !text.contains("hush"), "{text}");
        let (key, text) = problem(&[(TRUST_LOCATION, "/no/such/store")]);
        assert_eq!(key, TRUST_LOCATION);
        assert!(text.starts_with("Failed to load SSL truststore /no/such/store: "), "{text}");
        assert!(
            problem(&[(TRUST_TYPE, "BCFKS")])
                .1
                .starts_with("Invalid value BCFKS for configuration ssl.truststore.type")
        );
    }
}
