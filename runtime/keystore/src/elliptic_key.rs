//! Completes the keys of elliptic curves. keytool leaves the public key out of them, as RFC 5915 allows, and ring does not accept
//! a private key without it; but the certificate contains the public key.

use der::asn1::{AnyRef, ObjectIdentifier};
use der::{Encode as _, Tag};

use super::der::CONTEXT_1;
use super::{CertificateDer, Der, PrivatePkcs8KeyDer, Problem, names};

/// id-ecPublicKey.
const ELLIPTIC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");

/// Adds the public key of its certificate to a key of an elliptic curve that has none, and returns any other key unchanged. Whether the key
/// is valid, and fits the certificate, is checked where it is used.
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
    if Der(algorithm.0).identifier()? != Some(ELLIPTIC) {
        return Ok(None);
    }
    let mut private = Der(info.octets()?).sequence()?;
    private.number()?;
    let number = private.octets()?;
    while !private.is_empty() {
        if private.any()?.header().tag() == CONTEXT_1 {
            return Ok(None);
        }
    }
    let public = element(CONTEXT_1, &[names(certificate)?.public_key])?;
    let private = element(Tag::Sequence, &[&1_u8.to_der()?, &element(Tag::OctetString, &[number])?, &public])?;
    let key = element(Tag::OctetString, &[&private])?;
    let completed = element(Tag::Sequence, &[&0_u8.to_der()?, &element(Tag::Sequence, &[algorithm.0])?, &key])?;
    Ok(Some(completed))
}

/// An element with this content, encoded.
fn element(tag: Tag, content: &[&[u8]]) -> Result<Vec<u8>, Problem> {
    Ok(AnyRef::new(tag, &content.concat())?.to_der()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Keystore, Source, StoreKind};

    #[test]
    fn keys_with_a_public_key_and_other_keys_are_not_changed() {
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
