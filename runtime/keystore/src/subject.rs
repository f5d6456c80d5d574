//! The common name of a certificate's subject, which may stand for a user.

use super::{CertificateDer, Der, SET, names};

/// 2.5.4.3.
const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];

/// The common name, if the subject has exactly one, as text. The certificate must have been verified before: nothing here does.
pub fn common_name(certificate: &CertificateDer<'_>) -> Option<String> {
    let mut subject = Der(names(certificate).ok()?.subject);
    let mut found = None;
    while !subject.is_empty() {
        let mut parts = subject.take(SET).ok()?;
        while !parts.is_empty() {
            let mut part = parts.sequence().ok()?;
            if part.identifier().ok()? == COMMON_NAME {
                let name = match part.any().ok()? {
                    // UTF8String, PrintableString, IA5String: all of them UTF-8. Others nobody writes any more.
                    (0x0c | 0x13 | 0x16, name) => str::from_utf8(name).ok()?,
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
        // Two of them could be read as the one or the other: none counts. The organization becomes a second common name.
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
