//! Completes the keys of elliptic curves. keytool leaves the public key out of them, as RFC 5915 allows, and ring does not take
//! a private key without it; but the public key stands in the certificate.

use super::{CertificateDer, Der, PrivatePkcs8KeyDer, Problem, names};

const INTEGER: u8 = 0x02;
const OCTET_STRING: u8 = 0x04;
const SEQUENCE: u8 = 0x30;
const CONTEXT_1: u8 = 0xa1;

/// id-ecPublicKey, 1.2.840.10045.2.1.
const ELLIPTIC: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];

/// The key with the public key of its certificate, if it is one of an elliptic curve and has none. Any other key is as before: what
/// is wrong with it is found by whoever uses it, and that the two fit together too.
pub fn complete(key: PrivatePkcs8KeyDer<'static>, certificate: &CertificateDer<'_>) -> PrivatePkcs8KeyDer<'static> {
    match completed(key.secret_pkcs8_der(), certificate) {
        Ok(Some(completed)) => PrivatePkcs8KeyDer::from(completed),
        Ok(None) | Err(_) => key,
    }
}

fn completed(key: &[u8], certificate: &CertificateDer<'_>) -> Result<Option<Vec<u8>>, Problem> {
    let mut info = Der(key).sequence()?;
    info.number()?;
    let algorithm = info.sequence()?;
    if Der(algorithm.0).identifier()? != ELLIPTIC {
        return Ok(None);
    }
    let mut private = Der(info.octets()?).sequence()?;
    private.number()?;
    let number = private.octets()?;
    while !private.is_empty() {
        if private.any()?.0 == CONTEXT_1 {
            return Ok(None);
        }
    }
    let public = element(CONTEXT_1, names(certificate)?.public_key);
    let private = element(SEQUENCE, &[&element(INTEGER, &[1])[..], &element(OCTET_STRING, number), &public].concat());
    let parts = [element(INTEGER, &[0]), element(SEQUENCE, algorithm.0), element(OCTET_STRING, &private)];
    Ok(Some(element(SEQUENCE, &parts.concat())))
}

/// One element of DER.
fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let mut out = vec![tag];
    if length < 0x80 {
        out.push(length as u8);
    } else {
        let digits = length.to_be_bytes();
        let digits = &digits[length.leading_zeros() as usize / 8..];
        out.push(0x80 | digits.len() as u8);
        out.extend_from_slice(digits);
    }
    out.extend_from_slice(content);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Keystore, Source, StoreKind};

    #[test]
    fn what_has_a_public_key_or_is_of_no_curve_is_left_alone() {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/tls/server.pem");
        let store = Keystore::load(StoreKind::Pem, Source::File(&path), None, None).expect("PEM");
        let key = store.key.expect("a key");
        let once = complete(key.clone_key(), &store.chain[0]);
        assert!(once.secret_pkcs8_der().len() > key.secret_pkcs8_der().len() + 64, "a point has 65 bytes");
        assert_eq!(complete(once.clone_key(), &store.chain[0]), once);
        let nonsense = PrivatePkcs8KeyDer::from(vec![0x30, 1, 0]);
        assert_eq!(complete(nonsense.clone_key(), &store.chain[0]), nonsense);
    }
}
