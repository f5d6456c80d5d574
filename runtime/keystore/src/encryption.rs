//! How PKCS#8 keys and the parts of a PKCS#12 store are encrypted: PBES2 of RFC 8018 with PBKDF2 and AES or triple DES, and the
//! two schemes of RFC 7292 that Java and openssl wrote until 2021, with the key derivation of its appendix B.

use aes::{Aes128, Aes192, Aes256};
use cbc::Decryptor;
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockCipherDecrypt, BlockModeDecrypt as _, KeyInit, KeyIvInit as _};
use des::TdesEde3;
use hmac::{Hmac, Mac as _};
use pbkdf2::pbkdf2_hmac;
use rc2::Rc2;
use sha1::Sha1;
use sha1::digest::{Digest, block_api::EagerHash};
use sha2::{Sha256, Sha384, Sha512};

use super::Problem;
use super::der::Der;

/// Rounds of key derivation that all parts of a store together may ask for; Java allows 5 million for each. Some seconds.
const ROUNDS_MAX: u32 = 10_000_000;

const PBES2: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05, 0x0d];
const PBKDF2: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05, 0x0c];
const SHA1_TRIPLE_DES: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x0c, 0x01, 0x03];
const SHA1_RC2_40: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x0c, 0x01, 0x06];
/// `hmacWithSHA1` and its kin differ in the last arc.
const HMAC: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x02];
/// So do the ciphers of `aes`.
const AES: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01];
const TRIPLE_DES: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x03, 0x07];
const SHA1: &[u8] = &[0x2b, 0x0e, 0x03, 0x02, 0x1a];
/// And the other digests.
const SHA2: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02];

/// A password, and how much work may still be done with it.
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

    /// Decrypts with an `AlgorithmIdentifier`, of which this is the content.
    pub(super) fn decrypt(&mut self, mut algorithm: Der<'_>, data: &[u8]) -> Result<Vec<u8>, Problem> {
        let scheme = algorithm.identifier()?;
        let mut parameters = algorithm.sequence()?;
        if scheme == PBES2 {
            return self.pbes2(parameters, data);
        }
        let (salt, rounds) = (parameters.octets()?, parameters.number()?);
        let rounds = self.spend(rounds)?;
        let derive = |purpose, length| derive::<Sha1>(self.text, salt, rounds, purpose, length);
        let iv = derive(Purpose::InitialVector, 8);
        match scheme {
            SHA1_TRIPLE_DES => cbc::<TdesEde3>(&derive(Purpose::Key, 24), &iv, data),
            SHA1_RC2_40 => cbc::<Rc2>(&derive(Purpose::Key, 5), &iv, data),
            _ => Err(Problem::UnknownEncryption),
        }
    }

    fn pbes2(&mut self, mut parameters: Der<'_>, data: &[u8]) -> Result<Vec<u8>, Problem> {
        let mut derivation = parameters.sequence()?;
        if derivation.identifier()? != PBKDF2 {
            return Err(Problem::UnknownEncryption);
        }
        let mut derivation = derivation.sequence()?;
        let (salt, rounds) = (derivation.octets()?, derivation.number()?);
        let rounds = self.spend(rounds)?;
        derivation.number_if_any()?;
        let digest = match derivation.is_empty() {
            true => 7,
            false => match derivation.sequence()?.identifier()?.split_last() {
                Some((digest, HMAC)) => *digest,
                _ => return Err(Problem::UnknownEncryption),
            },
        };
        let password = self.text.as_bytes();
        let derive = |length| {
            let mut key = vec![0; length];
            match digest {
                7 => pbkdf2_hmac::<Sha1>(password, salt, rounds, &mut key),
                9 => pbkdf2_hmac::<Sha256>(password, salt, rounds, &mut key),
                10 => pbkdf2_hmac::<Sha384>(password, salt, rounds, &mut key),
                11 => pbkdf2_hmac::<Sha512>(password, salt, rounds, &mut key),
                _ => return Err(Problem::UnknownEncryption),
            }
            Ok(key)
        };
        let mut cipher = parameters.sequence()?;
        let (scheme, iv) = (cipher.identifier()?, cipher.octets()?);
        match (scheme, scheme.split_last()) {
            (TRIPLE_DES, _) => cbc::<TdesEde3>(&derive(24)?, iv, data),
            (_, Some((2, AES))) => cbc::<Aes128>(&derive(16)?, iv, data),
            (_, Some((22, AES))) => cbc::<Aes192>(&derive(24)?, iv, data),
            (_, Some((42, AES))) => cbc::<Aes256>(&derive(32)?, iv, data),
            _ => Err(Problem::UnknownEncryption),
        }
    }

    /// Checks a `MacData`, of which this is the content, over `data`.
    pub(super) fn check(&mut self, mut mac: Der<'_>, data: &[u8]) -> Result<(), Problem> {
        let mut info = mac.sequence()?;
        let (algorithm, digest) = (info.sequence()?.identifier()?, info.octets()?);
        let salt = mac.octets()?;
        let rounds = mac.number_if_any()?.unwrap_or(1);
        let rounds = self.spend(rounds)?;
        let matches = match (algorithm, algorithm.split_last()) {
            (SHA1, _) => authenticates::<Sha1>(self.text, salt, rounds, data, digest),
            (_, Some((1, SHA2))) => authenticates::<Sha256>(self.text, salt, rounds, data, digest),
            (_, Some((2, SHA2))) => authenticates::<Sha384>(self.text, salt, rounds, data, digest),
            (_, Some((3, SHA2))) => authenticates::<Sha512>(self.text, salt, rounds, data, digest),
            _ => return Err(Problem::UnknownEncryption),
        };
        if matches { Ok(()) } else { Err(Problem::WrongPassword) }
    }
}

fn cbc<C: BlockCipherDecrypt + KeyInit>(key: &[u8], iv: &[u8], data: &[u8]) -> Result<Vec<u8>, Problem> {
    let cipher = Decryptor::<C>::new_from_slices(key, iv)
        .map_err(|_| Problem::Damaged("an initial vector of the wrong length"))?;
    // A wrong password shows as padding that is none.
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

/// What a derived key is for: the id of appendix B.3.
#[derive(Clone, Copy)]
enum Purpose {
    Key = 1,
    InitialVector = 2,
    Authentication = 3,
}

/// RFC 7292, appendix B.2. The names in quotes are those of the RFC.
fn derive<D: Digest + EagerHash>(password: &str, salt: &[u8], rounds: u32, purpose: Purpose, length: usize) -> Vec<u8> {
    // "v": bytes of a block of the digest.
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
