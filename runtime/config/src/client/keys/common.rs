//! Settings that all three of Java's clients have.

use super::meaning::Meaning::{
    Ignored, LowerCase, MetadataAge, MinusOneIsZero, Named, Refused, RefusedWithSasl, RefusedWithTls, Same, Security,
    ZeroIsOne,
};
use super::meaning::{ClientKey, bare, key};

const METRICS: &str = "it configures the Java client's metrics; Weir has its own";
const JVM: &str = "it configures the Java virtual machine; Weir uses OpenSSL for TLS";
const OIDC: &str = "it configures OAUTHBEARER, which this build does not support";
const KERBEROS: &str = "it configures GSSAPI, which this build does not support";
const LOGIN: &str = "it names a Java class that provides the credentials; write them into sasl.jaas.config with a PLAIN or \
                     SCRAM login module";
const STORE: &str = "`ssl.key.pem` and `ssl.certificate.pem`, from the key store";
const TRUST: &str = "`ssl.ca.pem`, from the trust store. Without a trust store, the system's certificate authorities are trusted \
     (`ssl.ca.location=probe`)";

/// The prefix of settings that configure metrics, and why they have no effect.
pub(crate) const METRICS_CONTEXT: (&str, &str) = ("metrics.context.", METRICS);

/// The settings of all clients.
pub(crate) const COMMON: &[ClientKey] = &[
    bare("bootstrap.servers", Same),
    key("client.dns.lookup", "use_all_dns_ips", Same),
    key("client.id", "", Same),
    key(
        "config.providers",
        "",
        Refused(
            "clients do not have their own config providers; the worker's config providers resolve `${provider:path:key}` in client \
             settings, too",
        ),
    ),
    key("connections.max.idle.ms", "540000", MinusOneIsZero("connections.max.idle.ms")),
    key("enable.metrics.push", "true", LowerCase),
    key("metadata.max.age.ms", "300000", MetadataAge),
    key("metadata.recovery.rebootstrap.trigger.ms", "300000", Same),
    key("metadata.recovery.strategy", "rebootstrap", LowerCase),
    key("metric.reporters", "org.apache.kafka.common.metrics.JmxReporter", Ignored(METRICS)),
    key("metrics.num.samples", "2", Ignored(METRICS)),
    key("metrics.recording.level", "INFO", Ignored(METRICS)),
    key("metrics.sample.window.ms", "30000", Ignored(METRICS)),
    key("receive.buffer.bytes", "65536", MinusOneIsZero("socket.receive.buffer.bytes")),
    key("reconnect.backoff.max.ms", "1000", Same),
    key("reconnect.backoff.ms", "50", Same),
    key("request.timeout.ms", "30000", Named("socket.timeout.ms")),
    key("retry.backoff.max.ms", "1000", ZeroIsOne("retry.backoff.max.ms")),
    key("retry.backoff.ms", "100", ZeroIsOne("retry.backoff.ms")),
    key("send.buffer.bytes", "131072", MinusOneIsZero("socket.send.buffer.bytes")),
    key(
        "socket.connection.setup.timeout.max.ms",
        "30000",
        Ignored("librdkafka has only one limit, `socket.connection.setup.timeout.ms`, which is 30 s unless set"),
    ),
    key("socket.connection.setup.timeout.ms", "10000", Same),
    // Who may connect.
    key("security.protocol", "PLAINTEXT", Security("the same, in lower case")),
    bare(
        "security.providers",
        Refused(
            "it names Java classes that provide cryptography; Weir uses OpenSSL; remove the key if that is acceptable",
        ),
    ),
    key(
        "sasl.mechanism",
        "GSSAPI",
        Security(
            "the same: `PLAIN`, `SCRAM-SHA-256` or `SCRAM-SHA-512`. *Refused: `GSSAPI`, which is also the default (this build does not \
             support Kerberos); `OAUTHBEARER` (librdkafka fetches tokens with libcurl, which this build does not include; an unsecured \
             token proves nothing); any other mechanism, which Java clients support with custom classes.*",
        ),
    ),
    bare("sasl.jaas.config", Security("`sasl.username` and `sasl.password`, from a PLAIN or SCRAM login module")),
    bare("sasl.client.callback.handler.class", RefusedWithSasl(LOGIN)),
    bare("sasl.login.callback.handler.class", RefusedWithSasl(LOGIN)),
    bare("sasl.login.class", RefusedWithSasl(LOGIN)),
    bare("sasl.login.connect.timeout.ms", Ignored(OIDC)),
    bare("sasl.login.read.timeout.ms", Ignored(OIDC)),
    key("sasl.login.refresh.buffer.seconds", "300", Ignored(OIDC)),
    key("sasl.login.refresh.min.period.seconds", "60", Ignored(OIDC)),
    key("sasl.login.refresh.window.factor", "0.8", Ignored(OIDC)),
    key("sasl.login.refresh.window.jitter", "0.05", Ignored(OIDC)),
    key("sasl.login.retry.backoff.max.ms", "10000", Ignored(OIDC)),
    key("sasl.login.retry.backoff.ms", "100", Ignored(OIDC)),
    key("sasl.kerberos.kinit.cmd", "/usr/bin/kinit", Ignored(KERBEROS)),
    key("sasl.kerberos.min.time.before.relogin", "60000", Ignored(KERBEROS)),
    bare("sasl.kerberos.service.name", Ignored(KERBEROS)),
    key("sasl.kerberos.ticket.renew.jitter", "0.05", Ignored(KERBEROS)),
    key("sasl.kerberos.ticket.renew.window.factor", "0.8", Ignored(KERBEROS)),
    key("sasl.oauthbearer.assertion.algorithm", "RS256", Ignored(OIDC)),
    bare("sasl.oauthbearer.assertion.claim.aud", Ignored(OIDC)),
    key("sasl.oauthbearer.assertion.claim.exp.seconds", "300", Ignored(OIDC)),
    bare("sasl.oauthbearer.assertion.claim.iss", Ignored(OIDC)),
    key("sasl.oauthbearer.assertion.claim.jti.include", "false", Ignored(OIDC)),
    key("sasl.oauthbearer.assertion.claim.nbf.seconds", "60", Ignored(OIDC)),
    bare("sasl.oauthbearer.assertion.claim.sub", Ignored(OIDC)),
    bare("sasl.oauthbearer.assertion.file", Ignored(OIDC)),
    bare("sasl.oauthbearer.assertion.private.key.file", Ignored(OIDC)),
    bare("sasl.oauthbearer.assertion.private.key.passphrase", Ignored(OIDC)),
    bare("sasl.oauthbearer.assertion.template.file", Ignored(OIDC)),
    bare("sasl.oauthbearer.client.credentials.client.id", Ignored(OIDC)),
    bare("sasl.oauthbearer.client.credentials.client.secret", Ignored(OIDC)),
    key("sasl.oauthbearer.clock.skew.seconds", "30", Ignored(OIDC)),
    key("sasl.oauthbearer.expected.audience", "", Ignored(OIDC)),
    bare("sasl.oauthbearer.expected.issuer", Ignored(OIDC)),
    key("sasl.oauthbearer.header.urlencode", "false", Ignored(OIDC)),
    key("sasl.oauthbearer.jwks.endpoint.refresh.ms", "3600000", Ignored(OIDC)),
    key("sasl.oauthbearer.jwks.endpoint.retry.backoff.max.ms", "10000", Ignored(OIDC)),
    key("sasl.oauthbearer.jwks.endpoint.retry.backoff.ms", "100", Ignored(OIDC)),
    bare("sasl.oauthbearer.jwks.endpoint.url", Ignored(OIDC)),
    key(
        "sasl.oauthbearer.jwt.retriever.class",
        "org.apache.kafka.common.security.oauthbearer.DefaultJwtRetriever",
        Ignored(OIDC),
    ),
    key(
        "sasl.oauthbearer.jwt.validator.class",
        "org.apache.kafka.common.security.oauthbearer.DefaultJwtValidator",
        Ignored(OIDC),
    ),
    bare("sasl.oauthbearer.scope", Ignored(OIDC)),
    key("sasl.oauthbearer.scope.claim.name", "scope", Ignored(OIDC)),
    key("sasl.oauthbearer.sub.claim.name", "sub", Ignored(OIDC)),
    bare("sasl.oauthbearer.token.endpoint.url", Ignored(OIDC)),
    key(
        "ssl.cipher.suites",
        "",
        Security(
            "the same, with Java's names translated to OpenSSL's. It selects suites of TLS 1.2; those of TLS 1.3 are always offered. \
             *Refused: a list of TLS 1.3 suites only, which librdkafka cannot enforce.*",
        ),
    ),
    key(
        "ssl.enabled.protocols",
        "TLSv1.2,TLSv1.3",
        Security(
            "not passed on: OpenSSL uses the newest of TLS 1.2 and 1.3 that the broker supports. *Refused: a list with TLS 1.3 and \
             without TLS 1.2, which librdkafka cannot enforce.*",
        ),
    ),
    key("ssl.endpoint.identification.algorithm", "https", Security("the same; empty becomes `none`")),
    bare(
        "ssl.engine.factory.class",
        RefusedWithTls(
            "it names a Java class that decides which certificates are trusted; use ssl.truststore.location and ssl.keystore.location",
        ),
    ),
    bare("ssl.key.password", Security(STORE)),
    key("ssl.keymanager.algorithm", "SunX509", Ignored(JVM)),
    bare("ssl.keystore.certificate.chain", Security(STORE)),
    bare("ssl.keystore.key", Security(STORE)),
    bare("ssl.keystore.location", Security(STORE)),
    bare("ssl.keystore.password", Security(STORE)),
    key("ssl.keystore.type", "JKS", Security("how the key store is read: `JKS`, `PKCS12` or `PEM`")),
    key("ssl.protocol", "TLSv1.3", Ignored("OpenSSL uses the newest protocol that the broker supports")),
    bare(
        "ssl.provider",
        RefusedWithTls(
            "it names a Java cryptography provider; Weir uses OpenSSL; remove the key if that is acceptable",
        ),
    ),
    bare("ssl.secure.random.implementation", Ignored(JVM)),
    key("ssl.trustmanager.algorithm", "PKIX", Ignored(JVM)),
    bare("ssl.truststore.certificates", Security(TRUST)),
    bare("ssl.truststore.location", Security(TRUST)),
    bare("ssl.truststore.password", Security(TRUST)),
    key("ssl.truststore.type", "JKS", Security("how the trust store is read: `JKS`, `PKCS12` or `PEM`")),
];
