//! Decrypts PKCS#8 keys and the parts of a PKCS#12 store: PBES2 of RFC 8018 with PBKDF2 and AES or triple DES, and the two schemes of
//! RFC 7292 that Java and openssl wrote until 2021, with the key derivation of its appendix B.

use aes::{Aes128, Aes192, Aes256};
use cbc::Decryptor;
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockCipherDecrypt, BlockModeDecrypt as _, KeyInit, KeyIvInit as _};
use der::asn1::ObjectIdentifier;
use des::TdesEde3;
use hmac::{Hmac, Mac as _};
use pbkdf2::pbkdf2_hmac;
use rc2::Rc2;
use sha1::Sha1;
use sha1::digest::{Digest, block_api::EagerHash};
use sha2::{Sha256, Sha384, Sha512};

use super::Problem;
use super::der::Der;

/// Maximum iteration count of the key derivations of all parts of a store together, which take some seconds. Java allows 5 million for
/// each part.
const ROUNDS_MAX: u32 = 10_000_000;

const PBES2: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.5.13");
const PBKDF2: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.5.12");
const SHA1_TRIPLE_DES: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.1.3");
const SHA1_RC2_40: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.1.6");
const HMAC_SHA1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.2.7");
const HMAC_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.2.9");
const HMAC_SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.2.10");
const HMAC_SHA512: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.2.11");
const TRIPLE_DES: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.3.7");
const AES_128: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.1.2");
const AES_192: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.1.22");
const AES_256: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.1.42");
const SHA1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.14.3.2.26");
const SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1");
const SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.2");
const SHA512: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.3");

/// A password, and how many iterations may still be spent on it.
pub(super) struct Password<'a> {
    text: &'a str,
    rounds_left: u32,
}

impl<'a> Password<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, rounds_left: ROUNDS_MAX }
    }

    fn spend(&mut self, rounds: u32) -> Result<u32, Problem> {
        self.rounds_left = self.rounds_left.checked_sub(rounds).ok_or(Problem::TooManyRounds)?;
        Ok(rounds)
    }

    /// Decrypts data. `algorithm` is the content of an `AlgorithmIdentifier`.
    pub(super) fn decrypt(&mut self, mut algorithm: Der<'_>, data: &[u8]) -> Result<Vec<u8>, Problem> {
        let scheme = algorithm.identifier()?;
        let mut parameters = algorithm.sequence()?;
        if scheme == Some(PBES2) {
            return self.pbes2(parameters, data);
        }
        let (salt, rounds) = (parameters.octets()?, parameters.number()?);
        let rounds = self.spend(rounds)?;
        let derive = |purpose, length| derive::<Sha1>(self.text, salt, rounds, purpose, length);
        let iv = derive(Purpose::InitialVector, 8);
        match scheme {
            Some(SHA1_TRIPLE_DES) => cbc::<TdesEde3>(&derive(Purpose::Key, 24), &iv, data),
            Some(SHA1_RC2_40) => cbc::<Rc2>(&derive(Purpose::Key, 5), &iv, data),
            _ => Err(Problem::UnknownEncryption),
        }
    }

    fn pbes2(&mut self, mut parameters: Der<'_>, data: &[u8]) -> Result<Vec<u8>, Problem> {
        let mut derivation = parameters.sequence()?;
        if derivation.identifier()? != Some(PBKDF2) {
            return Err(Problem::UnknownEncryption);
        }
        let mut derivation = derivation.sequence()?;
        let (salt, rounds) = (derivation.octets()?, derivation.number()?);
        let rounds = self.spend(rounds)?;
        derivation.number_if_any()?;
        let digest = if derivation.is_empty() { Some(HMAC_SHA1) } else { derivation.sequence()?.identifier()? };
        let password = self.text.as_bytes();
        let derive = |length| {
            let mut key = vec![0; length];
            match digest {
                Some(HMAC_SHA1) => pbkdf2_hmac::<Sha1>(password, salt, rounds, &mut key),
                Some(HMAC_SHA256) => pbkdf2_hmac::<Sha256>(password, salt, rounds, &mut key),
                Some(HMAC_SHA384) => pbkdf2_hmac::<Sha384>(password, salt, rounds, &mut key),
                Some(HMAC_SHA512) => pbkdf2_hmac::<Sha512>(password, salt, rounds, &mut key),
                _ => return Err(Problem::UnknownEncryption),
            }
            Ok(key)
        };
        let mut cipher = parameters.sequence()?;
        let (scheme, iv) = (cipher.identifier()?, cipher.octets()?);
        match scheme {
            Some(TRIPLE_DES) => cbc::<TdesEde3>(&derive(24)?, iv, data),
            Some(AES_128) => cbc::<Aes128>(&derive(16)?, iv, data),
            Some(AES_192) => cbc::<Aes192>(&derive(24)?, iv, data),
            Some(AES_256) => cbc::<Aes256>(&derive(32)?, iv, data),
            _ => Err(Problem::UnknownEncryption),
        }
    }

    /// Checks the MAC of `data`. `mac` is the content of a `MacData`.
    pub(super) fn check(&mut self, mut mac: Der<'_>, data: &[u8]) -> Result<(), Problem> {
        let mut info = mac.sequence()?;
        let (algorithm, digest) = (info.sequence()?.identifier()?, info.octets()?);
        let salt = mac.octets()?;
        let rounds = mac.number_if_any()?.unwrap_or(1);
        let rounds = self.spend(rounds)?;
        let matches = match algorithm {
            Some(SHA1) => authenticates::<Sha1>(self.text, salt, rounds, data, digest),
            Some(SHA256) => authenticates::<Sha256>(self.text, salt, rounds, data, digest),
            Some(SHA384) => authenticates::<Sha384>(self.text, salt, rounds, data, digest),
            Some(SHA512) => authenticates::<Sha512>(self.text, salt, rounds, data, digest),
            _ => return Err(Problem::UnknownEncryption),
        };
        if matches { Ok(()) } else { Err(Problem::WrongPassword) }
    }
}

