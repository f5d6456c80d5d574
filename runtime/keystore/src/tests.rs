//! Tests with stores that keytool and openssl wrote (`tests/tls/make.sh`), intact and damaged.

use std::path::PathBuf;

use super::*;

const STORE: Option<&str> = Some("store-secret");
const KEY: Option<&str> = Some("key-secret");

fn path(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "../../tests/tls", name].iter().collect()
}

fn load(kind: StoreKind, name: &str, store: Option<&str>, key: Option<&str>) -> Result<Keystore, Problem> {
    Keystore::load(kind, Source::File(&path(name)), store, key).map_err(|error| error.problem)
}

fn text(name: &str) -> String {
    std::fs::read_to_string(path(name)).expect("a file of tests/tls")
}

/// Returns the content of all stores with the server's key.
fn server() -> Keystore {
    load(StoreKind::Pem, "server.pem", None, None).expect("PEM")
}

#[test]
fn every_form_gives_the_same_key_and_chain() {
    let want = server();
    assert_eq!(want.chain.len(), 2, "the server's certificate and its issuer's");
    for (kind, name, key) in [
        (StoreKind::Jks, "server.jks", KEY),
        (StoreKind::Pkcs12, "server.p12", None),
        (StoreKind::Pkcs12, "server-legacy.p12", None),
        // The default of the type is JKS, but current files are PKCS#12: Java reads them nevertheless.
        (StoreKind::Jks, "server.p12", None),
        (StoreKind::Pem, "server-aes.pem", KEY),
        (StoreKind::Pem, "server-3des.pem", KEY),
    ] {
        let found = load(kind, name, STORE, key).expect(name).with_identity(name).expect("whole");
        assert_eq!(found.key, want.key, "{name}");
        assert_eq!(found.chain, want.chain, "{name}");
    }
}

#[test]
fn every_form_gives_the_trusted_certificate() {
    let want = load(StoreKind::Pem, "ca.pem", None, None).expect("PEM").trusted;
    assert_eq!(want.len(), 1);
    for (name, password) in
        [("trust.jks", STORE), ("trust.jks", None), ("trust.p12", STORE), ("trust-legacy.p12", STORE)]
    {
        let found = load(StoreKind::Jks, name, password, None).expect(name).with_trusted(name).expect("whole");
        assert_eq!(found.trusted, want, "{name}");
        assert!(found.key.is_none(), "{name}");
    }
    let own = load(StoreKind::Pkcs12, "server.p12", STORE, None).expect("a store").trusted;
    assert_eq!(own, server().chain[..1], "a key's own certificate counts as trusted, as in Java, its issuer does not");
}

#[test]
fn pem_in_the_configuration_may_be_one_line() {
    let pem = server();
    let one_line = |text: String| text.replace('\n', " ");
    let (key, chain, trusted) = (pem.key_pem().map(one_line), one_line(pem.chain_pem()), text("ca.pem"));
    let source = Source::Inline { key: key.as_deref(), chain: Some(&chain), trusted: Some(&trusted) };
    let found = Keystore::load(StoreKind::Pem, source, None, None).expect("inline");
    assert_eq!((&found.key, &found.chain), (&pem.key, &pem.chain));
    assert_eq!(found.trusted_pem().trim(), trusted.replace("\r\n", "\n").trim());
}

#[test]
fn errors_say_what_is_missing_or_wrong() {
    let problem = |kind, name, store, key| load(kind, name, store, key).expect_err(name).to_string();
    let wrong = Some("guessed");
    for name in ["server.jks", "server.p12", "server-legacy.p12", "trust.jks", "trust.p12", "trust-legacy.p12"] {
        let said = problem(StoreKind::Jks, name, wrong, KEY);
        assert_eq!(said, Problem::WrongPassword.to_string(), "{name}");
    }
    assert_eq!(problem(StoreKind::Pkcs12, "server.p12", None, None), Problem::NoPassword.to_string());
    assert_eq!(problem(StoreKind::Jks, "server.jks", None, None), Problem::NoPassword.to_string());
    // The store's password is not the key's.
    for (kind, name, key) in [
        (StoreKind::Jks, "server.jks", None),
        (StoreKind::Jks, "server.jks", wrong),
        (StoreKind::Pem, "server-aes.pem", wrong),
        (StoreKind::Pem, "server-aes.pem", None),
        (StoreKind::Pem, "server-3des.pem", wrong),
    ] {
        let said = problem(kind, name, STORE, key);
        assert_eq!(said, Problem::WrongKeyPassword.to_string(), "{name} {key:?}");
    }
    assert_eq!(problem(StoreKind::Jks, "server.pem", STORE, None), Problem::UnknownForm.to_string());
    assert!(problem(StoreKind::Pem, "server.p12", STORE, None).starts_with("damaged"));
    assert!(problem(StoreKind::Pem, "missing.pem", STORE, None).starts_with("cannot be read"));
    let trust = load(StoreKind::Jks, "trust.jks", STORE, None).expect("a store");
    assert_eq!(trust.with_identity("F").expect_err("no key").to_string(), "F: contains no private key");
    let pkcs1 = text("server.pem").replace("PRIVATE KEY", "RSA PRIVATE KEY");
    let source = Source::Inline { key: Some(&pkcs1), chain: None, trusted: None };
    let error = Keystore::load(StoreKind::Pem, source, None, None).expect_err("PKCS#1");
    assert_eq!(error.to_string(), format!("ssl.keystore.key: {}", Problem::NotPkcs8));
}

