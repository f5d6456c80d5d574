//! `ssl.cipher.suites`: translates Java's names of cipher suites, which are IANA's, to OpenSSL's.

use crate::error::Error;
use crate::keys::types;

const KEY: &str = "ssl.cipher.suites";

/// Translates a list of names. OpenSSL's own names are kept.
pub(super) fn openssl(suites: &str) -> Result<String, Error> {
    let mut names = Vec::new();
    for suite in types::list(suites).into_iter().filter(|suite| !suite.is_empty()) {
        // The names of TLS 1.3 do not include a key exchange. librdkafka cannot select among them: all are offered.
        if suite.starts_with("TLS_") && !suite.contains("_WITH_") {
            continue;
        }
        match translate(&suite) {
            Some(name) => names.push(name),
            None => {
                let detail = format!("{suite} is not a cipher suite of TLS 1.2 that OpenSSL supports");
                return Err(Error::invalid(KEY, suites, detail));
            }
        }
    }
    if names.is_empty() {
        let detail = "librdkafka cannot restrict the cipher suites of TLS 1.3, and would use any of TLS 1.2; list the allowed \
                      suites of TLS 1.2, too, or restrict them with the brokers' ssl.cipher.suites";
        return Err(Error::invalid(KEY, suites, detail));
    }
    Ok(names.join(":"))
}

fn translate(suite: &str) -> Option<String> {
    let Some(suite) = suite.strip_prefix("TLS_").or_else(|| suite.strip_prefix("SSL_")) else {
        // A colon would begin another name, and other characters are instructions to OpenSSL.
        let plain = suite.chars().all(|char| char.is_ascii_alphanumeric() || char == '-');
        return plain.then(|| suite.to_owned());
    };
    let (exchange, cipher) = suite.split_once("_WITH_")?;
    let exchange = match exchange {
        "ECDHE_ECDSA" => "ECDHE-ECDSA-",
        "ECDHE_RSA" => "ECDHE-RSA-",
        "DHE_RSA" => "DHE-RSA-",
        "RSA" => "",
        _ => return None,
    };
    let cipher = match cipher {
        "AES_256_GCM_SHA384" => "AES256-GCM-SHA384",
        "AES_128_GCM_SHA256" => "AES128-GCM-SHA256",
        "CHACHA20_POLY1305_SHA256" if !exchange.is_empty() => "CHACHA20-POLY1305",
        "AES_256_CBC_SHA384" if exchange.starts_with("ECDHE") => "AES256-SHA384",
        "AES_256_CBC_SHA256" if !exchange.starts_with("ECDHE") => "AES256-SHA256",
        "AES_128_CBC_SHA256" => "AES128-SHA256",
        "AES_256_CBC_SHA" => "AES256-SHA",
        "AES_128_CBC_SHA" => "AES128-SHA",
        _ => return None,
    };
    Some(format!("{exchange}{cipher}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What Java 17 has by default for TLS 1.2.
    const JAVA: &str = "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,\
        TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,\
        TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,TLS_DHE_RSA_WITH_AES_256_GCM_SHA384,\
        TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256,TLS_DHE_RSA_WITH_AES_128_GCM_SHA256,TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384,\
        TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384,TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256,TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256,\
        TLS_DHE_RSA_WITH_AES_256_CBC_SHA256,TLS_DHE_RSA_WITH_AES_128_CBC_SHA256,TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA,\
        TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA,TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA,TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA,\
        TLS_DHE_RSA_WITH_AES_256_CBC_SHA,TLS_DHE_RSA_WITH_AES_128_CBC_SHA,TLS_RSA_WITH_AES_256_GCM_SHA384,\
        TLS_RSA_WITH_AES_128_GCM_SHA256,TLS_RSA_WITH_AES_256_CBC_SHA256,TLS_RSA_WITH_AES_128_CBC_SHA256,TLS_RSA_WITH_AES_256_CBC_SHA,\
        TLS_RSA_WITH_AES_128_CBC_SHA";

    #[test]
    fn openssl_knows_every_suite_that_java_has_by_default() {
        let names = openssl(JAVA).expect("all are known");
        assert_eq!(names.split(':').count(), JAVA.split(',').count());
        for name in names.split(':') {
            let settings = [("security.protocol", "SSL"), ("ssl.cipher.suites", name)];
            crate::client::client_settings(crate::client::Kind::Admin, settings).expect(name);
        }
        let unknown = [("security.protocol", "SSL"), ("ssl.cipher.suites", "NO-SUCH-SUITE")];
        crate::client::client_settings(crate::client::Kind::Admin, unknown).expect_err("the test can fail");
    }

    #[test]
    fn suites_of_tls_1_3_are_offered_anyhow_and_do_not_make_a_list() {
        let both = "TLS_AES_256_GCM_SHA384, TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384";
        assert_eq!(openssl(both).as_deref(), Ok("ECDHE-RSA-AES256-GCM-SHA384"));
        assert!(openssl("TLS_AES_256_GCM_SHA384").is_err());
        assert!(openssl("SSL_RSA_WITH_RC4_128_MD5").is_err());
        assert!(openssl("AES256-SHA:!MD5").is_err(), "no orders to OpenSSL");
    }
}