fn cbc<C: BlockCipherDecrypt + KeyInit>(key: &[u8], iv: &[u8], data: &[u8]) -> Result<Vec<u8>, Problem> {
    let cipher = Decryptor::<C>::new_from_slices(key, iv)
        .map_err(|_| Problem::Damaged("an initialization vector has the wrong length"))?;
    // A wrong password results in padding that is not valid.
    cipher.decrypt_padded_vec::<Pkcs7>(data).map_err(|_| Problem::WrongPassword)
}

fn authenticates<D: EagerHash + Digest>(password: &str, salt: &[u8], rounds: u32, data: &[u8], want: &[u8]) -> bool
where
    Hmac<D>: hmac::Mac + KeyInit,
{
    let key = derive::<D>(password, salt, rounds, Purpose::Authentication, <D as Digest>::output_size());
    let mac = <Hmac<D> as KeyInit>::new_from_slice(&key);
    mac.is_ok_and(|mac| mac.chain_update(data).verify_slice(want).is_ok())
}

/// The purpose of a derived key, the ID of appendix B.3.
#[derive(Clone, Copy)]
enum Purpose {
    Key = 1,
    InitialVector = 2,
    Authentication = 3,
}

/// Derives a key as in RFC 7292, appendix B.2. The names in quotes are those of the RFC.
fn derive<D: Digest + EagerHash>(password: &str, salt: &[u8], rounds: u32, purpose: Purpose, length: usize) -> Vec<u8> {
    // "v": the block size of the digest, in bytes.
    let block = if <D as Digest>::output_size() > 32 { 128 } else { 64 };
    let mut text: Vec<u8> = password.encode_utf16().flat_map(u16::to_be_bytes).collect();
    text.extend_from_slice(&[0, 0]);
    let filled =
        |bytes: &[u8]| -> Vec<u8> { bytes.iter().copied().cycle().take(bytes.len().next_multiple_of(block)).collect() };
    // "I".
    let mut input = [filled(salt), filled(&text)].concat();
    let mut key = Vec::new();
    while key.len() < length {
        // "A".
        let mut digest = D::new().chain_update(vec![purpose as u8; block]).chain_update(&input).finalize();
        for _ in 1..rounds {
            digest = D::digest(&digest);
        }
        key.extend_from_slice(&digest);
        for part in input.chunks_mut(block) {
            // Adds "B" and one, the last byte first.
            let addend = digest.iter().copied().cycle().take(block).collect::<Vec<u8>>();
            part.iter_mut().zip(addend).rev().fold(1_u16, |carry, (byte, add)| {
                let sum = u16::from(*byte) + u16::from(add) + carry;
                *byte = sum as u8;
                sum >> 8
            });
        }
    }
    key.truncate(length);
    key
}
