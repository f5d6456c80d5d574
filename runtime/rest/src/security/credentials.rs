//! Reads the files of users and tokens, and checks passwords and tokens against them.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::path::Path;
use std::sync::Arc;

use parking_lot::Mutex;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use super::Error;
use weir_config::properties;

/// The number of bytes of a password that bcrypt uses.
const BCRYPT_BYTES: usize = 72;

/// The highest accepted cost, 2^16 rounds, which takes seconds. Each increment doubles the time.
const BCRYPT_COST_MAX: u32 = 16;

type Sum = [u8; 32];

fn sum(text: &[u8]) -> Sum {
    Sha256::digest(text).into()
}

/// A stored password.
enum Password {
    /// The SHA-256 of a password that is in the file in plain text. Sums have the same length, so a comparison does not reveal the
    /// password's length.
    Plain(Sum),
    /// A bcrypt hash.
    Hashed(String),
}

/// Users and their passwords.
pub(super) struct Users {
    passwords: BTreeMap<String, Password>,
    /// Passwords that were found to be right, by user, as the sum of a secret and the password: bcrypt is slow by design, and a client
    /// sends its password with each request.
    proven: Mutex<HashMap<String, Sum>>,
    wrong: Mutex<Wrong>,
    secret: Sum,
}

/// Maximum number of wrong passwords that are remembered.
const WRONG_MAX: usize = 1000;

/// The last wrong passwords that had to be hashed, each as the sum of the secret, its name and the password: a client that does not
/// have a new password yet keeps trying the old one.
#[derive(Default)]
struct Wrong {
    sums: HashSet<Sum>,
    order: VecDeque<Sum>,
}

impl Wrong {
    fn add(&mut self, sum: Sum) {
        if self.sums.insert(sum) {
            self.order.push_back(sum);
        }
        if self.order.len() > WRONG_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.sums.remove(&oldest);
        }
    }
}

/// What is known about a password without hashing it with bcrypt.
pub(super) enum CachedVerdict {
    /// It is the password of the user with this name.
    Right(Arc<str>),
    /// It is wrong.
    Wrong,
    /// It must be hashed ([`Users::check_hash`]).
    Unknown,
}

impl Users {
    /// Reads a Java properties file with entries `name=password`.
    pub(super) fn read(path: &Path) -> Result<Self, Error> {
        let mut passwords = BTreeMap::new();
        for (name, text) in entries(path)? {
            let wrong = |problem| Error::Entry { path: path.to_owned(), name: name.clone(), problem };
            let hashed = ["$2a$", "$2b$", "$2x$", "$2y$"].iter().any(|mark| text.starts_with(mark));
            let password = if hashed {
                match text.parse::<bcrypt::HashParts>() {
                    Ok(parts) if parts.get_cost() > BCRYPT_COST_MAX => {
                        return Err(wrong("has a bcrypt cost of more than 16"));
                    }
                    Ok(_) => Password::Hashed(text),
                    Err(_) => return Err(wrong("begins like a bcrypt hash, but is not a valid one")),
                }
            } else {
                Password::Plain(sum(text.as_bytes()))
            };
            passwords.insert(name, password);
        }
        let mut secret = Sum::default();
        let random = tokio_rustls::rustls::crypto::ring::default_provider().secure_random;
        random.fill(&mut secret).map_err(|_| Error::Random)?;
        Ok(Self { passwords, proven: Mutex::default(), wrong: Mutex::default(), secret })
    }

    fn sum(&self, password: &str) -> Sum {
        sum(&[&self.secret, password.as_bytes()].concat())
    }

    /// Returns the sum by which a wrong password is remembered. A name contains no colon, so the sum is unambiguous.
    fn wrong_sum(&self, name: &str, password: &str) -> Sum {
        sum(&[&self.secret, name.as_bytes(), b":", password.as_bytes()].concat())
    }