#[test]
fn a_modified_store_is_detected() {
    for name in ["trust.jks", "trust.p12", "server.jks", "server.p12"] {
        let whole = std::fs::read(path(name)).expect("a store");
        let middle = whole.len() / 2;
        let mut changed = whole.clone();
        changed[middle] ^= 1;
        assert!(binary(&changed, STORE, KEY).is_err(), "{name}");
        assert!(binary(&whole, STORE, KEY).is_ok(), "{name}");
    }
}

/// Reads every prefix of every store, and every store with each of its bytes changed, without the password that would detect the change.
#[test]
fn damaged_stores_do_not_cause_panics() {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = move || {
        // xorshift: the same bytes in each run.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let (mut read, mut refused) = (0, 0);
    let mut count = |result: Result<Keystore, Problem>| if result.is_ok() { read += 1 } else { refused += 1 };
    for name in ["server.jks", "trust.jks"] {
        let whole = std::fs::read(path(name)).expect("a store");
        for end in 0..whole.len() {
            count(binary(&whole[..end], None, KEY));
            let mut changed = whole.clone();
            changed[end] = random() as u8;
            count(binary(&changed, None, KEY));
        }
    }
    for name in ["server-aes.pem", "ca.pem"] {
        let whole = std::fs::read(path(name)).expect("a store");
        for end in (0..whole.len()).step_by(7) {
            count(pem::file(&whole[..end], None));
            let mut changed = whole.clone();
            changed[end] = random() as u8;
            count(pem::file(&changed, None));
        }
    }
    for name in ["trust.p12", "server-legacy.p12"] {
        let whole = std::fs::read(path(name)).expect("a store");
        // With a password each attempt would take milliseconds of key derivation.
        for end in (0..whole.len()).step_by(97) {
            count(binary(&whole[..end], STORE, KEY));
            let mut changed = whole.clone();
            changed[end] = random() as u8;
            count(binary(&changed, STORE, KEY));
        }
    }
    assert!(refused > 1000 && read > 0, "{refused} refused, {read} read");
}

#[test]
fn a_version_1_store_has_no_certificate_types() {
    let certificate = &server().chain[0];
    let mut store =
        [0xFEED_FEED_u32.to_be_bytes(), 1_u32.to_be_bytes(), 1_u32.to_be_bytes(), 2_u32.to_be_bytes()].concat();
    store.extend_from_slice(b"\0\x01a");
    store.extend_from_slice(&0_u64.to_be_bytes());
    store.extend_from_slice(&(certificate.len() as u32).to_be_bytes());
    store.extend_from_slice(certificate);
    store.extend_from_slice(&[0; 20]);
    assert_eq!(binary(&store, None, None).expect("version 1").trusted, std::slice::from_ref(certificate));
}

#[test]
fn wrong_lengths_do_not_allocate_memory() {
    // An alias, a key and a chain of four gigabytes each.
    for tail in
        [&b"\xff\xff"[..], b"\0\0\0\0\0\0\0\0\0\0\xff\xff\xff\xff", b"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\xff\xff\xff\xff"]
    {
        let mut store =
            [0xFEED_FEED_u32.to_be_bytes(), 2_u32.to_be_bytes(), u32::MAX.to_be_bytes(), 1_u32.to_be_bytes()].concat();
        store.extend_from_slice(tail);
        store.extend_from_slice(&[0; 20]);
        assert!(matches!(binary(&store, None, KEY), Err(Problem::Damaged(_))));
    }
}
