//! PKCS#12 (RFC 7292) as Java reads and writes it.

use super::der::{CONTEXT_0, CONTEXT_0_PRIMITIVE, Der, SET};
use super::encryption::Password;
use super::{CertificateDer, Keystore, PrivatePkcs8KeyDer, Problem};

const DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01];
const ENCRYPTED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x06];
/// The kinds of bags differ in the last arc.
const BAG: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x0c, 0x0a, 0x01];
const LOCAL_KEY_ID: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x15];
const X509: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x16, 0x01];
/// The attribute that Java marks trusted certificates with, 2.16.840.1.113894.746875.1.1.
const TRUSTED: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x86, 0xf9, 0x66, 0xad, 0xca, 0x7b, 0x01, 0x01];

/// What the bags hold, in their order.
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

/// Reads a store. In PKCS#12 as Java writes it keys have the store's password.
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
        return Err(Problem::Damaged("a PKCS#12 store of a version other than 3"));
    }
    let mut content = store.sequence()?;
    if content.identifier()? != DATA {
        return Err(Problem::UnknownEncryption);
    }
    let content = content.take(CONTEXT_0)?.octets()?;
    // First of all, so that nothing is done with what a stranger wrote. A store may be without it, as in Java.
    if !store.is_empty() {
        password.check(store.sequence()?, content)?;
    }
    let mut bags = Bags::default();
    let mut parts = Der(content).sequence()?;
    while !parts.is_empty() {
        let mut part = parts.sequence()?;
        match part.identifier()? {
            DATA => bags.add(part.take(CONTEXT_0)?.octets()?, password)?,
            ENCRYPTED_DATA => {
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
    /// Adds those of a `SafeContents`.
    fn add(&mut self, bytes: &[u8], password: &mut Password<'_>) -> Result<(), Problem> {
        let mut bags = Der(bytes).sequence()?;
        while !bags.is_empty() {
            let mut bag = bags.sequence()?;
            let kind = bag.identifier()?;
            let mut value = bag.take(CONTEXT_0)?;
            let (key_id, trusted) = attributes(bag)?;
            match kind.split_last() {
                Some((1, BAG)) => self.keys.push((key_id, PrivatePkcs8KeyDer::from(value.0.to_vec()))),
                Some((2, BAG)) => self.keys.push((key_id, decrypt_key(value.0, password)?)),
                Some((3, BAG)) => {
                    let mut certificate = value.sequence()?;
                    if certificate.identifier()? == X509 {
                        let der = CertificateDer::from(certificate.take(CONTEXT_0)?.octets()?.to_vec());
                        self.certificates.push(Certificate { key_id, trusted, der });
                    }
                }
                // Secret keys, lists of revoked certificates.
                _ => {}
            }
        }
        Ok(())
    }

    /// The certificate of a key. A store with a single key may leave out the ids.
    fn own(&self, key_id: Option<&[u8]>) -> Option<&Certificate> {
        self.certificates.iter().find(|certificate| match key_id {
            Some(_) => certificate.key_id.as_deref() == key_id,
            None => self.keys.len() == 1 && !certificate.trusted,
        })
    }
}

/// What the attributes of a bag say: the id of the key it belongs to, and whether it is trusted.
fn attributes(mut bag: Der<'_>) -> Result<(Option<Vec<u8>>, bool), Problem> {
    let (mut key_id, mut trusted) = (None, false);
    if !bag.is_empty() {
        let mut attributes = bag.take(SET)?;
        while !attributes.is_empty() {
            let mut attribute = attributes.sequence()?;
            match attribute.identifier()? {
                LOCAL_KEY_ID => key_id = Some(attribute.take(SET)?.octets()?.to_vec()),
                TRUSTED => trusted = true,
                _ => {}
            }
        }
    }
    Ok((key_id, trusted))
}

fn keystore(bags: Bags) -> Keystore {
    let mut store = Keystore::default();
    for (key_id, key) in &bags.keys {
        let own = bags.own(key_id.as_deref());
        store.trusted.extend(own.map(|own| own.der.clone()));
        if store.key.is_none() {
            store.key = Some(key.clone_key());
            store.chain = own.map(|own| chain(&own.der, &bags.certificates)).unwrap_or_default();
        }
    }
    let trusted = bags.certificates.into_iter().filter(|certificate| certificate.trusted);
    store.trusted.extend(trusted.map(|certificate| certificate.der));
    store
}

/// A certificate, the one that signed it, and so on, as far as they are there.
fn chain(own: &CertificateDer<'static>, all: &[Certificate]) -> Vec<CertificateDer<'static>> {
    let mut chain = vec![own.clone()];
    let mut last = own;
    // Each turn adds a certificate that is not there yet, so that a circle of issuers ends.
    while let Ok(names) = names(last) {
        let signer = all.iter().map(|certificate| &certificate.der).find(|signer| {
            !chain.contains(signer) && self::names(signer).is_ok_and(|signer| signer.subject == names.issuer)
        });
        match signer {
            Some(signer) if names.subject != names.issuer => chain.push(signer.clone()),
            _ => break,
        }
        last = signer.unwrap_or(last);
    }
    chain
}

/// Parts of an X.509 certificate, encoded.
pub(crate) struct Names<'a> {
    pub issuer: &'a [u8],
    /// From when to when, without tag and length.
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
    // Number and algorithm before the issuer, the validity after it.
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
    // Sometimes the padding looks right under a wrong password, and what comes out is no key.
    Der(&key).sequence().map_err(|_| Problem::WrongPassword)?;
    Ok(PrivatePkcs8KeyDer::from(key))
}
