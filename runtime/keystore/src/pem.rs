//! PEM (RFC 7468) as Kafka reads it: a PKCS#8 key, encrypted or not, and certificates, in files or in the configuration itself, where
//! line breaks may have been replaced by spaces.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::encryption::Password;
use super::{CertificateDer, Keystore, PrivatePkcs8KeyDer, Problem, pkcs12};

/// The label of a key.
pub(super) const KEY: &str = "PRIVATE KEY";
const ENCRYPTED_KEY: &str = "ENCRYPTED PRIVATE KEY";
const CERTIFICATE: &str = "CERTIFICATE";

/// Characters per line of base64, as RFC 7468 requires.
const LINE: usize = 64;

/// Reads a store from a file: its first key, if any, and its certificates, which are the key's chain and the trusted certificates at once.
pub(super) fn file(bytes: &[u8], key_password: Option<&str>) -> Result<Keystore, Problem> {
    let text = str::from_utf8(bytes).map_err(|_| Problem::Damaged("a PEM file must be text (UTF-8)"))?;
    let chain = certificates_in(text)?;
    let no_chain = Problem::Damaged("the PEM contains neither a key nor a certificate");
    let key = match key_in(text, key_password) {
        Err(Problem::NoKey) if chain.is_empty() => return Err(no_chain),
        Err(Problem::NoKey) => None,
        key => Some(key?),
    };
    Ok(Keystore { key, trusted: chain.clone(), chain })
}

/// Reads a store from the configuration.
pub(super) fn inline(
    key: Option<&str>,
    chain: Option<&str>,
    trusted: Option<&str>,
    key_password: Option<&str>,
) -> Result<Keystore, Problem> {
    let certificates = |text: Option<&str>| text.map(certificates_in).transpose().map(Option::unwrap_or_default);
    Ok(Keystore {
        key: key.map(|text| key_in(text, key_password)).transpose()?,
        chain: certificates(chain)?,
        trusted: certificates(trusted)?,
    })
}

fn key_in(text: &str, password: Option<&str>) -> Result<PrivatePkcs8KeyDer<'static>, Problem> {
    for section in Sections(text) {
        let section = section?;
        match section.label {
            KEY => return section.decode().map(PrivatePkcs8KeyDer::from),
            ENCRYPTED_KEY => {
                let password = password.ok_or(Problem::WrongKeyPassword)?;
                let decrypted = pkcs12::decrypt_key(&section.decode()?, &mut Password::new(password));
                return decrypted.map_err(|problem| match problem {
                    Problem::WrongPassword => Problem::WrongKeyPassword,
                    problem => problem,
                });
            }
            label if label.ends_with(KEY) => return Err(Problem::NotPkcs8),
            _ => {}
        }
    }
    Err(Problem::NoKey)
}

fn certificates_in(text: &str) -> Result<Vec<CertificateDer<'static>>, Problem> {
    let sections =
        Sections(text).filter(|section| section.as_ref().map_or(true, |section| section.label == CERTIFICATE));
    sections.map(|section| section?.decode().map(CertificateDer::from)).collect()
}

/// Iterates over the sections of a text; the text between them is ignored.
struct Sections<'a>(&'a str);

struct Section<'a> {
    label: &'a str,
    body: &'a str,
}

impl<'a> Iterator for Sections<'a> {
    type Item = Result<Section<'a>, Problem>;

    fn next(&mut self) -> Option<Self::Item> {
        let (_, rest) = self.0.split_once("-----BEGIN ")?;
        // If this section is not valid, the next iteration must not find it again.
        self.0 = "";
        let parts = rest.split_once("-----").and_then(|(label, rest)| {
            let (body, after) = rest.split_once("-----END ")?;
            Some((label, body, after.strip_prefix(label)?.strip_prefix("-----")?))
        });
        Some(match parts {
            Some((label, body, after)) => {
                self.0 = after;
                Ok(Section { label, body })
            }
            None => Err(Problem::Damaged("a PEM section has no matching END line")),
        })
    }
}

impl Section<'_> {
    fn decode(&self) -> Result<Vec<u8>, Problem> {
        let digits: String = self.body.chars().filter(|character| !character.is_ascii_whitespace()).collect();
        STANDARD.decode(digits).map_err(|_| Problem::Damaged("a PEM section is not valid base64"))
    }
}

/// Writes one section.
pub(super) fn encode(label: &str, bytes: &[u8]) -> String {
    let mut text = format!("-----BEGIN {label}-----\n");
    let digits = STANDARD.encode(bytes);
    let mut rest = digits.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(LINE));
        text.push_str(line);
        text.push('\n');
        rest = after;
    }
    text.push_str(&format!("-----END {label}-----\n"));
    text
}

/// Writes certificates, each as a section.
pub(super) fn certificates(certificates: &[CertificateDer<'_>]) -> String {
    certificates.iter().map(|certificate| encode(CERTIFICATE, certificate)).collect()
}
