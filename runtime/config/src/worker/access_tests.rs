//! Worker files whose access settings contradict each other, or leave the REST server open.

use super::*;

const STORE: (&str, &str) = ("listeners.https.ssl.keystore.location", "/etc/weir/store.jks");

fn parse(entries: &[(&str, &str)]) -> Result<WorkerConfig, Vec<String>> {
    let least = [
        ("bootstrap.servers", "b:9092"),
        ("key.converter", "StringConverter"),
        ("value.converter", "StringConverter"),
        ("offset.storage.file.filename", "/var/weir/offsets"),
    ];
    let keys: ConfigMap =
        least.iter().chain(entries).map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    WorkerConfig::parse(keys).map_err(|errors| errors.iter().map(|error| format!("{}: {error}", error.key())).collect())
}

#[test]
fn certificates_that_no_listener_requests_are_refused() {
    let certificates = ("weir.rest.auth.certificates", "true");
    let https = ("listeners", "https://127.0.0.1:0");
    let required = ("listeners.https.ssl.client.auth", "required");
    for (entries, key) in [
        (vec![certificates], certificates.0),
        (vec![certificates, https, STORE], certificates.0),
        (vec![certificates, https, STORE, ("listeners.https.ssl.client.auth", "none")], certificates.0),
        (vec![required], required.0),
        (vec![required, STORE, ("listeners", "http://127.0.0.1:0")], required.0),
        (vec![("ssl.client.auth", "required")], "ssl.client.auth"),
        (vec![("ssl.client.auth", "required"), https, STORE], "ssl.client.auth"),
        (vec![("admin.listeners.https.ssl.client.auth", "required")], "admin.listeners.https.ssl.client.auth"),
    ] {
        let errors = parse(&entries).map(|config| config.warnings).expect_err("refused");
        assert_eq!(errors.len(), 1, "{entries:?}: {errors:?}");
        assert!(errors[0].starts_with(&format!("{key}: ")), "{entries:?}: {errors:?}");
    }
    for entries in [
        vec![certificates, https, STORE, required],
        vec![certificates, https, ("ssl.keystore.location", "/s.jks"), ("ssl.client.auth", "requested")],
        vec![https, STORE],
        vec![("ssl.client.auth", "none")],
    ] {
        parse(&entries).expect("in order");
    }
}

#[test]
fn empty_rights_are_refused() {
    let users = ("weir.rest.auth.users.file", "/etc/weir/users");
    let none = [users, ("weir.rest.auth.read", ""), ("weir.rest.auth.operate", "")];
    let errors = parse(&none).map(|config| config.warnings).expect_err("refused");
    assert!(errors[0].starts_with("weir.rest.auth.read: "), "{errors:?}");
    parse(&[users, ("weir.rest.auth.read", "")]).expect("in order");
}

#[test]
fn open_listeners_are_warned_of() {
    let open = ("listeners", "http://0.0.0.0:8083");
    let warnings = |entries: &[(&str, &str)]| parse(entries).expect("in order").warnings;
    assert_eq!(warnings(&[("listeners", "http://127.0.0.1:8083,http://localhost:1")]), [""; 0]);
    let without = warnings(&[open, ("admin.listeners", "http://:9")]);
    assert_eq!(without.len(), 2, "{without:?}");
    assert!(without[0].contains("without authentication") && without[0].contains("http://0.0.0.0:8083 (listeners)"));
    assert!(without[1].contains("http://0.0.0.0:9 (admin.listeners)"), "{without:?}");
    let with = warnings(&[open, ("weir.rest.auth.users.file", "/etc/weir/users")]);
    assert!(with.len() == 1 && with[0].contains("over http"), "{with:?}");
}
