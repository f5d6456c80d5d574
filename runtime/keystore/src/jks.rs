//! JKS, the format of Java's own stores before Java 9. There is no standard; this is what `sun.security.provider.JavaKeyStore` and
//! `KeyProtector` of the JDK write:
//!
//! ```text
//! store   = 0xFEEDFEED, version (1 or 2): u32, count: u32, count * entry, SHA-1 of (password, "Mighty Aphrodite", all before)
//! entry   = 1: u32, alias: utf, date: u64, length: u32, protected key, count: u32, count * certificate
//!         | 2: u32, alias: utf, date: u64, certificate
//! certificate = type: utf (version 2 only), length: u32, X.509 in DER
//! ```

use der::asn1::ObjectIdentifier;
use sha1::{Digest as _, Sha1};

use super::der::Der;
use super::{CertificateDer, Keystore, PrivatePkcs8KeyDer, Problem};

const MAGIC: [u8; 4] = 0xFEED_FEED_u32.to_be_bytes();
const DIGEST: usize = 20;

/// The algorithm of `KeyProtector`.
const KEY_PROTECTOR: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.42.2.17.1.1");

/// Whether this is a JKS store.
pub(super) fn is_jks(bytes: &[u8]) -> bool {
    bytes.starts_with(&MAGIC)
}

/// Reads a store. Without a password its digest is not checked, as in Java.
pub(super) fn parse(
    bytes: &[u8],
    store_password: Option<&str>,
    key_password: Option<&str>,
) -> Result<Keystore, Problem> {
    let cut = bytes.len().checked_sub(DIGEST).ok_or(Problem::Damaged("the file is too short"))?;
    let (content, digest) = bytes.split_at(cut);
    if let Some(password) = store_password {
        let found = Sha1::new().chain_update(utf16(password)).chain_update("Mighty Aphrodite").chain_update(content);
        if found.finalize()[..] != *digest {
            return Err(Problem::WrongPassword);
        }
    }
    let mut reader = Reader { rest: content };
    reader.take(MAGIC.len())?;
    let version = reader.number()?;
    if !matches!(version, 1 | 2) {
        return Err(Problem::Damaged("the version of the JKS store is neither 1 nor 2"));
    }
    let mut store = Keystore::default();
    // Each entry has a length greater than zero, so that the loop ends with the store even if the count is wrong.
    for _ in 0..reader.number()? {
        let tag = reader.number()?;
        reader.text()?;
        reader.take(size_of::<u64>())?;
        match tag {
            1 => {
                let key = reader.block()?;
                let mut chain = Vec::new();
                for _ in 0..reader.number()? {
                    chain.push(reader.certificate(version)?);
                }
                store.trusted.extend(chain.first().cloned());
                if store.key.is_none() {
                    let password = key_password.or(store_password).ok_or(Problem::NoPassword)?;
                    store.key = Some(unprotect(key, password)?);
                    store.chain = chain;
                }
            }
            2 => store.trusted.push(reader.certificate(version)?),
            _ => return Err(Problem::Damaged("an entry is neither a key nor a certificate")),
        }
    }
    Ok(store)
}

/// Encodes a password for the digests.
fn utf16(password: &str) -> Vec<u8> {
    password.encode_utf16().flat_map(u16::to_be_bytes).collect()
}

/// The part of the store that is not read yet.
struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], Problem> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or(Problem::Damaged("the file is incomplete"))?;
        self.rest = rest;
        Ok(taken)
    }

    fn number(&mut self) -> Result<u32, Problem> {
        let digits = self.take(size_of::<u32>())?;
        Ok(digits.iter().fold(0, |number, digit| number << 8 | u32::from(*digit)))
    }

    /// Reads a length and that many bytes.
    fn block(&mut self) -> Result<&'a [u8], Problem> {
        let length = self.number()?;
        self.take(usize::try_from(length).unwrap_or(usize::MAX))
    }

    /// Reads what Java's `writeUTF` writes.
    fn text(&mut self) -> Result<&'a [u8], Problem> {
        let length = self.take(size_of::<u16>())?.iter().fold(0, |length, digit| length << 8 | usize::from(*digit));
        self.take(length)
    }

    fn certificate(&mut self, version: u32) -> Result<CertificateDer<'static>, Problem> {
        if version == 2 && self.text()? != b"X.509" {
            return Err(Problem::Damaged("a certificate is not X.509"));
        }
        Ok(CertificateDer::from(self.block()?.to_vec()))
    }
}

/// Reverses `KeyProtector`: the data of an `EncryptedPrivateKeyInfo` is a salt, the key XORed with a chain of SHA-1 digests, and a digest
/// of the key.
fn unprotect(bytes: &[u8], password: &str) -> Result<PrivatePkcs8KeyDer<'static>, Problem> {
    let mut info = Der(bytes).sequence()?;
    if info.sequence()?.identifier()? != Some(KEY_PROTECTOR) {
        return Err(Problem::UnknownEncryption);
    }
    let data = info.octets()?;
    let short = Problem::Damaged("a protected key is too short");
    let key_length = data.len().checked_sub(2 * DIGEST).ok_or(short)?;
    let (salt, data) = data.split_at(DIGEST);
    let (encrypted, check) = data.split_at(key_length);
    let password = utf16(password);
    let digest =
        |last: &[u8]| -> [u8; DIGEST] { Sha1::new().chain_update(&password).chain_update(last).finalize().into() };
    let mut key = encrypted.to_vec();
    let mut mask = digest(salt);
    for chunk in key.chunks_mut(DIGEST) {
        chunk.iter_mut().zip(mask).for_each(|(byte, mask)| *byte ^= mask);
        mask = digest(&mask);
    }
    match digest(&key) == check {
        true => Ok(PrivatePkcs8KeyDer::from(key)),
        false => Err(Problem::WrongKeyPassword),
    }
}