    /// Whether there is a user of this name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.passwords.contains_key(name)
    }

    /// Returns what is known about a user's password. The answer for an unknown name takes as long as that for a known one.
    pub(super) fn cached_verdict(&self, name: &str, password: &str) -> CachedVerdict {
        let given = sum(password.as_bytes());
        match self.passwords.get(name) {
            Some(Password::Plain(stored)) => match bool::from(stored.ct_eq(&given)) {
                true => CachedVerdict::Right(name.into()),
                false => CachedVerdict::Wrong,
            },
            Some(Password::Hashed(_)) => {
                let proven = self.proven.lock().get(name).copied();
                match proven.is_some_and(|proven| bool::from(proven.ct_eq(&self.sum(password)))) {
                    true => CachedVerdict::Right(name.into()),
                    false => self.cached_wrong(name, password),
                }
            }
            None if self.some_hash().is_some() => self.cached_wrong(name, password),
            None => CachedVerdict::Wrong,
        }
    }

    fn cached_wrong(&self, name: &str, password: &str) -> CachedVerdict {
        match self.wrong.lock().sums.contains(&self.wrong_sum(name, password)) {
            true => CachedVerdict::Wrong,
            false => CachedVerdict::Unknown,
        }
    }

    /// Returns any stored hash, to be computed for names that do not exist.
    fn some_hash(&self) -> Option<&str> {
        self.passwords.values().find_map(|password| match password {
            Password::Hashed(hash) => Some(hash.as_str()),
            Password::Plain(_) => None,
        })
    }

    /// Hashes a password, which blocks this thread for a large part of a second, and returns the user's name if it is right.
    pub(super) fn check_hash(&self, name: &str, password: &str) -> Option<Arc<str>> {
        let (known, hash) = match self.passwords.get(name) {
            Some(Password::Hashed(hash)) => (true, hash.as_str()),
            Some(Password::Plain(_)) => return None,
            None => (false, self.some_hash()?),
        };
        // bcrypt ignores further bytes, so a longer password would be right with any ending.
        let fits = password.len() <= BCRYPT_BYTES;
        let right = bcrypt::verify(password, hash).unwrap_or(false);
        if !(known && fits && right) {
            self.wrong.lock().add(self.wrong_sum(name, password));
            return None;
        }
        self.proven.lock().insert(name.to_owned(), self.sum(password));
        Some(name.into())
    }
}

/// Bearer tokens and the names they prove.
pub(super) struct Tokens(Vec<(Arc<str>, Sum)>);

impl Tokens {
    /// Reads a Java properties file with entries `name=token` or `name=sha256:SUM`.
    pub(super) fn read(path: &Path) -> Result<Self, Error> {
        let mut tokens = Vec::new();
        for (name, text) in entries(path)? {
            let wrong = |problem| Error::Entry { path: path.to_owned(), name: name.clone(), problem };
            let sum = match text.strip_prefix("sha256:") {
                Some(digits) => digest(digits).ok_or_else(|| wrong("is not 'sha256:' and 64 hexadecimal digits"))?,
                None => sum(text.as_bytes()),
            };
            tokens.push((name.into(), sum));
        }
        Ok(Self(tokens))
    }

    /// Whether there is a token for this name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(known, _)| &**known == name)
    }

    /// Returns the name that a token proves. Compares all tokens, so that the time does not depend on which one matches.
    pub(super) fn name(&self, token: &str) -> Option<Arc<str>> {
        let given = sum(token.as_bytes());
        let fits = |stored: &Sum| bool::from(stored.ct_eq(&given));
        self.0.iter().fold(None, |found, (name, stored)| if fits(stored) { Some(Arc::clone(name)) } else { found })
    }
}

fn digest(digits: &str) -> Option<Sum> {
    let mut sum = Sum::default();
    let pairs = digits.as_bytes().chunks_exact(2);
    if digits.len() != 2 * sum.len() || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    for (byte, pair) in sum.iter_mut().zip(pairs) {
        *byte = u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(sum)
}

/// Reads the entries of a file. A file without entries is an error; Kafka Connect would give all clients access.
fn entries(path: &Path) -> Result<Vec<(String, String)>, Error> {
    let mut entries = Vec::new();
    for (name, text) in properties::properties(path)? {
        if name.is_empty() || text.is_empty() {
            return Err(Error::Entry { path: path.to_owned(), name, problem: "lacks a name, or a password or token" });
        }
        entries.push((name, text));
    }
    if entries.is_empty() { Err(Error::Empty(path.to_owned())) } else { Ok(entries) }
}
