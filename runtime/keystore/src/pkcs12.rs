//! PKCS#12 (RFC 7292) as Java reads and writes it.

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

    /// Returns the certificate of a key. A store with a single key may omit the ids.
    fn own(&self, key_id: Option<&[u8]>) -> Option<&Certificate> {
        self.certificates.iter().find(|certificate| match key_id {
            Some(_) => certificate.key_id.as_deref() == key_id,
            None => self.keys.len() == 1 && !certificate.trusted,
        })
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

/// Returns a certificate, the one that signed it, and so on, as far as the store contains them.
fn chain(own: &CertificateDer<'static>, all: &[Certificate]) -> Vec<CertificateDer<'static>> {
    let mut chain = vec![own.clone()];
    let mut last = own;
    // Each iteration adds a certificate that is not in the chain yet, so that the loop ends even if issuers form a cycle.
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
