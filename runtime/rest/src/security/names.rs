//! The files of users and tokens, and whether what a client says fits them.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::path::Path;
use std::sync::Arc;

use parking_lot::Mutex;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use super::Error;
use weir_config::properties;

/// Bytes of a password that bcrypt looks at.
const BCRYPT_BYTES: usize = 72;

/// The most costly hash that is taken, 2^16 rounds: seconds. Each one more is twice as long.
const BCRYPT_COST_MAX: u32 = 16;

type Sum = [u8; 32];

fn sum(text: &[u8]) -> Sum {
    Sha256::digest(text).into()
}

/// A password as it is stored.
enum Password {
    /// The SHA-256 of a password that stands in the file as it is: sums have one length, so comparing them tells nothing.
    Plain(Sum),
    /// A hash of bcrypt.
    Hashed(String),
}

/// Users and their passwords.
pub(super) struct Users {
    passwords: BTreeMap<String, Password>,
    /// Hashed passwords that were right before, as the sum of a secret and the password: bcrypt is made to be slow, and a client
    /// sends its password with each request.
    proven: Mutex<HashMap<String, Sum>>,
    wrong: Mutex<Wrong>,
    secret: Sum,
}

/// How many wrong passwords are remembered.
const WRONG_MAX: usize = 1000;

/// The last wrong passwords that had to be hashed, each with its name as a sum with the secret: a client that was not told of a new
/// password tries the old one again and again.
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

/// What is known of a password without much work.
pub(super) enum Guess {
    /// It is the user's, who has this name.
    Right(Arc<str>),
    /// It is not.
    Wrong,
    /// It has to be hashed to know: [`Users::check_hash`].
    Unknown,
}

impl Users {
    /// Reads a file: Java properties, `name=password`.
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
                    Err(_) => return Err(wrong("begins like a bcrypt hash and is none")),
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

    /// A name has no colon in it.
    fn wrong_sum(&self, name: &str, password: &str) -> Sum {
        sum(&[&self.secret, name.as_bytes(), b":", password.as_bytes()].concat())
    }

    /// Whether there is a user of this name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.passwords.contains_key(name)
    }

    /// Looks whether this is the user's password. A name that is not there takes as long as one that is.
    pub(super) fn guess(&self, name: &str, password: &str) -> Guess {
        let given = sum(password.as_bytes());
        match self.passwords.get(name) {
            Some(Password::Plain(stored)) => match bool::from(stored.ct_eq(&given)) {
                true => Guess::Right(name.into()),
                false => Guess::Wrong,
            },
            Some(Password::Hashed(_)) => {
                let proven = self.proven.lock().get(name).copied();
                match proven.is_some_and(|proven| bool::from(proven.ct_eq(&self.sum(password)))) {
                    true => Guess::Right(name.into()),
                    false => self.guess_wrong(name, password),
                }
            }
            None if self.some_hash().is_some() => self.guess_wrong(name, password),
            None => Guess::Wrong,
        }
    }

    fn guess_wrong(&self, name: &str, password: &str) -> Guess {
        match self.wrong.lock().sums.contains(&self.wrong_sum(name, password)) {
            true => Guess::Wrong,
            false => Guess::Unknown,
        }
    }

    /// A hash to work on when the name is not there.
    fn some_hash(&self) -> Option<&str> {
        self.passwords.values().find_map(|password| match password {
            Password::Hashed(hash) => Some(hash.as_str()),
            Password::Plain(_) => None,
        })
    }

    /// Hashes a password, which keeps this thread busy for a good part of a second, and says whose it is.
    pub(super) fn check_hash(&self, name: &str, password: &str) -> Option<Arc<str>> {
        let (known, hash) = match self.passwords.get(name) {
            Some(Password::Hashed(hash)) => (true, hash.as_str()),
            Some(Password::Plain(_)) => return None,
            None => (false, self.some_hash()?),
        };
        // What is beyond is not looked at, so a longer password would be right with any end.
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

/// Bearer tokens and whose they are.
pub(super) struct Tokens(Vec<(Arc<str>, Sum)>);

impl Tokens {
    /// Reads a file: Java properties, `name=token` or `name=sha256:SUM`.
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

    /// Whether somebody of this name has a token.
    pub(super) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(known, _)| &**known == name)
    }

    /// Whose token this is. Looks at all of them, whichever fits.
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

/// The entries of a file, of which there is at least one: without any, Kafka Connect lets everybody in.
fn entries(path: &Path) -> Result<Vec<(String, String)>, Error> {
    let mut entries = Vec::new();
    for (name, text) in properties::properties(path)? {
        if name.is_empty() || text.is_empty() {
            return Err(Error::Entry {
                path: path.to_owned(),
                name,
                problem: "has no name or nothing to prove it with",
            });
        }
        entries.push((name, text));
    }
    if entries.is_empty() { Err(Error::Empty(path.to_owned())) } else { Ok(entries) }
}
