//! PKCS#12 (RFC 7292) as Java reads and writes it.

use std::collections::{HashMap, HashSet, VecDeque};

use der::Tag;
use der::asn1::ObjectIdentifier;

use super::der::{CONTEXT_0, CONTEXT_0_PRIMITIVE, Der};
use super::encryption::Password;
use super::{CertificateDer, Keystore, PrivatePkcs8KeyDer, Problem};

const DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.1");
const ENCRYPTED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.6");
const KEY_BAG: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.10.1.1");
const ENCRYPTED_KEY_BAG: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.10.1.2");
const CERTIFICATE_BAG: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.10.1.3");
const LOCAL_KEY_ID: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.21");
const X509: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.22.1");
/// The attribute that Java marks trusted certificates with.
const TRUSTED: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.113894.746875.1.1");

/// The contents of the bags, in order.
#[derive(Default)]
struct Bags {
    keys: Vec<(Option<Vec<u8>>, PrivatePkcs8KeyDer<'static>)>,
    certificates: Vec<Certificate>,
}

struct Certificate {
    key_id: Option<Vec<u8>>,
    trusted: bool,
    der: CertificateDer<'static>,
}

/// Reads a store. As in the stores that Java writes, keys have the store's password.
pub(super) fn parse(bytes: &[u8], password: Option<&str>) -> Result<Keystore, Problem> {
    let bags = open(bytes, &mut Password::new(password.unwrap_or_default()));
    bags.map(keystore).map_err(|problem| match (problem, password) {
        (Problem::WrongPassword, None) => Problem::NoPassword,
        (problem, _) => problem,
    })
}

fn open(bytes: &[u8], password: &mut Password<'_>) -> Result<Bags, Problem> {
    let mut store = Der(bytes).sequence()?;
    if store.number()? != 3 {
        return Err(Problem::Damaged("the version of the PKCS#12 store is not 3"));
    }
    let mut content = store.sequence()?;
    if content.identifier()? != Some(DATA) {
        return Err(Problem::UnknownEncryption);
    }
    let content = content.take(CONTEXT_0)?.octets()?;
    // Checked before anything else, so that data that is not authentic is not used. As in Java, a store may have no MAC.
    if !store.is_empty() {
        password.check(store.sequence()?, content)?;
    }
    let mut bags = Bags::default();
    let mut parts = Der(content).sequence()?;
    while !parts.is_empty() {
        let mut part = parts.sequence()?;
        match part.identifier()? {
            Some(DATA) => bags.add(part.take(CONTEXT_0)?.octets()?, password)?,
            Some(ENCRYPTED_DATA) => {
                let mut encrypted = part.take(CONTEXT_0)?.sequence()?;
                encrypted.number()?;
                let mut encrypted = encrypted.sequence()?;
                encrypted.identifier()?;
                let algorithm = encrypted.sequence()?;
                let plain = password.decrypt(algorithm, encrypted.take(CONTEXT_0_PRIMITIVE)?.0)?;
                bags.add(&plain, password)?;
            }
            _ => return Err(Problem::UnknownEncryption),
        }
    }
    Ok(bags)
}

impl Bags {
    /// Adds the bags of a `SafeContents`.
    fn add(&mut self, bytes: &[u8], password: &mut Password<'_>) -> Result<(), Problem> {
        let mut bags = Der(bytes).sequence()?;
        while !bags.is_empty() {
            let mut bag = bags.sequence()?;
            let kind = bag.identifier()?;
            let mut value = bag.take(CONTEXT_0)?;
            let (key_id, trusted) = attributes(bag)?;
            match kind {
                Some(KEY_BAG) => self.keys.push((key_id, PrivatePkcs8KeyDer::from(value.0.to_vec()))),
                Some(ENCRYPTED_KEY_BAG) => self.keys.push((key_id, decrypt_key(value.0, password)?)),
                Some(CERTIFICATE_BAG) => {
                    let mut certificate = value.sequence()?;
                    if certificate.identifier()? == Some(X509) {
                        let der = CertificateDer::from(certificate.take(CONTEXT_0)?.octets()?.to_vec());
                        self.certificates.push(Certificate { key_id, trusted, der });
                    }
                }
                // Ignore secret keys and lists of revoked certificates.
                _ => {}
            }
        }
        Ok(())
    }
}

/// Reads the attributes of a bag: the id of the key it belongs to, and whether it is trusted.
fn attributes(mut bag: Der<'_>) -> Result<(Option<Vec<u8>>, bool), Problem> {
    let (mut key_id, mut trusted) = (None, false);
    if !bag.is_empty() {
        let mut attributes = bag.take(Tag::Set)?;
        while !attributes.is_empty() {
            let mut attribute = attributes.sequence()?;
            match attribute.identifier()? {
                Some(LOCAL_KEY_ID) => key_id = Some(attribute.take(Tag::Set)?.octets()?.to_vec()),
                Some(TRUSTED) => trusted = true,
                _ => {}
            }
        }
    }
    Ok((key_id, trusted))
}

/// Each certificate is looked at and copied once, however many keys it belongs to: a store may contain very many of both.
fn keystore(bags: Bags) -> Keystore {
    let Bags { keys, certificates } = &bags;
    let mut by_key: HashMap<&[u8], usize> = HashMap::new();
    for (number, certificate) in certificates.iter().enumerate() {
        if let Some(key_id) = &certificate.key_id {
            by_key.entry(key_id).or_insert(number);
        }
    }
    // A store with a single key may omit the ids.
    let own_of = |key_id: Option<&[u8]>| match key_id {
        Some(key_id) => by_key.get(key_id).copied(),
        None if keys.len() == 1 => certificates.iter().position(|certificate| !certificate.trusted),
        None => None,
    };
    let own: Vec<Option<usize>> = keys.iter().map(|(key_id, _)| own_of(key_id.as_deref())).collect();
    let trusted = certificates.iter().enumerate().filter(|(_, certificate)| certificate.trusted);
    let mut is_copied = vec![false; certificates.len()];
    let trusted = own.iter().flatten().copied().chain(trusted.map(|(number, _)| number));
    let trusted = trusted.filter(|number| !std::mem::replace(&mut is_copied[*number], true));
    Keystore {
        key: keys.first().map(|(_, key)| key.clone_key()),
        chain: own
            .first()
            .copied()
            .flatten()
            .map(|own| chain(&certificates[own].der, certificates))
            .unwrap_or_default(),
        trusted: trusted.map(|number| certificates[number].der.clone()).collect(),
    }
}

/// Returns a certificate, the one that signed it, and so on, as far as the store contains them.
fn chain(own: &CertificateDer<'static>, all: &[Certificate]) -> Vec<CertificateDer<'static>> {
    let mut by_subject: HashMap<&[u8], VecDeque<&CertificateDer<'static>>> = HashMap::new();
    for der in all.iter().map(|certificate| &certificate.der) {
        if let Ok(names) = names(der) {
            by_subject.entry(names.subject).or_default().push_back(der);
        }
    }
    let mut chain = vec![own.clone()];
    let mut known: HashSet<&[u8]> = HashSet::from([own.as_ref()]);
    let mut last = own;
    // Each iteration adds a certificate that is not in the chain yet, so that the loop ends even if issuers form a cycle. Those that are
    // taken from a queue are in the chain from then on, so none is looked at twice.
    while let Ok(names) = names(last)
        && names.subject != names.issuer
    {
        let signers = by_subject.get_mut(names.issuer);
        let signer = signers.and_then(|signers| {
            std::iter::from_fn(|| signers.pop_front()).find(|&signer| known.insert(signer.as_ref()))
        });
        let Some(signer) = signer else { break };
        chain.push(signer.clone());
        last = signer;
    }
    chain
}

/// Parts of an X.509 certificate, encoded.
pub(crate) struct Names<'a> {
    pub issuer: &'a [u8],
    /// The first and last time of validity, without tag and length.
    pub validity: &'a [u8],
    pub subject: &'a [u8],
    /// A BIT STRING, tag and length included.
    pub public_key: &'a [u8],
}

/// Finds the names in a certificate, and its public key.
pub(crate) fn names<'a>(certificate: &'a CertificateDer<'_>) -> Result<Names<'a>, Problem> {
    let mut fields = Der(certificate.as_ref()).sequence()?.sequence()?;
    if fields.next_is(CONTEXT_0) {
        fields.any()?;
    }
    // Serial number and algorithm are before the issuer, the validity is after it.
    fields.any()?;
    fields.any()?;
    let issuer = fields.sequence()?.0;
    let validity = fields.sequence()?.0;
    let subject = fields.sequence()?.0;
    let mut public_key = fields.sequence()?;
    public_key.any()?;
    Ok(Names { issuer, validity, subject, public_key: public_key.0 })
}

/// Decrypts an `EncryptedPrivateKeyInfo` of PKCS#8.
pub(super) fn decrypt_key(bytes: &[u8], password: &mut Password<'_>) -> Result<PrivatePkcs8KeyDer<'static>, Problem> {
    let mut info = Der(bytes).sequence()?;
    let algorithm = info.sequence()?;
    let key = password.decrypt(algorithm, info.octets()?)?;
    // With a wrong password the padding may happen to be valid, and the result is not a key.
    Der(&key).sequence().map_err(|_| Problem::WrongPassword)?;
    Ok(PrivatePkcs8KeyDer::from(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn der(tag: u8, content: &[u8]) -> Vec<u8> {
        let length = u16::try_from(content.len()).expect("short").to_be_bytes();
        let length = match content.len() {
            0..0x80 => vec![length[1]],
            0x80..0x100 => vec![0x81, length[1]],
            _ => vec![0x82, length[0], length[1]],
        };
        [vec![tag], length, content.to_vec()].concat()
    }

    /// A certificate as far as [`names`] reads it.
    fn certificate(subject: u32, issuer: u32) -> CertificateDer<'static> {
        let name = |number: u32| der(0x30, &der(0x04, &number.to_be_bytes()));
        let key = der(0x30, &[der(0x30, &[]), der(0x03, &[0, 1])].concat());
        let fields = [der(0x02, &[1]), der(0x30, &[]), name(issuer), der(0x30, &[]), name(subject), key];
        CertificateDer::from(der(0x30, &der(0x30, &fields.concat())))
    }

    fn bag(key_id: Option<u8>, trusted: bool, der: CertificateDer<'static>) -> Certificate {
        Certificate { key_id: key_id.map(|id| vec![id]), trusted, der }
    }

    #[test]
    fn a_chain_ends_at_its_root_or_at_a_signer_that_is_missing_or_in_it_already() {
        let chain = |pairs: &[(u32, u32)]| {
            let all: Vec<_> =
                pairs.iter().map(|(subject, issuer)| bag(None, false, certificate(*subject, *issuer))).collect();
            let found = super::chain(&all[0].der, &all);
            found.iter().map(|der| all.iter().position(|one| one.der == *der).expect("one of them")).collect::<Vec<_>>()
        };
        assert_eq!(chain(&[(1, 2), (3, 3), (2, 3), (2, 4)]), [0, 2, 1]);
        assert_eq!(chain(&[(1, 2), (3, 3)]), [0]);
        assert_eq!(chain(&[(1, 1), (1, 2), (2, 2)]), [0]);
        assert_eq!(chain(&[(1, 2), (2, 1), (1, 3), (2, 4)]), [0, 1, 2]);
        assert_eq!(chain(&[(1, 2), (1, 2), (2, 1), (2, 1)]), [0, 2]);
    }

    /// If each certificate were compared with each other one and with the chain, this would take hours.
    #[test]
    fn the_chain_of_very_many_certificates_is_found() {
        let many = 50_000;
        let all: Vec<_> = (0..many).map(|number| bag(None, false, certificate(number, (number + 1) % many))).collect();
        assert!(chain(&all[0].der, &all).iter().eq(all.iter().map(|one| &one.der)));
    }

    #[test]
    fn a_certificate_of_several_keys_is_copied_once() {
        let key = || PrivatePkcs8KeyDer::from(vec![1]);
        let bags = Bags {
            keys: vec![(Some(vec![7]), key()), (Some(vec![7]), key()), (Some(vec![8]), key()), (None, key())],
            certificates: vec![
                bag(None, true, certificate(1, 1)),
                bag(Some(7), false, certificate(2, 1)),
                bag(Some(7), false, certificate(3, 1)),
                bag(Some(8), true, certificate(4, 1)),
            ],
        };
        let store = keystore(bags);
        assert_eq!(store.chain, [certificate(2, 1), certificate(1, 1)]);
        assert_eq!(store.trusted, [certificate(2, 1), certificate(4, 1), certificate(1, 1)]);
    }
}
