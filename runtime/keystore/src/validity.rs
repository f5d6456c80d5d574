//! When a certificate expires.

use der::Tag;
use der::asn1::{GeneralizedTime, UtcTime};

use super::{CertificateDer, Der, names};

/// Returns the last second at which the certificate is valid, since 1970. `None` if it does not contain a time that can be read.
pub fn not_after(certificate: &CertificateDer<'_>) -> Option<u64> {
    let mut validity = Der(names(certificate).ok()?.validity);
    validity.any().ok()?;
    let time = validity.any().ok()?;
    // RFC 5280: years from 1950 to 2049, or with four digits.
    let since_1970 = match time.header().tag() {
        Tag::UtcTime => time.decode_as::<UtcTime>().ok()?.to_unix_duration(),
        Tag::GeneralizedTime => time.decode_as::<GeneralizedTime>().ok()?.to_unix_duration(),
        _ => return None,
    };
    Some(since_1970.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Keystore, Source, StoreKind};

    /// A certificate that is valid until this time, as far as it is read.
    fn certificate(tag: u8, time: &str) -> CertificateDer<'static> {
        let der = |tag: u8, content: &[u8]| [&[tag, u8::try_from(content.len()).expect("short")], content].concat();
        let validity = der(0x30, &[der(0x17, b"200101000000Z"), der(tag, time.as_bytes())].concat());
        let key = der(0x30, &[der(0x30, &[]), der(0x03, &[0])].concat());
        let fields = [der(0x02, &[1]), der(0x30, &[]), der(0x30, &[]), validity, der(0x30, &[]), key];
        CertificateDer::from(der(0x30, &der(0x30, &fields.concat())))
    }

    #[test]
    fn a_time_is_seconds_since_1970() {
        const UTC: u8 = 0x17;
        const GENERALIZED: u8 = 0x18;
        for (tag, time, seconds) in [
            (UTC, "700101000000Z", Some(0)),
            (UTC, "000229000000Z", Some(951_782_400)),
            (UTC, "491231235959Z", Some(2_524_607_999)),
            (GENERALIZED, "21000301010203Z", Some(4_107_542_400 + 3723)),
            // Before 1970, and what is not a time.
            (UTC, "500101000000Z", None),
            (UTC, "001301000000Z", None),
            (UTC, "000100000000Z", None),
            (UTC, "0001010000Z", None),
            (GENERALIZED, "21000301010203", None),
            (0x13, "700101000000Z", None),
        ] {
            assert_eq!(not_after(&certificate(tag, time)), seconds, "{time}");
        }
    }

    #[test]
    fn the_end_of_a_certificate_is_found_and_a_cut_one_has_none() {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/tls/server.pem");
        let store = Keystore::load(StoreKind::Pem, Source::File(&path), None, None).expect("PEM");
        let own = &store.chain[0];
        // make.sh: 36,500 days from the beginning of 2020, in the local time zone.
        let expected = 1_577_836_800 + 36_500 * 86_400;
        let found = not_after(own).expect("a date");
        assert!(found.abs_diff(expected) <= 86_400, "{found} is not {expected}");
        for end in 0..own.len() {
            let _ = not_after(&own[..end].to_vec().into());
        }
    }
}
