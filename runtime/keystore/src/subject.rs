//! The common name of a certificate's subject, which may identify a user.

use der::Tag;
use der::asn1::ObjectIdentifier;

use super::{CertificateDer, Der, names};

/// id-at-commonName.
const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");

/// Returns the common name, if the subject has exactly one. The caller must have verified the certificate; this function does not.
pub fn common_name(certificate: &CertificateDer<'_>) -> Option<String> {
    let mut subject = Der(names(certificate).ok()?.subject);
    let mut found = None;
    while !subject.is_empty() {
        let mut parts = subject.take(Tag::Set).ok()?;
        while !parts.is_empty() {
            let mut part = parts.sequence().ok()?;
            if part.identifier().ok()? == Some(COMMON_NAME) {
                let value = part.any().ok()?;
                // All of these are UTF-8. Other string types are no longer in use.
                let name = match value.header().tag() {
                    Tag::Utf8String | Tag::PrintableString | Tag::Ia5String => str::from_utf8(value.value()).ok()?,
                    _ => return None,
                };
                if found.replace(name.to_owned()).is_some() {
                    return None;
                }
            }
        }
    }
    found.filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Keystore, Source, StoreKind};

    #[test]
    fn the_common_name_is_found_among_the_others() {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/tls/client.pem");
        let store = Keystore::load(StoreKind::Pem, Source::File(&path), None, None).expect("PEM");
        let own = &store.chain[0];
        assert_eq!(common_name(own).as_deref(), Some("client"));
        // Two common names are ambiguous, so neither is used. The test turns the organization into a second common name.
        let organization = [0x06, 0x03, 0x55, 0x04, 0x0a];
        let mut changed = own.to_vec();
        let places: Vec<_> =
            (0..changed.len()).filter(|at| changed[*at..].starts_with(&organization)).map(|at| at + 4).collect();
        assert!(!places.is_empty());
        places.iter().for_each(|at| changed[*at] = 0x03);
        assert_eq!(common_name(&changed.into()), None);
        for end in 0..own.len() {
            assert!(common_name(&own[..end].to_vec().into()).is_none_or(|name| name == "client"));
        }
    }
}
