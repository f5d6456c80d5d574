//! Key stores of each form, and what is read out of their certificates.

use weir_keystore::{Keystore, StoreKind, elliptic_key, subject, validity};

/// The passwords of the stores in `tests/tls`, so that inputs that are made from them are decrypted.
const PASSWORDS: [Option<&str>; 2] = [Some("store-secret"), Some("key-secret")];

/// Reads a store, as PEM and as the other forms.
pub fn keystore(data: &[u8]) {
    let [store, key] = PASSWORDS;
    for (kind, store) in [(StoreKind::Pem, None), (StoreKind::Pkcs12, store), (StoreKind::Jks, None)] {
        let Ok(read) = Keystore::from_bytes(kind, data, store, key) else { continue };
        for certificate in read.chain.iter().chain(&read.trusted) {
            let _ = (subject::common_name(certificate), validity::not_after(certificate));
            if let Some(key) = &read.key {
                let _ = elliptic_key::complete(key.clone_key(), certificate);
            }
        }
        let _ = (read.key_pem(), read.chain_pem(), read.trusted_pem());
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    /// The store without its MAC, which Java reads too. With it, a change is noticed before anything is read.
    fn without_mac(store: &[u8]) -> Vec<u8> {
        // Both lengths have two bytes: the outer SEQUENCE, the version, and the SEQUENCE with the content.
        let [0x30, 0x82, _, _, 2, 1, 3, 0x30, 0x82, high, low, ..] = *store else { panic!("another PKCS#12") };
        let content = &store[4..11 + usize::from(u16::from_be_bytes([high, low]))];
        [&[0x30, 0x82][..], &(content.len() as u16).to_be_bytes(), content].concat()
    }

    #[test]
    fn a_store_never_makes_a_panic() {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tls");
        let read = |name: &str| std::fs::read(directory.join(name)).expect(name);
        let mut seeds: Vec<_> =
            ["server.jks", "trust.jks", "server.pem", "server-aes.pem", "client.pem"].map(read).into();
        for name in ["server.p12", "server-legacy.p12", "trust.p12", "trust-legacy.p12", "client.p12"] {
            let seed = without_mac(&read(name));
            let store = super::Keystore::from_bytes(super::StoreKind::Pkcs12, &seed, Some("store-secret"), None);
            assert!(!store.expect(name).trusted.is_empty(), "{name} is read without its MAC");
            seeds.push(seed);
        }
        crate::Run::from_environment().inputs(&seeds, 300, super::keystore);
    }
}
