//! How a client authenticates itself and whom it trusts: translates Java's `security.protocol`, `ssl.*` and `sasl.*` for
//! librdkafka. They are read together, because they depend on each other. As in Java, settings for TLS are ignored if the protocol
//! does not use TLS, and those for SASL if it does not use SASL.

mod ciphers;
mod jaas;
mod stores;

use super::keys::{self, Meaning};
use super::kind::Kind;
use super::settings::{ClientSettings, Given, given};
use crate::error::Error;
use crate::keys::types;
use jaas::LoginModule;

const PROTOCOL: &str = "security.protocol";
const MECHANISM: &str = "sasl.mechanism";
const JAAS: &str = "sasl.jaas.config";

/// Adds the settings for security. Reads the key and trust stores, so it blocks for some milliseconds.
///
/// # Errors
///
/// A store cannot be read, a mechanism is not supported, or a setting cannot be followed.
pub(super) fn secure(kind: Kind, settings: &Given<'_>, client: &mut ClientSettings) -> Result<(), Error> {
    let protocol = given(settings, PROTOCOL).unwrap_or("PLAINTEXT");
    let (tls, sasl) = match protocol.to_ascii_uppercase().as_str() {
        "PLAINTEXT" => (false, false),
        "SSL" => (true, false),
        "SASL_PLAINTEXT" => (false, true),
        "SASL_SSL" => (true, true),
        _ => {
            let detail = "String must be one of (case insensitive): SASL_SSL, PLAINTEXT, SSL, SASL_PLAINTEXT";
            return Err(Error::invalid(PROTOCOL, protocol, detail));
        }
    };
    if settings.contains_key(PROTOCOL) {
        client.put(PROTOCOL, PROTOCOL, protocol.to_lowercase());
    }
    for (key, value) in settings.iter().filter(|(_, value)| !value.is_empty()) {
        match keys::meaning(kind, key) {
            Some(Meaning::RefusedWithTls(next)) if tls => return Err(Error::invalid(*key, value, next)),
            Some(Meaning::RefusedWithSasl(next)) if sasl => return Err(Error::invalid(*key, value, next)),
            _ => {}
        }
    }
    if tls {
        encrypt(settings, client)?;
    }
    if sasl {
        authenticate(settings, client)?;
    }
    Ok(())
}

fn encrypt(settings: &Given<'_>, client: &mut ClientSettings) -> Result<(), Error> {
    stores::key_store(settings, client)?;
    stores::trust_store(settings, client)?;
    let algorithm = "ssl.endpoint.identification.algorithm";
    if let Some(value) = settings.get(algorithm) {
        let value = if value.is_empty() { "none".to_owned() } else { value.to_lowercase() };
        client.put(algorithm, algorithm, value);
    }
    if let Some(suites) = given(settings, "ssl.cipher.suites") {
        client.put("ssl.cipher.suites", "ssl.cipher.suites", ciphers::openssl(suites)?);
    }
    if let Some(protocols) = given(settings, "ssl.enabled.protocols") {
        let listed = types::list(protocols);
        let has = |name: &str| listed.iter().any(|protocol| protocol == name);
        if has("TLSv1.3") && !has("TLSv1.2") {
            let detail = "librdkafka uses TLS 1.2 if a broker does not support 1.3; restrict it with the brokers' \
                          ssl.enabled.protocols, and write TLSv1.2,TLSv1.3 here";
            return Err(Error::invalid("ssl.enabled.protocols", protocols, detail));
        }
        if !has("TLSv1.3") {
            client.warn("ssl.enabled.protocols", "OpenSSL uses the newest of TLS 1.2 and 1.3 that the broker supports");
        }
    }
    Ok(())
}

fn authenticate(settings: &Given<'_>, client: &mut ClientSettings) -> Result<(), Error> {
    let mechanism = given(settings, MECHANISM).unwrap_or("GSSAPI");
    let refused = |detail: &str| Err(Error::invalid(MECHANISM, mechanism, detail));
    match mechanism {
        "PLAIN" | "SCRAM-SHA-256" | "SCRAM-SHA-512" => {}
        "GSSAPI" => {
            return refused(
                "this build of Weir has no Kerberos; set sasl.mechanism (its default is GSSAPI) to PLAIN, \
                 SCRAM-SHA-256 or SCRAM-SHA-512, or use client certificates with security.protocol=SSL",
            );
        }
        "OAUTHBEARER" => {
            return refused(
                "librdkafka fetches tokens with libcurl, which this build of Weir lacks, and an unsecured token proves nothing; use \
                 PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, or client certificates with security.protocol=SSL",
            );
        }
        _ => return refused("Weir supports the mechanisms PLAIN, SCRAM-SHA-256 and SCRAM-SHA-512"),
    }
    client.put(MECHANISM, MECHANISM, mechanism.to_owned());
    let Some(text) = given(settings, JAAS) else {
        // librdkafka's own settings will do as well.
        if given(settings, "sasl.username").is_some() && given(settings, "sasl.password").is_some() {
            return Ok(());
        }
        return Err(Error::other(
            JAAS,
            format!(
                "{JAAS} is missing, which sasl.mechanism={mechanism} needs: \
                 org.apache.kafka.common.security.{} required username=\"...\" password=\"...\";",
                if mechanism == "PLAIN" { "plain.PlainLoginModule" } else { "scram.ScramLoginModule" }
            ),
        ));
    };
    // The text contains secrets, so it is never shown.
    let module = LoginModule::parse(text).map_err(|problem| Error::invalid(JAAS, "[hidden]", problem))?;
    let (user, password) = module.credentials().map_err(|problem| Error::invalid(JAAS, "[hidden]", problem))?;
    client.put(JAAS, "sasl.username", user);
    client.put(JAAS, "sasl.password", password);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secured(settings: &[(&str, &str)]) -> Result<ClientSettings, Error> {
        let mut client = ClientSettings::default();
        secure(Kind::Admin, &settings.iter().copied().collect(), &mut client).map(|()| client)
    }

    fn fails(settings: &[(&str, &str)]) -> String {
        secured(settings).expect_err("refused").to_string()
    }

    #[test]
    fn what_belongs_to_tls_or_sasl_is_not_looked_at_without_it() {
        let settings = [
            ("ssl.keystore.location", "/no/such/file"),
            ("ssl.engine.factory.class", "x.Y"),
            ("sasl.mechanism", "GSSAPI"),
            ("sasl.login.class", "x.Y"),
        ];
        assert_eq!(secured(&settings).expect("in order").properties.len(), 0);
        let mut with_tls = settings.to_vec();
        with_tls.push(("security.protocol", "ssl"));
        assert!(fails(&with_tls).starts_with("Invalid value x.Y for configuration ssl.engine.factory.class: "));
        let mut with_sasl = settings.to_vec();
        with_sasl.push(("security.protocol", "Sasl_Plaintext"));
        assert!(fails(&with_sasl).starts_with("Invalid value x.Y for configuration sasl.login.class: "));
    }

    #[test]
    fn mechanisms_that_are_not_there_say_why() {
        let mechanism = |name| fails(&[("security.protocol", "SASL_SSL"), ("sasl.mechanism", name)]);
        assert!(mechanism("GSSAPI").contains("Kerberos"));
        assert!(mechanism("").contains("Kerberos"), "Kafka's default");
        assert!(mechanism("OAUTHBEARER").contains("libcurl"));
        assert!(mechanism("AWS_MSK_IAM").contains("PLAIN, SCRAM-SHA-256 and SCRAM-SHA-512"));
        assert!(mechanism("PLAIN").contains("plain.PlainLoginModule required username="));
        assert!(fails(&[("security.protocol", "TLS")]).contains("String must be one of (case insensitive): SASL_SSL"));
    }

    #[test]
    fn credentials_come_out_of_the_jaas_line_and_never_into_an_error() {
        let with = |line| [("security.protocol", "SASL_PLAINTEXT"), ("sasl.mechanism", "SCRAM-SHA-512"), (JAAS, line)];
        let line =
            "org.apache.kafka.common.security.scram.ScramLoginModule required username=\"u\" password=\"p\\\"w\";";
        let client = secured(&with(line)).expect("in order");
        assert_eq!(client.properties["security.protocol"], "sasl_plaintext");
        assert_eq!((&*client.properties["sasl.username"], &*client.properties["sasl.password"]), ("u", "p\"w"));
        for wrong in
            ["x.Krb5LoginModule required keyTab=\"s3cret\";", "x.PlainLoginModule required password=\"s3cret\""]
        {
            assert!(!fails(&with(wrong)).contains("s3cret"));
        }
    }

    #[test]
    fn protocols_that_cannot_be_kept_to_are_refused() {
        let base = ("security.protocol", "SSL");
        assert!(fails(&[base, ("ssl.enabled.protocols", "TLSv1.3")]).contains("librdkafka uses TLS 1.2 if"));
        let client = secured(&[base, ("ssl.enabled.protocols", "TLSv1.2,TLSv1.3")]).expect("in order");
        assert_eq!(client.warnings, Vec::<String>::new());
        assert_eq!(client.properties["ssl.ca.location"], "probe", "the system's authorities");
        assert_eq!(secured(&[base, ("ssl.enabled.protocols", "TLSv1.2")]).expect("in order").warnings.len(), 1);
        let client = secured(&[base, ("ssl.endpoint.identification.algorithm", "")]).expect("in order");
        assert_eq!(client.properties["ssl.endpoint.identification.algorithm"], "none");
    }
}
